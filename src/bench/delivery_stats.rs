//! [`DeliveryStats`]: counts deliveries, latencies, spreads and losses over all viewers.
//!
//! Deliveries, latencies and spreads are counted only during the measurement. Losses are counted from each viewer's
//! first record to the end, because a hole during the warm-up is also an error.

use hdrhistogram::Histogram;

use super::sequence_tracker::{SequenceCheck, SequenceTracker};
use super::spread_tracker::{SpreadTracker, histogram};

/// The statistics over all viewers.
#[derive(Debug)]
pub(super) struct DeliveryStats {
    pub(super) counts: DeliveryCounts,
    pub(super) loss: LossCounts,
    /// Time between a record's due time and its arrival, in microseconds.
    pub(super) latency: Histogram<u64>,
    pub(super) spread: SpreadTracker,
    /// The newest publication that any viewer has.
    pub(super) newest_seq: u64,
    /// Viewers that have received everything that was due when they joined.
    pub(super) caught_up: usize,
    /// When the last of them caught up, on our clock.
    pub(super) caught_up_at: i64,
    is_measuring: bool,
}

/// Counters that only run during the measurement.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct DeliveryCounts {
    /// Records that arrived, counted per viewer.
    pub(super) deliveries: u64,
    /// Messages that contained them.
    pub(super) messages: u64,
    /// Bytes read, including framing.
    pub(super) bytes: u64,
    /// Records whose `seq` is unknown.
    pub(super) unnumbered: u64,
    /// Records whose due time is unknown.
    pub(super) untimed: u64,
    /// Records that arrived before they were due, according to the estimate of the hub's clock.
    pub(super) early: u64,
}

/// Records that did not arrive exactly once and in order.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct LossCounts {
    /// Missing records that no `gap` announced.
    pub(super) holes: u64,
    /// Records that arrived twice in a row.
    pub(super) repeats: u64,
    /// Records that arrived after a later one.
    pub(super) reorderings: u64,
    /// Missing records that a `gap` announced.
    pub(super) announced: u64,
}

/// One record at one viewer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) seq: Option<u64>,
    /// When it was due, in microseconds on the server's clock.
    pub(super) t: Option<i64>,
    /// When it arrived, on the same clock.
    pub(super) arrival: i64,
    /// Number of viewers that should receive it.
    pub(super) viewers: usize,
}

impl DeliveryStats {
    pub(super) fn new() -> Self {
        Self {
            counts: DeliveryCounts::default(),
            loss: LossCounts::default(),
            latency: histogram(),
            spread: SpreadTracker::new(),
            newest_seq: 0,
            caught_up: 0,
            caught_up_at: 0,
            is_measuring: false,
        }
    }

    /// Starts counting deliveries.
    pub(super) fn start_measuring(&mut self) {
        self.is_measuring = true;
        self.spread.start();
    }

    /// Stops counting deliveries.
    pub(super) const fn stop_measuring(&mut self) {
        self.is_measuring = false;
    }

    /// Counts bytes read from a viewer's socket.
    pub(super) const fn add_bytes(&mut self, bytes: u64) {
        if self.is_measuring {
            self.counts.bytes += bytes;
        }
    }

    /// Counts a message with records.
    pub(super) const fn count_message(&mut self) {
        if self.is_measuring {
            self.counts.messages += 1;
        }
    }

    /// Counts the records of a `gap`, `from` to `to` inclusive.
    pub(super) fn record_gap(&mut self, sequence: &mut SequenceTracker, from: u64, to: u64) {
        self.loss.announced += (to + 1).saturating_sub(from);
        sequence.skip_to(to);
    }

    /// Checks at `now` on our clock whether a viewer has caught up.
    pub(super) fn check_caught_up(&mut self, sequence: &mut SequenceTracker, now: i64) {
        if sequence.take_caught_up() {
            self.caught_up += 1;
            self.caught_up_at = now;
        }
    }

    /// Counts a record that arrived at the viewer that `sequence` tracks.
    pub(super) fn record_delivery(&mut self, sequence: &mut SequenceTracker, delivery: Delivery) {
        if let Some(seq) = delivery.seq {
            match sequence.observe(seq) {
                SequenceCheck::Next => {}
                SequenceCheck::Hole(missing) => self.loss.holes += missing,
                SequenceCheck::Repeat => self.loss.repeats += 1,
                SequenceCheck::OutOfOrder => self.loss.reorderings += 1,
            }
            self.newest_seq = self.newest_seq.max(seq);
        }
        if self.is_measuring {
            self.record_measured(delivery);
        }
    }

    fn record_measured(&mut self, delivery: Delivery) {
        self.counts.deliveries += 1;
        self.counts.unnumbered += u64::from(delivery.seq.is_none());
        self.counts.untimed += u64::from(delivery.t.is_none());
        if let Some(t) = delivery.t {
            let late = delivery.arrival - t;
            self.counts.early += u64::from(late < 0);
            self.latency
                .saturating_record(u64::try_from(late).unwrap_or(0));
        }
        if let Some(seq) = delivery.seq {
            self.spread
                .record_arrival(seq, delivery.arrival, delivery.viewers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_always_count_but_deliveries_only_while_measuring() {
        let (mut stats, mut sequence) = (DeliveryStats::new(), SequenceTracker::default());
        let delivery = |seq, t, arrival| Delivery {
            seq: Some(seq),
            t: Some(t),
            arrival,
            viewers: 1,
        };
        stats.record_delivery(&mut sequence, delivery(1, 0, 900));
        stats.record_delivery(&mut sequence, delivery(4, 0, 900));
        stats.start_measuring();
        stats.record_delivery(&mut sequence, delivery(5, 1000, 1200));
        stats.record_delivery(&mut sequence, delivery(6, 2000, 1990));
        stats.record_gap(&mut sequence, 7, 9);
        stats.record_delivery(&mut sequence, delivery(10, 3000, 3100));
        stats.stop_measuring();
        stats.record_delivery(&mut sequence, delivery(10, 3000, 3100));
        let LossCounts {
            holes,
            repeats,
            reorderings,
            announced,
        } = stats.loss;
        assert_eq!([holes, repeats, reorderings, announced], [2, 1, 0, 3]);
        assert_eq!((stats.counts.deliveries, stats.counts.early), (3, 1));
        assert_eq!((stats.latency.max(), stats.newest_seq), (200, 10));
    }
}
