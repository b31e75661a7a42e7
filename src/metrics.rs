//! Metric types: counters, gauges and histograms that are cheap to write on the hot path and aggregated when read.
//!
//! Knows no topics and no output format.

mod bucket_histogram;
mod max_gauge;
mod metric_map;
mod process_usage;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

pub use bucket_histogram::{BucketBounds, BucketHistogram, HistogramReading};
pub use max_gauge::{MaxGauge, MaxGaugeShard};
pub use metric_map::MetricMap;
pub use process_usage::ProcessUsage;

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        // Relaxed: no other memory access depends on a count.
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The total so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One counter for each of a fixed set of reasons.
#[derive(Debug)]
pub struct CounterFamily<R: 'static> {
    reasons: &'static [R],
    /// In the order of `reasons`.
    counters: Box<[Counter]>,
}

impl<R: Copy + PartialEq> CounterFamily<R> {
    /// Creates a counter for each of `reasons`.
    #[must_use]
    pub fn new(reasons: &'static [R]) -> Self {
        Self {
            reasons,
            counters: reasons.iter().map(|_| Counter::default()).collect(),
        }
    }

    /// Adds one for `reason`; does nothing for a reason without a counter.
    pub fn add(&self, reason: R) {
        if let Some(counter) = self.counter(reason) {
            counter.add(1);
        }
    }

    /// The total for `reason` so far.
    pub fn get(&self, reason: R) -> u64 {
        self.counter(reason).map_or(0, Counter::total)
    }

    /// Returns a copy, whose total stays the sum of its parts.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let now = |counter: &Counter| Counter(AtomicU64::new(counter.total()));
        Self {
            reasons: self.reasons,
            counters: self.counters.iter().map(now).collect(),
        }
    }

    /// The sum over all reasons.
    pub fn total(&self) -> u64 {
        self.counters.iter().map(Counter::total).sum()
    }

    /// Each reason with its total.
    pub fn iter(&self) -> impl Iterator<Item = (R, u64)> {
        let totals = self.counters.iter().map(Counter::total);
        self.reasons.iter().copied().zip(totals)
    }

    fn counter(&self, reason: R) -> Option<&Counter> {
        let at = self.reasons.iter().position(|other| *other == reason)?;
        self.counters.get(at)
    }
}

/// A histogram of durations, which is reset each time that its quantiles are taken.
#[derive(Debug)]
pub struct DurationHistogram {
    histogram: Mutex<Histogram<u64>>,
    /// The result of the last `take`, for readers that must not reset the histogram.
    last_taken: Mutex<Quantiles>,
}

/// Quantiles of a [`DurationHistogram`]; zero if nothing was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// The median.
    pub p50: Duration,
    /// The 99th percentile.
    pub p99: Duration,
    /// The maximum.
    pub max: Duration,
}

impl Default for DurationHistogram {
    fn default() -> Self {
        Self {
            histogram: Mutex::new(empty_histogram()),
            last_taken: Mutex::default(),
        }
    }
}

impl DurationHistogram {
    /// Records a duration; more than a minute counts as a minute.
    pub fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saturating_record(micros);
    }

    /// Returns the quantiles of what was recorded since the last call, and resets the histogram.
    pub fn take(&self) -> Quantiles {
        let mut histogram = self
            .histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at = |quantile| Duration::from_micros(histogram.value_at_quantile(quantile));
        let quantiles = Quantiles {
            p50: at(0.5),
            p99: at(0.99),
            max: Duration::from_micros(histogram.max()),
        };
        histogram.reset();
        *self
            .last_taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = quantiles;
        quantiles
    }

    /// Returns the result of the last [`take`](Self::take).
    pub fn last_taken(&self) -> Quantiles {
        *self
            .last_taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One microsecond to one minute with two significant digits: always 14 KiB.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("the bounds are constant and valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_cover_what_was_recorded_since_the_last_take() {
        let distribution = DurationHistogram::default();
        for micros in 1..=100 {
            distribution.record(Duration::from_micros(micros));
        }
        let taken = distribution.take();
        assert_eq!(
            (taken.p50, taken.p99, taken.max),
            (
                Duration::from_micros(50),
                Duration::from_micros(99),
                Duration::from_micros(100)
            )
        );
        assert_eq!(distribution.last_taken(), taken);
        assert_eq!(distribution.take(), Quantiles::default());
        assert_eq!(distribution.last_taken(), Quantiles::default());
    }

    #[test]
    fn family_counts_by_reason_and_in_total() {
        let totals = CounterFamily::new(&["full", "gone"]);
        totals.add("gone");
        totals.add("gone");
        totals.add("full");
        totals.add("unknown");
        assert_eq!((totals.get("gone"), totals.total()), (2, 3));
        let all: Vec<_> = totals.iter().collect();
        assert_eq!(all, [("full", 1), ("gone", 2)]);
    }

    #[test]
    fn a_snapshot_does_not_change_later() {
        let totals = CounterFamily::new(&["full", "gone"]);
        totals.add("gone");
        let before = totals.snapshot();
        totals.add("gone");
        totals.add("full");
        assert_eq!(
            (before.get("full"), before.get("gone"), before.total()),
            (0, 1, 1)
        );
        assert_eq!(totals.total(), 3);
    }
}
