//! A topic in the form in which viewers and the API see it.

use std::time::Duration;

use super::Topic;
use crate::protocol::Seq;
use crate::protocol::message::{DatasetView, Message, TimelineView, TopicView};

impl Topic {
    /// The segment and the playout delay of the publication after `last`.
    #[must_use]
    pub fn schedule_after(&self, last: Seq) -> (TimelineView, Duration) {
        let schedule = self.schedule.load();
        let next = last.next();
        (
            schedule.timeline().view_at(next),
            schedule.playout_at(next).delay,
        )
    }

    /// The `state` message for a viewer that misses publications `first` to `last`, if the newest change of the
    /// timeline took effect there.
    #[must_use]
    pub fn newest_state_within(&self, first: Seq, last: Seq) -> Option<Message<'static>> {
        self.schedule.load().newest_state(first, last)
    }

    /// The dataset as viewers see it.
    #[must_use]
    pub fn dataset_view(&self) -> DatasetView<'_> {
        DatasetView {
            len: self.dataset.len().get(),
            looping: self.timeline().is_looping(),
            sha256: self.dataset.digest_hex(),
        }
    }

    /// The length in bytes of the longest record.
    #[must_use]
    pub const fn record_max(&self) -> usize {
        self.dataset.record_max()
    }

    /// The topic as the list of topics shows it.
    #[must_use]
    pub fn view(&self) -> TopicView<'_> {
        let seq = self.published();
        let (segment, _) = self.schedule_after(seq);
        TopicView {
            name: &self.name,
            epoch: &self.epoch,
            seq,
            retained: self.retained(seq),
            rate: Some(segment.rate),
            playing: segment.playing,
            ended: self.is_ended(),
            viewers: self.viewers(),
            fields: self.policy.load().fields.clone(),
            source: "dataset",
        }
    }
}
