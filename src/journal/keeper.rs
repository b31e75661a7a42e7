//! `Keeper`: writes down where the topics are, at their beginning, once a second, and at the end.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::{Journal, JournalError, Trouble, WriteError};
use crate::hub::{Course, Past, Topic};
use crate::protocol::TopicName;

/// A journal with the topics it is kept for.
#[derive(Debug)]
pub struct Keeper {
    journal: Journal,
    topics: Vec<Arc<Topic>>,
    trouble: Trouble,
}

/// A topic with the course that it is to go on with.
pub type Change = (Arc<Topic>, Course);

/// The outcome of a change.
#[derive(Debug)]
pub enum Outcome {
    /// It is written: a hub that reads the journal from now on finds it.
    Written,
    /// It was no longer wanted when it was about to take the journal's place. The journal is unchanged.
    Unwanted,
    /// It cannot be written. The journal is unchanged.
    Failed(io::Error),
}

/// Work for the keeper between its regular writes.
pub type Work = Box<dyn FnOnce(&mut Keeper) + Send>;

impl Keeper {
    /// Between two writes. Bounds what a wall clock that is wrong after a crash can have published twice, and is
    /// slow enough for any disk.
    const EVERY: Duration = Duration::from_secs(1);

    /// Writes down where `topics` begin. Nothing of theirs may be sent before that is done.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn begin(journal: Journal, topics: Vec<Arc<Topic>>) -> Result<Self, JournalError> {
        let trouble = Trouble::new(journal.folder.journal());
        let mut keeper = Self {
            journal,
            topics,
            trouble,
        };
        keeper.remember();
        match keeper.journal.write() {
            Ok(()) => Ok(keeper),
            Err(error) => Err(keeper.unusable(error)),
        }
    }

    /// Keeps the journal until nobody is left to send `work`, which is done as it comes, and writes it once more then.
    /// Blocks its thread.
    pub fn run(mut self, work: &Receiver<Work>) {
        loop {
            match work.recv_timeout(Self::EVERY) {
                Ok(work) => work(&mut self),
                Err(RecvTimeoutError::Timeout) => self.keep(),
                Err(RecvTimeoutError::Disconnected) => return self.keep(),
            }
        }
    }

    /// What is told when it cannot write.
    #[must_use]
    pub fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// What is remembered of `topic`.
    #[must_use]
    pub fn past(&self, topic: &TopicName) -> Option<&Past> {
        self.journal.past(topic)
    }

    /// Keeps it for `topics` as well, and writes down where they begin. Nothing of theirs may be sent before that is
    /// done.
    ///
    /// # Errors
    /// The journal cannot be written; it is kept for the others alone.
    pub fn add(&mut self, topics: &[Arc<Topic>]) -> Result<(), JournalError> {
        let past =
            |topic: &Arc<Topic>| Some((topic.name().clone(), self.past(topic.name())?.clone()));
        let before = topics.iter().filter_map(past).collect();
        self.topics.extend_from_slice(topics);
        self.remember();
        self.journal.write().map_err(|error| {
            let error = self.unusable(error);
            self.remove(topics, &before);
            error
        })
    }

    /// Undoes [`Self::add`]: keeps it for `topics` no longer, of which nothing was sent, and remembers of them what was
    /// remembered `before`.
    pub fn remove(&mut self, topics: &[Arc<Topic>], before: &BTreeMap<TopicName, Past>) {
        let is_meant = |kept: &Arc<Topic>| topics.iter().any(|topic| Arc::ptr_eq(topic, kept));
        self.topics.retain(|kept| !is_meant(kept));
        for topic in topics {
            let past = before.get(topic.name()).cloned();
            self.journal.remember(topic.name().clone(), past);
        }
        self.keep();
    }

    /// Writes that the topics of `changes` go on with other courses. `is_wanted` is asked at the last moment, when only
    /// the file is left to be replaced. Until this returns, nothing may be sent on which the old and new courses
    /// differ.
    ///
    /// A hub that is killed after this returns and started again finds the courses that the outcome names.
    pub fn change(&mut self, changes: &[Change], is_wanted: impl FnOnce() -> bool) -> Outcome {
        self.remember();
        for (topic, course) in changes {
            let past = topic.memory_on(course);
            self.journal.remember(topic.name().clone(), past);
        }
        let error = match self.journal.write_if(is_wanted) {
            Ok(true) => {
                self.trouble.end();
                return Outcome::Written;
            }
            Ok(false) => {
                self.remember();
                return Outcome::Unwanted;
            }
            Err(error) => error,
        };
        // Until they are changed, the topics still say what was before.
        self.remember();
        match error {
            WriteError::Unchanged(error) => {
                self.trouble.begin(&error);
                Outcome::Failed(error)
            }
            WriteError::Unsynced(error) => self.undo(error),
        }
    }

    /// After `error`, with which the new file came into the place of the old one, puts back what was before. What the
    /// next start would find decides, and not what the disk promises.
    fn undo(&mut self, error: io::Error) -> Outcome {
        self.trouble.begin(&error);
        match self.journal.write() {
            Ok(()) | Err(WriteError::Unsynced(_)) => Outcome::Failed(error),
            Err(WriteError::Unchanged(_)) => Outcome::Written,
        }
    }

    fn remember(&mut self) {
        for topic in &self.topics {
            if let Some(past) = topic.memory() {
                self.journal.remember(topic.name().clone(), Some(past));
            }
        }
    }

    /// Writes down where the topics are. The stream goes on whether or not that can be done.
    pub fn keep(&mut self) {
        self.remember();
        match self.journal.write() {
            Ok(()) => self.trouble.end(),
            Err(error) => self.trouble.begin(&error.into_inner()),
        }
    }

    fn unusable(&self, error: WriteError) -> JournalError {
        let folder = &self.journal.folder;
        folder.unusable(&folder.journal(), error.into_inner())
    }
}
