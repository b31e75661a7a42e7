//! The load instrument: many viewers in one thread, against any hub, and what they got.
//!
//! Knows nothing of how a hub works; it is a client. What it needs to know of a hub's schedule and clock it asks
//! through one connection more, as any v1 viewer could.
//!
//! # What the numbers mean
//!
//! - **Arrival** is the instant at which the instrument has read a record. Time that a record waits for the
//!   instrument itself is in it, which is why a saturated instrument says so.
//! - **Latency** is arrival − `t`, with `t` from the message, or for bare records from the index they hold and the
//!   hub's schedule, on the hub's clock as pings estimate it; or from a field of the record (`--stamp-field`) and the
//!   wall clock, for servers that are no hub.
//! - **Spread** is the time between the arrivals of one record at the first and at the last viewer. Only records that
//!   came to every viewer count.
//! - **Loss** is counted from each viewer's first record to the end: holes, repeats and reorderings are all zero
//!   where nothing is lost. What the hub told to be missing is counted apart.
//! - **Held back** is what had been due for a second when the measurement ended, by the hub's schedule, and had not
//!   come. Without a schedule, what the furthest viewer had a second before the end counts as due.
//! - A **delivery** is one record at one viewer.

mod account;
mod connection;
mod control;
mod crowd;
mod dialect;
mod floor;
mod follower;
mod machine;
mod message;
mod probes;
mod process;
mod progress;
mod reader;
mod report;
mod run;
mod scan;
mod schedule;
mod source;
mod spread;
mod table;
mod tally;
mod target;

use std::fmt;
use std::io;
use std::time::Duration;

pub use floor::{Floor, FloorPlan, serve as serve_floor};
pub use machine::Machine;
pub use report::{
    Build, Client, FloorCounts, Held, HubClock, Latency, Loss, Lost, Report, Server, Spread,
};
pub use target::{Form, Target, TargetError};

use account::Before;
use process::Process;
use run::Run;

/// What to measure, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub target: Target,
    /// How many viewers.
    pub viewers: usize,
    /// How many of them join in a second, at most.
    pub arrival: u32,
    /// From the last viewer's joining to the measurement.
    pub warmup: Duration,
    /// How long to measure.
    pub duration: Duration,
    /// The server's process, for its CPU time and memory.
    pub pid: Option<u32>,
    /// The field of a record that holds its index, where the record is not its index itself.
    pub index_field: String,
    /// The field of a record that holds the instant at which it was due, in Unix microseconds.
    pub stamp_field: Option<String>,
    /// The core on which the instrument stays.
    pub cpu: Option<usize>,
    /// How long the instrument rests between looks at its sockets; zero when the kernel is to wake it.
    pub rest: Duration,
}

/// Why there is no result.
#[derive(Debug)]
pub enum BenchError {
    /// The system refuses the instrument itself what it needs.
    System(io::Error),
    /// So many viewers do not fit into this process or onto this machine's ports.
    NoRoom {
        /// What is wanted.
        viewers: usize,
        /// What fits.
        room: usize,
    },
    /// There is no such process, or this system does not show it.
    NoProcess(u32),
    /// The core cannot be had.
    Pin(usize, io::Error),
    /// A viewer was not let in.
    Refused {
        /// The URL.
        url: String,
        /// What the server or the system said.
        why: String,
    },
    /// Nobody has joined for a while.
    Stalled {
        /// Viewers that have.
        joined: usize,
        /// Viewers that should.
        viewers: usize,
    },
    /// No viewer was left to measure; how they went.
    AllLost(String),
    /// The yardstick does not run, and why.
    Floor(String),
}

/// Measures.
///
/// # Errors
/// Viewers could not join, or none stayed.
pub fn measure(plan: &Plan) -> Result<Report, BenchError> {
    let room = machine::room_for_viewers().min(machine::local_ports().unwrap_or(usize::MAX));
    let viewers = plan.viewers;
    if viewers > room {
        return Err(BenchError::NoRoom { viewers, room });
    }
    // Before this process is kept on one core, which would then be all that it sees.
    let machine = Machine::this();
    if let Some(cpu) = plan.cpu {
        machine::pin(cpu).map_err(|error| BenchError::Pin(cpu, error))?;
    }
    let watch = |pid| Process::of(pid).ok_or(BenchError::NoProcess(pid));
    let server = plan.pid.map(watch).transpose()?;
    let memory_kib = server.as_ref().and_then(Process::resident_kib);
    let mut run = Run::new(plan, server)?;
    run.consult()?;
    let join_time = run.join()?;
    run.warm_up()?;
    let window = run.measure()?;
    let before = Before {
        machine,
        memory_kib,
        join_time,
    };
    let report = account::report(plan, &run, &window, before);
    run.take_leave();
    Ok(report)
}

impl fmt::Display for BenchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => {
                write!(f, "the system refuses what a measurement needs: {error}")
            }
            Self::NoRoom { viewers, room } => write!(
                f,
                "{viewers} viewers do not fit; ask for {room} at most, or raise the limit of open files (`ulimit -Hn`) \
                 and the range of local ports"
            ),
            Self::NoProcess(pid) => write!(
                f,
                "there is no process `{pid}` to be watched; give the server's, on Linux and of the same user"
            ),
            Self::Pin(cpu, error) => {
                write!(
                    f,
                    "cannot stay on core `{cpu}`: {error}; the first core is 0"
                )
            }
            Self::Refused { url, why } => write!(f, "cannot join `{url}`: {why}"),
            Self::Stalled { joined, viewers } => write!(
                f,
                "{joined} of {viewers} viewers have joined, and for 30 s nobody more; ask for fewer, or look at the \
                 server's log"
            ),
            Self::AllLost(how) => write!(f, "the server closed every connection: {how}"),
            Self::Floor(problem) => write!(f, "the floor does not run: {problem}"),
        }
    }
}

impl std::error::Error for BenchError {}
