//! `ProcessUsage`: files, memory and CPU time of this process, as Linux reports them; zero where it does not.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// The resources that this process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessUsage {
    /// Open file descriptors, sockets included.
    pub open_files: u64,
    /// The limit of open file descriptors.
    pub open_files_max: u64,
    /// Resident memory in bytes.
    pub memory: u64,
    /// CPU time of all threads.
    pub cpu: Duration,
}

impl ProcessUsage {
    /// Reads the current values.
    #[must_use]
    pub fn sample() -> Self {
        Self {
            open_files: open_files().unwrap_or(0),
            // Unlimited is reported as the maximum.
            open_files_max: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
            memory: memory().unwrap_or(0),
            cpu: cpu(),
        }
    }
}

fn open_files() -> Option<u64> {
    const FOLDER: &str = "/proc/self/fd";
    // Since Linux 6.2 the size of the folder is the number of descriptors. Older kernels report zero: count them.
    let len = fs::metadata(FOLDER).ok()?.len();
    if len > 0 {
        return Some(len);
    }
    // Without the descriptor that reads the folder.
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
    fn a_sample_shows_open_files_memory_and_cpu_time() {
        let before = ProcessUsage::sample();
        let files: Vec<_> = (0..50)
            .map(|_| fs::File::open("/dev/null").unwrap())
            .collect();
        let now = ProcessUsage::sample();
        assert!(now.open_files >= 50 && now.open_files_max > now.open_files);
        assert!(now.memory > 100_000);
        assert!(now.cpu > Duration::ZERO && now.cpu >= before.cpu);
        drop(files);
    }
}
