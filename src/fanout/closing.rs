//! `Closing`: a close under way.

use std::time::Duration;

use crate::protocol::{Close, Micros};

/// Why the connection is being closed, by whom, and until when.
#[derive(Debug)]
pub(super) struct Closing {
    pub(super) why: Close,
    /// Whether the viewer has closed as well.
    pub(super) is_mutual: bool,
    /// Whether the hub ends its half once everything has gone: it does not wait for the close of a viewer that cannot
    /// be understood any more, or that has none to send.
    pub(super) ends_at_once: bool,
    /// When the viewer is cut, whether it has answered or not, unless it still reads what was sent before the close.
    pub(super) deadline: Micros,
    /// When it is cut in any case.
    latest: Micros,
    /// Bytes that it had acknowledged when the deadline was set; unknown until the lane has noted it.
    acknowledged: Option<u64>,
}

impl Closing {
    /// Several round trips of the slowest network; a peer that needs longer is gone.
    const WITHIN: Duration = Duration::from_secs(5);
    /// For a viewer that reads what was sent before its close bit by bit: a message of 8 MB on a line of 250 kB/s.
    const WITHIN_AT_MOST: Duration = Duration::from_secs(30);

    /// The hub closes, and waits for the viewer to do the same.
    pub(super) fn begin(why: Close, now: Micros) -> Self {
        Self {
            why,
            is_mutual: false,
            ends_at_once: false,
            deadline: now.after(Self::WITHIN),
            latest: now.after(Self::WITHIN_AT_MOST),
            acknowledged: None,
        }
    }

    /// Whether [`Self::note`] is still to be called.
    pub(super) const fn is_to_be_noted(&self) -> bool {
        self.acknowledged.is_none()
    }

    /// Notes how many bytes the viewer had acknowledged when the close began.
    pub(super) const fn note(&mut self, acknowledged: u64) {
        self.acknowledged = Some(acknowledged);
    }

    /// At the deadline, returns whether a viewer that has `acknowledged` this many bytes is granted more time.
    pub(super) fn goes_on(&mut self, acknowledged: u64, now: Micros) -> bool {
        let before = self.acknowledged.replace(acknowledged);
        let has_progressed = before.is_some_and(|before| acknowledged > before);
        self.deadline = now.after(Self::WITHIN).min(self.latest);
        has_progressed && now < self.latest
    }

    /// The viewer has closed, and the hub answers.
    pub(super) fn in_answer(now: Micros) -> Self {
        Self {
            is_mutual: true,
            ..Self::begin(Close::Normal, now)
        }
    }

    /// The viewer broke a rule: it cannot be understood any more (RFC 6455, section 7.1.7), or sends too much. Nothing
    /// more is read from it, so its own close would not be seen.
    pub(super) fn for_fault(why: Close, now: Micros) -> Self {
        Self {
            ends_at_once: true,
            ..Self::begin(why, now)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_that_takes_what_is_on_its_way_is_granted_time_but_not_for_ever() {
        let mut closing = Closing::begin(Close::Draining, Micros::new(0));
        closing.note(100);
        let mut acknowledged = 100;
        let mut grants = 0;
        loop {
            acknowledged += 1;
            let now = closing.deadline;
            if !closing.goes_on(acknowledged, now) {
                assert_eq!(now, Micros::new(0).after(Closing::WITHIN_AT_MOST));
                break;
            }
            grants += 1;
        }
        assert_eq!(grants, 5);
        let mut closing = Closing::begin(Close::Draining, Micros::new(0));
        closing.note(100);
        assert!(!closing.goes_on(100, closing.deadline));
    }
}
