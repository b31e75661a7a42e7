//! `Keeper`: writes down where the topics are, at their beginning, once a second, and at the end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Journal, JournalError};
use crate::clock::{Alarm, Clock, Woken};
use crate::hub::{Course, Past, Topic};
use crate::protocol::TopicName;

/// A journal with the topics it is kept for.
#[derive(Debug)]
pub struct Keeper {
    journal: Journal,
    topics: Vec<Arc<Topic>>,
    is_failing: bool,
}

impl Keeper {
    /// Between two writes. Bounds what a wall clock that is wrong after a crash can have published twice, and is
    /// slow enough for any disk.
    const EVERY: Duration = Duration::from_secs(1);

    /// Writes down where `topics` begin. Nothing of theirs may be sent before that is done.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub fn begin(journal: Journal, topics: Vec<Arc<Topic>>) -> Result<Self, JournalError> {
        let mut keeper = Self {
            journal,
            topics,
            is_failing: false,
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

    /// Keeps the journal of `keeper` until `alarm` is rung, and writes it once more then. Blocks its thread.
    pub fn run(keeper: &Mutex<Self>, clock: &Clock, alarm: &Alarm) {
        let lock = || keeper.lock().unwrap_or_else(PoisonError::into_inner);
        while alarm.wait_until(clock, clock.now().after(Self::EVERY)) != Woken::Rung {
            lock().keep();
        }
        lock().keep();
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

    /// Has `topic` go on with `course`, which is written down before anything of it is sent; false if it comes too
    /// late. A journal that cannot be written stops no topic.
    #[must_use]
    pub fn change(&mut self, topic: &Topic, course: Course) -> bool {
        self.remember();
        if let Some(past) = topic.memory_on(&course) {
            self.journal.remember(topic.name().clone(), past);
        }
        self.write();
        topic.adopt(course)
    }

    fn remember(&mut self) {
        for topic in &self.topics {
            if let Some(past) = topic.memory() {
                self.journal.remember(topic.name().clone(), past);
            }
        }
    }

    /// The stream goes on whether or not it can be written down; that it cannot, and that it can again, is told.
    fn keep(&mut self) {
        self.remember();
        self.write();
    }

    fn write(&mut self) {
        let result = self.journal.write();
        let path = self.journal.folder.journal();
        match &result {
            Err(error) if !self.is_failing => tracing::error!(
                event = "journal.failed",
                path = %path.display(),
                error = error.to_string(),
                "the journal cannot be written; the stream goes on, and a restart may know less of it"
            ),
            Ok(()) if self.is_failing => tracing::info!(
                event = "journal.recovered",
                path = %path.display(),
                "the journal is written again"
            ),
            _ => {}
        }
        self.is_failing = result.is_err();
    }
}
