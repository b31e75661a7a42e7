//! `PresenceGuard`: counts a viewer of a topic for as long as it is connected.

use std::sync::Arc;

use super::topic::Topic;
use super::topic_metrics::DisconnectReason;
use crate::protocol::CloseReason;

/// Counts one viewer of a topic until it is dropped, and then the reason for which it left.
#[derive(Debug)]
#[must_use = "the viewer no longer counts once the guard is dropped"]
pub struct PresenceGuard {
    topic: Arc<Topic>,
    reason: DisconnectReason,
}

impl PresenceGuard {
    /// Counts one more viewer of `topic`.
    pub fn new(topic: &Arc<Topic>) -> Self {
        topic.metrics.joined.add(1);
        topic.add_viewer();
        Self {
            topic: Arc::clone(topic),
            reason: DisconnectReason::Lost,
        }
    }

    /// Records why the hub closes the connection. Otherwise the viewer counts as lost.
    pub const fn set_close_reason(&mut self, reason: CloseReason) {
        self.reason = DisconnectReason::Closed(reason);
    }

    /// The reason that is counted if the guard is dropped now.
    #[must_use]
    pub const fn disconnect_reason(&self) -> DisconnectReason {
        self.reason
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.topic.remove_viewer();
        self.topic.metrics.left.add(self.reason);
    }
}
