//! `Startup`: where a topic starts when the process does: with a new epoch, or resumed from a [`Checkpoint`].
//!
//! A pure decision from the checkpoint, the configuration and the current time. Reads no clock and no file.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::protocol::{Author, Epoch, Micros, Rate, Seq};
use crate::settings::{self, Start};
use crate::source::RecordSource;
use crate::timeline::{PlayoutSettings, Timeline};

/// The state of a topic that outlives the process, as an earlier run saved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// SHA-256 of the dataset's bytes.
    pub dataset_sha256: [u8; 32],
    /// The epoch of `timeline`.
    pub epoch: Epoch,
    /// The segments of the epoch; of very many, the newest.
    pub timeline: Timeline,
    /// The version of the timeline: 1 when the epoch begins, and one more with each change.
    pub version: u64,
    /// The last publication known to have been sent; more may have been sent after the checkpoint was saved.
    pub seq: Seq,
}

/// The part of a topic's settings and dataset that determines its timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimelineSpec {
    pub(super) start: Start,
    pub(super) dataset_sha256: [u8; 32],
    pub(super) len: NonZeroU64,
    pub(super) looping: bool,
    pub(super) rate: Rate,
}

/// The state in which a topic starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Startup {
    pub(super) epoch: Epoch,
    pub(super) timeline: Timeline,
    pub(super) version: u64,
    /// The last publication that counts as sent; the producer continues with the next.
    pub(super) published: Seq,
    pub(super) start_mode: StartMode,
}

/// How a topic's timeline started in this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartMode {
    /// Anchored at the configured instant; needs no checkpoint.
    Configured,
    /// With a new epoch, anchored at the current time.
    NewEpoch(NewEpochReason),
    /// Continues the timeline of the checkpoint.
    Resumed {
        /// The last publication in the checkpoint.
        checkpoint_seq: Seq,
        /// How far the wall clock is behind that publication; nothing is published until it has caught up.
        wait: Duration,
        /// Whether the configured rate differs from the rate in the checkpoint.
        is_rate_changed: bool,
    },
}

/// Why a topic started with a new epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEpochReason {
    /// There is no checkpoint.
    FirstRun,
    /// The dataset is not the one of the checkpoint.
    DatasetChanged,
    /// `loop` was changed.
    LoopChanged,
    /// The wall clock is so far behind the checkpoint that the topic does not wait for it.
    ClockBack {
        /// The abandoned epoch.
        epoch: Epoch,
        /// Its last publication known to have been sent.
        seq: Seq,
        /// How far behind that publication the wall clock is.
        behind: Duration,
    },
}

/// The longest that a topic waits for a wall clock that was set back. More than the step by which a time service
/// corrects a healthy clock, and about as long as viewers put up with a chart that does not move.
const CLOCK_WAIT_MAX: Duration = Duration::from_secs(60);

/// How a topic with `settings` is played out, if its time stamps have this median interval.
#[must_use]
pub fn playout_settings(
    settings: &settings::TopicSettings,
    median_interval: Option<Duration>,
) -> PlayoutSettings {
    let durations = settings.playout(median_interval);
    PlayoutSettings {
        delay: durations.delay,
        coalesce: durations.coalesce,
    }
}

impl TimelineSpec {
    pub(super) fn from_settings(
        settings: &settings::TopicSettings,
        source: &dyn RecordSource,
    ) -> Self {
        Self {
            start: settings.start,
            dataset_sha256: *source.digest(),
            len: source.count(),
            looping: settings.looping,
            rate: settings
                .pace
                .rate()
                .expect("time stamps are refused when the datasets are loaded"),
        }
    }
}

impl Startup {
    /// Decides how the topic starts at `now` by the wall clock.
    pub(super) fn decide(spec: &TimelineSpec, checkpoint: Option<Checkpoint>, now: Micros) -> Self {
        match (spec.start, checkpoint) {
            (Start::At(t0), _) => Self::anchored_at(spec, t0, now, StartMode::Configured),
            (Start::FirstRun, None) => Self::new_epoch(spec, now, NewEpochReason::FirstRun),
            (Start::FirstRun, Some(checkpoint)) => match new_epoch_reason(spec, &checkpoint, now) {
                Some(reason) => Self::new_epoch(spec, now, reason),
                None => Self::resume(spec, checkpoint, now),
            },
        }
    }

    fn new_epoch(spec: &TimelineSpec, now: Micros, reason: NewEpochReason) -> Self {
        Self::anchored_at(spec, now, now, StartMode::NewEpoch(reason))
    }

    fn anchored_at(spec: &TimelineSpec, t0: Micros, now: Micros, start_mode: StartMode) -> Self {
        let timeline = Timeline::new(t0, spec.rate, spec.len, spec.looping);
        Self {
            epoch: Epoch::from_timeline(&spec.dataset_sha256, spec.looping, t0, spec.rate),
            published: last_due_before(&timeline, now),
            timeline,
            version: 1,
            start_mode,
        }
    }

    fn resume(spec: &TimelineSpec, checkpoint: Checkpoint, now: Micros) -> Self {
        let start_mode = StartMode::Resumed {
            checkpoint_seq: checkpoint.seq,
            wait: clock_behind(&checkpoint, now),
            is_rate_changed: spec.rate != checkpoint.timeline.current().rate,
        };
        let mut timeline = checkpoint.timeline;
        // If the clock was set back, publications that have been sent are due again.
        let published = last_due_before(&timeline, now).max(checkpoint.seq);
        let before = timeline.current().seq0;
        timeline.change_rate(spec.rate, Author::configuration(), published, now);
        let is_changed = timeline.current().seq0 != before;
        Self {
            epoch: checkpoint.epoch,
            timeline,
            version: checkpoint.version + u64::from(is_changed),
            published,
            start_mode,
        }
    }
}

/// The last publication due before `now`. What was due while the hub was down is history; what is due at `now` itself
/// is still to be published.
fn last_due_before(timeline: &Timeline, now: Micros) -> Seq {
    timeline.due(Micros::new(now.get() - 1))
}

/// Returns why the checkpoint cannot be resumed; `None` if it can.
fn new_epoch_reason(
    spec: &TimelineSpec,
    checkpoint: &Checkpoint,
    now: Micros,
) -> Option<NewEpochReason> {
    if (checkpoint.dataset_sha256, checkpoint.timeline.len()) != (spec.dataset_sha256, spec.len) {
        return Some(NewEpochReason::DatasetChanged);
    }
    if checkpoint.timeline.is_looping() != spec.looping {
        return Some(NewEpochReason::LoopChanged);
    }
    let behind = clock_behind(checkpoint, now);
    (behind > CLOCK_WAIT_MAX).then(|| NewEpochReason::ClockBack {
        epoch: checkpoint.epoch.clone(),
        seq: checkpoint.seq,
        behind,
    })
}

/// How far `now` is behind the last publication known to have been sent, or behind the anchor if nothing was sent.
fn clock_behind(checkpoint: &Checkpoint, now: Micros) -> Duration {
    let last = checkpoint.seq.max(Seq::ZERO.next());
    checkpoint
        .timeline
        .t(last)
        .map_or(Duration::ZERO, |t| t.since(now))
}

#[cfg(test)]
mod tests;
