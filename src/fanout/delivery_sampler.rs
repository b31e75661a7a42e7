//! `DeliverySampler`: measures how fast the viewers of one group on one lane are sent what is due, on a sample.
//!
//! Pure logic apart from the metrics that it writes; the lane reads the clock, and only for what is measured.
//!
//! ## What is measured
//!
//! A write counts if it completes publications that fell due while the viewer was connected. Of each measured write, up
//! to four publications are measured, from when they were due until the socket had accepted them. A viewer whose socket
//! was blocked is measured when the socket has accepted the rest, so slow viewers count. What a viewer is sent to catch
//! up after it joined does not count: those publications were due before it came.
//!
//! ## Why the sample is unbiased
//!
//! The number of writes between two measurements is random, with a mean that gives about sixteen measured writes a flush,
//! and every write of a group that has no more viewers than that. So every write, the first of a flush like the last,
//! is measured with the same probability. The publications of a write are divided into up to four equal parts, and one of
//! each part is measured at random and counts for all of its part. So every publication has the same weight: a write that
//! catches up after a stall counts for all the records that were late.

use std::sync::Arc;

use super::viewer_group::LapEdge;
use super::viewer_join::Encoding;
use crate::hub::{DeliveryMetrics, TopicMetrics};
use crate::protocol::{Micros, Seq};

/// Measures the deliveries to one group.
#[derive(Debug)]
pub(super) struct DeliverySampler {
    metrics: Arc<DeliveryMetrics>,
    /// Writes that are still left out before the next one that is measured.
    skips: usize,
    /// When the first viewer of the current lap had been served; `None` outside of laps.
    lap_started_at: Option<Micros>,
}

/// A publication that is measured, and for how many it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MeasuredPublication {
    pub(super) seq: Seq,
    pub(super) weight: u64,
}

/// The publications that a write has completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CompletedWrite {
    /// The newest of them.
    pub(super) last: Seq,
    /// How many, at least one; they are dense in `seq`.
    pub(super) publications: u64,
}

impl DeliverySampler {
    /// Measured writes in one flush of a large group, on average. At some 0.1 µs each, they take less time than sending
    /// to one viewer does.
    const WRITES_PER_FLUSH: usize = 16;

    pub(super) fn new(metrics: &TopicMetrics, encoding: Encoding) -> Self {
        Self {
            metrics: metrics.delivery.get(encoding.label()),
            skips: 0,
            lap_started_at: None,
        }
    }

    /// Counts a write to a viewer of the group, and returns whether it is in the sample; `viewers` is called if it is.
    #[inline]
    pub(super) fn choose(&mut self, viewers: impl FnOnce() -> usize) -> bool {
        if self.skips > 0 {
            self.skips -= 1;
            return false;
        }
        let skips_max = Self::skips_max(viewers());
        if skips_max > 0 {
            self.skips = fastrand::usize(0..=skips_max);
        }
        true
    }

    /// Adapts to a group that has become smaller, so that it does not wait for writes that it no longer makes.
    pub(super) fn shrink_to(&mut self, viewers: usize) {
        self.skips = self.skips.min(Self::skips_max(viewers));
    }

    /// The most writes that are left out between two measured ones. On average half as many are, so that a flush has as
    /// many measured writes as it should.
    const fn skips_max(viewers: usize) -> usize {
        2 * (viewers.div_ceil(Self::WRITES_PER_FLUSH).saturating_sub(1))
    }

    /// Records that `weight` publications that were due at about `t` have been accepted at `now`.
    pub(super) fn record(&self, t: Micros, now: Micros, weight: u64) {
        self.metrics.delay.observe_times(now.since(t), weight);
    }

    /// Records that the first or the last viewer of a lap has been served at `now`.
    pub(super) fn on_lap_edge(&mut self, edge: LapEdge, now: Micros) {
        match edge {
            LapEdge::First => self.lap_started_at = Some(now),
            LapEdge::Last => {
                if let Some(started_at) = self.lap_started_at.take() {
                    self.metrics.spread.observe(now.since(started_at));
                }
            }
        }
    }
}

impl CompletedWrite {
    /// The most publications of one write that are measured.
    const MEASURED_MAX: u64 = 4;

    /// Returns the publications to measure: one at random of each of up to four equal parts of the write.
    pub(super) fn chosen(self) -> impl Iterator<Item = MeasuredPublication> {
        let Self { last, publications } = self;
        let parts = publications.min(Self::MEASURED_MAX);
        let first = last.get().saturating_sub(publications).saturating_add(1);
        (0..parts).map(move |part| {
            let (begin, end) = (
                part * publications / parts,
                (part + 1) * publications / parts,
            );
            let weight = end - begin;
            let offset = if weight == 1 {
                begin
            } else {
                fastrand::u64(begin..end)
            };
            let seq = Seq::saturating(first.saturating_add(offset));
            MeasuredPublication { seq, weight }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler() -> DeliverySampler {
        DeliverySampler::new(&TopicMetrics::default(), Encoding::V1)
    }

    #[test]
    fn every_write_to_a_small_group_is_measured() {
        let mut sampler = sampler();
        for _ in 0..100 {
            assert!(sampler.choose(|| DeliverySampler::WRITES_PER_FLUSH));
        }
    }

    #[test]
    fn every_place_in_a_flush_is_measured_equally_often() {
        const VIEWERS: usize = 320;
        const FLUSHES: usize = 20_000;
        fastrand::seed(7);
        let mut sampler = sampler();
        let mut measured = [0_u32; VIEWERS];
        for _ in 0..FLUSHES {
            for count in &mut measured {
                *count += u32::from(sampler.choose(|| VIEWERS));
            }
        }
        // 1,000 each on average; five standard deviations are 160.
        assert!(measured.iter().all(|count| (840..=1_160).contains(count)));
        let total: u32 = measured.iter().sum();
        assert!((315_000..=325_000).contains(&total), "{total}");
    }

    #[test]
    fn a_group_that_has_become_small_is_measured_at_once() {
        fastrand::seed(7);
        let mut sampler = sampler();
        sampler.choose(|| 1_000_000);
        assert!(!sampler.choose(|| 3));
        sampler.shrink_to(3);
        assert!(sampler.choose(|| 3));
    }

    /// The publications that are measured of a write of `publications` that ends with 100.
    fn chosen(publications: u64) -> Vec<u64> {
        let last = Seq::saturating(100);
        let write = CompletedWrite { last, publications };
        write.chosen().map(|chosen| chosen.seq.get()).collect()
    }

    #[test]
    fn up_to_four_publications_of_a_write_are_all_measured() {
        assert_eq!(chosen(1), [100]);
        assert_eq!(chosen(2), [99, 100]);
        assert_eq!(chosen(4), [97, 98, 99, 100]);
    }

    #[test]
    fn every_publication_of_a_long_write_is_measured_equally_often() {
        fastrand::seed(7);
        let mut measured = [0_u32; 40];
        for _ in 0..10_000 {
            let chosen = chosen(40);
            assert!(chosen.len() == 4 && chosen.is_sorted());
            for seq in chosen {
                measured[usize::try_from(seq - 61).unwrap()] += 1;
            }
        }
        assert!(measured.iter().all(|count| (850..=1_150).contains(count)));
    }

    #[test]
    fn every_publication_of_a_write_is_counted() {
        for publications in [1, 2, 3, 4, 5, 7, 40, 41] {
            let last = Seq::saturating(100);
            let write = CompletedWrite { last, publications };
            let counted: u64 = write.chosen().map(|chosen| chosen.weight).sum();
            assert_eq!(counted, publications);
        }
    }

    #[test]
    fn the_spread_is_from_the_first_to_the_last_viewer_of_a_lap() {
        let mut sampler = sampler();
        // The end of a lap whose begin was not seen.
        sampler.on_lap_edge(LapEdge::Last, Micros::new(9));
        sampler.on_lap_edge(LapEdge::First, Micros::new(1_000));
        sampler.on_lap_edge(LapEdge::Last, Micros::new(4_000));
        let spread = sampler.metrics.spread.read();
        assert_eq!((spread.count, spread.sum), (1, 0.003));
    }
}
