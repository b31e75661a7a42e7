//! The log events of single viewers, `viewer.joined` and `viewer.left`.
//!
//! They are at level debug, because there may be thousands a second. What they say is computed only if they are logged.

use super::viewer::Viewer;
use crate::clock::Clock;
use crate::hub::Topic;

/// Logs that `viewer` has joined `topic`.
pub(super) fn log_joined(topic: &Topic, viewer: &Viewer) {
    tracing::debug!(
        event = "viewer.joined",
        topic = topic.name().as_str(),
        remote = %viewer.connection.remote(),
        id = viewer.connection.record().id.get(),
        encoding = viewer.subscription.encoding().label(),
        "a viewer joined"
    );
}

/// Logs that `viewer` has left `topic`.
pub(super) fn log_left(topic: &Topic, viewer: &Viewer, clock: &Clock) {
    let record = viewer.connection.record();
    tracing::debug!(
        event = "viewer.left",
        topic = topic.name().as_str(),
        remote = %viewer.connection.remote(),
        reason = viewer.connection.disconnect_reason().label(),
        id = record.id.get(),
        encoding = viewer.subscription.encoding().label(),
        seconds = clock.now().since(record.joined_at).as_secs_f64(),
        missed = record.missed,
        "a viewer left"
    );
}
