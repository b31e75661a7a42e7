//! What a reader of the history asks for, and what it is given: what is not due yet is never part of it.
//!
//! Pure: the topic's place comes in, a range of publications goes out.

use super::timeline::Timeline;
use crate::protocol::{Micros, Seq};

/// A range of publications, as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Both ends included; without an end, as far as there is anything.
    Range {
        /// The first; of an instant, the one due then or the next one.
        from: Option<End>,
        /// The last; of an instant, the one due then or the one before.
        to: Option<End>,
    },
    /// The newest so many.
    Newest(u64),
}

/// One end of a range; the other may be of the other kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By place.
    Seq(Seq),
    /// By the instant at which it is due.
    Instant(Micros),
}

/// What is given of a [`Span`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// The first and the last publication; `None` when there is none.
    pub ends: Option<(Seq, Seq)>,
    /// Where the rest of the span begins that is due already; `None` when all of it is served.
    pub next: Option<Seq>,
    /// Whether the same question will have the same answer for as long as the epoch lasts.
    pub is_final: bool,
}

impl Span {
    /// The first `limit` publications of the span, for a topic that has published up to `newest`.
    #[must_use]
    pub fn served(self, timeline: &Timeline, newest: Seq, limit: u64) -> Served {
        let (first, last) = self.ends(timeline, newest);
        if first > last || limit == 0 {
            return Served {
                ends: None,
                next: None,
                is_final: self.is_past(timeline, newest),
            };
        }
        let end = last.min(Seq::saturating(first.get().saturating_add(limit - 1)));
        let next = (end < last).then(|| end.next());
        let begins_anywhere = matches!(self, Self::Newest(_));
        Served {
            ends: Some((first, end)),
            next,
            is_final: !begins_anywhere && (next.is_some() || self.is_past(timeline, newest)),
        }
    }

    fn ends(self, timeline: &Timeline, newest: Seq) -> (Seq, Seq) {
        let start = Seq::ZERO.next();
        match self {
            Self::Range { from, to } => (
                from.map_or(start, |from| match from {
                    End::Seq(seq) => seq.max(start),
                    End::Instant(t) => {
                        let before = Micros::new(t.get().saturating_sub(1));
                        timeline.due(before).next()
                    }
                }),
                to.map_or(newest, |to| match to {
                    End::Seq(seq) => seq.min(newest),
                    End::Instant(t) => timeline.due(t).min(newest),
                }),
            ),
            Self::Newest(count) => (
                Seq::saturating(newest.get().saturating_sub(count) + 1),
                newest,
            ),
        }
    }

    /// Whether nothing will be added to its end. Of instants only those count that something published has
    /// reached: what is to come may yet be due sooner than it is now.
    fn is_past(self, timeline: &Timeline, newest: Seq) -> bool {
        match self {
            Self::Range { to, .. } => to.is_some_and(|to| match to {
                End::Seq(seq) => seq <= newest,
                End::Instant(t) => timeline.t(newest).is_some_and(|reached| t <= reached),
            }),
            Self::Newest(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    const NEWEST: u64 = 9;

    /// One record a second from 1 s on, of which nine are published; as `first..last next final`.
    fn served(span: Span, limit: u64) -> String {
        let len = NonZeroU64::new(4).unwrap();
        let timeline = Timeline::begin(Micros::new(1_000_000), "1".parse().unwrap(), len, true);
        let served = span.served(&timeline, Seq::saturating(NEWEST), limit);
        let spell = |seq: Option<Seq>| seq.map_or("-".to_owned(), |seq| seq.to_string());
        let (first, last) = served.ends.unzip();
        format!(
            "{}..{} {} {}",
            spell(first),
            spell(last),
            spell(served.next),
            served.is_final
        )
    }

    fn seqs(from: Option<u64>, to: Option<u64>) -> Span {
        let seq = |value: Option<u64>| value.map(|seq| End::Seq(Seq::saturating(seq)));
        Span::Range {
            from: seq(from),
            to: seq(to),
        }
    }

    fn instants(from: Option<i64>, to: Option<i64>) -> Span {
        let t = |value: Option<i64>| value.map(|t| End::Instant(Micros::new(t)));
        Span::Range {
            from: t(from),
            to: t(to),
        }
    }

    #[test]
    fn what_is_not_due_is_not_served_and_leaves_the_answer_open() {
        assert_eq!(served(seqs(Some(3), Some(9)), 99), "3..9 - true");
        assert_eq!(served(seqs(Some(3), Some(10)), 99), "3..9 - false");
        assert_eq!(served(seqs(Some(3), None), 99), "3..9 - false");
        assert_eq!(served(seqs(Some(10), Some(u64::MAX)), 99), "-..- - false");
        assert_eq!(served(seqs(Some(u64::MAX), None), 99), "-..- - false");
    }

    #[test]
    fn a_limit_leaves_the_rest_to_be_asked_for() {
        assert_eq!(served(seqs(Some(0), None), 4), "1..4 5 true");
        assert_eq!(served(seqs(None, Some(8)), 8), "1..8 - true");
        assert_eq!(served(seqs(Some(6), None), 4), "6..9 - false");
        assert_eq!(served(seqs(Some(5), Some(7)), u64::MAX), "5..7 - true");
    }

    #[test]
    fn before_the_first_there_is_nothing() {
        assert_eq!(served(seqs(None, Some(0)), 9), "-..- - true");
        assert_eq!(served(instants(None, Some(999_999)), 9), "-..- - true");
    }

    #[test]
    fn the_newest_are_never_the_same_for_long() {
        assert_eq!(served(Span::Newest(3), 99), "7..9 - false");
        assert_eq!(served(Span::Newest(3), 2), "7..8 9 false");
        assert_eq!(served(Span::Newest(u64::MAX), 99), "1..9 - false");
        assert_eq!(served(Span::Newest(0), 99), "-..- - false");
    }

    #[test]
    fn instants_are_ends_that_belong_to_the_range() {
        let (one, two, nine) = (1_000_000, 2_000_000, 9_000_000);
        assert_eq!(served(instants(Some(one), Some(two)), 99), "1..2 - true");
        assert_eq!(
            served(instants(Some(one + 1), Some(two - 1)), 99),
            "-..- - true"
        );
        assert_eq!(served(instants(Some(two), Some(nine)), 99), "2..9 - true");
        assert_eq!(
            served(instants(Some(two), Some(nine + 1)), 99),
            "2..9 - false"
        );
        assert_eq!(
            served(instants(Some(i64::MIN), Some(i64::MAX)), 99),
            "1..9 - false"
        );
        assert_eq!(served(instants(Some(nine + 1), None), 99), "-..- - false");
    }

    #[test]
    fn ends_of_different_kinds_make_a_range_too() {
        let mixed = |from, to| Span::Range {
            from: Some(from),
            to: Some(to),
        };
        let seq = |seq| End::Seq(Seq::saturating(seq));
        let at = |seconds: i64| End::Instant(Micros::new(seconds * 1_000_000));
        assert_eq!(served(mixed(seq(3), at(6)), 2), "3..4 5 true");
        assert_eq!(served(mixed(seq(5), at(6)), 2), "5..6 - true");
        assert_eq!(served(mixed(seq(7), at(6)), 2), "-..- - true");
        assert_eq!(served(mixed(seq(7), at(99)), 9), "7..9 - false");
        assert_eq!(served(mixed(at(3), seq(4)), 9), "3..4 - true");
        assert_eq!(served(mixed(at(3), seq(10)), 9), "3..9 - false");
    }
}
