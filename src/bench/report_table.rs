//! Formats a [`Report`] as a short table for people.

use std::fmt;

use super::report::{ClientUsage, Report, ServerUsage};

/// Shown in place of what was not measured.
const UNKNOWN: &str = "not known";

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} ({}), {} viewers joined in {}",
            self.url,
            self.form,
            self.viewers,
            time(self.join_seconds)
        )?;
        if let Some(seconds) = self.caught_up_seconds {
            writeln!(f, "caught up   all viewers after {}", time(seconds))?;
        }
        writeln!(
            f,
            "delivered   {} records in {}: {:.0} per second, {:.2} per second and viewer",
            self.deliveries,
            time(self.duration_seconds),
            self.deliveries_per_second,
            self.rate_observed
        )?;
        writeln!(f, "latency     {}", self.latency())?;
        writeln!(f, "spread      {}", self.spread())?;
        writeln!(f, "loss        {}", self.lost())?;
        writeln!(f, "held back   {}", self.held())?;
        if let Some(server) = &self.server {
            writeln!(f, "server      {server}")?;
        }
        if let Some(floor) = &self.floor {
            writeln!(
                f,
                "floor       {} records dropped, {} viewers closed",
                floor.dropped, floor.closed
            )?;
        }
        if let ClientUsage {
            cpu_cores: Some(used),
            waiting_cores: Some(waited),
        } = self.client
        {
            let (used, waited) = (used * 100.0, waited * 100.0);
            writeln!(
                f,
                "client      {used:.0} % of a core, {waited:.0} % waiting for it"
            )?;
        }
        let machine = &self.machine;
        writeln!(
            f,
            "machine     {}, {} cores, kernel {}",
            machine.cpu, machine.cores, machine.kernel
        )?;
        self.notes
            .iter()
            .try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl Report {
    fn latency(&self) -> String {
        self.latency_seconds.map_or_else(
            || UNKNOWN.to_owned(),
            |latency| {
                format!(
                    "p50 {}  p90 {}  p99 {}  p99.9 {}  max {}",
                    time(latency.p50),
                    time(latency.p90),
                    time(latency.p99),
                    time(latency.p999),
                    time(latency.max)
                )
            },
        )
    }

    fn spread(&self) -> String {
        self.spread_seconds.map_or_else(
            || UNKNOWN.to_owned(),
            |spread| {
                let (p50, p99, max) = (time(spread.p50), time(spread.p99), time(spread.max));
                format!(
                    "p50 {p50}  p99 {p99}  max {max}, first to last viewer, {} records",
                    spread.records
                )
            },
        )
    }

    fn lost(&self) -> String {
        let connections = format!("{} connections", self.lost_connections.count);
        self.loss.map_or_else(
            || format!("{UNKNOWN}; {connections}"),
            |loss| {
                let (holes, repeats, reorderings) = (loss.holes, loss.repeats, loss.reorderings);
                format!(
                    "{holes} holes, {repeats} repeats, {reorderings} reorderings, {} announced; {connections}",
                    loss.told
                )
            },
        )
    }

    fn held(&self) -> String {
        self.held_back.map_or_else(
            || UNKNOWN.to_owned(),
            |held| {
                let (records, viewers, worst) = (held.records, held.viewers, held.worst);
                format!("{records} records at {viewers} viewers, at most {worst} at one viewer")
            },
        )
    }
}

impl fmt::Display for ServerUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, waited) = (self.cpu_cores * 100.0, self.waiting_cores * 100.0);
        write!(f, "{used:.1} % of a core, {waited:.1} % waiting for it")?;
        if let Some(micros) = self.cpu_us_per_delivery {
            write!(f, ", {micros:.2} µs per delivery")?;
        }
        if let (Some(memory), Some(each)) =
            (self.memory_with_viewers_kib, self.memory_kib_per_viewer)
        {
            write!(f, "; {memory} KiB, {each:.1} per viewer")?;
        }
        Ok(())
    }
}

/// Formats seconds in the most readable unit.
fn time(seconds: f64) -> String {
    if seconds < 0.001 {
        format!("{:.0} µs", seconds * 1e6)
    } else if seconds < 1.0 {
        format!("{:.2} ms", seconds * 1e3)
    } else {
        format!("{seconds:.2} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_a_readable_unit() {
        for (seconds, text) in [(0.000_05, "50 µs"), (0.001_5, "1.50 ms"), (12.0, "12.00 s")] {
            assert_eq!(time(seconds), text);
        }
    }
}
