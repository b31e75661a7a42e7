//! The topic that takes the place of another one at an instant, as far as the old one knows of it.

use std::sync::Arc;

use super::Topic;
use crate::protocol::Micros;
use crate::protocol::topic_description::NextDatasetView;

/// The topic that follows.
#[derive(Debug)]
pub(super) struct Successor {
    topic: Arc<Topic>,
    at: Micros,
}

impl Successor {
    /// What a list shows of it.
    pub(super) fn view(&self) -> NextDatasetView {
        let dataset = self.topic.feed.describe().dataset;
        NextDatasetView {
            at: self.at,
            epoch: self.topic.epoch().clone(),
            name: self.topic.dataset_name.clone(),
            len: dataset.len,
            sha256: dataset.sha256.to_owned(),
        }
    }
}

impl Topic {
    /// Has this topic, which is not shared yet, count where `before` does, whose place it will take.
    pub fn continue_metrics_of(&mut self, before: &Self) {
        self.metrics = Arc::clone(&before.metrics);
    }

    /// The end of a timeline that goes on: after everything that may be published.
    const NO_END: Micros = Micros::new(i64::MAX);

    /// Has this topic publish nothing that is due at `at` or later, because `topic` takes its place then; without one,
    /// it goes on. Returns whether that is news.
    pub fn set_successor(&self, successor: Option<(&Arc<Self>, Micros)>) -> bool {
        {
            let _guard = self.lock_publish();
            let is_same = |known: &Successor| {
                successor.is_some_and(|(topic, _)| Arc::ptr_eq(&known.topic, topic))
            };
            if self.successor.load().as_deref().is_some_and(is_same) {
                return false;
            }
            let end = successor.map_or(Self::NO_END, |(_, at)| at);
            self.feed.set_end(end);
            self.successor.store(successor.map(|(topic, at)| {
                let topic = Arc::clone(topic);
                Arc::new(Successor { topic, at })
            }));
        }
        self.producer.wake();
        true
    }
}
