//! The machine: its description for the report, its connection limits, and pinning to a core.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

/// The machine that a report was measured on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The CPU model; empty if unknown.
    pub cpu: String,
    /// Cores available to this process before pinning.
    pub cores: usize,
    /// The kernel release; empty if unknown.
    pub kernel: String,
}

/// Descriptors reserved for other uses: standard streams, epoll, the control connection, files in `/proc`.
const DESCRIPTORS_SPARE: usize = 32;

impl Machine {
    /// Describes this machine.
    pub(super) fn detect() -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let cpuinfo = text("/proc/cpuinfo");
        let model = cpuinfo.lines().find(|line| line.starts_with("model name"));
        Self {
            cpu: model
                .and_then(|line| line.split_once(':'))
                .map_or_else(String::new, |(_, model)| model.trim().to_owned()),
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// Raises the limit of open files to the hard limit; returns how many viewers it allows.
pub(super) fn raise_fd_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let granted = setrlimit(Resource::Nofile, raised).map_or(limit, |()| raised);
    let files = granted.current.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    });
    files.saturating_sub(DESCRIPTORS_SPARE)
}

/// The number of local ports, which limits the connections from one address to one server; `None` if unknown.
pub(super) fn local_port_count() -> Option<usize> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = range.split_whitespace().map(str::parse::<usize>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some((last + 1).saturating_sub(first))
}

/// Pins the calling thread, and threads it starts later, to the core `cpu`.
#[cfg(target_os = "linux")]
pub(super) fn pin_to_core(cpu: usize) -> io::Result<()> {
    use rustix::thread::{CpuSet, sched_setaffinity};

    if cpu >= CpuSet::MAX_CPU {
        return Err(io::Error::other("the number is too large"));
    }
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// Fails: pinning is only supported on Linux.
#[cfg(not(target_os = "linux"))]
pub(super) fn pin_to_core(_: usize) -> io::Result<()> {
    Err(io::Error::other("pinning is only supported on Linux"))
}
