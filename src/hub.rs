//! Topics by name, and what a topic is: the waist between those who publish and those who view.
//!
//! Writers ([`crate::producer`]) and readers ([`crate::fanout`], [`crate::routes`]) both hold a [`Topic`];
//! neither knows the other.

mod beginning;
mod channel;
mod counters;
mod gather;
mod history;
mod join;
mod seats;
pub mod thinning;
mod timeline;
mod topic;

use std::sync::Arc;

use dashmap::DashMap;

pub use beginning::{How, Past, Reason};
pub use channel::{Feed, Subscription, Wave};
pub use counters::{Attendance, Counters, Departure, Refused};
pub use gather::Gather;
pub use history::{End, Served, Span};
pub use join::{Answer, Ask, Standing};
pub use seats::{Refusal, Seat, Seats};
pub use timeline::{RestoreError, Segment, Timeline};
pub use topic::{Topic, TopicSpec};

use crate::clock::Clock;
use crate::metrics::Counter;
use crate::protocol::TopicName;

/// All topics of one process.
#[derive(Debug)]
pub struct Hub {
    clock: Clock,
    topics: DashMap<TopicName, Arc<Topic>>,
    /// In the order of the configuration.
    names: Vec<TopicName>,
    default_topic: TopicName,
    /// Who asked to view a topic that there is not.
    pub not_found: Counter,
}

impl Hub {
    /// A hub of `topics`, in their order.
    #[must_use]
    pub fn new(clock: Clock, topics: Vec<Arc<Topic>>, default_topic: TopicName) -> Self {
        let names = topics.iter().map(|topic| topic.name().clone()).collect();
        let topics = topics
            .into_iter()
            .map(|topic| (topic.name().clone(), topic))
            .collect();
        Self {
            clock,
            topics,
            names,
            default_topic,
            not_found: Counter::default(),
        }
    }

    /// The hub's timeline clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The topic called `name`; the default one for `None`.
    #[must_use]
    pub fn topic(&self, name: Option<&TopicName>) -> Option<Arc<Topic>> {
        // The map's guard is gone before anybody can wait while holding it.
        self.topics
            .get(name.unwrap_or(&self.default_topic))
            .map(|topic| Arc::clone(&topic))
    }

    /// How many were not let in so far, whatever they wanted to view.
    #[must_use]
    pub fn refused(&self) -> u64 {
        let topics = self.topics();
        let refused = topics.iter().map(|topic| topic.counters.refused.total());
        refused.sum::<u64>() + self.not_found.total()
    }

    /// All topics, in the order of the configuration.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        self.names
            .iter()
            .filter_map(|name| self.topic(Some(name)))
            .collect()
    }
}
