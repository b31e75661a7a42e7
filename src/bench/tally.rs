//! `Tally`: what has been delivered, how late, and what has not.
//!
//! Deliveries, latencies and spreads count while a measurement is on; loss counts from each viewer's first record
//! to the end, because a hole in the warm-up is a hole as well.

use hdrhistogram::Histogram;

use super::follower::{Follower, Follows};
use super::spread::{Spread, histogram};

/// Everything counted over all viewers.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    pub(super) loss: Loss,
    /// From the instant a record was due to its arrival, in microseconds.
    pub(super) latency: Histogram<u64>,
    pub(super) spread: Spread,
    /// The furthest publication that anybody has.
    pub(super) front: u64,
    /// Viewers that have had everything that was due when they joined.
    pub(super) caught_up: usize,
    /// When the last of them came to have it, on our clock.
    pub(super) caught_up_at: i64,
    is_measuring: bool,
}

/// What counts while a measurement is on.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Counts {
    /// Records that arrived, one for each viewer.
    pub(super) deliveries: u64,
    /// Messages they came in.
    pub(super) messages: u64,
    /// Bytes that carried them, frames and all.
    pub(super) bytes: u64,
    /// Records of which the number is not known.
    pub(super) unnumbered: u64,
    /// Records of which the instant is not known.
    pub(super) untimed: u64,
    /// Records that arrived before they were due, by the estimate of the hub's clock.
    pub(super) early: u64,
}

/// What did not come as it should have.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Loss {
    /// Records that did not come, and nobody said so.
    pub(super) holes: u64,
    /// Records that came again at once.
    pub(super) repeats: u64,
    /// Records that came after a later one.
    pub(super) reorderings: u64,
    /// Records of which the hub said that they do not come.
    pub(super) told: u64,
}

/// One record at one viewer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    pub(super) seq: Option<u64>,
    /// When it was due, in microseconds on the server's clock.
    pub(super) t: Option<i64>,
    /// When it arrived, on the same clock.
    pub(super) arrival: i64,
    /// How many viewers are to get it.
    pub(super) viewers: usize,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            counts: Counts::default(),
            loss: Loss::default(),
            latency: histogram(),
            spread: Spread::new(),
            front: 0,
            caught_up: 0,
            caught_up_at: 0,
            is_measuring: false,
        }
    }

    /// From here on deliveries count.
    pub(super) fn begin(&mut self) {
        self.is_measuring = true;
        self.spread.begin();
    }

    /// From here on they do not.
    pub(super) const fn end(&mut self) {
        self.is_measuring = false;
    }

    /// So many bytes with records in them came from the kernel.
    pub(super) const fn read(&mut self, bytes: u64) {
        if self.is_measuring {
            self.counts.bytes += bytes;
        }
    }

    /// A message with records came.
    pub(super) const fn message(&mut self) {
        if self.is_measuring {
            self.counts.messages += 1;
        }
    }

    /// The hub told a viewer that these, both included, do not come.
    pub(super) fn told(&mut self, follower: &mut Follower, from: u64, to: u64) {
        self.loss.told += (to + 1).saturating_sub(from);
        follower.skip_to(to);
    }

    /// What came to the viewer behind `follower` at `now` of our clock may have been the last that it was waiting for.
    pub(super) fn catch_up(&mut self, follower: &mut Follower, now: i64) {
        if follower.catches_up() {
            self.caught_up += 1;
            self.caught_up_at = now;
        }
    }

    /// A record came to the viewer behind `follower`.
    pub(super) fn delivered(&mut self, follower: &mut Follower, delivery: Delivery) {
        if let Some(seq) = delivery.seq {
            match follower.take(seq) {
                Follows::Next => {}
                Follows::Hole(missing) => self.loss.holes += missing,
                Follows::Repeat => self.loss.repeats += 1,
                Follows::Earlier => self.loss.reorderings += 1,
            }
            self.front = self.front.max(seq);
        }
        if self.is_measuring {
            self.measured(delivery);
        }
    }

    fn measured(&mut self, delivery: Delivery) {
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
            self.spread.arrived(seq, delivery.arrival, delivery.viewers);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_counts_always_and_deliveries_while_measuring() {
        let (mut tally, mut follower) = (Tally::new(), Follower::default());
        let delivery = |seq, t, arrival| Delivery {
            seq: Some(seq),
            t: Some(t),
            arrival,
            viewers: 1,
        };
        tally.delivered(&mut follower, delivery(1, 0, 900));
        tally.delivered(&mut follower, delivery(4, 0, 900));
        tally.begin();
        tally.delivered(&mut follower, delivery(5, 1000, 1200));
        tally.delivered(&mut follower, delivery(6, 2000, 1990));
        tally.told(&mut follower, 7, 9);
        tally.delivered(&mut follower, delivery(10, 3000, 3100));
        tally.end();
        tally.delivered(&mut follower, delivery(10, 3000, 3100));
        let Loss {
            holes,
            repeats,
            reorderings,
            told,
        } = tally.loss;
        assert_eq!([holes, repeats, reorderings, told], [2, 1, 0, 3]);
        assert_eq!((tally.counts.deliveries, tally.counts.early), (3, 1));
        assert_eq!((tally.latency.max(), tally.front), (200, 10));
    }
}
