//! `Keeper`: writes down where the topics are, at their beginning, once a second, and at the end.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::{Journal, JournalError, Trouble};
use crate::hub::{Course, Past, Topic};
use crate::protocol::TopicName;

/// A journal with the topics it is kept for.
#[derive(Debug)]
pub struct Keeper {
    journal: Journal,
    topics: Vec<Arc<Topic>>,
    trouble: Trouble,
}

/// What a keeper is to do besides.
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
            Err(error) => {
                let folder = &keeper.journal.folder;
                Err(folder.unusable(&folder.journal(), error))
            }
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
        let before = self.topics.len();
        self.topics.extend_from_slice(topics);
        self.remember();
        self.journal.write().map_err(|error| {
            self.topics.truncate(before);
            let folder = &self.journal.folder;
            folder.unusable(&folder.journal(), error)
        })
    }

    /// Writes down that `topic` is about to go on with `course`. A journal that cannot be written stops no topic.
    pub fn announce(&mut self, topic: &Topic, course: &Course) {
        self.remember();
        if let Some(past) = topic.memory_on(course) {
            self.journal.remember(topic.name().clone(), past);
        }
        self.write();
    }

    fn remember(&mut self) {
        for topic in &self.topics {
            if let Some(past) = topic.memory() {
                self.journal.remember(topic.name().clone(), past);
            }
        }
    }

    /// Writes down where the topics are. The stream goes on whether or not that can be done.
    pub fn keep(&mut self) {
        self.remember();
        self.write();
    }

    fn write(&mut self) {
        match self.journal.write() {
            Ok(()) => self.trouble.end(),
            Err(error) => self.trouble.begin(&error),
        }
    }
}
