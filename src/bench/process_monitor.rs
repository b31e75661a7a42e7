//! [`ProcessMonitor`]: the CPU time and memory of a process, as reported by Linux in `/proc`.
//!
//! The same code measures a hub, the floor and the bench itself. On other systems no process is found.

use std::collections::BTreeMap;
use std::fs;

/// A process whose CPU time and memory are measured.
#[derive(Debug)]
pub(super) struct ProcessMonitor {
    pid: u32,
    /// The CPU time of each thread when last read. Entries of ended threads are kept, so that their time still counts.
    threads: BTreeMap<u32, CpuUsage>,
}

/// CPU time, in nanoseconds.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct CpuUsage {
    /// Time on a core.
    pub(super) cpu: u64,
    /// Time spent runnable, waiting for a core.
    pub(super) waiting: u64,
}

/// Nanoseconds per tick of `/proc/PID/stat`; there are 100 ticks a second on all architectures in use.
const NANOS_PER_TICK: u64 = 10_000_000;

impl ProcessMonitor {
    /// Opens the process `pid`; `None` if it does not exist or cannot be read.
    pub(super) fn open(pid: u32) -> Option<Self> {
        let mut process = Self {
            pid,
            threads: BTreeMap::new(),
        };
        process.usage().map(|_| process)
    }

    /// The process id.
    pub(super) const fn pid(&self) -> u32 {
        self.pid
    }

    /// The CPU time of all threads so far, including ended ones as of the last call. `None` if the process has exited.
    pub(super) fn usage(&mut self) -> Option<CpuUsage> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid)).ok()?;
        let ids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
        for id in ids {
            // A thread may end after it was listed.
            if let Some(usage) = self.thread_usage(id) {
                self.threads.insert(id, usage);
            }
        }
        let total = self
            .threads
            .values()
            .copied()
            .fold(CpuUsage::default(), CpuUsage::plus);
        if total.cpu > 0 {
            Some(total)
        } else {
            self.usage_in_ticks()
        }
    }

    fn thread_usage(&self, id: u32) -> Option<CpuUsage> {
        let path = format!("/proc/{}/task/{id}/schedstat", self.pid);
        let text = fs::read_to_string(path).ok()?;
        let mut numbers = text
            .split_whitespace()
            .map_while(|number| number.parse().ok());
        Some(CpuUsage {
            cpu: numbers.next()?,
            waiting: numbers.next()?,
        })
    }

    /// Fallback for kernels without scheduler statistics, with a resolution of 10 ms.
    fn usage_in_ticks(&self) -> Option<CpuUsage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // The second field is the program's name in parentheses, which may contain spaces and parentheses.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        Some(CpuUsage {
            cpu: (ticks(11)? + ticks(12)?) * NANOS_PER_TICK,
            waiting: 0,
        })
    }

    /// The resident memory in KiB.
    pub(super) fn resident_kib(&self) -> Option<u64> {
        // `smaps_rollup` is exact but may not be readable; `status` lags by a few pages per thread.
        [("smaps_rollup", "Rss:"), ("status", "VmRSS:")]
            .iter()
            .find_map(|(file, field)| {
                let text = fs::read_to_string(format!("/proc/{}/{file}", self.pid)).ok()?;
                text.lines()
                    .find_map(|line| first_number(line.strip_prefix(field)?))
            })
    }
}

impl CpuUsage {
    fn plus(self, other: Self) -> Self {
        Self {
            cpu: self.cpu + other.cpu,
            waiting: self.waiting + other.waiting,
        }
    }

    /// The difference to `before`.
    pub(super) const fn since(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            waiting: self.waiting.saturating_sub(before.waiting),
        }
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_time_and_memory() {
        let mut own = ProcessMonitor::open(std::process::id()).unwrap();
        let before = own.usage().unwrap();
        let mut sum = 0_u64;
        while own.usage().unwrap().since(before).cpu < 2 * NANOS_PER_TICK {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(own.resident_kib().unwrap() > 100);
        assert!(own.usage_in_ticks().unwrap().cpu > 0);
    }

    #[test]
    fn an_impossible_pid_is_not_found() {
        assert!(ProcessMonitor::open(u32::MAX).is_none());
    }
}
