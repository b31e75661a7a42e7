//! [`StampSummary`]: how the records of a dataset lie in time, for people and for guesses.

use std::time::Duration;

use super::stamps::Stamps;
use crate::protocol::Micros;

/// How the records of a dataset lie in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampSummary {
    /// The earliest stamp.
    pub first: Micros,
    /// The latest stamp.
    pub last: Micros,
    /// The median of the intervals between different stamps; `None` if all are equal.
    pub typical: Option<Duration>,
    /// How many records have the stamp of the record before them.
    pub duplicates: u64,
    /// How many intervals are longer than ten times the typical one.
    pub gaps: u64,
    /// The longest interval; `None` if all stamps are equal.
    pub longest: Option<StampGap>,
}

/// The interval between two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampGap {
    /// The number of the record before it, from 1.
    pub after: u64,
    /// The stamp of that record.
    pub from: Micros,
    /// How long it is.
    pub length: Duration,
}

/// How many times longer than the typical interval a gap is.
const GAP_FACTOR: u32 = 10;

impl StampSummary {
    /// Reads all of `stamps`.
    #[must_use]
    pub fn new(stamps: &Stamps) -> Self {
        let mut intervals = Vec::new();
        let mut longest: Option<StampGap> = None;
        for (after, from, length) in intervals_of(stamps) {
            if length.is_zero() {
                continue;
            }
            intervals.push(length);
            if longest.is_none_or(|longest| length > longest.length) {
                longest = Some(StampGap {
                    after,
                    from,
                    length,
                });
            }
        }
        let duplicates = stamps.count() - 1 - intervals.len() as u64;
        let typical = median(&mut intervals);
        let is_gap = |length: &&Duration| {
            typical.is_some_and(|typical| **length > typical.saturating_mul(GAP_FACTOR))
        };
        Self {
            first: stamps.first(),
            last: stamps.last(),
            typical,
            duplicates,
            gaps: intervals.iter().filter(is_gap).count() as u64,
            longest,
        }
    }

    /// The time from the first record to the last.
    #[must_use]
    pub fn span(&self) -> Duration {
        self.last.since(self.first)
    }
}

/// The greatest number of records whose stamps lie within less than `window` of each other.
#[must_use]
pub fn densest(stamps: &Stamps, window: Duration) -> u64 {
    let mut densest = 0;
    let mut first = 0;
    for index in 0..stamps.count() {
        let stamp = stamps.get(index);
        while stamp.since(stamps.get(first)) >= window {
            first += 1;
        }
        densest = densest.max(index + 1 - first);
    }
    densest
}

/// The number and the stamp of each record but the last, with the interval to the next one.
fn intervals_of(stamps: &Stamps) -> impl Iterator<Item = (u64, Micros, Duration)> {
    (1..stamps.count()).map(|number| {
        let from = stamps.get(number - 1);
        (number, from, stamps.get(number).since(from))
    })
}

fn median(intervals: &mut [Duration]) -> Option<Duration> {
    let middle = intervals.len().checked_sub(1)? / 2;
    let (_, median, _) = intervals.select_nth_unstable(middle);
    Some(*median)
}

#[cfg(test)]
mod tests {
    use super::super::stamps::StampsBuilder;
    use super::*;

    fn stamps(seconds: &[i64]) -> Stamps {
        let mut builder = StampsBuilder::new(None);
        for second in seconds {
            builder.push(Micros::new(second * 1_000_000)).unwrap();
        }
        builder.finish().unwrap()
    }

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn equal_stamps_are_counted_and_do_not_make_the_typical_interval() {
        let summary = StampSummary::new(&stamps(&[5, 5, 5, 7, 7, 9, 30, 31]));
        assert_eq!(summary.duplicates, 3);
        assert_eq!(summary.typical, Some(s(2)));
        assert_eq!((summary.gaps, summary.span()), (1, s(26)));
        let longest = summary.longest.unwrap();
        assert_eq!((longest.after, longest.length), (6, s(21)));
        assert_eq!(longest.from, Micros::new(9_000_000));
        let equal = StampSummary::new(&stamps(&[5, 5]));
        assert_eq!((equal.typical, equal.longest), (None, None));
        assert_eq!(StampSummary::new(&stamps(&[5])).duplicates, 0);
    }

    #[test]
    fn the_densest_window_may_lie_anywhere() {
        let stamps = stamps(&[0, 10, 11, 11, 12, 13, 20]);
        assert_eq!(densest(&stamps, s(1)), 2);
        assert_eq!(densest(&stamps, s(2)), 3);
        assert_eq!(densest(&stamps, s(3)), 4);
        assert_eq!(densest(&stamps, s(100)), 7);
    }
}
