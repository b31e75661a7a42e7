//! [`PlaybackRequest`]: what is to change; and the outcome, or why it has failed.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::hub::Topic;
use crate::protocol::{Author, Micros};
use crate::timeline::{PlayoutSettings, SegmentPace};

/// What a request does to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackCommand {
    /// Continues with the next record at another rate or speed.
    Pace {
        /// The rate and the speed.
        pace: SegmentPace,
        /// The playout settings that belong to them.
        playout: PlayoutSettings,
    },
}

/// A topic, and what a request does to it.
#[derive(Debug, Clone)]
pub struct TopicCommand {
    /// The topic.
    pub topic: Arc<Topic>,
    /// The command.
    pub command: PlaybackCommand,
}

/// Commands for some topics that take effect at the same instant, or not at all.
#[derive(Debug, Clone)]
pub struct PlaybackRequest {
    /// At most one for each topic.
    pub commands: Vec<TopicCommand>,
    /// On whose behalf; part of the new segments.
    pub by: Author,
}

/// The outcome of a request that has not failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaybackOutcome {
    /// The change takes effect at this instant. It is journalled, and on its way to the viewers.
    Applied(Micros),
    /// There is nothing to change: each topic has ended, or is as the command wants it.
    Unchanged,
}

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
            Self::TimedOut => io::Error::from(io::ErrorKind::TimedOut).fmt(f),
            Self::Undecided => f.write_str(
                "timed out, and the disk has not reported yet whether the change is written",
            ),
        }
    }
}

impl std::error::Error for PlaybackError {}
