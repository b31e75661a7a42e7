//! `Attendance`: who counts as a viewer of a topic.

use std::sync::Arc;

use super::counters::Departure;
use super::topic::Topic;
use crate::protocol::Close;

/// A viewer's being there, ended when it is dropped.
#[derive(Debug)]
#[must_use = "dropping the attendance leaves the topic"]
pub struct Attendance {
    topic: Arc<Topic>,
    viewers: usize,
    departure: Departure,
}

impl Attendance {
    /// Counts one more viewer of `topic` until it is dropped.
    pub fn begin(topic: &Arc<Topic>) -> Self {
        topic.counters.joined.add(1);
        Self {
            topic: Arc::clone(topic),
            viewers: topic.enter(),
            departure: Departure::Lost,
        }
    }

    /// Viewers of the topic when it began, this one included.
    #[must_use]
    pub const fn viewers(&self) -> usize {
        self.viewers
    }

    /// Its connection is being closed.
    pub const fn close(&mut self, why: Close) {
        self.departure = Departure::Closed(why);
    }

    /// Why it ends, if it ends now.
    #[must_use]
    pub const fn departure(&self) -> Departure {
        self.departure
    }
}

impl Drop for Attendance {
    fn drop(&mut self) {
        self.topic.leave();
        self.topic.counters.left.add(self.departure);
    }
}
