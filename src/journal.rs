//! The journal: what is remembered of the topics that start at their first run, in a folder that is this hub's alone.
//!
//! One file for all topics, replaced as a whole, so that whatever ends the process leaves the file before or the
//! file after. What cannot be believed is set aside and told, never guessed at. Knows no schedule but its own.
//!
//! # The record comes before the effect
//!
//! A timeline that begins, and a segment that is added to one, are written first ([`Keeper::begin`], [`Keeper::add`],
//! [`Keeper::change`]), and are in force only if that succeeded. So a hub that is killed at any moment finds at its
//! next start what its viewers were sent. Only where a topic stands is written after the fact, once a second: that
//! follows from the timeline and the clock, and a `seq` has the same instant however old the note of it is.
//!
//! # Remembered
//!
//! The dataset, the segments of the timeline and the last publication sent, of every topic there ever was in the
//! folder; a topic that is not configured at present keeps its place.

mod encoding;
mod error;
mod folder;
mod keeper;
mod trouble;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use error::JournalError;
pub use keeper::{Change, Keeper, Outcome, Work};
pub use trouble::Trouble;

use encoding::Damage;
use folder::Folder;

use crate::hub::Past;
use crate::protocol::TopicName;

/// What is remembered, by topic.
type Pasts = BTreeMap<TopicName, Past>;

/// An open journal; its folder is locked until it is dropped or the process ends.
#[derive(Debug)]
pub struct Journal {
    folder: Folder,
    pasts: Pasts,
    /// The content of the file, once this process has written it.
    written: Option<Vec<u8>>,
    /// Whether that content outlives a power cut.
    is_synced: bool,
}

/// How a write failed.
#[derive(Debug)]
enum WriteError {
    /// The file is as it was before.
    Unchanged(io::Error),
    /// The new file is there; a power cut may bring back the one before.
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
    /// Takes `folder`, which is created if it is absent, and reads what is remembered there. A damaged journal is
    /// set aside, told, and taken for an empty one.
    ///
    /// # Errors
    /// Another hub has the folder, it cannot be read or written, or a later version of this program wrote there.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let folder = Folder::take(folder)?;
        let decode = |bytes: Vec<u8>| encoding::decode(&bytes);
        let pasts = match folder.read()?.map(|read| read.and_then(decode)) {
            None => Pasts::new(),
            Some(Ok(pasts)) => pasts,
            Some(Err(Damage::Newer(version))) => return Err(folder.newer(version)),
            Some(Err(damage)) => {
                set_aside(&folder, &damage)?;
                Pasts::new()
            }
        };
        Ok(Self {
            folder,
            pasts,
            written: None,
            is_synced: false,
        })
    }

    /// What is remembered of `topic`.
    #[must_use]
    pub fn past(&self, topic: &TopicName) -> Option<&Past> {
        self.pasts.get(topic)
    }

    /// Remembers `past` of `topic` with the next write, or nothing of it for `None`.
    fn remember(&mut self, topic: TopicName, past: Option<Past>) {
        match past {
            Some(past) => self.pasts.insert(topic, past),
            None => self.pasts.remove(&topic),
        };
    }

    /// Writes down what is remembered, unless the file says it already. When this returns, it outlives a power cut.
    fn write(&mut self) -> Result<(), WriteError> {
        self.write_if(|| true).map(|_| ())
    }

    /// The same, if `is_wanted` says so once nothing but the replacing of the file is left to be done; returns what it
    /// said.
    fn write_if(&mut self, is_wanted: impl FnOnce() -> bool) -> Result<bool, WriteError> {
        let unchanged = WriteError::Unchanged;
        self.folder.check().map_err(unchanged)?;
        let bytes = encoding::encode(&self.pasts);
        if self.is_synced && self.written.as_ref() == Some(&bytes) {
            return Ok(is_wanted());
        }
        if bytes.len() as u64 > Folder::LEN_MAX {
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

fn set_aside(folder: &Folder, damage: &Damage) -> Result<(), JournalError> {
    let aside = folder.set_aside()?;
    tracing::error!(
        event = "journal.damaged",
        path = %folder.journal().display(),
        problem = %damage,
        moved_to = %aside.display(),
        "the journal cannot be believed and was set aside; every topic that starts at its first run begins anew"
    );
    Ok(())
}
