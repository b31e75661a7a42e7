//! The machine: what it is, how many connections it lets one process have, and which core does what.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

/// What the numbers were measured on.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// The CPU's model, empty where the system does not say.
    pub cpu: String,
    /// Cores that the system lets this process use, when none is chosen.
    pub cores: usize,
    /// The kernel's release, empty where the system does not say.
    pub kernel: String,
}

/// Descriptors that are no viewers': standard streams, epoll, the control connection, files that are read.
const DESCRIPTORS_SPARE: usize = 32;

impl Machine {
    /// This machine.
    pub(super) fn this() -> Self {
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

/// Raises the limit of open files as far as it goes; returns how many viewers fit.
pub(super) fn room_for_viewers() -> usize {
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

/// How many connections one address and port of a server can have from this machine, where the system says it.
pub(super) fn local_ports() -> Option<usize> {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok()?;
    let mut ends = range.split_whitespace().map(str::parse::<usize>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    Some((last + 1).saturating_sub(first))
}

/// Keeps the calling thread, and those it starts later, on the core `cpu`.
#[cfg(target_os = "linux")]
pub(super) fn pin(cpu: usize) -> io::Result<()> {
    use rustix::thread::{CpuSet, sched_setaffinity};

    if cpu >= CpuSet::MAX_CPU {
        return Err(io::Error::other("no machine has that many"));
    }
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(None, &set)?)
}

/// Keeps the calling thread on the core `cpu`.
#[cfg(not(target_os = "linux"))]
pub(super) fn pin(_: usize) -> io::Result<()> {
    Err(io::Error::other("only Linux lets a program choose"))
}
