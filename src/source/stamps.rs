//! [`Stamps`]: the time stamps of the records of a dataset.

use std::sync::Arc;
use std::time::Duration;

use crate::protocol::Micros;

/// When each record was recorded, in ascending order; equal stamps may follow each other. Cheap to clone.
///
/// A stamp is an instant, or a time since any other origin: only differences matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamps(Arc<[Box<[i64]>]>);

/// Collects the stamps of a dataset, record by record.
#[derive(Debug, Default)]
pub struct StampsBuilder {
    full: Vec<Box<[i64]>>,
    /// Always less than a chunk.
    chunk: Vec<i64>,
    /// The stamp before the next one.
    last: Option<Micros>,
    /// Longer gaps are shortened to this, once all stamps are known.
    max_gap: Option<Duration>,
}

/// A stamp is before that of the record before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StampDecreases {
    /// The stamp of the record before it.
    pub previous: Micros,
}

/// Stamps per chunk. In chunks, because a single list would be copied, and be in memory twice, whenever it grows.
const CHUNK_LEN: usize = 1 << 16;

impl Stamps {
    /// The number of stamps, which is that of the records; at least one.
    #[must_use]
    pub fn count(&self) -> u64 {
        let full = (self.0.len() as u64 - 1) * CHUNK_LEN as u64;
        full + self.0[self.0.len() - 1].len() as u64
    }

    /// The stamp of the record at `index`.
    ///
    /// # Panics
    /// Panics if `index` is not less than [`count`](Self::count).
    #[must_use]
    pub fn get(&self, index: u64) -> Micros {
        let index = usize::try_from(index).expect("the stamps are in memory");
        Micros::new(self.0[index / CHUNK_LEN][index % CHUNK_LEN])
    }

    /// The earliest stamp.
    #[must_use]
    pub fn first(&self) -> Micros {
        self.get(0)
    }

    /// The latest stamp.
    #[must_use]
    pub fn last(&self) -> Micros {
        self.get(self.count() - 1)
    }

    /// The number of records whose stamp is at or before `stamp`: the inverse of [`get`](Self::get).
    #[must_use]
    pub fn count_until(&self, stamp: Micros) -> u64 {
        let chunk = self.0.partition_point(|chunk| chunk[0] <= stamp.get());
        let Some(last) = chunk.checked_sub(1) else {
            return 0;
        };
        let within = self.0[last].partition_point(|&other| other <= stamp.get());
        (last * CHUNK_LEN + within) as u64
    }

    /// The median of the intervals between neighbours; `None` for a single record.
    #[must_use]
    pub fn median_interval(&self) -> Option<Duration> {
        let stamps = || self.0.iter().flat_map(|chunk| chunk.iter());
        let intervals = stamps().zip(stamps().skip(1));
        let mut intervals: Vec<u64> = intervals.map(|(one, next)| next.abs_diff(*one)).collect();
        let middle = intervals.len().checked_sub(1)? / 2;
        let (_, median, _) = intervals.select_nth_unstable(middle);
        Some(Duration::from_micros(*median))
    }
}

impl StampsBuilder {
    /// A builder that shortens gaps longer than `max_gap` to it.
    #[must_use]
    pub fn new(max_gap: Option<Duration>) -> Self {
        Self {
            max_gap,
            ..Self::default()
        }
    }

    /// Adds the stamp of the next record.
    ///
    /// # Errors
    /// It is before that of the last record.
    pub fn push(&mut self, stamp: Micros) -> Result<(), StampDecreases> {
        if let Some(previous) = self.last
            && stamp < previous
        {
            return Err(StampDecreases { previous });
        }
        self.last = Some(stamp);
        self.chunk.push(stamp.get());
        if self.chunk.len() == CHUNK_LEN {
            self.full.push(std::mem::take(&mut self.chunk).into());
        }
        Ok(())
    }

    /// Divides the stamps so far by a positive number, rounding down: they turned out to be in a finer unit.
    pub fn divide(&mut self, by: i64) {
        for stamp in self.all_mut() {
            *stamp = stamp.div_euclid(by);
        }
        self.last = self.last.map(|last| Micros::new(last.get().div_euclid(by)));
    }

    /// The stamps; `None` without any.
    #[must_use]
    pub fn finish(mut self) -> Option<Stamps> {
        if let Some(max) = self.max_gap {
            self.shorten_gaps(i64::try_from(max.as_micros()).unwrap_or(i64::MAX));
        }
        if !self.chunk.is_empty() {
            self.full.push(self.chunk.into());
        }
        (!self.full.is_empty()).then(|| Stamps(self.full.into()))
    }

    /// Shortens gaps of more than `max` microseconds to that.
    fn shorten_gaps(&mut self, max: i64) {
        let mut previous = None;
        let mut cut = 0;
        for stamp in self.all_mut() {
            let gap = stamp.saturating_sub(previous.unwrap_or(*stamp));
            previous = Some(*stamp);
            cut += gap.saturating_sub(max).max(0);
            *stamp -= cut;
        }
    }

    fn all_mut(&mut self) -> impl Iterator<Item = &mut i64> {
        let full = self.full.iter_mut().flat_map(|chunk| chunk.iter_mut());
        full.chain(&mut self.chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: i64 = 1 << 16;

    fn stamps(max_gap: Option<Duration>, values: impl IntoIterator<Item = i64>) -> Stamps {
        let mut builder = StampsBuilder::new(max_gap);
        for value in values {
            builder.push(Micros::new(value)).unwrap();
        }
        builder.finish().unwrap()
    }

    #[test]
    fn the_count_until_a_stamp_is_the_inverse_of_the_stamp() {
        // Runs of equal stamps, several chunks, and an end within a chunk.
        let count = 2 * CHUNK + 10;
        let stamps = stamps(None, (0..count).map(|n| n / 3 * 3 - 7));
        assert_eq!(stamps.count(), count.unsigned_abs());
        assert_eq!((stamps.first().get(), stamps.last().get()), (-7, 131_072));
        assert_eq!(stamps.count_until(Micros::new(-8)), 0);
        for index in [0, 1, 2, 3, 65_534, 65_535, 65_536, 131_071, 131_072] {
            let stamp = stamps.get(index);
            assert_eq!(stamps.count_until(stamp), index / 3 * 3 + 3, "{index}");
        }
        assert_eq!(stamps.count_until(Micros::new(i64::MAX)), stamps.count());
    }

    #[test]
    fn a_full_last_chunk_counts_as_a_whole() {
        let stamps = stamps(None, 0..CHUNK);
        assert_eq!(stamps.count(), CHUNK_LEN as u64);
        assert_eq!(stamps.get(CHUNK_LEN as u64 - 1), stamps.last());
    }

    #[test]
    fn longer_gaps_are_shortened_and_everything_after_them_moves() {
        let max_gap = Some(Duration::from_micros(10));
        let stamps = stamps(max_gap, [5, 15, 26, 26, 1_000, 1_003]);
        let shortened: Vec<_> = (0..6).map(|index| stamps.get(index).get()).collect();
        assert_eq!(shortened, [5, 15, 25, 25, 35, 38]);
    }

    #[test]
    fn a_stamp_before_the_last_one_is_refused_although_gaps_were_shortened() {
        let mut builder = StampsBuilder::new(Some(Duration::from_micros(1)));
        builder.push(Micros::new(0)).unwrap();
        builder.push(Micros::new(100)).unwrap();
        let previous = Micros::new(100);
        let refused = builder.push(Micros::new(50));
        assert_eq!(refused, Err(StampDecreases { previous }));
        assert_eq!(builder.finish().unwrap().count(), 2);
    }

    #[test]
    fn stamps_of_a_finer_unit_are_divided_before_gaps_are_shortened() {
        let mut builder = StampsBuilder::new(Some(Duration::from_micros(10)));
        let count = CHUNK + 3;
        for stamp in 0..count {
            builder.push(Micros::new(stamp * 1_000 - 1)).unwrap();
        }
        builder.divide(1_000);
        assert!(builder.push(Micros::new(count - 3)).is_err());
        builder.push(Micros::new(count + 100)).unwrap();
        let stamps = builder.finish().unwrap();
        assert_eq!((stamps.first().get(), stamps.get(1).get()), (-1, 0));
        assert_eq!(stamps.last().get(), count - 2 + 10);
    }

    #[test]
    fn the_median_interval_is_that_of_neighbours() {
        assert_eq!(stamps(None, [1]).median_interval(), None);
        let median = stamps(None, [0, 1, 1_000, 1_010, 1_020]).median_interval();
        assert_eq!(median, Some(Duration::from_micros(10)));
        assert_eq!(StampsBuilder::new(None).finish(), None);
    }
}
