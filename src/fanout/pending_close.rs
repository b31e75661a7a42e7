//! `PendingClose`: a close in progress, and how long it may take.

use std::time::Duration;

use crate::protocol::{CloseReason, Micros};

/// A close in progress.
#[derive(Debug)]
pub(super) struct PendingClose {
    /// Why the connection is closed; determines the close code and whether the viewer may reconnect.
    pub(super) reason: CloseReason,
    /// Whether both sides have sent a close.
    pub(super) is_answered: bool,
    /// Whether the hub shuts down its half of the connection once everything is written, without waiting for the
    /// viewer's close: its input is ignored, or its protocol has no close.
    pub(super) shuts_down_when_sent: bool,
    /// When the connection is dropped, even without a reply, unless the viewer still reads what was sent before the
    /// close.
    pub(super) deadline: Micros,
    /// When the connection is dropped in any case.
    final_deadline: Micros,
    /// The viewer's progress when the deadline was set; `None` until the lane has recorded it.
    acknowledged: Option<u64>,
}

impl PendingClose {
    /// Several round trips on the slowest network; a peer that needs longer is gone.
    const TIMEOUT: Duration = Duration::from_secs(5);
    /// The limit for a viewer that is still reading what was sent before the close: enough for 8 MB at 250 kB/s.
    const TIMEOUT_MAX: Duration = Duration::from_secs(30);

    /// A close by the hub, which waits for the viewer's close.
    pub(super) fn new(reason: CloseReason, now: Micros) -> Self {
        Self {
            reason,
            is_answered: false,
            shuts_down_when_sent: false,
            deadline: now.after(Self::TIMEOUT),
            final_deadline: now.after(Self::TIMEOUT_MAX),
            acknowledged: None,
        }
    }

    /// Returns whether [`Self::record_progress`] is still to be called.
    pub(super) const fn needs_progress(&self) -> bool {
        self.acknowledged.is_none()
    }

    /// Records how many bytes the viewer had acknowledged when the close started.
    pub(super) const fn record_progress(&mut self, acknowledged: u64) {
        self.acknowledged = Some(acknowledged);
    }

    /// Sets the next deadline, and returns whether a viewer that has `acknowledged` this many bytes may use it.
    pub(super) fn extend(&mut self, acknowledged: u64, now: Micros) -> bool {
        let before = self.acknowledged.replace(acknowledged);
        let has_progressed = before.is_some_and(|before| acknowledged > before);
        self.deadline = now.after(Self::TIMEOUT).min(self.final_deadline);
        has_progressed && now < self.final_deadline
    }

    /// The reply to a close by the viewer.
    pub(super) fn answering(now: Micros) -> Self {
        Self {
            is_answered: true,
            ..Self::new(CloseReason::Normal, now)
        }
    }

    /// A close because of a protocol violation or too many messages. The hub reads nothing more (RFC 6455, section
    /// 7.1.7), so it would not see the viewer's close.
    pub(super) fn for_violation(reason: CloseReason, now: Micros) -> Self {
        Self {
            shuts_down_when_sent: true,
            ..Self::new(reason, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_that_still_reads_gets_more_time_up_to_a_limit() {
        let mut close = PendingClose::new(CloseReason::Draining, Micros::new(0));
        close.record_progress(100);
        let mut acknowledged = 100;
        let mut grants = 0;
        loop {
            acknowledged += 1;
            let now = close.deadline;
            if !close.extend(acknowledged, now) {
                assert_eq!(now, Micros::new(0).after(PendingClose::TIMEOUT_MAX));
                break;
            }
            grants += 1;
        }
        assert_eq!(grants, 5);
        let mut close = PendingClose::new(CloseReason::Draining, Micros::new(0));
        close.record_progress(100);
        assert!(!close.extend(100, close.deadline));
    }
}
