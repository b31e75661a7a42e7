//! The topic as `GET /api/v1/topics` lists it.

use std::path::Path;

use super::Topic;
use super::succession::Successor;
use crate::hub::topic_closure::TopicClosure;
use crate::protocol::Micros;
use crate::protocol::message::TopicView;
use crate::protocol::topic_description::DatasetFileView;

impl Topic {
    /// The topic as the list of topics shows it.
    #[must_use]
    pub fn view(&self, now: Micros) -> TopicView<'_> {
        let seq = self.feed.newest();
        let states = self.feed.states_from(now, self.feed.version());
        let current = &states[0];
        let (policy, dataset) = (self.policy.load(), self.feed.describe().dataset);
        TopicView {
            name: &self.name,
            kind: self.feed.kind(),
            epoch: self.epoch(),
            seq,
            retained: self.feed.retained(seq),
            rate: current.timeline.rate,
            speed: current.timeline.speed,
            playing: current.timeline.playing,
            ended: self.feed.is_ended(),
            stopped: self.closure() == Some(TopicClosure::Stopped),
            next: self.successor.load().as_deref().map(Successor::view),
            viewers: self.viewers(),
            audience: self.metrics.audience.view(),
            fields: policy.fields.clone(),
            source: "dataset",
            player: self.player.clone(),
            dataset: Some(DatasetFileView {
                name: &self.dataset_name,
                len: dataset.len,
                looping: dataset.looping,
                sha256: dataset.sha256,
            }),
            about: policy.about.clone(),
        }
    }
}

/// The name that viewers see: without the folders, which say something about the hub's machine.
pub(super) fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
