//! Looks at a state folder without locking, creating or changing anything in it: another hub may be using it.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::JournalError;
use super::damage::Damage;
use super::entry::Checkpoints;
use super::format_file::FormatFile;
use super::recovery;
use super::state_folder::{ENTRIES, FORMAT, LOCK, later_version, open_folder, read_file};
use crate::hub::Checkpoint;
use crate::protocol::TopicName;

/// Whether `folder` has a journal, readable or not.
#[must_use]
pub fn has_journal(folder: &Path) -> bool {
    folder.join(FORMAT).symlink_metadata().is_ok()
}

/// Whether `folder` has a journal with a checkpoint that `is_wanted`. A damaged journal counts, because a hub has to set
/// it aside and report it; a folder that cannot be read, or whose file has only the name of a journal, does not.
///
/// # Errors
/// A later version of this program wrote the journal.
pub fn has_checkpoint(
    folder: &Path,
    is_wanted: impl Fn(&TopicName, &Checkpoint) -> bool,
) -> Result<bool, JournalError> {
    let Ok(dir) = open_folder(folder) else {
        return Ok(false);
    };
    let Ok(content) = read(folder, &dir) else {
        return Ok(false);
    };
    match content {
        None => Ok(false),
        Some(Ok(checkpoints)) => Ok(checkpoints
            .iter()
            .any(|(name, checkpoint)| is_wanted(name, checkpoint))),
        Some(Err(damage)) => later_version(folder, &damage).map_or(Ok(true), Err),
    }
}

/// Checks that a hub could use `folder`, or create it. Whether another hub uses it is not checked: that may be the hub
/// for whose reload this is the check.
///
/// # Errors
/// It could not.
pub fn check_usable(folder: &Path) -> Result<(), JournalError> {
    let unusable = |path: &Path, error| JournalError::unusable(folder, path, error);
    let may = |path: &Path, access| {
        accessat(CWD, path, access, AtFlags::EACCESS).map_err(io::Error::from)
    };
    // A relative path of one part has the parent "".
    let named = |path: &Path| {
        let is_here = path.as_os_str().is_empty();
        (if is_here { Path::new(".") } else { path }).to_owned()
    };
    let existing = folder.ancestors().map(named).find(|path| path.exists());
    let existing = existing.ok_or_else(|| unusable(folder, io::ErrorKind::NotFound.into()))?;
    if !existing.is_dir() {
        return Err(unusable(&existing, io::ErrorKind::NotADirectory.into()));
    }
    may(&existing, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| unusable(&existing, error))?;
    if existing != folder {
        return Ok(());
    }
    let dir = open_folder(folder).map_err(|error| unusable(folder, error))?;
    let lock = folder.join(LOCK);
    if lock.exists() {
        may(&lock, Access::WRITE_OK).map_err(|error| unusable(&lock, error))?;
    }
    // The content of the lock is not used, but it must be a file.
    read_file(folder, &dir, LOCK)?;
    match read(folder, &dir)? {
        Some(Err(damage)) => later_version(folder, &damage).map_or(Ok(()), Err),
        None | Some(Ok(_)) => Ok(()),
    }
}

/// The checkpoints of the journal in the open folder `dir`, or its damage; `None` without a file that begins like a journal.
fn read(folder: &Path, dir: &File) -> Result<Option<Result<Checkpoints, Damage>>, JournalError> {
    let Some(format) = read_file(folder, dir, FORMAT)? else {
        return Ok(None);
    };
    Ok(Some(
        match format.and_then(|bytes| FormatFile::decode(&bytes)) {
            Ok(FormatFile::Checkpoints(checkpoints)) => Ok(checkpoints),
            Ok(FormatFile::Entries) => read_file(folder, dir, ENTRIES)?
                .unwrap_or(Err(Damage::NoEntries))
                .and_then(|bytes| recovery::recover(&bytes)),
            Err(Damage::NotAJournal) => return Ok(None),
            Err(damage) => Err(damage),
        },
    ))
}
