//! Rate changes of a reload: written to the journal first, and applied only if that succeeds.
//!
//! # Write-ahead
//!
//! All topics of a reload change at the same instant `t` in the near future, with one write. From before the write
//! starts until its outcome is known, nothing is published that is due at `t` or later. The write has two steps. The
//! slow one writes the new journal to the disk beside the old one. If it takes more than half of the time to `t`, it is
//! abandoned: the journal is unchanged, the old segment continues without a pause, and the change is retried with a
//! later `t`. The other step replaces the old journal with the new one and cannot be undone; if the disk blocks there,
//! the topics wait for it at `t`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::oneshot;

use super::Server;
use super::journal_thread::{DISK_TIMEOUT, wait_for};
use super::rate_change_error::RateChangeError;
use crate::clock::Clock;
use crate::hub::Topic;
use crate::journal::{ChangeOutcome, JournalWriter, ScheduleChange};
use crate::protocol::{Author, Micros};
use crate::settings;
use crate::timeline::{self, PlayoutSettings, Schedule};

/// How far ahead of now the topics change; if the disk is too slow for one lead time, the next one is tried. Half of
/// each is for writing the journal, so a reload waits at most 5.6 s.
const LEAD_TIMES: [Duration; 3] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(10),
];

/// One attempt to change rates, shared by the reload and the journal's thread.
#[derive(Debug)]
struct RateChangeAttempt {
    /// Each topic with its new schedule.
    changes: Vec<ScheduleChange>,
    clock: Clock,
    /// The attempt is abandoned if the new journal is not on the disk by then.
    deadline: Micros,
    /// Set once, by the side that decides the outcome: the journal's thread before it replaces the journal, or the
    /// reload when it gives up.
    is_decided: AtomicBool,
}

impl Server {
    /// Continues each of `topics` at its configured rate, in a new segment of its timeline. Blocks the calling thread.
    pub(super) fn change_rates(
        &mut self,
        topics: &[(Arc<Topic>, &settings::TopicSettings)],
    ) -> Result<(), RateChangeError> {
        if let Some(before) = &mut self.pending_rate_change {
            // The topics still wait for the outcome of the previous change.
            _ = wait_for(before, DISK_TIMEOUT, &self.cancel_reload)
                .ok_or(RateChangeError::Pending)?;
            self.pending_rate_change = None;
        }
        for lead in LEAD_TIMES {
            let Some(attempt) = self.prepare_attempt(topics, lead) else {
                return Ok(());
            };
            match self.try_change(&Arc::new(attempt), lead) {
                Err(RateChangeError::TimedOut) if !self.cancel_reload.is_cancelled() => {}
                result => return result,
            }
        }
        if let Some(journal) = &self.journal {
            journal.report_timeout();
        }
        Err(RateChangeError::TimedOut)
    }

    /// Prepares new schedules that start `lead` from now, and holds the topics at that instant. `None` if there is
    /// nothing to change, because all of the topics have ended.
    fn prepare_attempt(
        &self,
        topics: &[(Arc<Topic>, &settings::TopicSettings)],
        lead: Duration,
    ) -> Option<RateChangeAttempt> {
        let clock = *self.state.hub.clock();
        let now = clock.now();
        let prepare = |(topic, settings): &(Arc<Topic>, &settings::TopicSettings)| {
            let change = timeline::ScheduleChange {
                rate: settings.rate,
                playout: PlayoutSettings {
                    delay: settings.delay,
                    coalesce: settings.coalesce,
                },
                t: now.after(lead),
                by: Author::configuration(),
            };
            Some((Arc::clone(topic), topic.prepare_schedule(&change)?))
        };
        let changes: Vec<_> = topics.iter().filter_map(prepare).collect();
        (!changes.is_empty()).then(|| RateChangeAttempt {
            changes,
            clock,
            deadline: now.after(lead / 2),
            is_decided: AtomicBool::new(false),
        })
    }

    fn try_change(
        &mut self,
        attempt: &Arc<RateChangeAttempt>,
        lead: Duration,
    ) -> Result<(), RateChangeError> {
        let Some(journal) = &self.journal else {
            // Without a journal, a restart cannot contradict the change.
            attempt.apply();
            return Ok(());
        };
        let (done, mut outcome) = oneshot::channel();
        let writing = Arc::clone(attempt);
        let is_queued = journal.submit(move |writer| {
            if let Some(result) = writing.write(writer) {
                // Fails if the hub has stopped. A result that comes late is read by the next reload.
                _ = done.send(result);
            }
        });
        let in_time = is_queued
            .then(|| wait_for(&mut outcome, lead / 2, &self.cancel_reload))
            .flatten();
        if let Some(result) = in_time {
            return result;
        }
        if attempt.claim_decision() {
            attempt.abandon();
            return Err(RateChangeError::TimedOut);
        }
        // The journal is being replaced: the attempt cannot be abandoned any more.
        wait_for(&mut outcome, DISK_TIMEOUT, &self.cancel_reload).unwrap_or_else(|| {
            self.pending_rate_change = Some(outcome);
            journal.report_timeout();
            Err(RateChangeError::Pending)
        })
    }
}

impl RateChangeAttempt {
    /// Claims the decision about the outcome; returns true for the first caller only.
    fn claim_decision(&self) -> bool {
        !self.is_decided.swap(true, Ordering::AcqRel)
    }

    /// Writes the change to the journal, then applies or abandons it; `None` if the reload has abandoned it already.
    fn write(&self, writer: &mut JournalWriter) -> Option<Result<(), RateChangeError>> {
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
        let result = match outcome {
            ChangeOutcome::Written => {
                self.apply();
                return Some(Ok(()));
            }
            ChangeOutcome::Abandoned => RateChangeError::TimedOut,
            ChangeOutcome::Failed(error) => RateChangeError::Failed(error),
        };
        self.abandon();
        Some(Err(result))
    }

    /// Lets the topics continue with their new schedules.
    fn apply(&self) {
        for (topic, schedule) in &self.changes {
            topic.apply_schedule(schedule.clone());
            log_segment(topic, schedule);
        }
    }

    /// Lets the topics continue with their old schedules.
    fn abandon(&self) {
        for (topic, _) in &self.changes {
            topic.discard_schedule();
        }
    }
}

fn log_segment(topic: &Topic, schedule: &Schedule) {
    let segment = schedule.timeline().current();
    tracing::info!(
        event = "timeline.segment",
        topic = topic.name().as_str(),
        seq0 = segment.seq0.get(),
        t0 = segment.t0.get(),
        rate = segment.rate.per_second(),
        "the timeline continues at a new rate"
    );
}
