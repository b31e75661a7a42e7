//! `BucketHistogram`: values counted in fixed buckets, from any thread and without a lock.
//!
//! Counts only grow, so a reader can compute the distribution over any interval from two readings, and a reading never
//! takes anything away from another reader.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of a histogram's buckets in millionths of its unit, ascending; each bound belongs to its bucket.
/// Greater values go into one more bucket, which has no bound.
#[derive(Debug, Clone, Copy)]
pub struct BucketBounds(pub &'static [u64]);

/// A histogram. An observation costs a binary search and two additions.
#[derive(Debug)]
pub struct BucketHistogram {
    bounds: BucketBounds,
    /// One for each bound, and one without.
    counts: Box<[AtomicU64]>,
    /// The sum of all observed values, in millionths.
    sum: AtomicU64,
}

/// The content of a histogram at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramReading {
    /// The upper bound of each bucket and the values in this bucket alone; the last bound is infinite.
    pub buckets: Vec<(f64, u64)>,
    /// The sum of all values.
    pub sum: f64,
    /// The number of values, which is the sum over all buckets.
    pub count: u64,
}

impl BucketBounds {
    /// For delivery: bounds of the series E12 from 1 to 560 ms, each at most a quarter above the one before, so that a
    /// quantile is known to a quarter where screens are early or late.
    pub const FINE: Self = Self(&[
        50, 100, 220, 470, 1_000, 1_200, 1_500, 1_800, 2_200, 2_700, 3_300, 3_900, 4_700, 5_600,
        6_800, 8_200, 10_000, 12_000, 15_000, 18_000, 22_000, 27_000, 33_000, 39_000, 47_000,
        56_000, 68_000, 82_000, 100_000, 120_000, 150_000, 180_000, 220_000, 270_000, 330_000,
        390_000, 470_000, 560_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 30_000_000,
    ]);

    /// The bucket of `value`, which is the number of bounds for the last one.
    #[must_use]
    pub fn bucket_of(self, value: u64) -> usize {
        self.0.partition_point(|bound| *bound < value)
    }

    /// For all other durations: 20 µs to one minute in steps of 1, 2 and 5.
    pub const COARSE: Self = Self(&[
        20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000,
        500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 60_000_000,
    ]);
}

impl BucketHistogram {
    /// Creates an empty histogram.
    #[must_use]
    pub fn new(bounds: BucketBounds) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.0.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a duration, in seconds.
    pub fn observe(&self, duration: Duration) {
        self.observe_times(duration, 1);
    }

    /// Counts a duration `times` times, in seconds.
    pub fn observe_times(&self, duration: Duration, times: u64) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.observe_millionths(micros, times);
    }

    /// Counts a value `times` times, given in millionths of the histogram's unit.
    pub fn observe_millionths(&self, value: u64, times: u64) {
        let bucket = self.bounds.bucket_of(value);
        // Relaxed: no other memory access depends on a count.
        self.counts[bucket].fetch_add(times, Ordering::Relaxed);
        let sum = value.saturating_mul(times);
        self.sum.fetch_add(sum, Ordering::Relaxed);
    }

    /// Reads the histogram. Values that are observed meanwhile may be in the sum and not in the count, or vice versa.
    #[must_use]
    pub fn read(&self) -> HistogramReading {
        let sum = self.sum.load(Ordering::Relaxed);
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let bounds = self.bounds.0.iter().map(|bound| from_millionths(*bound));
        let buckets: Vec<_> = bounds.chain([f64::INFINITY]).zip(counts).collect();
        HistogramReading {
            sum: from_millionths(sum),
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53 millionths, which is 285 years in seconds"
)]
fn from_millionths(value: u64) -> f64 {
    value as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_counted_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let histogram = BucketHistogram::new(BucketBounds(&[1_000, 2_000]));
        for micros in [0, 1_000, 1_001, 2_000, 2_001, 60_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        histogram.observe_millionths(1_500, 4);
        let reading = histogram.read();
        assert_eq!(
            reading.buckets,
            [(0.001, 2), (0.002, 6), (f64::INFINITY, 2)]
        );
        assert_eq!((reading.count, reading.sum), (10, 60.012_002));
    }

    #[test]
    fn a_quantile_of_delivery_is_known_to_a_quarter_between_1_and_500_ms() {
        let BucketBounds(bounds) = BucketBounds::FINE;
        assert!(bounds.contains(&1_000) && bounds.iter().any(|bound| *bound > 500_000));
        for pair in bounds.windows(2) {
            assert!(pair[0] < pair[1]);
            let is_in_range = pair[0] >= 1_000 && pair[0] <= 500_000;
            assert!(!is_in_range || 4 * pair[1] <= 5 * pair[0], "{pair:?}");
        }
        assert!(BucketBounds::COARSE.0.is_sorted());
    }
}
