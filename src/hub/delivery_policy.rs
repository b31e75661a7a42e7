//! `DeliveryPolicy`: backfill, lag limits, field labels and description of a topic.
//!
//! Immutable; a reload replaces it as a whole, while viewers are connected.

use std::time::Duration;

use crate::protocol::topic_description::AboutView;
use crate::protocol::{FieldView, FieldsView};
use crate::settings::{self, Backfill, SlowPolicy};

/// How a topic serves its viewers.
#[derive(Debug)]
pub struct DeliveryPolicy {
    /// What happens to a viewer that is further behind than `max_lag`.
    pub slow: SlowPolicy,
    /// How far behind a viewer may be and still be sent everything.
    pub max_lag: Duration,
    /// What a viewer is sent first if it asks for nothing in particular.
    pub backfill: Backfill,
    /// The most publications of backfill or recovery on one connection.
    pub recover_max: u64,
    /// How to display the records' fields.
    pub fields: FieldsView,
    /// What the records are; `None` if the configuration says nothing about it.
    pub about: Option<AboutView>,
}

impl DeliveryPolicy {
    pub(super) fn from_settings(settings: &settings::TopicSettings, recover_max: u64) -> Self {
        Self {
            slow: settings.slow,
            max_lag: settings.max_lag,
            backfill: settings.backfill,
            recover_max,
            fields: fields_view(&settings.fields),
            about: about_view(&settings.about),
        }
    }
}

fn about_view(about: &settings::AboutSettings) -> Option<AboutView> {
    let view = AboutView {
        title: about.title.clone(),
        origin: about.origin.clone(),
        licence: about.licence.clone(),
    };
    (view != AboutView::default()).then_some(view)
}

fn fields_view(fields: &[settings::FieldSettings]) -> FieldsView {
    let view = |field: &settings::FieldSettings| {
        (
            field.name.clone(),
            FieldView {
                label: field.label.clone(),
                unit: field.unit.clone(),
                min: field.min,
                max: field.max,
                warn: field.warn,
            },
        )
    };
    FieldsView(fields.iter().map(view).collect())
}
