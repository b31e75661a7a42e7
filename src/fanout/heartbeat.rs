//! `Heartbeat`: when to ping a viewer, and when to consider it dead.
//!
//! Progress counts as a sign of life: a viewer on a slow line cannot answer a ping that is queued behind a long
//! message, but its kernel acknowledges the message bit by bit.

use std::time::Duration;

use crate::protocol::Micros;

/// What to do at the deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeartbeatAction {
    /// Send a ping or, on an event stream, a comment.
    Ping,
    /// Keep waiting for the answer: the viewer still reads what was sent before the ping.
    Wait,
    /// Close the viewer: since the last ping, it has sent nothing and acknowledged nothing.
    GiveUp,
}

/// The state of one viewer's heartbeat.
#[derive(Debug)]
pub(super) struct Heartbeat {
    deadline: Micros,
    /// Whether the viewer can answer pings.
    is_two_way: bool,
    /// Whether a ping has been sent since the viewer last sent anything.
    is_awaiting_answer: bool,
    /// The acknowledged bytes when the deadline was last set.
    acknowledged: u64,
}

impl Heartbeat {
    /// Below the idle timeouts of common proxies (60 s) with one ping to spare.
    const PING_INTERVAL: Duration = Duration::from_secs(25);
    /// How long a viewer may show neither an answer nor progress. Long enough for a mobile network to wake up.
    const PROGRESS_TIMEOUT: Duration = Duration::from_secs(10);

    /// The interval that the standard recommends for server-sent events (WHATWG HTML, section 9.2.7).
    const COMMENT_INTERVAL: Duration = Duration::from_secs(15);

    /// The latest moment of the first ping, so that a viewer that never reads is dropped within half a minute.
    const FIRST_PING_DELAY_MAX: Duration = Duration::from_secs(14);

    /// Starts at `now`. The first ping comes at a random moment, so that viewers that joined together are not pinged
    /// together. A viewer that is not `is_two_way` is never considered dead here.
    pub(super) fn new(is_two_way: bool, now: Micros) -> Self {
        Self {
            deadline: now.after(Self::FIRST_PING_DELAY_MAX.mul_f64(fastrand::f64())),
            is_two_way,
            is_awaiting_answer: false,
            acknowledged: 0,
        }
    }

    /// When [`Self::on_deadline`] is due.
    pub(super) const fn deadline(&self) -> Micros {
        self.deadline
    }

    /// Returns what to do at the deadline, given how many bytes the viewer's kernel has `acknowledged`. After a stall
    /// of the hub, `now` is later than the deadline, which is not held against the viewer.
    pub(super) fn on_deadline(&mut self, acknowledged: u64, now: Micros) -> HeartbeatAction {
        if !self.is_two_way {
            self.deadline = now.after(Self::COMMENT_INTERVAL);
            return HeartbeatAction::Ping;
        }
        let has_progressed = acknowledged > std::mem::replace(&mut self.acknowledged, acknowledged);
        if self.is_awaiting_answer && !has_progressed {
            return HeartbeatAction::GiveUp;
        }
        self.deadline = now.after(Self::PROGRESS_TIMEOUT);
        if std::mem::replace(&mut self.is_awaiting_answer, true) {
            HeartbeatAction::Wait
        } else {
            HeartbeatAction::Ping
        }
    }

    /// Records that bytes arrived from the viewer, which prove that it is alive.
    pub(super) fn on_bytes(&mut self, now: Micros) {
        if std::mem::take(&mut self.is_awaiting_answer) {
            self.deadline = now.after(Self::PING_INTERVAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_that_answers_is_pinged_again_and_a_silent_one_is_given_up() {
        let mut heartbeat = Heartbeat::new(true, Micros::new(0));
        assert_eq!(
            heartbeat.on_deadline(7, heartbeat.deadline()),
            HeartbeatAction::Ping
        );
        let pinged = heartbeat.deadline();
        heartbeat.on_bytes(pinged);
        assert_eq!(heartbeat.deadline(), pinged.after(Heartbeat::PING_INTERVAL));
        assert_eq!(
            heartbeat.on_deadline(7, heartbeat.deadline()),
            HeartbeatAction::Ping
        );
        assert_eq!(
            heartbeat.on_deadline(7, heartbeat.deadline()),
            HeartbeatAction::GiveUp
        );
    }

    #[test]
    fn a_viewer_that_acknowledges_bytes_is_pinged_once_and_waited_for() {
        let mut heartbeat = Heartbeat::new(true, Micros::new(0));
        assert_eq!(
            heartbeat.on_deadline(7, heartbeat.deadline()),
            HeartbeatAction::Ping
        );
        for acknowledged in 8..20 {
            let now = heartbeat.deadline();
            assert_eq!(
                heartbeat.on_deadline(acknowledged, now),
                HeartbeatAction::Wait
            );
            assert_eq!(heartbeat.deadline(), now.after(Heartbeat::PROGRESS_TIMEOUT));
        }
        assert_eq!(
            heartbeat.on_deadline(19, heartbeat.deadline()),
            HeartbeatAction::GiveUp
        );
    }

    #[test]
    fn a_viewer_has_the_full_timeout_even_after_a_stall_of_the_hub() {
        let mut heartbeat = Heartbeat::new(true, Micros::new(0));
        let now = heartbeat.deadline().after(Duration::from_secs(60));
        assert_eq!(heartbeat.on_deadline(0, now), HeartbeatAction::Ping);
        assert_eq!(heartbeat.deadline(), now.after(Heartbeat::PROGRESS_TIMEOUT));
    }

    #[test]
    fn an_event_stream_gets_comments_and_is_never_given_up() {
        let mut heartbeat = Heartbeat::new(false, Micros::new(0));
        for _ in 0..3 {
            let now = heartbeat.deadline();
            assert_eq!(heartbeat.on_deadline(0, now), HeartbeatAction::Ping);
            assert_eq!(heartbeat.deadline(), now.after(Heartbeat::COMMENT_INTERVAL));
        }
    }
}
