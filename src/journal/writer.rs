//! `JournalWriter`: writes the checkpoints of the topics at their start, once a second, and at the end.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::{Journal, JournalError, JournalHealth, WriteError};
use crate::hub::{Checkpoint, Topic};
use crate::protocol::TopicName;
use crate::timeline::Schedule;

/// A journal and the topics whose checkpoints it writes.
#[derive(Debug)]
pub struct JournalWriter {
    journal: Journal,
    /// The running topics. The journal may have checkpoints of others, which it keeps.
    topics: Vec<Arc<Topic>>,
    health: JournalHealth,
}

/// A topic and its new schedule.
pub type ScheduleChange = (Arc<Topic>, Schedule);

/// The outcome of a change.
#[derive(Debug)]
pub enum ChangeOutcome {
    /// The change is in the journal: a hub that starts from now on uses it.
    Written,
    /// The caller abandoned the change before the journal was replaced. The journal is unchanged.
    Abandoned,
    /// The change cannot be written. The journal is unchanged.
    Failed(io::Error),
}

/// Work for the journal's thread between the regular writes.
pub type JournalJob = Box<dyn FnOnce(&mut JournalWriter) + Send>;

impl JournalWriter {
    /// The time between two writes. It bounds what may be published twice if the wall clock is wrong after a crash,
    /// and is long enough for any disk.
    const WRITE_INTERVAL: Duration = Duration::from_secs(1);

    /// Writes the first checkpoints of `topics`. They must not publish anything before this returns.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn start(journal: Journal, topics: Vec<Arc<Topic>>) -> Result<Self, JournalError> {
        let health = JournalHealth::new(journal.folder.journal());
        let mut writer = Self {
            journal,
            topics,
            health,
        };
        writer.collect_checkpoints();
        match writer.journal.write() {
            Ok(()) => Ok(writer),
            Err(error) => Err(writer.unusable(error)),
        }
    }

    /// Writes checkpoints periodically and runs the jobs that `work` receives, until its senders are gone; then writes
    /// once more. Blocks the calling thread.
    pub fn run(mut self, work: &Receiver<JournalJob>) {
        loop {
            match work.recv_timeout(Self::WRITE_INTERVAL) {
                Ok(work) => work(&mut self),
                Err(RecvTimeoutError::Timeout) => self.write_checkpoints(),
                Err(RecvTimeoutError::Disconnected) => return self.write_checkpoints(),
            }
        }
    }

    /// Reports failed and successful writes.
    #[must_use]
    pub fn health(&self) -> &JournalHealth {
        &self.health
    }

    /// Returns the last checkpoint of `topic`.
    #[must_use]
    pub fn checkpoint(&self, topic: &TopicName) -> Option<&Checkpoint> {
        self.journal.checkpoint(topic)
    }

    /// Adds `topics` and writes their first checkpoints. They must not publish anything before this returns.
    ///
    /// # Errors
    /// The journal cannot be written; `topics` are not added.
    pub fn add(&mut self, topics: &[Arc<Topic>]) -> Result<(), JournalError> {
        let named = |topic: &Arc<Topic>| {
            let checkpoint = self.checkpoint(topic.name())?.clone();
            Some((topic.name().clone(), checkpoint))
        };
        let before = topics.iter().filter_map(named).collect();
        self.topics.extend_from_slice(topics);
        self.collect_checkpoints();
        self.journal.write().map_err(|error| {
            let error = self.unusable(error);
            self.remove(topics, &before);
            error
        })
    }

    /// Undoes [`Self::add`]: removes `topics`, which have published nothing, and restores their checkpoints from
    /// `before`.
    pub fn remove(&mut self, topics: &[Arc<Topic>], before: &BTreeMap<TopicName, Checkpoint>) {
        let is_removed = |kept: &Arc<Topic>| topics.iter().any(|topic| Arc::ptr_eq(topic, kept));
        self.topics.retain(|kept| !is_removed(kept));
        for topic in topics {
            let checkpoint = before.get(topic.name()).cloned();
            self.journal
                .set_checkpoint(topic.name().clone(), checkpoint);
        }
        self.write_checkpoints();
    }

    /// Writes the new schedules in `changes`. `is_wanted` is asked at the last moment, before the file is replaced.
    /// Until this returns, the topics must not publish anything on which the old and new schedules differ.
    ///
    /// A hub that is killed after this returns restarts with the schedules that the outcome says.
    pub fn change(
        &mut self,
        changes: &[ScheduleChange],
        is_wanted: impl FnOnce() -> bool,
    ) -> ChangeOutcome {
        self.collect_checkpoints();
        for (topic, schedule) in changes {
            let checkpoint = topic.feed().checkpoint_with(schedule);
            self.journal
                .set_checkpoint(topic.name().clone(), checkpoint);
        }
        let error = match self.journal.write_if(is_wanted) {
            Ok(true) => {
                self.health.report_success();
                return ChangeOutcome::Written;
            }
            Ok(false) => {
                self.collect_checkpoints();
                return ChangeOutcome::Abandoned;
            }
            Err(error) => error,
        };
        // The topics still have their old schedules.
        self.collect_checkpoints();
        match error {
            WriteError::Unchanged(error) => {
                self.health.report_failure(&error);
                ChangeOutcome::Failed(error)
            }
            WriteError::Unsynced(error) => self.roll_back(error),
        }
    }

    /// Restores the old journal after `error`, which occurred when the new file had already replaced it. The outcome is
    /// what a restart would read, not what the disk has confirmed.
    fn roll_back(&mut self, error: io::Error) -> ChangeOutcome {
        self.health.report_failure(&error);
        match self.journal.write() {
            Ok(()) | Err(WriteError::Unsynced(_)) => ChangeOutcome::Failed(error),
            Err(WriteError::Unchanged(_)) => ChangeOutcome::Written,
        }
    }

    /// Updates the journal in memory; a topic that has not started has no checkpoint yet.
    fn collect_checkpoints(&mut self) {
        for topic in &self.topics {
            if let Some(checkpoint) = topic.feed().checkpoint() {
                self.journal
                    .set_checkpoint(topic.name().clone(), Some(checkpoint));
            }
        }
    }

    /// Writes the current checkpoints of all topics. A failure is logged, and the topics continue.
    pub fn write_checkpoints(&mut self) {
        self.collect_checkpoints();
        match self.journal.write() {
            Ok(()) => self.health.report_success(),
            Err(error) => self.health.report_failure(&error.into_inner()),
        }
    }

    fn unusable(&self, error: WriteError) -> JournalError {
        let folder = &self.journal.folder;
        folder.unusable(&folder.journal(), error.into_inner())
    }
}
