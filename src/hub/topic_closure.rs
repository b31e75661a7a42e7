//! [`TopicClosure`]: why a topic publishes nothing more while the hub goes on, and what its viewers are sent.
//!
//! A topic is closed once and for the rest of the run. The topic itself notices and remembers it; the lanes have the
//! viewers leave, and the routes refuse new ones.

use std::time::Duration;

use crate::protocol::CloseReason;

/// Why a topic is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicClosure {
    /// Its dataset was changed while it plays. What the file holds now belongs to another timeline, so nothing of it is
    /// published; the operator has to act.
    Stopped,
    /// Another topic with the next dataset has taken its place.
    Switched,
}

impl TopicClosure {
    /// When viewers of a stopped topic ask again, in milliseconds. A person has to put the file back and restart the hub,
    /// which takes minutes; the hub answers such a request without touching the dataset.
    const STOPPED_RETRY_MS: [u64; 2] = [15_000, 30_000];
    /// When viewers of a topic that has switched come back, in milliseconds: at once, because the next topic is here, and
    /// the hub spreads them itself.
    const SWITCHED_RETRY_MS: [u64; 2] = [0, 50];
    /// How long a viewer that can open a second connection keeps the old one after its `bye`.
    pub const MOVE_TIME: Duration = Duration::from_secs(1);
    /// The delay of a stopped topic as `Retry-After`, in seconds.
    pub const STOPPED_RETRY_AFTER: &'static str = "30";

    /// Why viewers are closed.
    #[must_use]
    pub const fn close_reason(self) -> CloseReason {
        match self {
            Self::Stopped => CloseReason::Stopped,
            Self::Switched => CloseReason::Switched,
        }
    }

    /// The range from which a viewer picks a random delay before it reconnects, in milliseconds.
    #[must_use]
    pub const fn retry_ms(self) -> [u64; 2] {
        match self {
            Self::Stopped => Self::STOPPED_RETRY_MS,
            Self::Switched => Self::SWITCHED_RETRY_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_of_a_stopped_topic_may_come_back_and_not_at_once() {
        let closure = TopicClosure::Stopped;
        assert!(closure.close_reason().may_reconnect());
        let [least, most] = closure.retry_ms();
        assert!(least >= 10_000);
        let retry_after: u64 = TopicClosure::STOPPED_RETRY_AFTER.parse().unwrap();
        assert_eq!(most, retry_after * 1_000);
    }
}
