//! The state folder: locked for the life of the process, with one file that is only ever replaced as a whole.
//!
//! Everything in it is reached through the folder's own descriptor, never through its path. A folder that is put in its
//! place is another hub's, and nothing that this hub does can touch it.
//!
//! # Locks
//!
//! The folder itself is locked, so that deleting the file `lock` lets no second hub in; and that file as well, for file
//! systems that lock no folders (NFS), and for hubs of versions that lock only the file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::JournalError;
use super::encoding::Damage;

/// A state folder that is ours.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// The folder, locked; the system lets go of the lock when the process ends, however it ends.
    dir: File,
    /// The file `lock` in it, locked likewise. Held, never read.
    lock: File,
}

/// What is locked. Not the journal itself: that is another file after each write.
const LOCK: &str = "lock";
const JOURNAL: &str = "journal";
/// The next journal while it is written.
const NEXT: &str = "journal.new";
/// Followed by a number, counted from 1.
const DAMAGED: &str = "journal.damaged-";

/// For names in the folder: links are not followed, and what is no file (a FIFO, a device) is not waited for.
const OWN: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// Of new files; the process's mask takes its part.
const MODE: Mode = Mode::from_raw_mode(0o666);

impl Folder {
    /// The longest journal in bytes. A segment takes some 130 of them, so this is half a million changes of a rate;
    /// what is longer was not written by a hub, and is not read.
    pub(super) const LEN_MAX: u64 = 64 * 1024 * 1024;

    /// Creates the folder if it is absent, and locks it.
    pub(super) fn take(path: &Path) -> Result<Self, JournalError> {
        let unusable = |error| JournalError::unusable(path, path, error);
        create(path).map_err(unusable)?;
        let dir = OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::DIRECTORY | OFlags::NONBLOCK).bits().cast_signed())
            .open(path)
            .map_err(unusable)?;
        match dir.try_lock() {
            // Some file systems lock files only.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::locked(path)),
        }
        let lock = open(path, &dir, LOCK, OFlags::WRONLY | OFlags::CREATE)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                dir,
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(JournalError::locked(path)),
            Err(TryLockError::Error(error)) => {
                Err(JournalError::unusable(path, &path.join(LOCK), error))
            }
        }
    }

    /// Where the journal is.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// The journal's bytes, or why they are none; `None` where there is no journal yet.
    pub(super) fn read(&self) -> Result<Option<Result<Vec<u8>, Damage>>, JournalError> {
        let file = match open(&self.path, &self.dir, JOURNAL, OFlags::RDONLY) {
            Ok(file) => file,
            Err(JournalError::Unusable { error, .. })
                if error.kind() == io::ErrorKind::NotFound =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let unusable = |error| self.unusable(&self.journal(), error);
        let len = file.metadata().map_err(unusable)?.len();
        let mut bytes = Vec::new();
        if len <= Self::LEN_MAX {
            // It may grow while it is read.
            file.take(Self::LEN_MAX + 1)
                .read_to_end(&mut bytes)
                .map_err(unusable)?;
        }
        let len = len.max(bytes.len() as u64);
        let is_too_long = len > Self::LEN_MAX;
        Ok(Some(if is_too_long {
            Err(Damage::TooLong(len))
        } else {
            Ok(bytes)
        }))
    }

    /// Fails if the path leads to another folder by now, or to another lock: what is written here would not be found by
    /// the next start.
    pub(super) fn check(&self) -> io::Result<()> {
        let is_same = |name: &Path, held: &File| {
            let there = fs::metadata(name)?;
            let held = held.metadata()?;
            io::Result::Ok((there.dev(), there.ino()) == (held.dev(), held.ino()))
        };
        let replaced = |what| {
            let text = format!("{what} was deleted or replaced while the hub ran; restart it");
            Err(io::Error::other(text))
        };
        match is_same(&self.path, &self.dir) {
            Ok(true) => {}
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => return replaced("the state folder"),
        }
        match is_same(&self.path.join(LOCK), &self.lock) {
            Ok(true) => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => replaced("the file `lock` of the state folder"),
        }
    }

    /// Writes `bytes` to the disk beside the journal, to [replace it](Self::commit).
    pub(super) fn prepare(&self, bytes: &[u8]) -> io::Result<()> {
        match unlinkat(&self.dir, NEXT, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        // A new file: if another program puts something there first, such as a link, it is neither followed nor
        // overwritten.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OWN;
        let mut file = File::from(openat(&self.dir, NEXT, flags, MODE)?);
        file.write_all(bytes)?;
        // Before the rename: a name that outlives a power cut must not name a file that does not.
        file.sync_all()
    }

    /// Replaces the journal by what was prepared. At any moment either the old or the new journal is there, whole; a
    /// process that starts after this reads the new one. A power cut may bring back the old one until
    /// [`Self::sync`].
    pub(super) fn commit(&self) -> io::Result<()> {
        Ok(renameat(&self.dir, NEXT, &self.dir, JOURNAL)?)
    }

    /// Makes the replaced journal outlive a power cut.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.dir.sync_all()
    }

    /// Gives the journal another name, one that no file has; returns it.
    pub(super) fn set_aside(&self) -> Result<PathBuf, JournalError> {
        let names = (1_u64..).map(|number| format!("{DAMAGED}{number}"));
        // Nobody else names files here: the folder is locked.
        let aside = names
            .into_iter()
            .find(|name| statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW).is_err())
            .expect("the numbers do not end before the files do");
        let path = self.path.join(&aside);
        renameat(&self.dir, JOURNAL, &self.dir, &aside)
            .map_err(io::Error::from)
            .and_then(|()| self.sync())
            .map_err(|error| self.unusable(&path, error))?;
        Ok(path)
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

/// Opens the file `name` in `dir`, which is at `folder`. Does not wait for what is no file.
fn open(folder: &Path, dir: &File, name: &str, flags: OFlags) -> Result<File, JournalError> {
    let path = folder.join(name);
    let unusable = |error| JournalError::unusable(folder, &path, error);
    // First without opening it: a socket cannot be opened, and a device may do something when it is.
    let kind = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
        Err(Errno::NOENT) => FileType::RegularFile,
        Err(error) => return Err(unusable(error.into())),
    };
    let no_file = |kind| JournalError::NoFile {
        path: path.clone(),
        kind,
    };
    if kind != FileType::RegularFile {
        return Err(no_file(word(kind)));
    }
    let file = openat(dir, name, flags | OWN, MODE).map_err(|error| unusable(error.into()))?;
    let file = File::from(file);
    // It may have become another one in between.
    let is_file = file.metadata().map_err(unusable)?.is_file();
    is_file.then_some(file).ok_or_else(|| no_file("no file"))
}

const fn word(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::BlockDevice | FileType::CharacterDevice => "a device",
        FileType::RegularFile | FileType::Unknown => "no file",
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
        File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn replace(folder: &Folder, bytes: &[u8]) {
        folder.prepare(bytes).unwrap();
        folder.commit().unwrap();
        folder.sync().unwrap();
    }

    #[test]
    fn a_folder_is_created_with_those_above_it_and_is_one_holders_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b/c");
        let folder = Folder::take(&path).unwrap();
        let is_locked = || matches!(Folder::take(&path), Err(JournalError::Locked { .. }));
        assert!(is_locked());
        fs::remove_file(path.join(LOCK)).unwrap();
        assert!(is_locked(), "another lock file is another lock");
        drop(folder);
        assert!(Folder::take(&path).is_ok());
    }

    #[test]
    fn what_was_set_aside_before_is_not_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::take(parent.path()).unwrap();
        assert_eq!(folder.read().unwrap(), None);
        for text in ["one", "two", "three"] {
            replace(&folder, text.as_bytes());
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
        replace(&folder, b"whole");
        fs::write(parent.path().join(NEXT), "a longer text, torn").unwrap();
        assert_eq!(folder.read().unwrap(), Some(Ok(b"whole".to_vec())));
        replace(&folder, b"next");
        assert_eq!(folder.read().unwrap(), Some(Ok(b"next".to_vec())));
    }

    #[test]
    fn a_link_in_the_place_of_the_next_journal_is_replaced_and_not_followed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::take(parent.path()).unwrap();
        let other = parent.path().join("other");
        fs::write(&other, "somebody's").unwrap();
        symlink(&other, parent.path().join(NEXT)).unwrap();
        replace(&folder, b"ours");
        assert_eq!(fs::read_to_string(other).unwrap(), "somebody's");
        assert_eq!(folder.read().unwrap(), Some(Ok(b"ours".to_vec())));
    }

    #[test]
    fn a_folder_in_the_place_of_ours_is_noticed_and_not_written_to() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("state");
        let first = Folder::take(&path).unwrap();
        first.check().unwrap();
        fs::rename(&path, parent.path().join("moved")).unwrap();
        assert!(first.check().is_err());
        let second = Folder::take(&path).unwrap();
        replace(&second, b"second");
        let problem = first.check().unwrap_err().to_string();
        assert!(problem.contains("was deleted or replaced"), "{problem}");
        replace(&first, b"first");
        assert_eq!(second.read().unwrap(), Some(Ok(b"second".to_vec())));
    }

    #[test]
    fn another_lock_in_the_same_folder_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::take(parent.path()).unwrap();
        let lock = parent.path().join(LOCK);
        fs::rename(&lock, parent.path().join("other")).unwrap();
        assert!(folder.check().is_err());
        fs::write(&lock, "").unwrap();
        assert!(folder.check().is_err());
    }
}
