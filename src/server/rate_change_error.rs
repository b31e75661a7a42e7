//! [`RateChangeError`]: why a reload did not change the rates.

use std::fmt;
use std::io;

/// Why the rates were not changed. The next reload tries again.
#[derive(Debug)]
pub(super) enum RateChangeError {
    /// The journal cannot be written.
    Failed(io::Error),
    /// The disk is too slow, or the hub is shutting down. The journal is unchanged.
    TimedOut,
    /// The disk has not reported yet whether the change is in the journal; until then the topics wait at `t`.
    Pending,
}

impl fmt::Display for RateChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::TimedOut | Self::Pending => io::Error::from(io::ErrorKind::TimedOut).fmt(f),
        }
    }
}
