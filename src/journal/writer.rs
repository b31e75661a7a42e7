//! `JournalWriter`: writes the checkpoints of the topics at their start, once a second, and at the end.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::state_folder::FORMAT;
use super::{ChangeError, Journal, JournalError, JournalHealth, ReplaceError};
use crate::clock::Clock;
use crate::hub::{Checkpoint, Topic};
use crate::protocol::{Seq, TopicName};
use crate::timeline::Schedule;

/// A journal and the topics whose checkpoints it writes.
#[derive(Debug)]
pub struct JournalWriter {
    journal: Journal,
    /// The running topics that are journalled. The journal may have checkpoints of others, which it keeps.
    topics: Vec<Arc<Topic>>,
    health: JournalHealth,
}

/// A topic and its new schedule, which [`Topic::prepare_schedule`] has made.
#[derive(Debug)]
pub struct PreparedChange {
    /// The topic.
    pub topic: Arc<Topic>,
    /// Its schedule from the change on.
    pub schedule: Schedule,
}

/// The outcome of a change.
#[derive(Debug)]
pub enum ChangeOutcome {
    /// The change is in the journal: a hub that starts from now on uses it.
    Written,
    /// The caller abandoned the change before it was committed. It is not in the journal.
    Abandoned,
    /// The change cannot be written. It is not in the journal.
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
    pub fn start(mut journal: Journal, topics: &[Arc<Topic>]) -> Result<Self, JournalError> {
        let mut journalled_topics = Vec::new();
        for (topic, checkpoint) in journalled(topics) {
            journal.set_unwritten(topic.name().clone(), Some(checkpoint));
            journalled_topics.push(topic);
        }
        journal
            .folder
            .check_not_replaced()
            .and_then(|()| journal.rewrite().map_err(ReplaceError::into_inner))
            .map_err(|error| unusable(&journal, error))?;
        Ok(Self {
            health: JournalHealth::new(
                journal.folder.path(FORMAT),
                journal.folder.sync_timer().clone(),
            ),
            topics: journalled_topics,
            journal,
        })
    }

    /// Writes checkpoints periodically and runs the jobs that `work` receives, until `is_stopping` is set or its senders
    /// are gone; then writes once more. Blocks the calling thread.
    pub fn run(mut self, work: &Receiver<JournalJob>, is_stopping: &AtomicBool) {
        let clock = Clock::start();
        let mut next_write = Self::WRITE_INTERVAL;
        while !is_stopping.load(Ordering::Acquire) {
            match work.recv_timeout(next_write.saturating_sub(clock.uptime())) {
                Ok(work) => work(&mut self),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Also between jobs that follow each other closely.
            if next_write <= clock.uptime() {
                self.write_seqs();
                next_write = clock.uptime() + Self::WRITE_INTERVAL;
            }
        }
        self.write_seqs();
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
        let added = journalled(topics);
        if added.is_empty() {
            return Ok(());
        }
        let checkpoint = |(topic, checkpoint): &(Arc<Topic>, Checkpoint)| {
            (topic.name().clone(), checkpoint.clone())
        };
        let written = self.journal.set(added.iter().map(checkpoint).collect());
        written.map_err(|error| unusable(&self.journal, error))?;
        self.topics
            .extend(added.into_iter().map(|(topic, _)| topic));
        Ok(())
    }

    /// Undoes [`Self::add`]: removes `topics`, which have published nothing, and restores their checkpoints from
    /// `before`. A failure is logged, and the next write tries it again.
    pub fn remove(&mut self, topics: &[Arc<Topic>], before: &BTreeMap<TopicName, Checkpoint>) {
        let is_removed =
            |added: &mut Arc<Topic>| topics.iter().any(|topic| Arc::ptr_eq(topic, added));
        let removed: Vec<_> = self.topics.extract_if(.., is_removed).collect();
        for topic in &removed {
            let checkpoint = before.get(topic.name()).cloned();
            self.journal.set_unwritten(topic.name().clone(), checkpoint);
        }
        self.write_seqs();
    }

    /// Journals `new` in the place of `old`, which has the same name. A failure is logged, and the next write tries it
    /// again; until then the journal has the old topic.
    pub fn replace(&mut self, old: &Arc<Topic>, new: &Arc<Topic>) {
        self.topics.retain(|topic| !Arc::ptr_eq(topic, old));
        for (topic, checkpoint) in journalled(std::slice::from_ref(new)) {
            self.journal
                .set_unwritten(topic.name().clone(), Some(checkpoint));
            self.topics.push(topic);
        }
        self.write_seqs();
    }

    /// Writes the new schedules in `changes`. `is_wanted` is asked at the last moment, before the change is committed.
    /// Until this returns, the topics must not publish anything on which the old and new schedules differ.
    ///
    /// A hub that is killed after this returns restarts with the schedules that the outcome says.
    pub fn change(
        &mut self,
        changes: &[PreparedChange],
        is_wanted: impl FnOnce() -> bool,
    ) -> ChangeOutcome {
        let checkpoint = |change: &PreparedChange| {
            let checkpoint = change.topic.feed().checkpoint_with(&change.schedule)?;
            Some((change.topic.name().clone(), checkpoint))
        };
        let changed = changes.iter().filter_map(checkpoint).collect();
        match self.journal.change(changed, is_wanted) {
            Ok(true) => {
                self.health.report_success();
                ChangeOutcome::Written
            }
            Ok(false) => ChangeOutcome::Abandoned,
            Err(ChangeError {
                error,
                is_committed,
            }) => {
                self.health.report_failure(&error);
                if is_committed {
                    ChangeOutcome::Written
                } else {
                    ChangeOutcome::Failed(error)
                }
            }
        }
    }

    /// Writes the last publication of each topic, if it has changed. A failure is logged, and the topics continue.
    pub fn write_seqs(&mut self) {
        let newest: Vec<(TopicName, Seq)> = self
            .topics
            .iter()
            .map(|topic| (topic.name().clone(), topic.published()))
            .collect();
        match self.journal.write_seqs(&newest, self.health.is_failing()) {
            Ok(()) => self.health.report_success(),
            Err(error) => self.health.report_failure(&error),
        }
    }
}

/// Those of `topics` that are journalled, with their checkpoints. A topic with a fixed start is not.
fn journalled(topics: &[Arc<Topic>]) -> Vec<(Arc<Topic>, Checkpoint)> {
    let with_checkpoint = |topic: &Arc<Topic>| {
        let checkpoint = topic.feed().checkpoint()?;
        Some((Arc::clone(topic), checkpoint))
    };
    topics.iter().filter_map(with_checkpoint).collect()
}

fn unusable(journal: &Journal, error: io::Error) -> JournalError {
    let folder = &journal.folder;
    folder.unusable(&folder.path(FORMAT), error)
}
