//! The parts of the dataset that a range of publications covers.

use std::ops::Range;

use super::Timeline;
use crate::protocol::Seq;

impl Timeline {
    /// Returns the index ranges of the dataset that publications `first` to `last` cover, in order, each with the `seq`
    /// of its first record. Later laps within a segment are left out, so there are at most two ranges per segment, no
    /// matter how many laps there are.
    #[must_use]
    pub fn dataset_ranges(&self, first: Seq, last: Seq) -> Vec<(Seq, Range<u64>)> {
        let (mut ranges, mut begin) = (Vec::new(), first);
        // A flag rather than `begin <= last`, because the largest `seq` has no successor.
        let mut is_done = first > last;
        while !is_done {
            let following = self
                .segments
                .partition_point(|segment| segment.seq0 <= begin);
            let next = self.segments.get(following).map(|next| next.seq0);
            let end = next.map_or(last, |next| last.min(next.previous()));
            let count = (end.get() - begin.get() + 1).min(self.len().get());
            self.lap_ranges(begin, count, &mut ranges);
            is_done = end == last;
            begin = end.next();
        }
        ranges
    }

    /// Adds the `count` records from `begin` on, at most one lap.
    fn lap_ranges(&self, begin: Seq, count: u64, ranges: &mut Vec<(Seq, Range<u64>)>) {
        let (index, len) = (self.index(begin), self.len().get());
        ranges.push((begin, index..len.min(index + count)));
        if index + count > len {
            let seam = Seq::saturating(begin.get() + len - index);
            ranges.push((seam, 0..index + count - len));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::num::NonZeroU64;

    use proptest::prelude::*;

    use super::super::{DatasetClock, Segment};
    use super::*;
    use crate::protocol::{Author, Micros, Speed};

    /// A timeline over `len` records, whose segments have the given lengths and start indices.
    fn timeline(len: u64, segments: &[(u64, u64)]) -> Timeline {
        let segment = |seq0, index0| Segment {
            seq0: Seq::saturating(seq0),
            t0: Micros::new(i64::try_from(seq0).unwrap() * 1_000_000),
            index0,
            position0: None,
            rate: Some("1".parse().unwrap()),
            speed: Speed::NORMAL,
            playing: true,
            by: Author::configuration(),
        };
        let mut seq0 = 1;
        let mut list = Vec::new();
        for &(length, index0) in segments {
            list.push(segment(seq0, index0 % len));
            seq0 += length;
        }
        Timeline {
            segments: list,
            clock: DatasetClock::even(NonZeroU64::new(len).unwrap(), true),
        }
    }

    proptest! {
        #[test]
        fn each_published_record_is_covered_at_its_first_seq(
            len in 1_u64..8,
            // Length 0: a segment that was replaced before any of it was published.
            segments in proptest::collection::vec((0_u64..20, 0_u64..8), 1..4),
            a in 1_u64..40,
            b in 1_u64..40,
        ) {
            let timeline = timeline(len, &segments);
            let (first, last) = (Seq::saturating(a.min(b)), Seq::saturating(a.max(b)));
            let mut firsts = HashMap::new();
            for seq in (first.get()..=last.get()).map(Seq::saturating) {
                firsts.entry(timeline.index(seq)).or_insert(seq);
            }
            let ranges = timeline.dataset_ranges(first, last);
            let mut seen = HashMap::new();
            for (begin, range) in &ranges {
                for (seq, index) in (begin.get()..).zip(range.clone()) {
                    prop_assert_eq!(timeline.index(Seq::saturating(seq)), index);
                    seen.entry(index).or_insert(Seq::saturating(seq));
                }
            }
            prop_assert_eq!(seen, firsts);
            prop_assert!(ranges.len() <= 2 * segments.len());
            prop_assert!(ranges.is_sorted_by_key(|(begin, _)| *begin));
        }
    }
}
