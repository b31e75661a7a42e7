//! The load generator behind `tickcast bench`: many viewers in one thread, and a report of what they received.
//!
//! It is purely a client and shares no code with the hub's delivery path. It learns a hub's schedule and clock over one
//! additional v1 connection, as any viewer could.
//!
//! # What the numbers mean
//!
//! - **Delivery**: one record received by one viewer.
//! - **Arrival**: the instant at which the bench has read a record. It includes the time that the record waited for the
//!   bench itself, so the report warns if the bench was saturated.
//! - **Latency**: arrival − `t`. `t` comes from the message, or for bare records from their index and the hub's
//!   schedule; both are on the hub's clock, which pings estimate. For other servers, `t` comes from a field of the
//!   record (`--stamp-field`) and is compared with the wall clock.
//! - **Spread**: the time between the arrivals of one record at the first and at the last viewer. Only records that
//!   reached every viewer count.
//! - **Loss**: holes, repeats and reorderings from each viewer's first record to the end. All are zero if nothing is
//!   lost. Records that the hub announced as missing (`gap`) are counted separately.
//! - **Held back**: records that were at least a second overdue by the hub's schedule when the measurement ended.
//!   Without a schedule, the newest record that any viewer had a second before the end counts as due.

mod bench_run;
mod bench_target;
mod client_connection;
mod clock_probes;
mod control_connection;
mod delivery_stats;
mod floor;
mod hub_message;
mod hub_schedule;
mod json_scan;
mod machine;
mod process_monitor;
mod progress_line;
mod record_reader;
mod report;
mod report_builder;
mod report_table;
mod sequence_tracker;
mod source_address;
mod spread_tracker;
mod viewer_pool;
mod wire_protocol;

use std::fmt;
use std::io;
use std::time::Duration;

pub use bench_target::{BenchTarget, HubProtocol, TargetError};
pub use floor::{Floor, FloorOptions, serve as serve_floor};
pub use machine::Machine;
pub use report::{
    BuildInfo, ClientUsage, FloorCounts, HeldBackReport, HubClock, LatencyQuantiles, LossReport,
    LostConnections, Report, ServerUsage, SpreadQuantiles,
};

use bench_run::BenchRun;
use process_monitor::ProcessMonitor;
use report_builder::StartConditions;

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

/// Why a measurement failed.
#[derive(Debug)]
pub enum BenchError {
    /// A system call failed that the bench itself depends on.
    System(io::Error),
    /// The limits on open files or local ports do not allow that many viewers.
    TooManyViewers {
        /// The requested number.
        viewers: usize,
        /// The largest number that fits.
        room: usize,
    },
    /// The process does not exist or cannot be inspected.
    NoProcess(u32),
    /// Pinning to the core failed.
    Pin(usize, io::Error),
    /// A viewer could not join.
    JoinFailed {
        /// The URL.
        url: String,
        /// The reason given by the server or the system.
        why: String,
    },
    /// No further viewer joined within the timeout.
    Stalled {
        /// Viewers that have joined.
        joined: usize,
        /// Viewers requested.
        viewers: usize,
    },
    /// All viewers were disconnected; contains the reasons.
    AllDisconnected(String),
    /// The floor does not run; contains the reason.
    Floor(String),
}

/// Runs one measurement: viewers join, warm up, are measured and disconnect.
///
/// # Errors
/// Fails if viewers cannot join, or if all of them are disconnected.
pub fn measure(options: &BenchOptions) -> Result<Report, BenchError> {
    let room = machine::raise_fd_limit().min(machine::local_port_count().unwrap_or(usize::MAX));
    let viewers = options.viewers;
    if viewers > room {
        return Err(BenchError::TooManyViewers { viewers, room });
    }
    // Detected before pinning, after which the process would see only one core.
    let machine = Machine::detect();
    if let Some(cpu) = options.cpu {
        machine::pin_to_core(cpu).map_err(|error| BenchError::Pin(cpu, error))?;
    }
    let watch = |pid| ProcessMonitor::open(pid).ok_or(BenchError::NoProcess(pid));
    let server = options.pid.map(watch).transpose()?;
    let memory_kib = server.as_ref().and_then(ProcessMonitor::resident_kib);
    let mut run = BenchRun::new(options, server)?;
    run.query_hub()?;
    let join_time = run.join()?;
    run.warm_up()?;
    let window = run.measure()?;
    let before = StartConditions {
        machine,
        memory_kib,
        join_time,
    };
    let report = report_builder::build_report(options, &run, &window, before);
    run.disconnect();
    Ok(report)
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => {
                write!(f, "a system call failed: {error}")
            }
            Self::TooManyViewers { viewers, room } => write!(
                f,
                "{viewers} viewers are too many; ask for at most {room}, or raise the limit of open files \
                 (`ulimit -Hn`) and the range of local ports"
            ),
            Self::NoProcess(pid) => write!(
                f,
                "process `{pid}` cannot be inspected; give the pid of the server, run by the same user on Linux"
            ),
            Self::Pin(cpu, error) => {
                write!(
                    f,
                    "cannot pin to core `{cpu}`: {error}; cores are counted from 0"
                )
            }
            Self::JoinFailed { url, why } => write!(f, "cannot join `{url}`: {why}"),
            Self::Stalled { joined, viewers } => write!(
                f,
                "only {joined} of {viewers} viewers have joined, none in the last 30 s; ask for fewer, or check the \
                 server's log"
            ),
            Self::AllDisconnected(how) => write!(f, "the server closed every connection: {how}"),
            Self::Floor(problem) => write!(f, "the floor failed: {problem}"),
        }
    }
}

impl std::error::Error for BenchError {}
