//! Reading the records of a topic, which closes the topic if its dataset was changed.

use super::Topic;
use crate::hub::records::Records;
use crate::hub::topic_closure::TopicClosure;
use crate::hub::update::Update;
use crate::protocol::Seq;
use crate::source::{ExtremesLookup, FieldIndex, SourceError};

impl Topic {
    /// Why the topic publishes nothing more; `None` while it is open.
    #[must_use]
    pub fn closure(&self) -> Option<TopicClosure> {
        self.closure.get().copied()
    }

    /// Closes the topic: nothing more is published, and its viewers leave. Returns false if it was closed before.
    pub fn close(&self, closure: TopicClosure) -> bool {
        let is_first = {
            let _guard = self.lock_publish();
            let is_first = self.closure.set(closure).is_ok();
            if is_first {
                _ = self.updates.send(Update::Closed);
            }
            is_first
        };
        // It ends.
        self.producer.wake();
        is_first
    }

    /// Reads the publications from `first` to `last`, as far as they are in the history. May block.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn read(&self, first: Seq, last: Seq) -> Result<Records, SourceError> {
        self.checked(self.feed.read(first, last))
    }

    /// [`poll_fields`](crate::source::RecordSource::poll_fields) of the records. May block.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError> {
        self.checked(self.feed.poll_fields())
    }

    /// [`poll_extremes`](crate::source::RecordSource::poll_extremes) of the records. May block.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn poll_extremes(&self, key: &str) -> Result<ExtremesLookup, SourceError> {
        self.checked(self.feed.poll_extremes(key))
    }

    /// Closes the topic if `read` has found that the dataset was changed.
    fn checked<T>(&self, read: Result<T, SourceError>) -> Result<T, SourceError> {
        if let Err(error) = &read
            && let Some(seen) = error.change()
            && self.close(TopicClosure::Stopped)
        {
            tracing::error!(
                event = "topic.stopped",
                topic = self.name.as_str(),
                epoch = self.epoch().as_str(),
                seq = self.published().get(),
                viewers = self.viewers(),
                dataset = self.dataset_name,
                change = seen,
                "the dataset was changed while it plays, so this topic has stopped; put the file back, or configure the new \
                 one, and restart the hub"
            );
        }
        read
    }
}
