//! Fewer publications that look the same: of each part of a range, those with the least and the greatest number.
//!
//! Pure, and each part costs the same however many laps of the dataset it has. Made part by part, as it is read.

use std::sync::Arc;

use super::timeline::Timeline;
use crate::protocol::Seq;
use crate::source::{Extreme, Extremes};

/// Places of publications, ascending. `None` is a step as well: a part of the range in which there is none, so that
/// whoever goes through a great many of those can pause.
pub type Seqs = Box<dyn Iterator<Item = Option<Seq>> + Send + Sync>;

/// With fewer publications than this there is no room for both ends of a range and what lies between.
const BOTH_ENDS_MIN: u64 = 4;

/// All of `first` to `last`.
#[must_use]
pub fn all(first: Seq, last: Seq) -> Seqs {
    Box::new((first.get()..=last.get()).map(|seq| Some(Seq::saturating(seq))))
}

/// At most `points`, which are 2 or more, of `first` to `last`: both ends, and of each of equal parts between them
/// the publications with the least and the greatest of the numbers in `extremes`, the first of equal ones. So
/// none that is least or greatest in the whole range is lost. Of 2 or 3 points, the extremes come before the ends.
/// When there are no more than `points`, all.
#[must_use]
pub fn thinned(
    timeline: &Timeline,
    extremes: Arc<Extremes>,
    (first, last): (Seq, Seq),
    points: u64,
) -> Seqs {
    if last.get() - first.get() < points {
        return all(first, last);
    }
    if points < BOTH_ENDS_MIN {
        let seqs = few(timeline, &extremes, (first, last), points);
        return Box::new(seqs.into_iter().map(Some));
    }
    let parts = (points - 2) / 2;
    let between = last.get() - first.get() - 1;
    let begin = move |part: u64| {
        let offset = u128::from(between) * u128::from(part) / u128::from(parts);
        // Not beyond `between`, which is a u64, because `part` is not beyond `parts`.
        Seq::saturating(first.get() + 1 + u64::try_from(offset).unwrap_or(between))
    };
    let timeline = timeline.clone();
    let middle = (0..parts).flat_map(move |part| {
        let [one, other] = outermost(
            &timeline,
            &extremes,
            begin(part),
            begin(part + 1).previous(),
        );
        std::iter::once(one).chain(other.map(Some))
    });
    let [first, last] = [first, last].map(|end| std::iter::once(Some(end)));
    Box::new(first.chain(middle).chain(last))
}

fn few(
    timeline: &Timeline,
    extremes: &Extremes,
    (first, last): (Seq, Seq),
    points: u64,
) -> Vec<Seq> {
    let mut seqs: Vec<_> = outermost(timeline, extremes, first, last)
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

/// The publications with the least and with the greatest number among `first` to `last`, ascending; one when it is
/// both, and none when there is no number.
fn outermost(timeline: &Timeline, extremes: &Extremes, first: Seq, last: Seq) -> [Option<Seq>; 2] {
    let cover = timeline.cover(first, last);
    let found = cover.iter().filter_map(|(begin, stretch)| {
        let (least, greatest) = extremes.within(stretch)?;
        let place = |extreme: Extreme| {
            let seq = begin.get() + (extreme.index - stretch.start);
            (Seq::saturating(seq), extreme)
        };
        Some((place(least), place(greatest)))
    });
    // Of equal ones the first stays.
    let ends = found.reduce(|(least, greatest), (low, high)| {
        (
            if extremes.compare(low.1, least.1).is_lt() {
                low
            } else {
                least
            },
            if extremes.compare(high.1, greatest.1).is_gt() {
                high
            } else {
                greatest
            },
        )
    });
    let Some(((least, _), (greatest, _))) = ends else {
        return [None, None];
    };
    let other = (least != greatest).then(|| least.max(greatest));
    [Some(least.min(greatest)), other]
}

#[cfg(test)]
mod tests;
