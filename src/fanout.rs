//! Viewers: from the taken-over socket to the last byte.
//!
//! ```text
//! channel ─► relay ─► log ◄─ viewer ─► socket        a lane: one thread, one epoll, and many of the right half
//!                     (frames)  (a place in it)
//! ```
//!
//! A lane reads each topic's channel once, whatever the number of its viewers, and keeps the frames in a log. A
//! viewer is a place in that log and at most one frame that its socket took in part: nothing is queued for it, so
//! one that does not read holds a bounded amount and costs the others nothing. What came in one go leaves in one
//! system call a viewer; nothing is allocated and no lock is taken for a viewer and frame.
//!
//! A viewer whose place is older than the log is sent pieces of the history, which is computed, one piece a turn:
//! who is live goes first.

mod acknowledged;
mod allowance;
mod audience;
mod bell;
mod blocks;
mod closing;
mod conversation;
mod drain;
mod encoder;
mod headcount;
mod heartbeat;
mod joiner;
mod lane;
mod lanes;
mod load;
mod log;
mod mailbox;
mod outbox;
mod outgoing;
mod relay;
mod shared;
mod socket;
mod surroundings;
mod sync;
mod throttle;
mod viewer;
mod wheel;
mod words;

pub use drain::Drain;
pub use joiner::{Form, Holds, Joiner};
pub use lanes::Lanes;
pub use log::{Entry, Following, Log, Unit};
