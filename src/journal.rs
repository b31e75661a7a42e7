//! The journal: the checkpoints of topics with `start = "first-run"`, kept on disk across restarts.
//!
//! One file for all topics, replaced as a whole: a crash leaves either the old or the new file. A damaged file is set
//! aside and logged, never repaired. The state folder is locked, so that it belongs to one hub only. The journal knows
//! nothing of viewers, and decides nothing: what follows from a checkpoint is up to `hub`.
//!
//! # Write-ahead
//!
//! A new timeline and a new segment are written first ([`JournalWriter::start`], [`JournalWriter::add`],
//! [`JournalWriter::change`]) and take effect only if that succeeds. So a hub that is killed at any moment continues,
//! at its next start, the timelines that its viewers have seen. Only the last `seq` is written afterwards, once a
//! second: it follows from the timeline and the clock, and matters only if the wall clock is set back between two runs.
//!
//! # What a checkpoint holds
//!
//! The dataset's digest, the segments of the timeline and the last publication, for every topic that was ever
//! journalled in the folder. Topics that are not configured at the moment keep their checkpoints.

mod damage;
mod encoding;
mod journal_error;
mod journal_health;
mod state_folder;
mod writer;

use std::io;
use std::path::Path;

pub use journal_error::JournalError;
pub use journal_health::JournalHealth;
pub use writer::{ChangeOutcome, JournalJob, JournalWriter, ScheduleChange};

use damage::{Damage, LEN_MAX};
use encoding::Checkpoints;
use state_folder::StateFolder;

use crate::hub::Checkpoint;
use crate::protocol::TopicName;

/// An open journal. Its folder is locked until the journal is dropped or the process ends.
#[derive(Debug)]
pub struct Journal {
    folder: StateFolder,
    /// What the next write puts into the file.
    checkpoints: Checkpoints,
    /// The content of the file; `None` until this process has written it.
    written: Option<Vec<u8>>,
    /// Whether `written` survives a power failure.
    is_synced: bool,
}

/// How a write failed.
#[derive(Debug)]
enum WriteError {
    /// The file is unchanged.
    Unchanged(io::Error),
    /// The file was replaced, but a power failure may bring back the old one.
    Unsynced(io::Error),
}

impl WriteError {
    fn into_inner(self) -> io::Error {
        match self {
            Self::Unchanged(error) | Self::Unsynced(error) => error,
        }
    }
}

impl Journal {
    /// Locks `folder`, which is created if it does not exist, and reads its journal. A damaged journal is logged, set
    /// aside, and replaced with an empty one.
    ///
    /// # Errors
    /// Another hub uses the folder, it cannot be read or written, or its journal is of a later version.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let folder = StateFolder::lock(folder)?;
        let decode = |bytes: Vec<u8>| encoding::decode(&bytes);
        let checkpoints = match folder.read()?.map(|read| read.and_then(decode)) {
            None => Checkpoints::new(),
            Some(Ok(checkpoints)) => checkpoints,
            Some(Err(Damage::Newer(version))) => return Err(folder.newer(version)),
            Some(Err(damage)) => {
                set_aside(&folder, &damage)?;
                Checkpoints::new()
            }
        };
        Ok(Self {
            folder,
            checkpoints,
            written: None,
            is_synced: false,
        })
    }

    /// Returns the last checkpoint of `topic`.
    #[must_use]
    pub fn checkpoint(&self, topic: &TopicName) -> Option<&Checkpoint> {
        self.checkpoints.get(topic)
    }

    /// Sets the checkpoint of `topic` for the next write; `None` removes it.
    fn set_checkpoint(&mut self, topic: TopicName, checkpoint: Option<Checkpoint>) {
        match checkpoint {
            Some(checkpoint) => self.checkpoints.insert(topic, checkpoint),
            None => self.checkpoints.remove(&topic),
        };
    }

    /// Writes the checkpoints to the file if they have changed. Once this returns, they survive a power failure.
    fn write(&mut self) -> Result<(), WriteError> {
        self.write_if(|| true).map(|_| ())
    }

    /// Does the same, but asks `is_wanted` as late as possible, when the file only has to be replaced, and leaves the
    /// file unchanged if the answer is no. Returns the answer.
    fn write_if(&mut self, is_wanted: impl FnOnce() -> bool) -> Result<bool, WriteError> {
        let unchanged = WriteError::Unchanged;
        self.folder.check_not_replaced().map_err(unchanged)?;
        let bytes = encoding::encode(&self.checkpoints);
        if self.is_synced && self.written.as_ref() == Some(&bytes) {
            return Ok(is_wanted());
        }
        if bytes.len() as u64 > LEN_MAX {
            return Err(unchanged(io::ErrorKind::FileTooLarge.into()));
        }
        self.folder.prepare(&bytes).map_err(unchanged)?;
        if !is_wanted() {
            return Ok(false);
        }
        self.folder.commit().map_err(unchanged)?;
        self.written = Some(bytes);
        self.is_synced = false;
        self.folder.sync().map_err(WriteError::Unsynced)?;
        self.is_synced = true;
        Ok(true)
    }
}

fn set_aside(folder: &StateFolder, damage: &Damage) -> Result<(), JournalError> {
    let aside = folder.set_aside()?;
    tracing::error!(
        event = "journal.damaged",
        path = %folder.journal().display(),
        problem = %damage,
        moved_to = %aside.display(),
        "the journal is damaged and was set aside; every topic with `start = \"first-run\"` starts a new timeline"
    );
    Ok(())
}
