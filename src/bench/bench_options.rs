//! [`BenchOptions`]: what one measurement does.

use std::time::Duration;

use super::bench_target::BenchTarget;

/// Options of one measurement.
#[derive(Debug, Clone)]
pub struct BenchOptions {
    /// The server to measure.
    pub target: BenchTarget,
    /// Number of viewers.
    pub viewers: usize,
    /// Maximum number of viewers that join per second.
    pub joins_per_second: u32,
    /// Time between the last viewer's join and the start of the measurement.
    pub warmup: Duration,
    /// Length of the measurement.
    pub duration: Duration,
    /// The server's process, whose CPU time and memory are reported.
    pub pid: Option<u32>,
    /// The field of a record that contains its index; a record that is a bare number is its own index.
    pub index_field: String,
    /// The field of a record with the instant at which it was due, in Unix microseconds.
    pub stamp_field: Option<String>,
    /// The core to pin the bench to.
    pub cpu: Option<usize>,
    /// Interval at which sockets are polled; zero to be woken by the kernel for each event.
    pub poll_interval: Duration,
}
