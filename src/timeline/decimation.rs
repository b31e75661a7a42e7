//! Min/max decimation: of each bucket of a range, the publications with the smallest and the greatest value of a field.
//!
//! Pure. A bucket costs the same no matter how many laps of the dataset it spans, and is computed when it is read.

use std::sync::Arc;

use super::Timeline;
use crate::protocol::Seq;
use crate::source::{Extreme, Extremes};

/// The sequence numbers of publications, ascending. `None` stands for an empty bucket, so that a reader can yield
/// between many empty buckets.
pub type Seqs = Box<dyn Iterator<Item = Option<Seq>> + Send + Sync>;

/// With fewer points than this there is no room for both ends of the range and a bucket between them.
const BOTH_ENDS_MIN: u64 = 4;

/// Every publication of `first` to `last`.
#[must_use]
pub fn all(first: Seq, last: Seq) -> Seqs {
    Box::new((first.get()..=last.get()).map(|seq| Some(Seq::saturating(seq))))
}

/// Decimates `first` to `last` to at most `points` publications, where `points` is at least 2.
///
/// Keeps both ends and, of each of several equal buckets between them, the publications with the smallest and the
/// greatest value in `extremes`; of equal values the first. So the extremes of the whole range are never lost. With 2
/// or 3 points the extremes take precedence over the ends. A range of at most `points` publications is kept as it is.
#[must_use]
pub fn decimate(
    timeline: &Timeline,
    extremes: Arc<Extremes>,
    (first, last): (Seq, Seq),
    points: u64,
) -> Seqs {
    if last.get() - first.get() < points {
        return all(first, last);
    }
    if points < BOTH_ENDS_MIN {
        let seqs = decimate_few(timeline, &extremes, (first, last), points);
        return Box::new(seqs.into_iter().map(Some));
    }
    let buckets = (points - 2) / 2;
    let between = last.get() - first.get() - 1;
    let begin = move |bucket: u64| {
        let offset = u128::from(between) * u128::from(bucket) / u128::from(buckets);
        // At most `between`, which is a u64, because `bucket` is at most `buckets`.
        Seq::saturating(first.get() + 1 + u64::try_from(offset).unwrap_or(between))
    };
    let timeline = timeline.clone();
    let middle = (0..buckets).flat_map(move |bucket| {
        let [one, other] = min_max(
            &timeline,
            &extremes,
            begin(bucket),
            begin(bucket + 1).previous(),
        );
        std::iter::once(one).chain(other.map(Some))
    });
    let [first, last] = [first, last].map(|end| std::iter::once(Some(end)));
    Box::new(first.chain(middle).chain(last))
}

fn decimate_few(
    timeline: &Timeline,
    extremes: &Extremes,
    (first, last): (Seq, Seq),
    points: u64,
) -> Vec<Seq> {
    let mut seqs: Vec<_> = min_max(timeline, extremes, first, last)
        .into_iter()
        .flatten()
        .collect();
    for end in [first, last] {
        if (seqs.len() as u64) < points && !seqs.contains(&end) {
            seqs.push(end);
        }
    }
    seqs.sort_unstable();
    seqs
}

/// The publications with the smallest and the greatest value among `first` to `last`, ascending: one if they are the
/// same, none if no record has a value.
fn min_max(timeline: &Timeline, extremes: &Extremes, first: Seq, last: Seq) -> [Option<Seq>; 2] {
    let ranges = timeline.dataset_ranges(first, last);
    let found = ranges.iter().filter_map(|(begin, range)| {
        let (smallest, greatest) = extremes.min_max(range)?;
        let with_seq = |extreme: Extreme| {
            let seq = begin.get() + (extreme.index - range.start);
            (Seq::saturating(seq), extreme)
        };
        Some((with_seq(smallest), with_seq(greatest)))
    });
    // Of equal values the first is kept.
    let overall = found.reduce(|(smallest, greatest), (range_smallest, range_greatest)| {
        (
            if extremes.compare(range_smallest.1, smallest.1).is_lt() {
                range_smallest
            } else {
                smallest
            },
            if extremes.compare(range_greatest.1, greatest.1).is_gt() {
                range_greatest
            } else {
                greatest
            },
        )
    });
    let Some(((smallest, _), (greatest, _))) = overall else {
        return [None, None];
    };
    let second = (smallest != greatest).then(|| smallest.max(greatest));
    [Some(smallest.min(greatest)), second]
}

#[cfg(test)]
mod tests;
