//! Counters and quantiles, cheap to write from the hot path and summed up when somebody reads.
//!
//! Knows no topic and no format; `telemetry` puts the numbers into events.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        // Nothing is ordered by a count: it is read for people only.
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// The total so far.
    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The distribution of a duration since it was last taken.
#[derive(Debug)]
pub struct Distribution(Mutex<Histogram<u64>>);

/// Quantiles of a [`Distribution`], zero when nothing was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// The median.
    pub p50: Duration,
    /// One in a hundred is longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

impl Default for Distribution {
    fn default() -> Self {
        Self(Mutex::new(empty_histogram()))
    }
}

impl Distribution {
    /// Records one duration; those beyond a minute count as a minute.
    pub fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saturating_record(micros);
    }

    /// The quantiles of what was recorded since the last call.
    pub fn take(&self) -> Quantiles {
        let mut histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |quantile| Duration::from_micros(histogram.value_at_quantile(quantile));
        let quantiles = Quantiles {
            p50: at(0.5),
            p99: at(0.99),
            max: Duration::from_micros(histogram.max()),
        };
        histogram.reset();
        quantiles
    }
}

/// One microsecond to one minute, two significant digits: 14 KiB, whatever is recorded.
fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("the bounds are constant and valid")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_what_came_since_they_were_last_taken() {
        let distribution = Distribution::default();
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
        assert_eq!(distribution.take(), Quantiles::default());
    }
}
