//! Counters and quantiles, cheap to write from the hot path and summed up when somebody reads.
//!
//! Knows no topic and no format; `telemetry` puts the numbers into events.

mod peaks;
mod process;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;

pub use peaks::{Peak, Peaks};
pub use process::Process;

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

/// A number that only grows, for each reason out of a few.
#[derive(Debug)]
pub struct Totals<R: 'static> {
    reasons: &'static [R],
    counters: Box<[Counter]>,
}

impl<R: Copy + PartialEq> Totals<R> {
    /// Nothing yet, for any of `reasons`.
    #[must_use]
    pub fn new(reasons: &'static [R]) -> Self {
        Self {
            reasons,
            counters: reasons.iter().map(|_| Counter::default()).collect(),
        }
    }

    /// Counts one for `reason`; one that is not among the reasons counts nowhere.
    pub fn add(&self, reason: R) {
        if let Some(counter) = self.counter(reason) {
            counter.add(1);
        }
    }

    /// The total for `reason` so far.
    pub fn of(&self, reason: R) -> u64 {
        self.counter(reason).map_or(0, Counter::total)
    }

    /// All totals as they are now, so that their sum is that of its parts.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let now = |counter: &Counter| Counter(AtomicU64::new(counter.total()));
        Self {
            reasons: self.reasons,
            counters: self.counters.iter().map(now).collect(),
        }
    }

    /// The total for all reasons so far.
    pub fn total(&self) -> u64 {
        self.counters.iter().map(Counter::total).sum()
    }

    /// Each reason with its total so far.
    pub fn iter(&self) -> impl Iterator<Item = (R, u64)> {
        let totals = self.counters.iter().map(Counter::total);
        self.reasons.iter().copied().zip(totals)
    }

    fn counter(&self, reason: R) -> Option<&Counter> {
        let at = self.reasons.iter().position(|other| *other == reason)?;
        self.counters.get(at)
    }
}

/// The distribution of a duration since it was last taken.
#[derive(Debug)]
pub struct Distribution {
    histogram: Mutex<Histogram<u64>>,
    /// What was taken last, for whoever reads in between.
    taken: Mutex<Quantiles>,
}

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
        Self {
            histogram: Mutex::new(empty_histogram()),
            taken: Mutex::default(),
        }
    }
}

impl Distribution {
    /// Records one duration; those beyond a minute count as a minute.
    pub fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saturating_record(micros);
    }

    /// The quantiles of what was recorded since the last call.
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
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = quantiles;
        quantiles
    }

    /// What was taken last.
    pub fn taken(&self) -> Quantiles {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(distribution.taken(), taken);
        assert_eq!(distribution.take(), Quantiles::default());
        assert_eq!(distribution.taken(), Quantiles::default());
    }

    #[test]
    fn totals_are_of_each_reason_and_of_all() {
        let totals = Totals::new(&["full", "gone"]);
        totals.add("gone");
        totals.add("gone");
        totals.add("full");
        totals.add("never heard of");
        assert_eq!((totals.of("gone"), totals.total()), (2, 3));
        let all: Vec<_> = totals.iter().collect();
        assert_eq!(all, [("full", 1), ("gone", 2)]);
    }

    #[test]
    fn a_snapshot_stays_as_it_was_when_it_was_made() {
        let totals = Totals::new(&["full", "gone"]);
        totals.add("gone");
        let before = totals.snapshot();
        totals.add("gone");
        totals.add("full");
        assert_eq!(
            (before.of("full"), before.of("gone"), before.total()),
            (0, 1, 1)
        );
        assert_eq!(totals.total(), 3);
    }
}
