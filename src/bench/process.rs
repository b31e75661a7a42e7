//! `Process`: the CPU time and the memory of a process, as the Linux kernel counts them.
//!
//! The same code measures a hub, the floor and the instrument itself. Elsewhere than on Linux nothing is found.

use std::collections::BTreeMap;
use std::fs;

/// A process that is watched.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    /// The CPU time of each thread when it was last seen, in nanoseconds. Those that have ended stay.
    threads: BTreeMap<u32, u64>,
}

/// Nanoseconds in one tick of `/proc/PID/stat`; 100 a second on every architecture there is.
const TICK: u64 = 10_000_000;

impl Process {
    /// The process `pid`, `None` when there is no such process to be read.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let mut process = Self {
            pid,
            threads: BTreeMap::new(),
        };
        process.cpu().map(|_| process)
    }

    /// Its number.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// The CPU time so far, in nanoseconds: that of all threads, with what ended ones had used when this was last
    /// called. `None` when the process is gone.
    pub(super) fn cpu(&mut self) -> Option<u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).ok()?;
        let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
        for id in ids {
            let path = format!("/proc/{}/task/{id}/schedstat", self.pid);
            // A thread may end between the listing and the reading.
            if let Some(nanos) = fs::read_to_string(path).ok().and_then(|text| first(&text)) {
                self.threads.insert(id, nanos);
            }
        }
        let exact: u64 = self.threads.values().sum();
        if exact > 0 {
            Some(exact)
        } else {
            self.cpu_in_ticks()
        }
    }

    /// For kernels that keep no statistics of the scheduler; exact to a hundredth of a second.
    fn cpu_in_ticks(&self) -> Option<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // The second field is the program's name in parentheses, and may hold anything.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some((ticks(11)? + ticks(12)?) * TICK)
    }

    /// The memory that is resident, in KiB.
    pub(super) fn resident_kib(&self) -> Option<u64> {
        // The first is exact, but may be kept from us; the second lags by a few pages a thread.
        [("smaps_rollup", "Rss:"), ("status", "VmRSS:")]
            .iter()
            .find_map(|(file, field)| {
                let text = fs::read_to_string(format!("/proc/{}/{file}", self.pid)).ok()?;
                text.lines()
                    .find_map(|line| first(line.strip_prefix(field)?))
            })
    }
}

fn first(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_time_and_memory() {
        let mut own = Process::of(std::process::id()).unwrap();
        let before = own.cpu().unwrap();
        let mut sum = 0_u64;
        while own.cpu().unwrap() < before + 2 * TICK {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own.resident_kib().unwrap() > 100);
        assert!(own.cpu_in_ticks().unwrap() > 0);
    }

    #[test]
    fn there_is_no_process_with_an_impossible_number() {
        assert!(Process::of(u32::MAX).is_none());
    }
}
