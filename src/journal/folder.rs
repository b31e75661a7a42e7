//! The state folder: locked for the life of the process, with one file that is only ever replaced as a whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::JournalError;

/// A state folder that is ours.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Held, never read: the system lets go of the lock when the process ends, however it ends.
    _lock: File,
}

/// What is locked. Not the journal itself: that is another file after each write.
const LOCK: &str = "lock";
const JOURNAL: &str = "journal";
/// The next journal while it is written.
const NEXT: &str = "journal.new";
/// Followed by a number, counted from 1.
const DAMAGED: &str = "journal.damaged-";

impl Folder {
    /// Creates the folder if it is absent, and locks it.
    pub(super) fn take(path: &Path) -> Result<Self, JournalError> {
        create(path).map_err(|error| JournalError::unusable(path, path, error))?;
        let lock = path.join(LOCK);
        let unusable = |error| JournalError::unusable(path, &lock, error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: file,
            }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked {
                folder: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }

    /// Where the journal is.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The journal's bytes; `None` where there is none yet.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, JournalError> {
        match fs::read(self.journal()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unusable(&self.journal(), error)),
        }
    }

    /// Puts `bytes` in the place of the journal. Whatever happens meanwhile, the one or the other is there, whole.
    pub(super) fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        let next = self.path.join(NEXT);
        let mut file = File::create(&next)?;
        file.write_all(bytes)?;
        // Before the rename: a name that outlives a power cut must not name a file that does not.
        file.sync_all()?;
        fs::rename(&next, self.journal())?;
        sync(&self.path)
    }

    /// Gives the journal another name, one that no file has; returns it.
    pub(super) fn set_aside(&self) -> Result<PathBuf, JournalError> {
        let names = (1_u64..).map(|number| self.path.join(format!("{DAMAGED}{number}")));
        // Nobody else names files here: the folder is locked.
        let aside = names
            .into_iter()
            .find(|name| fs::symlink_metadata(name).is_err())
            .expect("the numbers do not end before the files do");
        fs::rename(self.journal(), &aside)
            .and_then(|()| sync(&self.path))
            .map_err(|error| self.unusable(&aside, error))?;
        Ok(aside)
    }

    pub(super) fn newer(&self, version: u32) -> JournalError {
        JournalError::Newer {
            path: self.journal(),
            version,
        }
    }

    pub(super) fn unusable(&self, path: &Path, error: io::Error) -> JournalError {
        JournalError::unusable(&self.path, path, error)
    }
}

/// Creates the folder at `path` with those above it, and makes the names of the new ones outlive a power cut.
fn create(path: &Path) -> io::Result<()> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<_> = path.ancestors().take_while(is_new).collect();
    fs::create_dir_all(path)?;
    for folder in new {
        let above = folder
            .parent()
            .filter(|above| !above.as_os_str().is_empty());
        sync(above.unwrap_or(Path::new(".")))?;
    }
    Ok(())
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_created_with_those_above_it_and_is_one_holders_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b/c");
        let folder = Folder::take(&path).unwrap();
        assert!(matches!(
            Folder::take(&path),
            Err(JournalError::Locked { .. })
        ));
        drop(folder);
        assert!(Folder::take(&path).is_ok());
    }

    #[test]
    fn what_was_set_aside_before_is_not_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::take(parent.path()).unwrap();
        assert_eq!(folder.read().unwrap(), None);
        for text in ["one", "two", "three"] {
            folder.replace(text.as_bytes()).unwrap();
            let aside = folder.set_aside().unwrap();
            assert_eq!(fs::read_to_string(aside).unwrap(), text);
        }
        assert_eq!(
            fs::read_to_string(parent.path().join("journal.damaged-1")).unwrap(),
            "one"
        );
        assert_eq!(folder.read().unwrap(), None);
    }

    #[test]
    fn what_an_earlier_write_left_half_done_is_no_obstacle() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::take(parent.path()).unwrap();
        folder.replace(b"whole").unwrap();
        fs::write(parent.path().join(NEXT), "a longer text, torn").unwrap();
        assert_eq!(folder.read().unwrap(), Some(b"whole".to_vec()));
        folder.replace(b"next").unwrap();
        assert_eq!(folder.read().unwrap(), Some(b"next".to_vec()));
    }
}
