//! `ViewerCount`: when to send the viewers of a topic on a lane a new `viewers` message.
//!
//! Pure logic. The message goes out with flushes, so the instants of the flushes serve as its clock.

use std::time::Duration;

use crate::protocol::{Micros, Seq};

/// The viewer count that a topic's viewers on one lane were sent last.
#[derive(Debug, Default)]
pub(super) struct ViewerCount {
    /// The count that all of them have; `None` if they may have different ones.
    sent: Option<usize>,
    /// The flush with which it was sent; `None` before the first message.
    sent_with: Option<FlushEnd>,
}

/// The end of a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlushEnd {
    /// The last publication of the flush.
    pub(super) last: Seq,
    /// When it is due.
    pub(super) t: Micros,
}

impl ViewerCount {
    /// The least time between two messages: often enough for people, and cheap when many viewers join.
    const PERIOD: Duration = Duration::from_secs(2);

    /// Records that a new viewer got a `hello` with `viewers`, and whether it is the only viewer with messages. The
    /// count alone would not do: if another viewer leaves before the next message, the count that was sent is right
    /// again, but the new viewer has a different one.
    pub(super) fn on_join(&mut self, viewers: usize, is_only: bool) {
        if is_only {
            self.sent = Some(viewers);
        } else if self.sent != Some(viewers) {
            self.sent = None;
        }
    }

    /// Records that a viewer gets publications `first` to `last` from the history, and so misses a message that was
    /// sent with them.
    pub(super) fn on_backfill(&mut self, first: Seq, last: Seq) {
        let is_among = |flush: FlushEnd| (first..=last).contains(&flush.last);
        if self.sent_with.is_some_and(is_among) {
            self.sent = None;
        }
    }

    /// Returns the count to send with `flush`, given that there are `viewers` now; `None` if no message is due.
    pub(super) fn take_message(&mut self, viewers: usize, flush: FlushEnd) -> Option<usize> {
        let is_news = self.sent != Some(viewers);
        let is_time = |before: FlushEnd| flush.t.since(before.t) >= Self::PERIOD;
        if !is_news || !self.sent_with.is_none_or(is_time) {
            return None;
        }
        (self.sent, self.sent_with) = (Some(viewers), Some(flush));
        Some(viewers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flush that ends `ms` milliseconds after the start, with one publication per millisecond.
    fn ms(ms: u64) -> FlushEnd {
        FlushEnd {
            last: Seq::saturating(ms + 1),
            t: Micros::new(i64::try_from(ms * 1_000).unwrap()),
        }
    }

    #[test]
    fn a_change_is_sent_once_and_only_if_a_viewer_lacks_it() {
        let mut viewer_count = ViewerCount::default();
        viewer_count.on_join(1, true);
        assert_eq!(viewer_count.take_message(1, ms(0)), None);
        viewer_count.on_join(2, false);
        assert_eq!(viewer_count.take_message(2, ms(10)), Some(2));
        assert_eq!(viewer_count.take_message(2, ms(9_000)), None);
        // A viewer joined on another lane.
        assert_eq!(viewer_count.take_message(3, ms(9_010)), Some(3));
    }

    #[test]
    fn changes_within_two_seconds_are_sent_together_afterwards() {
        let mut viewer_count = ViewerCount::default();
        viewer_count.on_join(1, true);
        let sent: Vec<_> = [(0, 2), (500, 3), (1_000, 4), (1_999, 5), (2_000, 4)]
            .map(|(at, viewers)| viewer_count.take_message(viewers, ms(at)))
            .into();
        assert_eq!(sent, [Some(2), None, None, None, Some(4)]);
        assert_eq!(viewer_count.take_message(4, ms(9_000)), None);
    }

    #[test]
    fn a_viewer_that_joined_with_another_count_gets_the_old_one_once_it_is_right_again() {
        let mut viewer_count = ViewerCount::default();
        viewer_count.on_join(5, true);
        viewer_count.on_join(6, false);
        assert_eq!(viewer_count.take_message(5, ms(0)), Some(5));
    }

    #[test]
    fn a_count_missed_through_backfill_is_sent_again() {
        let mut viewer_count = ViewerCount::default();
        viewer_count.on_join(1, true);
        assert_eq!(viewer_count.take_message(2, ms(99)), Some(2));
        viewer_count.on_backfill(Seq::saturating(1), Seq::saturating(99));
        assert_eq!(viewer_count.take_message(2, ms(9_000)), None);
        viewer_count.on_backfill(Seq::saturating(100), Seq::saturating(100));
        assert_eq!(viewer_count.take_message(2, ms(9_001)), Some(2));
    }

    #[test]
    fn the_only_viewer_needs_no_message_after_its_hello() {
        let mut viewer_count = ViewerCount::default();
        viewer_count.on_join(5, true);
        viewer_count.on_join(3, true);
        assert_eq!(viewer_count.take_message(3, ms(0)), None);
    }
}
