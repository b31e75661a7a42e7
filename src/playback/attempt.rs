//! [`Attempt`]: one try to make a change at one instant, shared by the request and the journal's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::playback_request::{PlaybackCommand, PlaybackError, PlaybackRequest, TopicCommand};
use crate::clock::Clock;
use crate::hub::Topic;
use crate::journal::{ChangeOutcome, JournalWriter, PreparedChange};
use crate::protocol::Micros;
use crate::timeline::{Schedule, ScheduleChange};

/// Topics that are held at the instant of their change. They go on once it is applied or abandoned.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Each topic that changes, with its new schedule.
    changes: Vec<PreparedChange>,
    clock: Clock,
    /// The attempt is abandoned if its segments are not on the disk by then.
    deadline: Micros,
    /// Set once, by the side that decides the outcome: the journal's thread before it commits the change, or the
    /// request when it gives up.
    is_decided: AtomicBool,
}

impl Attempt {
    /// Computes the schedules that make the changes of `request` at `t`, and holds their topics at that instant. `None`
    /// if nothing changes.
    pub(super) fn prepare(
        request: &PlaybackRequest,
        clock: Clock,
        t: Micros,
        patience: Duration,
    ) -> Option<Self> {
        let prepare = |TopicCommand { topic, command }: &TopicCommand| {
            let PlaybackCommand::Pace { pace, playout } = *command;
            let schedule = topic.prepare_schedule(&ScheduleChange {
                pace,
                playout,
                t,
                by: request.by.clone(),
            })?;
            Some(PreparedChange {
                topic: Arc::clone(topic),
                schedule,
            })
        };
        let changes: Vec<_> = request.commands.iter().filter_map(prepare).collect();
        (!changes.is_empty()).then(|| Self {
            changes,
            clock,
            deadline: clock.now().after(patience),
            is_decided: AtomicBool::new(false),
        })
    }

    /// Claims the decision about the outcome; returns true for the first caller only.
    pub(super) fn claim_decision(&self) -> bool {
        !self.is_decided.swap(true, Ordering::AcqRel)
    }

    /// Writes the change to the journal, then applies or abandons it; `None` if the request has abandoned it already.
    /// Runs on the journal's thread.
    pub(super) fn write(&self, writer: &mut JournalWriter) -> Option<Result<(), PlaybackError>> {
        if self.is_decided.load(Ordering::Acquire) {
            return None;
        }
        let mut is_ours = false;
        let outcome = writer.change(&self.changes, || {
            is_ours = self.clock.now() < self.deadline && self.claim_decision();
            is_ours
        });
        if !is_ours && !self.claim_decision() {
            return None;
        }
        let error = match outcome {
            ChangeOutcome::Written => {
                self.apply();
                return Some(Ok(()));
            }
            ChangeOutcome::Abandoned => PlaybackError::TimedOut,
            ChangeOutcome::Failed(error) => PlaybackError::Failed(error),
        };
        self.abandon();
        Some(Err(error))
    }

    /// Lets the topics continue with their new schedules, which are announced.
    pub(super) fn apply(&self) {
        for PreparedChange { topic, schedule } in &self.changes {
            topic.apply_schedule(schedule.clone());
            log_segment(topic, schedule);
        }
    }

    /// Lets the topics continue with their old schedules.
    pub(super) fn abandon(&self) {
        for PreparedChange { topic, .. } in &self.changes {
            topic.discard_schedule();
        }
    }
}

fn log_segment(topic: &Topic, schedule: &Schedule) {
    let timeline = schedule.timeline();
    let segment = timeline.current();
    tracing::info!(
        event = "timeline.segment",
        topic = topic.name().as_str(),
        seq0 = segment.seq0.get(),
        t0 = segment.t0.get(),
        rate = timeline.mean_rate(),
        "the timeline continues at a new rate"
    );
}
