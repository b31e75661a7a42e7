//! The journal: the checkpoints of topics with `start = "first-run"`, kept on disk across restarts.
//!
//! Two files for all topics: `journal` states the format, `journal.entries` grows by an entry (`entry.rs`) with each
//! change. The state folder is locked, so that it belongs to one hub only. The journal knows nothing of viewers, and
//! decides nothing: what follows from a checkpoint is up to `hub`, and what is written to [`crate::playback`].
//!
//! # Crashes and damage
//!
//! A process that dies at any instant leaves a readable journal: an incomplete last entry is ignored. A damaged journal
//! is set aside and logged, never repaired. `recovery.rs` says what distinguishes the two.
//!
//! # Write-ahead
//!
//! A new timeline is written before it is played. A change of some timelines is written in two steps
//! ([`JournalWriter::change`]): a proposal, which a reader ignores and which can still be withdrawn, and then a short
//! commit. So a hub that is killed at any moment continues, at its next start, the timelines that its viewers have
//! seen. Only the last `seq` is written afterwards, once a second: it follows from the timeline and the clock, and
//! matters only if the wall clock is set back between two runs.
//!
//! # Length
//!
//! The entries are replaced by one entry with all topics at each start, after an append that could not be undone, and
//! when the file exceeds twice the length that it had then plus 4 KiB. So a write costs what has changed, and at most
//! about half of the file is obsolete.
//!
//! # What a checkpoint holds
//!
//! The dataset's digest, the epoch, the segments of the timeline and the last publication, for every topic that was
//! ever journalled in the folder. Topics that are not configured at the moment keep their checkpoints.

mod damage;
mod entries_file;
mod entry;
mod entry_line;
mod format_file;
mod inspection;
mod journal_error;
mod journal_health;
mod journal_thread;
mod recovery;
mod state_folder;
mod sync_timer;
mod writer;

use std::io;
use std::path::Path;

pub use inspection::{check_usable, has_checkpoint, has_journal};
pub use journal_error::JournalError;
pub use journal_health::JournalHealth;
pub use journal_thread::{DISK_TIMEOUT, JournalThread, PendingJournal, wait_for};
pub use writer::{ChangeOutcome, JournalJob, JournalWriter, PreparedChange};

use damage::Damage;
use entries_file::{AppendError, CompactContent, EntriesFile, EntryMark};
use entry::{Checkpoints, Entry, ProposedSegments, topic_entries};
use format_file::FormatFile;
use state_folder::{ENTRIES, FORMAT, ReplaceError, StateFolder};

use crate::hub::Checkpoint;
use crate::protocol::{Seq, TopicName};

/// An open journal. Its folder is locked until the journal is dropped or the process ends.
#[derive(Debug)]
pub struct Journal {
    folder: StateFolder,
    /// What a process that starts now reads, except for the newest publications, if they could not be written.
    checkpoints: Checkpoints,
    /// The file with the entries. `None` until this process has written it, and if its content is not certain: the next
    /// write then replaces it.
    entries: Option<EntriesFile>,
}

/// Why a change is not made.
#[derive(Debug)]
struct ChangeError {
    error: io::Error,
    /// Whether a process that starts now makes the change nevertheless, because it could not be undone.
    is_committed: bool,
}

impl Journal {
    /// Locks `folder`, which is created if it does not exist, and reads its journal. A damaged journal is logged and set
    /// aside; the journal is then empty. Nothing is written yet.
    ///
    /// # Errors
    /// Another hub uses the folder, it cannot be read or written, or a later version of this program has written it.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let folder = StateFolder::lock(folder)?;
        let checkpoints = read(&folder)?;
        Ok(Self {
            folder,
            checkpoints,
            entries: None,
        })
    }

    /// Returns the last checkpoint of `topic`.
    #[must_use]
    pub fn checkpoint(&self, topic: &TopicName) -> Option<&Checkpoint> {
        self.checkpoints.get(topic)
    }

    /// Makes the file ready for an append. Fails if the state folder is no longer the one that was locked.
    fn prepare(&mut self) -> io::Result<&mut EntriesFile> {
        self.folder.check_not_replaced()?;
        let is_usable = match &self.entries {
            Some(entries) => self.folder.has_in_place(entries)? && self.folder.has_format(),
            None => false,
        };
        if !is_usable {
            self.rewrite().map_err(ReplaceError::into_inner)?;
        }
        Ok(self.entries.as_mut().expect("it was just written"))
    }

    /// Replaces the file with one that has each topic once.
    fn rewrite(&mut self) -> Result<(), ReplaceError> {
        let content = CompactContent::new(&self.checkpoints);
        if content.bytes.len() as u64 > damage::LEN_MAX {
            let error = io::ErrorKind::FileTooLarge.into();
            return Err(ReplaceError::Unchanged(error));
        }
        match self.folder.replace_entries(content) {
            Ok(entries) => self.entries = Some(entries),
            Err(error) => {
                if matches!(error, ReplaceError::Unsynced(_)) {
                    self.entries = None;
                }
                return Err(error);
            }
        }
        self.write_format().inspect_err(|_| self.entries = None)
    }

    /// Writes the file that states the format. Last, so that an older format counts until the entries are complete.
    fn write_format(&self) -> Result<(), ReplaceError> {
        let format = FormatFile::encode();
        if matches!(self.folder.read(FORMAT), Ok(Some(Ok(bytes))) if bytes == format) {
            return Ok(());
        }
        self.folder.replace_format(&format)
    }

    /// Appends `entry`. If that fails, it leaves no trace.
    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let entries = self.prepare()?;
        let mark = entries.end();
        entries.append(entry).map_err(|error| {
            self.undo(mark);
            error.into_inner()
        })?;
        Ok(())
    }

    /// Removes everything after `mark` from the file. Returns whether a process that starts now does not see it.
    fn undo(&mut self, mark: EntryMark) -> bool {
        let Some(entries) = &mut self.entries else {
            return false;
        };
        let is_cut = entries.truncate(mark).is_ok();
        if !is_cut || entries.sync().is_err() {
            self.entries = None;
        }
        is_cut
    }

    /// Writes the checkpoints in `changed`. If that fails, nothing changes.
    fn set(&mut self, changed: Checkpoints) -> io::Result<()> {
        self.append(&Entry::Topics(topic_entries(&changed)))?;
        self.checkpoints.extend(changed);
        Ok(())
    }

    /// Sets the checkpoint of `name` in memory only, or removes it. The next write replaces the file.
    fn set_unwritten(&mut self, name: TopicName, checkpoint: Option<Checkpoint>) {
        self.entries = None;
        match checkpoint {
            Some(checkpoint) => self.checkpoints.insert(name, checkpoint),
            None => self.checkpoints.remove(&name),
        };
    }

    /// Writes the last publications in `newest` that have changed. `is_probe` asks for a write even if none has, to
    /// find out whether the disk works again.
    fn write_seqs(&mut self, newest: &[(TopicName, Seq)], is_probe: bool) -> io::Result<()> {
        let entries = self.prepare()?;
        let compacted = if entries.is_worth_compacting() {
            self.rewrite().map_err(ReplaceError::into_inner)
        } else {
            Ok(())
        };
        let known = |name: &TopicName| self.checkpoints.get(name).map(|known| known.seq);
        let is_new =
            |(name, seq): &&(TopicName, Seq)| known(name).is_some_and(|known| known != *seq);
        let changed: Vec<_> = newest.iter().filter(is_new).collect();
        if !changed.is_empty() || is_probe {
            let seqs = changed
                .iter()
                .map(|(name, seq)| (name.to_string(), seq.get()));
            self.append(&Entry::Seq(seqs.collect()))?;
            for (name, seq) in newest {
                if let Some(checkpoint) = self.checkpoints.get_mut(name) {
                    checkpoint.seq = *seq;
                }
            }
        }
        // Without space for a second copy, the file grows as long as it can.
        compacted
    }

    /// Replaces the checkpoints of some topics with others of the same epochs. Asks `is_wanted` as late as possible,
    /// when only the commit is missing; if the answer is no, nothing changes. Returns the answer.
    fn change(
        &mut self,
        mut changed: Checkpoints,
        is_wanted: impl FnOnce() -> bool,
    ) -> Result<bool, ChangeError> {
        for (name, new) in &mut changed {
            // A proposal holds segments only, so the next write of the last publications must not count these as known.
            if let Some(old) = self.checkpoints.get(name) {
                new.seq = old.seq;
            }
        }
        let proposal = changed.iter().filter_map(|(name, new)| {
            let old = self.checkpoints.get(name)?;
            Some(ProposedSegments::between(name, old, new))
        });
        let proposal = Entry::Propose(proposal.collect());
        let entries = self.prepare().map_err(ChangeError::unchanged)?;
        let mark = entries.end();
        let proposed = entries.append(&proposal).map_err(|error| {
            self.undo(mark);
            ChangeError::unchanged(error.into_inner())
        })?;
        if !is_wanted() {
            self.undo(mark);
            return Ok(false);
        }
        let entries = self.entries.as_mut().expect("it has the proposal");
        if let Err(error) = entries.append(&Entry::Commit(proposed)) {
            return Err(self.roll_back(mark, error, changed));
        }
        self.checkpoints.extend(changed);
        Ok(true)
    }

    /// Undoes a change whose commit has failed with `error`. The result is what a restart would read, not what the disk
    /// has confirmed.
    fn roll_back(
        &mut self,
        mark: EntryMark,
        error: AppendError,
        changed: Checkpoints,
    ) -> ChangeError {
        let is_undone =
            self.undo(mark) || matches!(self.rewrite(), Ok(()) | Err(ReplaceError::Unsynced(_)));
        let is_committed = !is_undone && matches!(error, AppendError::Unsynced(_));
        if is_committed {
            self.checkpoints.extend(changed);
        }
        ChangeError {
            error: error.into_inner(),
            is_committed,
        }
    }
}

impl ChangeError {
    const fn unchanged(error: io::Error) -> Self {
        Self {
            error,
            is_committed: false,
        }
    }
}

/// Reads the journal in `folder`. A damaged file is set aside, with everything that depends on it.
fn read(folder: &StateFolder) -> Result<Checkpoints, JournalError> {
    let Some(format) = folder.read(FORMAT)? else {
        return Ok(Checkpoints::new());
    };
    match format.and_then(|bytes| FormatFile::decode(&bytes)) {
        Ok(FormatFile::Checkpoints(checkpoints)) => Ok(checkpoints),
        Ok(FormatFile::Entries) => match folder.read(ENTRIES)? {
            None => set_aside(folder, &[FORMAT], &Damage::NoEntries),
            Some(entries) => entries
                .and_then(|bytes| recovery::recover(&bytes))
                .or_else(|damage| set_aside(folder, &[ENTRIES], &damage)),
        },
        Err(damage) => set_aside(folder, &[FORMAT, ENTRIES], &damage),
    }
}

/// Sets the files `names` aside, of which the first has this `damage`.
fn set_aside(
    folder: &StateFolder,
    names: &[&str],
    damage: &Damage,
) -> Result<Checkpoints, JournalError> {
    if let Some(error) = folder.later_version(damage) {
        return Err(error);
    }
    let aside = folder.set_aside(names)?;
    tracing::error!(
        event = "journal.damaged",
        path = %folder.path(names[0]).display(),
        problem = %damage,
        moved_to = %aside.display(),
        reason = damage.label(),
        "the journal is damaged and was set aside; every topic with `start = \"first-run\"` starts a new timeline"
    );
    Ok(Checkpoints::new())
}

#[cfg(test)]
mod tests;
