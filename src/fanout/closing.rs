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
    /// When the viewer is cut, whether it has answered or not.
    pub(super) deadline: Micros,
}

impl Closing {
    /// Several round trips of the slowest network; a peer that needs longer is gone.
    const WITHIN: Duration = Duration::from_secs(5);

    /// The hub closes, and waits for the viewer to do the same.
    pub(super) fn begin(why: Close, now: Micros) -> Self {
        Self {
            why,
            is_mutual: false,
            ends_at_once: false,
            deadline: now.after(Self::WITHIN),
        }
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
