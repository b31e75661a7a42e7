//! `Spread`: the time from the first viewer to the last for each record.
//!
//! A ring keyed by `seq`: a record costs one slot, a delivery three comparisons.

use hdrhistogram::Histogram;

/// Records that may be on their way at once. At 10,000 a second that is 1.6 s, and half a mebibyte.
const SLOTS: usize = 16_384;

/// One record on its way.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Its number plus one; 0 for none.
    key: u64,
    /// The arrival at the first viewer, in microseconds.
    first: i64,
    count: usize,
}

/// The spreads of all records that reached every viewer.
#[derive(Debug)]
pub(super) struct Spread {
    slots: Vec<Slot>,
    /// Microseconds.
    times: Histogram<u64>,
    is_measuring: bool,
}

/// Microseconds up to an hour, to three digits.
pub(super) fn histogram() -> Histogram<u64> {
    const HOUR: u64 = 3_600_000_000;
    Histogram::new_with_bounds(1, HOUR, 3).expect("these bounds are among those it allows")
}

impl Spread {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Slot::default(); SLOTS],
            times: histogram(),
            is_measuring: false,
        }
    }

    /// From here on records count, those of which the first viewer has nothing yet.
    pub(super) fn begin(&mut self) {
        self.slots.fill(Slot::default());
        self.is_measuring = true;
    }

    /// `seq` arrived at one of `viewers` viewers at `now`.
    pub(super) fn arrived(&mut self, seq: u64, now: i64, viewers: usize) {
        if !self.is_measuring {
            return;
        }
        let slot = &mut self.slots[usize::try_from(seq).unwrap_or(0) % SLOTS];
        let key = seq + 1;
        if slot.key > key {
            // So late that the ring has gone round: it counts as one that did not reach everybody.
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

    /// The times, in microseconds; one for each record that reached every viewer.
    pub(super) const fn times(&self) -> &Histogram<u64> {
        &self.times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_once_it_reached_every_viewer() {
        let mut spread = Spread::new();
        spread.arrived(6, 1, 1);
        spread.begin();
        for (seq, now) in [(7, 100), (7, 130), (8, 140), (7, 180), (8, 150)] {
            spread.arrived(seq, now, 3);
        }
        assert_eq!((spread.times().len(), spread.times().max()), (1, 80));
    }
}
