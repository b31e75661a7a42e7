//! `Report`: what was measured, as one JSON object whose fields are an interface.
//!
//! Seconds are seconds; other units stand in the field's name. What was not measured is null, and `notes` say why.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::machine::Machine;

/// The result of one run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The program that measured.
    pub tickcast: Build,
    /// What was measured.
    pub url: String,
    /// `bare`, `v1`, `sse`, `nats` or `mqtt`.
    pub form: &'static str,
    /// Viewers that joined.
    pub viewers: usize,
    /// From the first connection to the last viewer's joining.
    pub join_seconds: f64,
    /// From the first connection until the last viewer had everything that was due when it joined; not known where
    /// messages do not tell their place, or while one is still without.
    pub caught_up_seconds: Option<f64>,
    /// The length of the measurement.
    pub duration_seconds: f64,
    /// Records per second at one viewer.
    pub rate_observed: f64,
    /// Records that arrived, each counted at each viewer.
    pub deliveries: u64,
    /// The same, by the second.
    pub deliveries_per_second: f64,
    /// Messages with records in them that arrived.
    pub messages: u64,
    /// Bytes that arrived, without those of TCP and IP.
    pub bytes: u64,
    /// From the instant a record was due to its arrival.
    pub latency_seconds: Option<Latency>,
    /// From a record's arrival at the first viewer to that at the last one.
    pub spread_seconds: Option<Spread>,
    /// What did not come as it should have, from each viewer's first record on.
    pub loss: Option<Loss>,
    /// What had been due for a second at the end, and had not come.
    pub held_back: Option<Held>,
    /// Viewers that lost their connection after joining.
    pub lost_connections: Lost,
    /// How well the hub's clock is known.
    pub clock: Option<HubClock>,
    /// The server's process.
    pub server: Option<Server>,
    /// The instrument's own process.
    pub client: Client,
    /// The instrument used its core, or waited for it, more than nine tenths of the time: latencies and rates may be
    /// its own.
    pub client_saturated: bool,
    /// The yardstick's own account, in a run with `--floor`.
    pub floor: Option<FloorCounts>,
    /// What it was measured on.
    pub machine: Machine,
    /// What the reader of the numbers should know.
    pub notes: Vec<String>,
}

/// Which build measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Build {
    /// Its version.
    pub version: &'static str,
    /// The commit it was built from.
    pub commit: &'static str,
}

/// Quantiles of the delivery latency.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Latency {
    /// Half of the records came sooner.
    pub p50: f64,
    /// Nine in ten did.
    pub p90: f64,
    /// Ninety-nine in a hundred did.
    pub p99: f64,
    /// 999 in a thousand did.
    pub p999: f64,
    /// The latest.
    pub max: f64,
    /// Records that seem to have come before they were due, counted as not late at all.
    pub early_records: u64,
}

/// Quantiles of the spread over the viewers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    /// For half of the records it was shorter.
    pub p50: f64,
    /// For ninety-nine in a hundred it was.
    pub p99: f64,
    /// The longest.
    pub max: f64,
    /// Records that came to every viewer within the measurement.
    pub records: u64,
}

/// What did not come as it should have, over all viewers.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Loss {
    /// Records that never came, without a word.
    pub holes: u64,
    /// Records that came again at once.
    pub repeats: u64,
    /// Records that came after a later one.
    pub reorderings: u64,
    /// Records that did not come and were told to be missing.
    pub told: u64,
}

/// What had not come at the end.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Held {
    /// Records, over all viewers.
    pub records: u64,
    /// Viewers that miss any.
    pub viewers: usize,
    /// The most that one of them misses.
    pub worst: u64,
}

/// Viewers that went missing.
#[derive(Debug, Clone, Serialize)]
pub struct Lost {
    /// How many.
    pub count: usize,
    /// How many by how.
    pub reasons: BTreeMap<String, usize>,
}

/// The estimate of the hub's clock.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct HubClock {
    /// From our clock to the hub's.
    pub offset_seconds: f64,
    /// How wrong that may be: half of the shortest round trip.
    pub error_seconds: f64,
}

/// What the server's process used.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Server {
    /// Its number.
    pub pid: u32,
    /// CPU time within the measurement.
    pub cpu_seconds: f64,
    /// The same as a part of one core: 1 is a whole one.
    pub cpu_cores: f64,
    /// Time in which its threads would have run and had no core, as a part of one core.
    pub waiting_cores: f64,
    /// The CPU time for each delivery, in microseconds; null without any.
    pub cpu_us_per_delivery: Option<f64>,
    /// Resident before the first viewer, in KiB.
    pub memory_before_kib: Option<u64>,
    /// Resident at the end of the measurement, with all viewers, in KiB.
    pub memory_with_viewers_kib: Option<u64>,
    /// What one viewer adds, in KiB. Buffers in the kernel are not in it.
    pub memory_kib_per_viewer: Option<f64>,
}

/// What the instrument used.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Client {
    /// CPU time within the measurement as a part of one core; null where the system does not tell.
    pub cpu_cores: Option<f64>,
    /// Time in which it would have run and had no core, as a part of one core; null where the system does not tell.
    pub waiting_cores: Option<f64>,
}

/// What the yardstick says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FloorCounts {
    /// Records that were not sent because a viewer's socket was full.
    pub dropped: u64,
    /// Viewers that were closed because a record went out in part only.
    pub closed: u64,
}

impl Latency {
    pub(super) fn of(micros: &Histogram<u64>, early_records: u64) -> Self {
        let at = |quantile| seconds(micros.value_at_quantile(quantile));
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: seconds(micros.max()),
            early_records,
        }
    }
}

impl Spread {
    pub(super) fn of(micros: &Histogram<u64>) -> Option<Self> {
        (!micros.is_empty()).then(|| Self {
            p50: seconds(micros.value_at_quantile(0.5)),
            p99: seconds(micros.value_at_quantile(0.99)),
            max: seconds(micros.max()),
            records: micros.len(),
        })
    }
}

impl Report {
    /// The report as one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        crate::protocol::message::to_json(self)
    }
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}
