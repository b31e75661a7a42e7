//! Topics by name, and what a topic is: the waist between those who publish and those who view.
//!
//! Writers ([`crate::producer`]) and readers ([`crate::fanout`], [`crate::routes`]) both hold a [`Topic`];
//! neither knows the other.

mod attendance;
mod beginning;
mod channel;
mod client_network;
mod connections;
mod counters;
mod course;
mod gather;
mod history;
mod join;
mod manner;
mod seats;
pub mod thinning;
mod timeline;
mod topic;
mod wave;

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

pub use attendance::Attendance;
pub use beginning::{How, Past, Reason};
pub use channel::{Feed, Subscription};
pub use client_network::ClientNetwork;
pub use connections::{
    ClientPermit, ConnectionLimits, ConnectionPermit, Connections, Phase, Watch,
};
pub use counters::{Counters, Departure, Refused};
pub use course::{Course, Current, Pace};
pub use gather::Gather;
pub use history::{End, Served, Span};
pub use join::{Answer, Ask, Standing};
pub use manner::Manner;
pub use seats::{Refusal, Seat, Seats};
pub use timeline::{RestoreError, Segment, Timeline};
pub use topic::{Topic, TopicSpec};
pub use wave::Wave;

use crate::clock::Clock;
use crate::metrics::Counter;
use crate::protocol::TopicName;

/// All topics of one process.
#[derive(Debug)]
pub struct Hub {
    clock: Clock,
    directory: ArcSwap<Directory>,
    /// Who asked to view a topic that there is not.
    pub not_found: Counter,
}

/// Replaced as a whole, so that whoever reads it sees one state of it.
#[derive(Debug)]
struct Directory {
    by_name: HashMap<TopicName, Arc<Topic>>,
    /// In the order of the configuration.
    topics: Vec<Arc<Topic>>,
    default_topic: TopicName,
}

impl Hub {
    /// A hub of `topics`, in their order.
    #[must_use]
    pub fn new(clock: Clock, topics: Vec<Arc<Topic>>, default_topic: TopicName) -> Self {
        Self {
            clock,
            directory: ArcSwap::from_pointee(Directory::of(topics, default_topic)),
            not_found: Counter::default(),
        }
    }

    /// From now on there are these topics, in their order.
    pub fn arrange(&self, topics: Vec<Arc<Topic>>, default_topic: TopicName) {
        self.directory
            .store(Arc::new(Directory::of(topics, default_topic)));
    }

    /// The hub's timeline clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The topic called `name`; the default one for `None`.
    #[must_use]
    pub fn topic(&self, name: Option<&TopicName>) -> Option<Arc<Topic>> {
        let directory = self.directory.load();
        directory
            .by_name
            .get(name.unwrap_or(&directory.default_topic))
            .cloned()
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
        self.directory.load().topics.clone()
    }
}

impl Directory {
    fn of(topics: Vec<Arc<Topic>>, default_topic: TopicName) -> Self {
        let named = |topic: &Arc<Topic>| (topic.name().clone(), Arc::clone(topic));
        Self {
            by_name: topics.iter().map(named).collect(),
            topics,
            default_topic,
        }
    }
}
