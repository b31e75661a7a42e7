//! `Process`: the CPU time and the memory of a process, as the Linux kernel counts them.
//!
//! The same code measures a hub, the floor and the instrument itself. Elsewhere than on Linux nothing is found.

use std::collections::BTreeMap;
use std::fs;

/// A process that is watched.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    /// What each thread had used when it was last seen. Those that have ended stay.
    threads: BTreeMap<u32, Usage>,
}

/// What the scheduler has given, in nanoseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    /// Time on a core.
    pub(super) cpu: u64,
    /// Time in which it would have run, had a core been free.
    pub(super) waiting: u64,
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
        process.usage().map(|_| process)
    }

    /// Its number.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// What all threads have used so far, with what ended ones had used when this was last called. `None` when the
    /// process is gone.
    pub(super) fn usage(&mut self) -> Option<Usage> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).ok()?;
        let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
        for id in ids {
            // A thread may end between the listing and the reading.
            if let Some(usage) = self.thread(id) {
                self.threads.insert(id, usage);
            }
        }
        let total = self
            .threads
            .values()
            .copied()
            .fold(Usage::default(), Usage::plus);
        if total.cpu > 0 {
            Some(total)
        } else {
            self.usage_in_ticks()
        }
    }

    fn thread(&self, id: u32) -> Option<Usage> {
        let path = format!("/proc/{}/task/{id}/schedstat", self.pid);
        let text = fs::read_to_string(path).ok()?;
        let mut numbers = text
            .split_whitespace()
            .map_while(|number| number.parse().ok());
        Some(Usage {
            cpu: numbers.next()?,
            waiting: numbers.next()?,
        })
    }

    /// For kernels that keep no statistics of the scheduler; exact to a hundredth of a second.
    fn usage_in_ticks(&self) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // The second field is the program's name in parentheses, and may hold anything.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(Usage {
            cpu: (ticks(11)? + ticks(12)?) * TICK,
            waiting: 0,
        })
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

impl Usage {
    fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            waiting: self.waiting + other.waiting,
        }
    }

    /// What came on top of `before`.
    pub(super) const fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            waiting: self.waiting.saturating_sub(before.waiting),
        }
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
        let before = own.usage().unwrap();
        let mut sum = 0_u64;
        while own.usage().unwrap().since(before).cpu < 2 * TICK {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own.resident_kib().unwrap() > 100);
        assert!(own.usage_in_ticks().unwrap().cpu > 0);
    }

    #[test]
    fn there_is_no_process_with_an_impossible_number() {
        assert!(Process::of(u32::MAX).is_none());
    }
}
