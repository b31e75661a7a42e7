//! [`SpreadTracker`]: measures the time between a record's arrival at the first and at the last viewer.
//!
//! A ring buffer keyed by `seq`: a record takes one slot, a delivery three comparisons.

use hdrhistogram::Histogram;

/// Number of records in flight at once: 1.6 s at 10,000 a second, using half a mebibyte.
const SLOTS: usize = 16_384;

/// One record in flight.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Its `seq` plus one; 0 for an empty slot.
    key: u64,
    /// When it arrived at the first viewer, in microseconds.
    first: i64,
    count: usize,
}

/// The spreads of all records that reached every viewer.
#[derive(Debug)]
pub(super) struct SpreadTracker {
    slots: Vec<Slot>,
    /// Microseconds.
    times: Histogram<u64>,
    is_measuring: bool,
}

/// A histogram of microseconds up to an hour, with three significant digits.
pub(super) fn histogram() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000;
    Histogram::new_with_bounds(1, HOUR, 3).expect("the bounds are valid")
}

impl SpreadTracker {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Slot::default(); SLOTS],
            times: histogram(),
            is_measuring: false,
        }
    }

    /// Starts measuring, with records that have not arrived at any viewer yet.
    pub(super) fn start(&mut self) {
        self.slots.fill(Slot::default());
        self.is_measuring = true;
    }

    /// `seq` arrived at one of `viewers` viewers at `now`.
    pub(super) fn record_arrival(&mut self, seq: u64, now: i64, viewers: usize) {
        if !self.is_measuring {
            return;
        }
        let slot = &mut self.slots[usize::try_from(seq).unwrap_or(0) % SLOTS];
        let key = seq + 1;
        if slot.key > key {
            // The slot has been reused: the record counts as not having reached every viewer.
            return;
        }
        if slot.key < key {
            *slot = Slot {
                key,
                first: now,
                count: 0,
            };
        }
        slot.count += 1;
        if slot.count == viewers {
            let micros = u64::try_from(now - slot.first).unwrap_or(0);
            self.times.saturating_record(micros);
        }
    }

    /// The spreads in microseconds, one for each record that reached every viewer.
    pub(super) const fn times(&self) -> &Histogram<u64> {
        &self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_once_it_has_reached_every_viewer() {
        let mut spread = SpreadTracker::new();
        spread.record_arrival(6, 1, 1);
        spread.start();
        for (seq, now) in [(7, 100), (7, 130), (8, 140), (7, 180), (8, 150)] {
            spread.record_arrival(seq, now, 3);
        }
        assert_eq!((spread.times().len(), spread.times().max()), (1, 80));
    }
}
