//! `Process`: what this process uses, as the Linux kernel counts it. What the system does not tell is zero.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// What this process uses now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Open files: each viewer is one, sockets being files.
    pub open_files: u64,
    /// How many there may be.
    pub open_files_max: u64,
    /// Bytes of memory that are resident.
    pub memory: u64,
    /// Time on a core, of all threads.
    pub cpu: Duration,
}

impl Process {
    /// Looks.
    #[must_use]
    pub fn now() -> Self {
        Self {
            open_files: open_files().unwrap_or(0),
            // No limit at all is the greatest number there is.
            open_files_max: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
            memory: memory().unwrap_or(0),
            cpu: cpu(),
        }
    }
}

fn open_files() -> Option<u64> {
    const FOLDER: &str = "/proc/self/fd";
    // Since Linux 6.2 the folder's size is how many there are; before, it is zero, and they are counted.
    let len = fs::metadata(FOLDER).ok()?.len();
    if len > 0 {
        return Some(len);
    }
    // Reading the folder takes one.
    Some(fs::read_dir(FOLDER).ok()?.count().saturating_sub(1) as u64)
}

fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

fn cpu() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or(0))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_files_memory_and_time() {
        let before = Process::now();
        let files: Vec<_> = (0..50)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        let now = Process::now();
        assert!(now.open_files >= 50 && now.open_files_max > now.open_files);
        assert!(now.memory > 100_000);
        assert!(now.cpu > Duration::ZERO && now.cpu >= before.cpu);
        drop(files);
    }
}
