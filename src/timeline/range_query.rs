//! `RangeQuery`: a range of a topic's history by `seq` or by time, and the page of it that has been published.
//!
//! Pure: resolved against a timeline and its newest publication. What has not been published is never part of a page.

use super::Timeline;
use crate::protocol::{Micros, Seq};

/// A requested range of publications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeQuery {
    /// Both ends included; an end that is missing does not limit the range.
    Range {
        /// The first publication; for an instant, the first due at or after it.
        from: Option<RangeEnd>,
        /// The last publication; for an instant, the last due at or before it.
        to: Option<RangeEnd>,
    },
    /// This number of the newest publications.
    Newest(u64),
}

/// One end of a range. The two ends may be of different kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeEnd {
    /// A sequence number.
    Seq(Seq),
    /// An instant at which publications are due.
    Instant(Micros),
}

/// The part of a [`RangeQuery`] that one response covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangePage {
    /// The first and the last publication; `None` if the page is empty.
    pub bounds: Option<(Seq, Seq)>,
    /// The start of the next page; `None` if this page reaches the end of what has been published of the range.
    pub next: Option<Seq>,
    /// Whether the same query will have the same result for as long as the epoch lasts, so that it can be cached.
    pub is_final: bool,
}

impl RangeQuery {
    /// Returns the first `limit` publications of the range, for a topic that has published up to `newest`.
    #[must_use]
    pub fn page(self, timeline: &Timeline, newest: Seq, limit: u64) -> RangePage {
        let (first, last) = self.bounds(timeline, newest);
        if first > last || limit == 0 {
            return RangePage {
                bounds: None,
                next: None,
                is_final: self.is_closed(timeline, newest),
            };
        }
        let end = last.min(Seq::saturating(first.get().saturating_add(limit - 1)));
        let next = (end < last).then(|| end.next());
        let has_moving_start = matches!(self, Self::Newest(_));
        RangePage {
            bounds: Some((first, end)),
            next,
            is_final: !has_moving_start && (next.is_some() || self.is_closed(timeline, newest)),
        }
    }

    fn bounds(self, timeline: &Timeline, newest: Seq) -> (Seq, Seq) {
        let start = timeline.first();
        match self {
            Self::Range { from, to } => (
                from.map_or(start, |from| match from {
                    RangeEnd::Seq(seq) => seq.max(start),
                    RangeEnd::Instant(t) => {
                        let before = Micros::new(t.get().saturating_sub(1));
                        timeline.due(before).next()
                    }
                }),
                to.map_or(newest, |to| match to {
                    RangeEnd::Seq(seq) => seq.min(newest),
                    RangeEnd::Instant(t) => timeline.due(t).min(newest),
                }),
            ),
            Self::Newest(count) => (
                Seq::saturating(newest.get().saturating_sub(count) + 1).max(start),
                newest,
            ),
        }
    }

    /// Whether no later publication can fall into the range. An instant counts only once a publication has reached it,
    /// because a change of rate can still make the next publication due earlier.
    fn is_closed(self, timeline: &Timeline, newest: Seq) -> bool {
        match self {
            Self::Range { to, .. } => to.is_some_and(|to| match to {
                RangeEnd::Seq(seq) => seq <= newest,
                RangeEnd::Instant(t) => timeline.t(newest).is_some_and(|reached| {
                    // Records with equal time stamps are due at the same instant.
                    t < reached || (t == reached && timeline.t(newest.next()) != Some(reached))
                }),
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

    /// The page as `first..last next is_final`, of one record a second from 1 s on, of which nine are published.
    fn page(query: RangeQuery, limit: u64) -> String {
        let len = NonZeroU64::new(4).unwrap();
        let timeline = Timeline::new(Micros::new(1_000_000), "1".parse().unwrap(), len, true);
        let page = query.page(&timeline, Seq::saturating(NEWEST), limit);
        let text = |seq: Option<Seq>| seq.map_or("-".to_owned(), |seq| seq.to_string());
        let (first, last) = page.bounds.unzip();
        format!(
            "{}..{} {} {}",
            text(first),
            text(last),
            text(page.next),
            page.is_final
        )
    }

    fn seqs(from: Option<u64>, to: Option<u64>) -> RangeQuery {
        let seq = |value: Option<u64>| value.map(|seq| RangeEnd::Seq(Seq::saturating(seq)));
        RangeQuery::Range {
            from: seq(from),
            to: seq(to),
        }
    }

    fn instants(from: Option<i64>, to: Option<i64>) -> RangeQuery {
        let t = |value: Option<i64>| value.map(|t| RangeEnd::Instant(Micros::new(t)));
        RangeQuery::Range {
            from: t(from),
            to: t(to),
        }
    }

    #[test]
    fn a_page_that_ends_before_unpublished_records_is_not_final() {
        assert_eq!(page(seqs(Some(3), Some(9)), 99), "3..9 - true");
        assert_eq!(page(seqs(Some(3), Some(10)), 99), "3..9 - false");
        assert_eq!(page(seqs(Some(3), None), 99), "3..9 - false");
        assert_eq!(page(seqs(Some(10), Some(u64::MAX)), 99), "-..- - false");
        assert_eq!(page(seqs(Some(u64::MAX), None), 99), "-..- - false");
    }

    #[test]
    fn a_page_of_limited_length_names_the_start_of_the_next() {
        assert_eq!(page(seqs(Some(0), None), 4), "1..4 5 true");
        assert_eq!(page(seqs(None, Some(8)), 8), "1..8 - true");
        assert_eq!(page(seqs(Some(6), None), 4), "6..9 - false");
        assert_eq!(page(seqs(Some(5), Some(7)), u64::MAX), "5..7 - true");
    }

    #[test]
    fn a_range_before_the_first_publication_is_empty_and_final() {
        assert_eq!(page(seqs(None, Some(0)), 9), "-..- - true");
        assert_eq!(page(instants(None, Some(999_999)), 9), "-..- - true");
    }

    #[test]
    fn a_page_of_the_newest_is_never_final() {
        assert_eq!(page(RangeQuery::Newest(3), 99), "7..9 - false");
        assert_eq!(page(RangeQuery::Newest(3), 2), "7..8 9 false");
        assert_eq!(page(RangeQuery::Newest(u64::MAX), 99), "1..9 - false");
        assert_eq!(page(RangeQuery::Newest(0), 99), "-..- - false");
    }

    #[test]
    fn instants_are_inclusive_ends() {
        let (one, two, nine) = (1_000_000, 2_000_000, 9_000_000);
        assert_eq!(page(instants(Some(one), Some(two)), 99), "1..2 - true");
        assert_eq!(
            page(instants(Some(one + 1), Some(two - 1)), 99),
            "-..- - true"
        );
        assert_eq!(page(instants(Some(two), Some(nine)), 99), "2..9 - true");
        assert_eq!(
            page(instants(Some(two), Some(nine + 1)), 99),
            "2..9 - false"
        );
        assert_eq!(
            page(instants(Some(i64::MIN), Some(i64::MAX)), 99),
            "1..9 - false"
        );
        assert_eq!(page(instants(Some(nine + 1), None), 99), "-..- - false");
    }

    #[test]
    fn the_ends_of_a_range_may_be_of_different_kinds() {
        let mixed = |from, to| RangeQuery::Range {
            from: Some(from),
            to: Some(to),
        };
        let seq = |seq| RangeEnd::Seq(Seq::saturating(seq));
        let at = |seconds: i64| RangeEnd::Instant(Micros::new(seconds * 1_000_000));
        assert_eq!(page(mixed(seq(3), at(6)), 2), "3..4 5 true");
        assert_eq!(page(mixed(seq(5), at(6)), 2), "5..6 - true");
        assert_eq!(page(mixed(seq(7), at(6)), 2), "-..- - true");
        assert_eq!(page(mixed(seq(7), at(99)), 9), "7..9 - false");
        assert_eq!(page(mixed(at(3), seq(4)), 9), "3..4 - true");
        assert_eq!(page(mixed(at(3), seq(10)), 9), "3..9 - false");
    }
}
