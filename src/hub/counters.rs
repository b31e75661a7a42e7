//! A topic's numbers for monitoring, and who counts as a viewer.

use std::sync::Arc;

use super::topic::Topic;
use crate::metrics::{Counter, Distribution};

/// A topic's numbers for monitoring.
#[derive(Debug, Default)]
pub struct Counters {
    /// Publications.
    pub published: Counter,
    /// Publications given to a viewer's socket.
    pub delivered: Counter,
    /// Bytes given to viewers' sockets.
    pub bytes: Counter,
    /// Viewers that joined.
    pub joined: Counter,
    /// Viewers that left.
    pub left: Counter,
    /// Gaps told to viewers that read too slowly.
    pub gaps: Counter,
    /// How long after the instant of the first publication due the producer woke.
    pub lateness: Distribution,
}

/// A viewer's being there, ended when it is dropped.
#[derive(Debug)]
#[must_use = "dropping the attendance leaves the topic"]
pub struct Attendance {
    topic: Arc<Topic>,
    viewers: usize,
}

impl Attendance {
    pub(super) fn begin(topic: Arc<Topic>, viewers: usize) -> Self {
        topic.counters.joined.add(1);
        Self { topic, viewers }
    }

    /// Viewers of the topic when it began, this one included.
    #[must_use]
    pub const fn viewers(&self) -> usize {
        self.viewers
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.topic.leave();
        self.topic.counters.left.add(1);
    }
}
