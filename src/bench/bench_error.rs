//! [`BenchError`]: why a measurement failed.

use std::fmt;
use std::io;

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
