//! `Audience`: how well the pages of a topic's viewers draw, as they report it.
//!
//! ## Trust
//!
//! A report is a claim, which the hub cannot check and on which nothing depends but these numbers. So that a few viewers
//! cannot distort them, every viewer has one vote, reports at most once in ten seconds, and its values are clipped to
//! what a real page may have.
//!
//! ## Privacy
//!
//! Reports are counted in buckets as they arrive. What a single viewer has reported is not kept, except for the place of
//! its vote, and never shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::metrics::{BucketBounds, BucketHistogram};
use crate::protocol::ViewerReport;
use crate::protocol::message::AudienceView;

/// What the viewers of one topic report.
#[derive(Debug)]
pub struct Audience {
    /// The error bounds of the pages' clocks, of all reports.
    pub clock_bounds: BucketHistogram,
    /// The shares of publications that arrived too late, of all reports of viewers that have received any.
    pub late_ratios: BucketHistogram,
    /// The animation frames per second, of all reports.
    pub frame_rates: BucketHistogram,
    votes: Votes,
}

/// The latest reports of the viewers that report now.
#[derive(Debug)]
struct Votes {
    /// How many have a clock bound in each bucket of `clock_bounds`.
    by_bound: Box<[AtomicU64]>,
    /// How many have received publications, and the sum of their late ratios in millionths.
    receiving: AtomicU64,
    late_millionths: AtomicU64,
}

/// The latest report of one viewer, which counts until it is dropped.
#[derive(Debug)]
#[must_use = "the report no longer counts once it is dropped"]
pub struct AudienceVote {
    audience: Arc<Audience>,
    bucket: usize,
    late_millionths: Option<u64>,
}

/// No clock bound counts for more: the greatest bound of the histogram, in microseconds.
const BOUND_US_MAX: u64 = 30_000_000;
/// No display draws more frames per second, in millionths.
const FRAME_RATE_MAX: u64 = 1_000_000_000;
const MILLION: u64 = 1_000_000;

/// Of late ratios, in millionths.
const RATIOS: BucketBounds = BucketBounds(&[
    0, 100, 1_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
]);

/// Of frames per second, in millionths: between the rates of common displays, which pages miss by a little.
const FRAME_RATES: BucketBounds = BucketBounds(&[
    1_000_000,
    5_000_000,
    10_000_000,
    15_000_000,
    20_000_000,
    27_000_000,
    35_000_000,
    45_000_000,
    55_000_000,
    65_000_000,
    80_000_000,
    95_000_000,
    125_000_000,
    150_000_000,
    250_000_000,
]);

impl Default for Audience {
    fn default() -> Self {
        let buckets = BucketBounds::FINE.0.len() + 1;
        Self {
            clock_bounds: BucketHistogram::new(BucketBounds::FINE),
            late_ratios: BucketHistogram::new(RATIOS),
            frame_rates: BucketHistogram::new(FRAME_RATES),
            votes: Votes {
                by_bound: (0..buckets).map(|_| AtomicU64::new(0)).collect(),
                receiving: AtomicU64::new(0),
                late_millionths: AtomicU64::new(0),
            },
        }
    }
}

impl Audience {
    /// Counts a report. It remains the viewer's latest until the vote is dropped.
    pub fn accept(self: &Arc<Self>, report: &ViewerReport) -> AudienceVote {
        let bound = report.bound_us.min(BOUND_US_MAX);
        self.clock_bounds.observe_millionths(bound, 1);
        self.frame_rates.observe_millionths(frame_rate(report), 1);
        let late_millionths = late_ratio(report);
        if let Some(late) = late_millionths {
            self.late_ratios.observe_millionths(late, 1);
            self.votes.receiving.fetch_add(1, Ordering::Relaxed);
            self.votes
                .late_millionths
                .fetch_add(late, Ordering::Relaxed);
        }
        let bucket = BucketBounds::FINE.bucket_of(bound);
        self.votes.by_bound[bucket].fetch_add(1, Ordering::Relaxed);
        AudienceVote {
            audience: Arc::clone(self),
            bucket,
            late_millionths,
        }
    }

    /// The audience as the topic's JSON shows it.
    #[must_use]
    pub fn view(&self) -> AudienceView {
        let counts: Vec<_> = self.votes.by_bound.iter().map(load).collect();
        let (receiving, late) = (
            load(&self.votes.receiving),
            load(&self.votes.late_millionths),
        );
        AudienceView {
            reporting: counts.iter().sum(),
            bound_p99_us: bound_p99(&counts),
            late_ratio: (receiving > 0).then(|| ratio(late, receiving)),
        }
    }
}

impl Drop for AudienceVote {
    fn drop(&mut self) {
        let votes = &self.audience.votes;
        votes.by_bound[self.bucket].fetch_sub(1, Ordering::Relaxed);
        if let Some(late) = self.late_millionths {
            votes.receiving.fetch_sub(1, Ordering::Relaxed);
            votes.late_millionths.fetch_sub(late, Ordering::Relaxed);
        }
    }
}

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

/// The bound of the bucket that contains the 99th percentile; `None` without reports.
fn bound_p99(counts: &[u64]) -> Option<u64> {
    let total: u64 = counts.iter().sum();
    let rank = (total * 99).div_ceil(100);
    let mut below = 0;
    let bucket = counts.iter().position(|count| {
        below += count;
        below >= rank && rank > 0
    })?;
    let BucketBounds(bounds) = BucketBounds::FINE;
    Some(bounds.get(bucket).copied().unwrap_or(BOUND_US_MAX))
}

/// The share of late publications in millionths; `None` if none was received.
fn late_ratio(report: &ViewerReport) -> Option<u64> {
    let received = report.received;
    (received > 0).then(|| {
        let late = u128::from(report.late.min(received)) * u128::from(MILLION);
        u64::try_from(late / u128::from(received)).unwrap_or(MILLION)
    })
}

/// Frames per second in millionths.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a claim, which is clipped to a small range"
)]
fn frame_rate(report: &ViewerReport) -> u64 {
    let rate = report.frames as f64 / report.seconds.max(1.0);
    ((rate * MILLION as f64) as u64).min(FRAME_RATE_MAX)
}

/// The mean of `count` ratios whose sum is `millionths`.
#[expect(clippy::cast_precision_loss, reason = "a ratio of small numbers")]
fn ratio(millionths: u64, count: u64) -> f64 {
    (millionths as f64 / count as f64 / MILLION as f64).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(bound_us: u64, received: u64, late: u64) -> ViewerReport {
        ViewerReport {
            seconds: 15.0,
            bound_us,
            received,
            late,
            missed: 0,
            frames: 900,
            dropped: 0,
        }
    }

    #[test]
    fn every_viewer_has_one_vote_for_as_long_as_it_is_held() {
        let audience = Arc::new(Audience::default());
        let none = AudienceView {
            reporting: 0,
            bound_p99_us: None,
            late_ratio: None,
        };
        assert_eq!(audience.view(), none);
        let mut votes: Vec<_> = (0..99)
            .map(|_| audience.accept(&report(1_900, 100, 0)))
            .collect();
        votes.push(audience.accept(&report(40_000, 1_000_000, 1_000_000)));
        let view = audience.view();
        assert_eq!((view.reporting, view.bound_p99_us), (100, Some(2_200)));
        assert_eq!(view.late_ratio, Some(0.01));
        // With 98 others, the distorting one is no longer beyond the 99th percentile.
        drop(votes.remove(0));
        assert_eq!(audience.view().bound_p99_us, Some(47_000));
        drop(votes);
        assert_eq!(audience.view(), none);
        // What was reported stays in the histograms.
        assert_eq!(audience.clock_bounds.read().count, 100);
    }

    #[test]
    fn values_that_no_page_can_have_are_clipped() {
        let audience = Arc::new(Audience::default());
        let absurd = ViewerReport {
            seconds: 0.0,
            bound_us: u64::MAX,
            received: 10,
            late: u64::MAX,
            missed: u64::MAX,
            frames: u64::MAX,
            dropped: u64::MAX,
        };
        let vote = audience.accept(&absurd);
        let view = audience.view();
        assert_eq!(
            (view.bound_p99_us, view.late_ratio),
            (Some(30_000_000), Some(1.0))
        );
        drop(vote);
        assert_eq!(audience.clock_bounds.read().sum, 30.0);
        assert_eq!(audience.late_ratios.read().sum, 1.0);
        assert_eq!(audience.frame_rates.read().sum, 1_000.0);
    }

    #[test]
    fn a_viewer_that_has_received_nothing_has_no_late_ratio() {
        let audience = Arc::new(Audience::default());
        let _vote = audience.accept(&report(500, 0, 0));
        assert_eq!(audience.view().late_ratio, None);
        assert_eq!(audience.late_ratios.read().count, 0);
        assert_eq!(audience.frame_rates.read().sum, 60.0);
    }
}
