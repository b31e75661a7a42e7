//! `Headcount`: what the viewers of a topic on a lane were told of how many view it, and when they are told anew.
//!
//! Pure. It rides in flushes, so it counts time by theirs and needs no clock.

use std::time::Duration;

use crate::protocol::{Micros, Seq};

/// See the head of this file.
#[derive(Debug, Default)]
pub(super) struct Headcount {
    /// What all of them were told last; `None` when not all were told the same.
    told: Option<usize>,
    /// The last publication of the flush that it was told with, and its instant; `None` before the first.
    told_with: Option<(Seq, Micros)>,
}

impl Headcount {
    /// People are counted no faster than they are looked at, and a rush of joiners costs a message now and then.
    const PERIOD: Duration = Duration::from_secs(2);

    /// A newcomer was greeted with `viewers`, and is the only one of those who are told or not. The number alone would
    /// not do: where another leaves before it was told, the old one is right again, but not what the newcomer knows.
    pub(super) fn greet(&mut self, viewers: usize, is_only: bool) {
        if is_only {
            self.told = Some(viewers);
        } else if self.told != Some(viewers) {
            self.told = None;
        }
    }

    /// Somebody is sent publications `first` to `last` from the history, and so not what was told with them.
    pub(super) fn miss(&mut self, first: Seq, last: Seq) {
        let is_among = |(seq, _): (Seq, Micros)| (first..=last).contains(&seq);
        if self.told_with.is_some_and(is_among) {
            self.told = None;
        }
    }

    /// What is to be told with the flush that ends with the publication `seq`, due at `t`, when there are `viewers` now.
    pub(super) fn tell(&mut self, viewers: usize, (seq, t): (Seq, Micros)) -> Option<usize> {
        let is_news = self.told != Some(viewers);
        let is_time = |(_, at)| t.since(at) >= Self::PERIOD;
        if !is_news || !self.told_with.is_none_or(is_time) {
            return None;
        }
        (self.told, self.told_with) = (Some(viewers), Some((seq, t)));
        Some(viewers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The flush with the publication that is due so many milliseconds after the beginning, one a millisecond.
    fn ms(ms: u64) -> (Seq, Micros) {
        let t = i64::try_from(ms * 1_000).unwrap();
        (Seq::saturating(ms + 1), Micros::new(t))
    }

    #[test]
    fn a_change_is_told_once_and_to_nobody_who_knows() {
        let mut headcount = Headcount::default();
        headcount.greet(1, true);
        assert_eq!(headcount.tell(1, ms(0)), None);
        headcount.greet(2, false);
        assert_eq!(headcount.tell(2, ms(10)), Some(2));
        assert_eq!(headcount.tell(2, ms(9_000)), None);
        // One who joined another lane.
        assert_eq!(headcount.tell(3, ms(9_010)), Some(3));
    }

    #[test]
    fn of_changes_within_two_seconds_the_last_is_told_with_the_first_flush_after_them() {
        let mut headcount = Headcount::default();
        headcount.greet(1, true);
        let told: Vec<_> = [(0, 2), (500, 3), (1_000, 4), (1_999, 5), (2_000, 4)]
            .map(|(at, viewers)| headcount.tell(viewers, ms(at)))
            .into();
        assert_eq!(told, [Some(2), None, None, None, Some(4)]);
        assert_eq!(headcount.tell(4, ms(9_000)), None);
    }

    #[test]
    fn a_newcomer_who_was_greeted_with_another_number_is_told_the_old_one_when_it_is_right_again() {
        let mut headcount = Headcount::default();
        headcount.greet(5, true);
        headcount.greet(6, false);
        assert_eq!(headcount.tell(5, ms(0)), Some(5));
    }

    #[test]
    fn whoever_was_sent_a_flush_from_the_history_is_told_later_what_was_told_with_it() {
        let mut headcount = Headcount::default();
        headcount.greet(1, true);
        assert_eq!(headcount.tell(2, ms(99)), Some(2));
        headcount.miss(Seq::saturating(1), Seq::saturating(99));
        assert_eq!(headcount.tell(2, ms(9_000)), None);
        headcount.miss(Seq::saturating(100), Seq::saturating(100));
        assert_eq!(headcount.tell(2, ms(9_001)), Some(2));
    }

    #[test]
    fn whoever_is_the_only_one_knows_from_its_greeting() {
        let mut headcount = Headcount::default();
        headcount.greet(5, true);
        headcount.greet(3, true);
        assert_eq!(headcount.tell(3, ms(0)), None);
    }
}
