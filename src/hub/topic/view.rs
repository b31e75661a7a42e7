//! A topic as viewers and the API see it.

use std::time::Duration;

use super::Topic;
use crate::protocol::message::{DatasetView, FieldView, FieldsView, TopicView};
use crate::settings;

impl Topic {
    /// Labels and units of its records' fields.
    #[must_use]
    pub const fn fields(&self) -> &FieldsView {
        &self.fields
    }

    /// The group's playout delay.
    #[must_use]
    pub const fn delay(&self) -> Duration {
        self.delay
    }

    /// What it replays, as viewers see it.
    #[must_use]
    pub fn dataset_view(&self) -> DatasetView<'_> {
        DatasetView {
            len: self.dataset.len().get(),
            looping: self.timeline.is_looping(),
            sha256: self.dataset.digest_hex(),
        }
    }

    /// The topic as the topics list shows it.
    #[must_use]
    pub fn view(&self) -> TopicView<'_> {
        let (segment, seq) = (self.timeline.current(), self.published());
        TopicView {
            name: &self.name,
            epoch: &self.epoch,
            seq,
            retained: self.retained(seq),
            rate: Some(segment.rate),
            playing: segment.playing,
            ended: self.is_ended(),
            viewers: self.viewers(),
            fields: &self.fields,
            source: "dataset",
        }
    }
}

pub(super) fn fields_view(fields: &[settings::Field]) -> FieldsView {
    let view = |field: &settings::Field| {
        (
            field.name.clone(),
            FieldView {
                label: field.label.clone(),
                unit: field.unit.clone(),
            },
        )
    };
    FieldsView(fields.iter().map(view).collect())
}
