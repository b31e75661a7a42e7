//! Playback: the only writer of segments. A command is validated, journalled, applied and announced, in this order.
//!
//! A reload calls it, and so does everything else that changes a timeline while the hub runs. It knows how a change is
//! made safe, but not why it is made; what a change does to a timeline is up to `timeline`, and who is sent the new
//! state to `hub`.
//!
//! ## One instant
//!
//! All topics of a request change at the same instant `t` in the near future, with one write of the journal. From
//! before the write starts until its outcome is known, nothing is published that is due at `t` or later.
//!
//! ## Slow disks
//!
//! The journal writes a change in two steps. The first may take long: it writes the proposed segments. If that takes
//! more than half of the time to `t`, the change is abandoned without a trace, the old segments continue without a
//! pause, and the change is retried with a later `t`. The second step writes the commit, and cannot be abandoned; if the
//! disk blocks there, the topics wait for it at `t`; viewers of messages may then also wait for the records that were
//! being coalesced at that moment. A change that cannot be written is undone and does not take effect.
//!
//! ## Order
//!
//! Requests are executed one at a time, in the order in which they arrive, and each sees the result of the one before.
//! The two settings that later requests may have belong to [`PlaybackRequest`], because they hold for all of its topics:
//! `at` replaces the lead time, and `if_version` is checked where the change is prepared.

mod attempt;
mod playback_request;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;

pub use playback_request::{
    PlaybackCommand, PlaybackError, PlaybackOutcome, PlaybackRequest, TopicCommand,
};

use attempt::Attempt;

use crate::clock::Clock;
use crate::journal::{DISK_TIMEOUT, JournalThread, wait_for};

/// Changes the timelines of topics.
#[derive(Debug)]
pub struct Playback {
    clock: Clock,
    /// Empty as long as no topic has needed a journal. Without one, a restart cannot contradict a change.
    journal: OnceLock<JournalThread>,
    /// Locked while a request is executed. The outcome of a change that the disk has not reported yet: until then its
    /// topics publish nothing that is due after the change, and no other change is tried.
    undecided: Mutex<Option<oneshot::Receiver<Result<(), PlaybackError>>>>,
    /// Cancelled when the hub shuts down, so that a request stops waiting for the disk.
    cancel: CancellationToken,
}

impl Playback {
    /// How far ahead of now the topics change; if the disk is too slow for one lead time, the next one is tried. Half
    /// of each is for writing the journal, so a request waits at most 5.6 s, and 5 s longer for a commit.
    const LEAD_TIMES: [Duration; 3] = [
        Duration::from_millis(250),
        Duration::from_secs(1),
        Duration::from_secs(10),
    ];

    /// Creates the playback of a hub without a journal. Cancelling `cancel` ends all waits for the disk.
    #[must_use]
    pub fn new(clock: Clock, cancel: CancellationToken) -> Self {
        Self {
            clock,
            journal: OnceLock::new(),
            undecided: Mutex::default(),
            cancel,
        }
    }

    /// Journals all later changes with `journal`. A hub has at most one journal.
    pub fn set_journal(&self, journal: JournalThread) {
        let is_first = self.journal.set(journal).is_ok();
        debug_assert!(is_first, "a hub has one journal");
    }

    /// The journal, once a topic has needed one.
    #[must_use]
    pub fn journal(&self) -> Option<&JournalThread> {
        self.journal.get()
    }

    /// Executes `request`, after those before it. Waits for the disk without blocking the calling thread.
    ///
    /// If the future is dropped, the request is completed or abandoned as a whole, and later ones wait for that.
    ///
    /// # Errors
    /// The change cannot be journalled, or its outcome is not known yet. Unless that is so, nothing has changed.
    pub async fn execute(
        &self,
        request: &PlaybackRequest,
    ) -> Result<PlaybackOutcome, PlaybackError> {
        let mut undecided = self.undecided.lock().await;
        if let Some(before) = undecided.as_mut() {
            _ = wait_for(before, DISK_TIMEOUT, &self.cancel)
                .await
                .ok_or(PlaybackError::Undecided)?;
            *undecided = None;
        }
        for lead in Self::LEAD_TIMES {
            let t = self.clock.now().after(lead);
            let Some(attempt) = Attempt::prepare(request, self.clock, t, lead / 2) else {
                return Ok(PlaybackOutcome::Unchanged);
            };
            match self.run(attempt, lead / 2, &mut undecided).await {
                Ok(()) => return Ok(PlaybackOutcome::Applied(t)),
                Err(PlaybackError::TimedOut) if !self.cancel.is_cancelled() => {}
                Err(error) => return Err(error),
            }
        }
        if let Some(journal) = self.journal() {
            journal.report_timeout();
        }
        Err(PlaybackError::TimedOut)
    }

    /// Journals and applies `attempt`, or abandons it after `patience`.
    async fn run(
        &self,
        attempt: Attempt,
        patience: Duration,
        undecided: &mut Option<oneshot::Receiver<Result<(), PlaybackError>>>,
    ) -> Result<(), PlaybackError> {
        let Some(journal) = self.journal() else {
            attempt.apply();
            return Ok(());
        };
        let attempt = Arc::new(attempt);
        let (done, outcome) = oneshot::channel();
        let writing = Arc::clone(&attempt);
        let is_queued = journal.submit(move |writer| {
            if let Some(result) = writing.write(writer) {
                // Fails if the hub has stopped.
                _ = done.send(result);
            }
        });
        // Stored before the first wait, where this future may be dropped.
        let outcome = undecided.insert(outcome);
        let in_time = if is_queued {
            wait_for(outcome, patience, &self.cancel).await
        } else {
            None
        };
        let result = match in_time {
            Some(result) => result,
            None if attempt.claim_decision() => {
                attempt.abandon();
                Err(PlaybackError::TimedOut)
            }
            // It is being committed.
            None => wait_for(outcome, DISK_TIMEOUT, &self.cancel)
                .await
                .ok_or_else(|| {
                    journal.report_timeout();
                    PlaybackError::Undecided
                })?,
        };
        *undecided = None;
        result
    }
}

#[cfg(test)]
mod tests;
