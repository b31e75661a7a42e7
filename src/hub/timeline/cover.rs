//! What a range of publications covers of the dataset.

use std::ops::Range;

use super::Timeline;
use crate::protocol::Seq;

impl Timeline {
    /// The stretches of the dataset that publications `first` to `last` show, each with the `seq` of its first
    /// record, in their order. What a segment shows again on later laps is left out, so there are at most two
    /// stretches a segment, however many laps the range has.
    #[must_use]
    pub fn cover(&self, first: Seq, last: Seq) -> Vec<(Seq, Range<u64>)> {
        let (mut cover, mut begin) = (Vec::new(), first);
        // The largest `seq` has no next one.
        let mut is_over = first > last;
        while !is_over {
            let following = self
                .segments
                .partition_point(|segment| segment.seq0 <= begin);
            let next = self.segments.get(following).map(|next| next.seq0);
            let end = next.map_or(last, |next| last.min(next.previous()));
            let count = (end.get() - begin.get() + 1).min(self.len.get());
            self.cover_lap(begin, count, &mut cover);
            is_over = end == last;
            begin = end.next();
        }
        cover
    }

    /// The `count` records from `begin` on, which are at most one lap.
    fn cover_lap(&self, begin: Seq, count: u64, cover: &mut Vec<(Seq, Range<u64>)>) {
        let (index, len) = (self.index(begin), self.len.get());
        cover.push((begin, index..len.min(index + count)));
        if index + count > len {
            let seam = Seq::saturating(begin.get() + len - index);
            cover.push((seam, 0..index + count - len));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::num::NonZeroU64;

    use proptest::prelude::*;

    use super::super::Segment;
    use super::*;
    use crate::protocol::Micros;

    /// A timeline whose segments have the given lengths and begin anywhere in a dataset of `len` records.
    fn timeline(len: u64, segments: &[(u64, u64)]) -> Timeline {
        let segment = |seq0, index0| Segment {
            seq0: Seq::saturating(seq0),
            t0: Micros::new(i64::try_from(seq0).unwrap() * 1_000_000),
            index0,
            rate: "1".parse().unwrap(),
            playing: true,
        };
        let mut seq0 = 1;
        let mut list = Vec::new();
        for &(length, index0) in segments {
            list.push(segment(seq0, index0 % len));
            seq0 += length;
        }
        Timeline {
            segments: list,
            len: NonZeroU64::new(len).unwrap(),
            looping: true,
        }
    }

    proptest! {
        #[test]
        fn each_record_that_is_shown_is_covered_at_its_first_seq(
            len in 1_u64..8,
            // Of length 0: one segment replaced by the next before anything of it was published.
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
            let cover = timeline.cover(first, last);
            let mut seen = HashMap::new();
            for (begin, stretch) in &cover {
                for (seq, index) in (begin.get()..).zip(stretch.clone()) {
                    prop_assert_eq!(timeline.index(Seq::saturating(seq)), index);
                    seen.entry(index).or_insert(Seq::saturating(seq));
                }
            }
            prop_assert_eq!(seen, firsts);
            prop_assert!(cover.len() <= 2 * segments.len());
            prop_assert!(cover.is_sorted_by_key(|(begin, _)| *begin));
        }
    }
}
