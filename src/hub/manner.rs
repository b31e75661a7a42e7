//! `Manner`: how a topic treats its viewers. It may be replaced while they are there.

use std::time::Duration;

use crate::protocol::message::{FieldView, FieldsView};
use crate::settings::{self, Backfill, SlowPolicy};

/// See the head of this file.
#[derive(Debug)]
pub struct Manner {
    /// What becomes of a viewer that is too far behind.
    pub slow: SlowPolicy,
    /// How far behind a viewer may be and still be sent everything.
    pub max_lag: Duration,
    /// What viewers get who do not ask.
    pub backfill: Backfill,
    /// The most publications that go over a stream before it is live.
    pub recover_max: u64,
    /// Labels and units of its records' fields.
    pub fields: FieldsView,
}

impl Manner {
    pub(super) fn of(settings: &settings::Topic, recover_max: u64) -> Self {
        Self {
            slow: settings.slow,
            max_lag: settings.max_lag,
            backfill: settings.backfill,
            recover_max,
            fields: fields_view(&settings.fields),
        }
    }
}

fn fields_view(fields: &[settings::Field]) -> FieldsView {
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
