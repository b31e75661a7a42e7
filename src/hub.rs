//! The hub: the registry of topics, and everything that belongs to one topic.
//!
//! Writers ([`crate::producer`]) and readers ([`crate::fanout`], [`crate::routes`]) both hold a [`Topic`] and do not
//! know each other. The hub also owns the admission limits, for viewers ([`ViewerLimits`]) and for connections
//! ([`Connections`]). It opens no sockets and spawns no tasks.

mod audience;
mod blocks;
mod client_network;
mod connections;
mod delivery_policy;
mod feed;
mod presence_guard;
mod producer_link;
mod records;
mod replay;
mod resume;
mod startup;
mod subscription;
mod topic;
mod topic_clock;
mod topic_closure;
mod topic_metrics;
mod update;
mod viewer_limits;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

pub use audience::{Audience, AudienceVote};
pub use client_network::ClientNetwork;
pub use connections::{
    ClientPermit, ConnectionLimits, ConnectionPermit, Connections, EvictionWatch, Phase,
};
pub use delivery_policy::DeliveryPolicy;
pub use feed::Feed;
pub use presence_guard::PresenceGuard;
pub use producer_link::ProducerWaker;
pub use records::{FeedDescription, Records};
pub use replay::Replay;
pub use resume::{JoinPoint, JoinState, ResumeOutcome, ResumeRequest, StreamHead};
pub use startup::{Checkpoint, NewEpochReason, StartMode, TopicSpec};
pub use subscription::{Subscription, UpdateReader};
pub use topic::Topic;
pub use topic_clock::{TopicClock, topic_clocks};
pub use topic_closure::TopicClosure;
pub use topic_metrics::{DeliveryMetrics, DisconnectReason, RejectReason, TopicMetrics};
pub use update::{Announcement, AnnouncementNumber, Update};
pub use viewer_limits::{ViewerLimitReached, ViewerLimits, ViewerPermit};

use crate::clock::Clock;
use crate::metrics::Counter;
use crate::protocol::TopicName;

/// All topics of one process, by name.
#[derive(Debug)]
pub struct Hub {
    clock: Clock,
    directory: ArcSwap<Directory>,
    /// Held while the directory is replaced by one that depends on it.
    changes: Mutex<()>,
    /// Requests to view a topic that does not exist.
    pub not_found: Counter,
}

/// The set of topics. Immutable: a change replaces it as a whole, so that a reader sees a consistent set.
#[derive(Debug)]
struct Directory {
    by_name: HashMap<TopicName, Arc<Topic>>,
    /// In the order of the configuration; the same topics as in `by_name`.
    topics: Vec<Arc<Topic>>,
    /// The topic of requests that name none; a key of `by_name`.
    default_topic: TopicName,
}

impl Hub {
    /// Creates a hub of `topics`, which are listed in this order.
    #[must_use]
    pub fn new(clock: Clock, topics: Vec<Arc<Topic>>, default_topic: TopicName) -> Self {
        Self {
            clock,
            directory: ArcSwap::from_pointee(Directory::new(topics, default_topic)),
            changes: Mutex::default(),
            not_found: Counter::default(),
        }
    }

    /// Replaces the set of topics by what `topics` returns, to which it does not change in between. A viewer of a topic
    /// that is no longer listed keeps it.
    pub fn set_topics(&self, topics: impl FnOnce() -> Vec<Arc<Topic>>, default_topic: TopicName) {
        let _guard = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        self.directory
            .store(Arc::new(Directory::new(topics(), default_topic)));
    }

    /// Puts `topic` in the place of the one of its name, which is returned, if `is_wanted` at that moment.
    pub fn replace_topic(
        &self,
        topic: &Arc<Topic>,
        is_wanted: impl FnOnce() -> bool,
    ) -> Option<Arc<Topic>> {
        let _guard = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let directory = self.directory.load();
        let old = directory
            .by_name
            .get(topic.name())
            .filter(|_| is_wanted())?;
        let in_place = |known: &Arc<Topic>| {
            let new = if Arc::ptr_eq(known, old) {
                topic
            } else {
                known
            };
            Arc::clone(new)
        };
        let topics = directory.topics.iter().map(in_place).collect();
        let default_topic = directory.default_topic.clone();
        self.directory
            .store(Arc::new(Directory::new(topics, default_topic)));
        Some(Arc::clone(old))
    }

    /// Whether `topic` is served; waits for a change that is being made.
    #[must_use]
    pub fn serves(&self, topic: &Arc<Topic>) -> bool {
        let _guard = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        self.topic(Some(topic.name()))
            .is_some_and(|served| Arc::ptr_eq(&served, topic))
    }

    /// The hub's timeline clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks up the topic `name`; without a name, the default topic.
    #[must_use]
    pub fn topic(&self, name: Option<&TopicName>) -> Option<Arc<Topic>> {
        let directory = self.directory.load();
        directory
            .by_name
            .get(name.unwrap_or(&directory.default_topic))
            .cloned()
    }

    /// Rejected viewers of all topics so far, requests for unknown topics included.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        let topics = self.topics();
        let rejected = topics.iter().map(|topic| topic.metrics.rejected.total());
        rejected.sum::<u64>() + self.not_found.total()
    }

    /// All topics, in the order of the configuration.
    #[must_use]
    pub fn topics(&self) -> Vec<Arc<Topic>> {
        self.directory.load().topics.clone()
    }
}

impl Directory {
    fn new(topics: Vec<Arc<Topic>>, default_topic: TopicName) -> Self {
        let entry = |topic: &Arc<Topic>| (topic.name().clone(), Arc::clone(topic));
        Self {
            by_name: topics.iter().map(entry).collect(),
            topics,
            default_topic,
        }
    }
}
