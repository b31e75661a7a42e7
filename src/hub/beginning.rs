//! How a topic's timeline begins: anew, or where an earlier run has left it.
//!
//! Pure: what is remembered, what is configured and the instant come in, the decision goes out.

use std::num::NonZeroU64;
use std::time::Duration;

use super::timeline::Timeline;
use crate::protocol::{Epoch, Micros, Rate, Seq};
use crate::settings::{self, Start};
use crate::source::Dataset;

/// What an earlier run has left of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// SHA-256 of the dataset's bytes.
    pub dataset_sha256: [u8; 32],
    /// The incarnation of its timeline.
    pub epoch: Epoch,
    /// Its timeline.
    pub timeline: Timeline,
    /// The last publication known to have been sent.
    pub seq: Seq,
}

/// What the configuration says of a topic that bears on its timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) start: Start,
    pub(super) dataset_sha256: [u8; 32],
    pub(super) len: NonZeroU64,
    pub(super) looping: bool,
    pub(super) rate: Rate,
}

/// A topic at its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Beginning {
    pub(super) epoch: Epoch,
    pub(super) timeline: Timeline,
    pub(super) published: Seq,
    pub(super) how: How,
}

/// How a topic's timeline began in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// At the instant that is configured; nothing of it needs to be remembered.
    Configured,
    /// Anew, anchored now.
    Begun(Reason),
    /// It goes on.
    Resumed {
        /// The last publication that was remembered.
        remembered: Seq,
        /// How long the wall clock stands behind that publication; until then nothing is published.
        wait: Duration,
        /// Whether it goes on at another rate.
        is_rate_changed: bool,
    },
}

/// Why a timeline began anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Nothing is remembered.
    FirstRun,
    /// The dataset is another one.
    Dataset,
    /// `loop` was changed.
    Loop,
    /// The wall clock stands too far behind the last publication to wait for.
    ClockBack {
        /// The epoch that is given up.
        epoch: Epoch,
        /// Its last publication known to have been sent.
        seq: Seq,
        /// How far behind.
        behind: Duration,
    },
}

/// The longest that a topic waits for a wall clock that was set back: more than time services correct in a step
/// on a machine that keeps its clock, less than anybody would look at a line that stands still.
const WAIT_MAX: Duration = Duration::from_secs(60);

impl Plan {
    pub(super) fn of(settings: &settings::Topic, dataset: &Dataset) -> Self {
        Self {
            start: settings.start,
            dataset_sha256: *dataset.digest(),
            len: dataset.len(),
            looping: settings.looping,
            rate: settings.rate,
        }
    }
}

impl Beginning {
    /// Decides for the topic that `plan` describes, with what is remembered of it, at `now` by the wall clock.
    pub(super) fn decide(plan: &Plan, past: Option<Past>, now: Micros) -> Self {
        match (plan.start, past) {
            (Start::At(t0), _) => Self::anchored(plan, t0, now, How::Configured),
            (Start::FirstRun, None) => Self::anew(plan, now, Reason::FirstRun),
            (Start::FirstRun, Some(past)) => match reason_against(plan, &past, now) {
                Some(reason) => Self::anew(plan, now, reason),
                None => Self::resume(plan, past, now),
            },
        }
    }

    fn anew(plan: &Plan, now: Micros, reason: Reason) -> Self {
        Self::anchored(plan, now, now, How::Begun(reason))
    }

    fn anchored(plan: &Plan, t0: Micros, now: Micros, how: How) -> Self {
        let timeline = Timeline::begin(t0, plan.rate, plan.len, plan.looping);
        Self {
            epoch: timeline.epoch(&plan.dataset_sha256),
            published: past_at(&timeline, now),
            timeline,
            how,
        }
    }

    fn resume(plan: &Plan, past: Past, now: Micros) -> Self {
        let how = How::Resumed {
            remembered: past.seq,
            wait: behind(&past, now),
            is_rate_changed: plan.rate != past.timeline.current().rate,
        };
        let mut timeline = past.timeline;
        // A clock that was set back has publications due again that were sent.
        let published = past_at(&timeline, now).max(past.seq);
        timeline.change_rate(plan.rate, published, now);
        Self {
            epoch: past.epoch,
            timeline,
            published,
            how,
        }
    }
}

/// The last publication due before `now`: it is history, not news.
fn past_at(timeline: &Timeline, now: Micros) -> Seq {
    timeline.due(Micros::new(now.get() - 1))
}

/// Why what is remembered cannot go on.
fn reason_against(plan: &Plan, past: &Past, now: Micros) -> Option<Reason> {
    if (past.dataset_sha256, past.timeline.len()) != (plan.dataset_sha256, plan.len) {
        return Some(Reason::Dataset);
    }
    if past.timeline.is_looping() != plan.looping {
        return Some(Reason::Loop);
    }
    let behind = behind(past, now);
    (behind > WAIT_MAX).then(|| Reason::ClockBack {
        epoch: past.epoch.clone(),
        seq: past.seq,
        behind,
    })
}

/// How far `now` stands behind the last publication known to have been sent, or behind the anchor.
fn behind(past: &Past, now: Micros) -> Duration {
    let last = past.seq.max(Seq::ZERO.next());
    past.timeline
        .t(last)
        .map_or(Duration::ZERO, |t| t.since(now))
}

#[cfg(test)]
mod tests;
