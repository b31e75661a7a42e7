//! A topic as viewers and the API see it.

use std::time::Duration;

use super::Topic;
use crate::protocol::Seq;
use crate::protocol::message::{DatasetView, Message, TimelineView, TopicView};

impl Topic {
    /// How it runs for somebody whose last publication is `last`: the segment of what comes next, and the group's
    /// playout delay there.
    #[must_use]
    pub fn course_after(&self, last: Seq) -> (TimelineView, Duration) {
        let course = self.course.load();
        let next = last.next();
        (course.timeline().view_at(next), course.pace_at(next).delay)
    }

    /// What somebody has to be told who misses the publications `first` to `last`, when the timeline changes there.
    #[must_use]
    pub fn state_within(&self, first: Seq, last: Seq) -> Option<Message<'static>> {
        self.course.load().newest_state(first, last)
    }

    /// What it replays, as viewers see it.
    #[must_use]
    pub fn dataset_view(&self) -> DatasetView<'_> {
        DatasetView {
            len: self.dataset.len().get(),
            looping: self.timeline().is_looping(),
            sha256: self.dataset.digest_hex(),
        }
    }

    /// Bytes of the longest record that viewers may be sent.
    #[must_use]
    pub const fn record_max(&self) -> usize {
        self.dataset.record_max()
    }

    /// The topic as the topics list shows it.
    #[must_use]
    pub fn view(&self) -> TopicView<'_> {
        let seq = self.published();
        let (segment, _) = self.course_after(seq);
        TopicView {
            name: &self.name,
            epoch: &self.epoch,
            seq,
            retained: self.retained(seq),
            rate: Some(segment.rate),
            playing: segment.playing,
            ended: self.is_ended(),
            viewers: self.viewers(),
            fields: self.manner.load().fields.clone(),
            source: "dataset",
        }
    }
}
