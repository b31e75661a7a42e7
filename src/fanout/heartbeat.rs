//! `Heartbeat`: when to show a viewer that the hub lives, and when to give it up.
//!
//! Progress counts as life: a viewer on a slow line cannot answer a ping that is queued behind a long message, but its
//! kernel acknowledges the message bit by bit.

use std::time::Duration;

use crate::protocol::Micros;

/// What the deadline that has come demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Send a ping; on an event stream, which has no answers, a comment.
    Ping,
    /// Go on waiting for the answer: the viewer still reads what was sent before the ping.
    Wait,
    /// The viewer is gone: since the last ping no byte has come from it, and it has acknowledged none.
    GiveUp,
}

/// The state of one viewer's pings.
#[derive(Debug)]
pub(super) struct Heartbeat {
    deadline: Micros,
    /// Whether the viewer answers pings.
    is_heard: bool,
    is_awaited: bool,
    /// Bytes that had been acknowledged when the deadline was set last.
    acknowledged: u64,
}

impl Heartbeat {
    /// Below the idle timeouts of common proxies (60 s) with one ping to spare.
    const PING_EVERY: Duration = Duration::from_secs(25);
    /// Without an answer and without progress. Long enough for a mobile network to wake up.
    const PROGRESS_WITHIN: Duration = Duration::from_secs(10);

    /// As often as the standard advises authors of server-sent events (WHATWG HTML, section 9.2.7).
    const COMMENT_EVERY: Duration = Duration::from_secs(15);

    /// The first ping comes by then, so that a viewer that never reads is given up and cut within half a minute.
    const FIRST_PING_WITHIN: Duration = Duration::from_secs(14);

    /// Begins at `now`; the first ping comes at a random moment, so that viewers that joined together are not pinged
    /// together. A viewer without `is_heard` is never given up here.
    pub(super) fn begin(is_heard: bool, now: Micros) -> Self {
        Self {
            deadline: now.after(Self::FIRST_PING_WITHIN.mul_f64(fastrand::f64())),
            is_heard,
            is_awaited: false,
            acknowledged: 0,
        }
    }

    /// When [`Heartbeat::beat`] is due.
    pub(super) const fn deadline(&self) -> Micros {
        self.deadline
    }

    /// Returns what to do at the deadline. `now` is later than the deadline after a stall of the hub, which is not held
    /// against the viewer. Its kernel has `acknowledged` this many bytes.
    pub(super) fn beat(&mut self, acknowledged: u64, now: Micros) -> Beat {
        if !self.is_heard {
            self.deadline = now.after(Self::COMMENT_EVERY);
            return Beat::Ping;
        }
        let has_progressed = acknowledged > std::mem::replace(&mut self.acknowledged, acknowledged);
        if self.is_awaited && !has_progressed {
            return Beat::GiveUp;
        }
        self.deadline = now.after(Self::PROGRESS_WITHIN);
        if std::mem::replace(&mut self.is_awaited, true) {
            Beat::Wait
        } else {
            Beat::Ping
        }
    }

    /// Notes that bytes came from the viewer, which prove that it lives.
    pub(super) fn hear(&mut self, now: Micros) {
        if std::mem::take(&mut self.is_awaited) {
            self.deadline = now.after(Self::PING_EVERY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_that_is_heard_is_pinged_again_and_a_silent_one_is_given_up() {
        let mut heartbeat = Heartbeat::begin(true, Micros::new(0));
        assert_eq!(heartbeat.beat(7, heartbeat.deadline()), Beat::Ping);
        let pinged = heartbeat.deadline();
        heartbeat.hear(pinged);
        assert_eq!(heartbeat.deadline(), pinged.after(Heartbeat::PING_EVERY));
        assert_eq!(heartbeat.beat(7, heartbeat.deadline()), Beat::Ping);
        assert_eq!(heartbeat.beat(7, heartbeat.deadline()), Beat::GiveUp);
    }

    #[test]
    fn a_viewer_whose_kernel_acknowledges_bytes_is_waited_for_and_pinged_once() {
        let mut heartbeat = Heartbeat::begin(true, Micros::new(0));
        assert_eq!(heartbeat.beat(7, heartbeat.deadline()), Beat::Ping);
        for acknowledged in 8..20 {
            let now = heartbeat.deadline();
            assert_eq!(heartbeat.beat(acknowledged, now), Beat::Wait);
            assert_eq!(heartbeat.deadline(), now.after(Heartbeat::PROGRESS_WITHIN));
        }
        assert_eq!(heartbeat.beat(19, heartbeat.deadline()), Beat::GiveUp);
    }

    #[test]
    fn a_hub_that_stood_still_gives_a_viewer_its_ten_seconds_all_the_same() {
        let mut heartbeat = Heartbeat::begin(true, Micros::new(0));
        let now = heartbeat.deadline().after(Duration::from_secs(60));
        assert_eq!(heartbeat.beat(0, now), Beat::Ping);
        assert_eq!(heartbeat.deadline(), now.after(Heartbeat::PROGRESS_WITHIN));
    }

    #[test]
    fn who_is_not_heard_is_shown_a_sign_of_life_and_never_given_up() {
        let mut heartbeat = Heartbeat::begin(false, Micros::new(0));
        for _ in 0..3 {
            let now = heartbeat.deadline();
            assert_eq!(heartbeat.beat(0, now), Beat::Ping);
            assert_eq!(heartbeat.deadline(), now.after(Heartbeat::COMMENT_EVERY));
        }
    }
}
