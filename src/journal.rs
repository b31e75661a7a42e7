//! The journal: what is remembered of the topics that start at their first run, in a folder that is this hub's alone.
//!
//! One file for all topics, replaced as a whole, so that whatever ends the process leaves the file before or the
//! file after. What cannot be believed is set aside and told, never guessed at. Knows no schedule but its own.
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
pub use keeper::{Keeper, Work};
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
    /// What the file holds, once this process has written it.
    written: Option<Vec<u8>>,
}

impl Journal {
    /// Takes `folder`, which is created if it is absent, and reads what is remembered there. A damaged journal is
    /// set aside, told, and taken for an empty one.
    ///
    /// # Errors
    /// Another hub has the folder, it cannot be read or written, or a later version of this program wrote there.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let folder = Folder::take(folder)?;
        let pasts = match folder.read()?.map(|bytes| encoding::decode(&bytes)) {
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
        })
    }

    /// What is remembered of `topic`.
    #[must_use]
    pub fn past(&self, topic: &TopicName) -> Option<&Past> {
        self.pasts.get(topic)
    }

    /// Remembers `past` of `topic` with the next write.
    fn remember(&mut self, topic: TopicName, past: Past) {
        self.pasts.insert(topic, past);
    }

    /// Writes down what is remembered, unless the file says it already. When this returns, it outlives a power cut.
    fn write(&mut self) -> io::Result<()> {
        let bytes = encoding::encode(&self.pasts);
        if self.written.as_ref() == Some(&bytes) {
            return Ok(());
        }
        self.folder.replace(&bytes)?;
        self.written = Some(bytes);
        Ok(())
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
