//! `Startup`: where a topic starts when the process does: with a new epoch, or resumed from a [`Checkpoint`].
//!
//! A pure decision from the checkpoint, the configuration and the current time. Reads no clock and no file.

use std::time::Duration;

use super::topic_clock::TopicClock;
use crate::protocol::{Author, Epoch, Micros, Seq};
use crate::settings::{self, Start};
use crate::source::SharedSource;
use crate::timeline::{DatasetClock, SegmentPace, Timeline};

/// The state of a topic that outlives the process, as an earlier run saved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// What identifies the records and their dataset time: the SHA-256 of the dataset's bytes, if nothing else does.
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

/// What a topic is made from.
#[derive(Debug)]
pub struct TopicSpec<'a> {
    /// Its settings.
    pub settings: &'a settings::TopicSettings,
    /// The records that it replays.
    pub source: SharedSource,
    /// When they are due.
    pub clock: TopicClock,
    /// The state that an earlier run saved.
    pub checkpoint: Option<Checkpoint>,
    /// Whether to start with a new epoch because another topic of the player does.
    pub is_player_restarted: bool,
    /// The current time; the anchor of a new epoch.
    pub now: Micros,
    /// The most publications of backfill or recovery on one connection.
    pub recover_max: u64,
}

impl TopicSpec<'_> {
    /// Whether the topic would start with a new epoch, although a player of several topics might go on.
    #[must_use]
    pub fn begins_epoch(&self) -> bool {
        let startup = self.startup();
        matches!(startup.start_mode, StartMode::NewEpoch(_))
    }

    pub(super) fn startup(&self) -> Startup {
        let spec = TimelineSpec::new(self.settings, &self.clock);
        if self.is_player_restarted {
            Startup::with_player(&spec, self.now)
        } else {
            Startup::decide(&spec, self.checkpoint.clone(), self.now)
        }
    }
}

/// The part of a topic's settings and dataset that determines its timeline.
#[derive(Debug, Clone)]
pub(super) struct TimelineSpec {
    pub(super) start: Start,
    /// Where a new timeline without a fixed start begins; `None`: now.
    pub(super) anchor: Option<Micros>,
    pub(super) dataset_sha256: [u8; 32],
    pub(super) clock: DatasetClock,
    pub(super) pace: SegmentPace,
}

/// The state in which a topic starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Startup {
    /// What identifies the records and their dataset time.
    pub(super) dataset_sha256: [u8; 32],
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
        /// Whether the configured rate or speed differs from that in the checkpoint.
        is_rate_changed: bool,
    },
}

/// Why a topic started with a new epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewEpochReason {
    /// There is no checkpoint.
    FirstRun,
    /// The dataset is not the one of the checkpoint, or its dataset time is another.
    DatasetChanged,
    /// The topic has switched to its next dataset.
    Switched,
    /// Another topic of the player starts with a new epoch.
    PlayerRestarted,
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

impl TimelineSpec {
    pub(super) fn new(settings: &settings::TopicSettings, topic: &TopicClock) -> Self {
        Self {
            start: settings.start,
            anchor: settings.anchor,
            dataset_sha256: topic.identity,
            clock: topic.clock.clone(),
            pace: topic.pace,
        }
    }
}

impl Startup {
    /// Decides how the topic starts at `now` by the wall clock.
    pub(super) fn decide(spec: &TimelineSpec, checkpoint: Option<Checkpoint>, now: Micros) -> Self {
        match (spec.start, checkpoint) {
            (Start::At(t0), _) => Self::anchored_at(spec, t0, now, StartMode::Configured),
            (Start::FirstRun, None) => Self::new_epoch(spec, now, NewEpochReason::FirstRun),
            (Start::FirstRun, Some(checkpoint)) => match resumable(spec, checkpoint, now) {
                Ok(checkpoint) => Self::resume(spec, checkpoint, now),
                Err(reason) => Self::new_epoch(spec, now, reason),
            },
        }
    }

    /// Starts with a new epoch because another topic of the player does.
    pub(super) fn with_player(spec: &TimelineSpec, now: Micros) -> Self {
        match spec.start {
            Start::At(_) => Self::decide(spec, None, now),
            Start::FirstRun => Self::new_epoch(spec, now, NewEpochReason::PlayerRestarted),
        }
    }

    fn new_epoch(spec: &TimelineSpec, now: Micros, reason: NewEpochReason) -> Self {
        match spec.anchor {
            Some(t0) => {
                Self::anchored_at(spec, t0, now, StartMode::NewEpoch(NewEpochReason::Switched))
            }
            None => Self::anchored_at(spec, now, now, StartMode::NewEpoch(reason)),
        }
    }

    fn anchored_at(spec: &TimelineSpec, t0: Micros, now: Micros, start_mode: StartMode) -> Self {
        let timeline = Timeline::begin(t0, spec.pace, spec.clock.clone());
        Self {
            dataset_sha256: spec.dataset_sha256,
            epoch: timeline
                .epoch(&spec.dataset_sha256)
                .expect("a new timeline has its first segment"),
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
            is_rate_changed: spec.pace != checkpoint.timeline.current().pace(),
        };
        let mut timeline = checkpoint.timeline;
        // If the clock was set back, publications that have been sent are due again.
        let published = last_due_before(&timeline, now).max(checkpoint.seq);
        let by = Author::configuration();
        let is_changed = timeline.change_pace(spec.pace, by, published, now);
        Self {
            dataset_sha256: spec.dataset_sha256,
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

/// Returns the checkpoint, whose timeline then knows the dataset time of the records, or why it cannot be resumed.
fn resumable(
    spec: &TimelineSpec,
    checkpoint: Checkpoint,
    now: Micros,
) -> Result<Checkpoint, NewEpochReason> {
    let is_same = checkpoint.dataset_sha256 == spec.dataset_sha256
        && checkpoint.timeline.len() == spec.clock.len();
    // The dataset may be the same one again.
    let begins_later = spec
        .anchor
        .is_some_and(|t0| checkpoint.timeline.begins() < t0);
    if !is_same || begins_later {
        return Err(NewEpochReason::DatasetChanged);
    }
    if checkpoint.timeline.is_looping() != spec.clock.is_looping() {
        return Err(NewEpochReason::LoopChanged);
    }
    let timeline = checkpoint.timeline.with_clock(spec.clock.clone());
    let checkpoint = Checkpoint {
        timeline: timeline.map_err(|_| NewEpochReason::DatasetChanged)?,
        ..checkpoint
    };
    let behind = clock_behind(&checkpoint, now);
    if behind > CLOCK_WAIT_MAX {
        return Err(NewEpochReason::ClockBack {
            epoch: checkpoint.epoch,
            seq: checkpoint.seq,
            behind,
        });
    }
    Ok(checkpoint)
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
