//! [`PlaybackError`]: why a request has not changed the timelines.

use std::fmt;
use std::io;

/// Why a request has not changed the timelines. The operator has to look at the disk; the caller can try again.
#[derive(Debug)]
pub enum PlaybackError {
    /// The journal cannot be written. Nothing has changed.
    Failed(io::Error),
    /// The disk is too slow, or the hub is shutting down. Nothing has changed.
    TimedOut,
    /// The disk has not reported yet whether this change, or the one before it, is in the journal. Until then the topics
    /// concerned wait at the instant of the change.
    Undecided,
}

impl fmt::Display for PlaybackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::TimedOut | Self::Undecided => io::Error::from(io::ErrorKind::TimedOut).fmt(f),
        }
    }
}

impl std::error::Error for PlaybackError {}
