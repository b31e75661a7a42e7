//! The state folder: locked for the life of the process, with one file that is only replaced as a whole.
//!
//! Its files are opened relative to the folder's descriptor, never by path. If another folder is put in its place, that
//! may belong to another hub, and this hub does not touch it.
//!
//! # Locks
//!
//! The folder itself is locked, so that deleting the file `lock` does not let a second hub in; that file is locked as
//! well, for file systems that cannot lock folders (NFS), and for older versions, which lock only the file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, openat, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::JournalError;
use super::damage::{Damage, LEN_MAX};

/// A state folder that this process has locked.
#[derive(Debug)]
pub(super) struct StateFolder {
    path: PathBuf,
    /// The folder, locked; the system releases the lock when the process ends, even after a crash.
    dir: File,
    /// The file `lock` in it, locked likewise; its content is not used.
    lock: File,
}

/// The lock file. The journal itself cannot be locked, because each write replaces it with another file.
const LOCK: &str = "lock";
const JOURNAL: &str = "journal";
/// The next journal while it is being written.
const NEXT: &str = "journal.new";
/// The prefix of damaged journals, followed by a number from 1 on.
const DAMAGED: &str = "journal.damaged-";

/// How files in the folder are opened: without following links, and without blocking on a FIFO or a device.
const OPEN_FLAGS: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);
/// The mode of new files, before the umask.
const NEW_FILE_MODE: Mode = Mode::from_raw_mode(0o666);

impl StateFolder {
    /// Locks the folder, and creates it first if it does not exist.
    pub(super) fn lock(path: &Path) -> Result<Self, JournalError> {
        let unusable = |error| JournalError::unusable(path, path, error);
        create(path).map_err(unusable)?;
        let dir = OpenOptions::new()
            .read(true)
            .custom_flags((OFlags::DIRECTORY | OFlags::NONBLOCK).bits().cast_signed())
            .open(path)
            .map_err(unusable)?;
        match dir.try_lock() {
            // Some file systems can lock files only.
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

    /// The path of the journal.
    pub(super) fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL)
    }

    /// Returns the content of the journal, or why it cannot be read; `None` if there is no journal yet.
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
        if len <= LEN_MAX {
            // The file may grow while it is being read.
            file.take(LEN_MAX + 1)
                .read_to_end(&mut bytes)
                .map_err(unusable)?;
        }
        let len = len.max(bytes.len() as u64);
        let is_too_long = len > LEN_MAX;
        Ok(Some(if is_too_long {
            Err(Damage::TooLong(len))
        } else {
            Ok(bytes)
        }))
    }

    /// Fails if the path leads to another folder or another lock file by now: the next start would not find what is
    /// written here.
    pub(super) fn check_not_replaced(&self) -> io::Result<()> {
        let is_same = |path: &Path, open: &File| {
            let (at_path, open) = (fs::metadata(path)?, open.metadata()?);
            io::Result::Ok((at_path.dev(), at_path.ino()) == (open.dev(), open.ino()))
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

    /// Writes `bytes` to the disk beside the journal; [`Self::commit`] then replaces the journal.
    pub(super) fn prepare(&self, bytes: &[u8]) -> io::Result<()> {
        match unlinkat(&self.dir, NEXT, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        // Creates a new file: whatever another program puts there, such as a link, is neither followed nor overwritten.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OPEN_FLAGS;
        let mut file = File::from(openat(&self.dir, NEXT, flags, NEW_FILE_MODE)?);
        file.write_all(bytes)?;
        // Before the rename, so that the name never survives a power failure without the content.
        file.sync_all()
    }

    /// Replaces the journal with the prepared one, atomically. A process that starts after this reads the new one;
    /// until [`Self::sync`] a power failure may bring back the old one.
    pub(super) fn commit(&self) -> io::Result<()> {
        Ok(renameat(&self.dir, NEXT, &self.dir, JOURNAL)?)
    }

    /// Makes sure that the new journal survives a power failure.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.dir.sync_all()
    }

    /// Renames the journal to an unused name, and returns its path.
    pub(super) fn set_aside(&self) -> Result<PathBuf, JournalError> {
        let names = (1_u64..).map(|number| format!("{DAMAGED}{number}"));
        // No other process creates files here, because the folder is locked.
        let aside = names
            .into_iter()
            .find(|name| statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW).is_err())
            .expect("there are more numbers than files");
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

/// Opens the file `name` in `dir`, whose path is `folder`. Never blocks on a FIFO or a device.
fn open(folder: &Path, dir: &File, name: &str, flags: OFlags) -> Result<File, JournalError> {
    let path = folder.join(name);
    let unusable = |error| JournalError::unusable(folder, &path, error);
    // Checked before opening: a socket cannot be opened, and opening a device may have effects.
    let kind = match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode),
        Err(Errno::NOENT) => FileType::RegularFile,
        Err(error) => return Err(unusable(error.into())),
    };
    let not_a_file = |kind| JournalError::NotAFile {
        path: path.clone(),
        kind,
    };
    if kind != FileType::RegularFile {
        return Err(not_a_file(kind_name(kind)));
    }
    let file = openat(dir, name, flags | OPEN_FLAGS, NEW_FILE_MODE)
        .map_err(|error| unusable(error.into()))?;
    let file = File::from(file);
    // It may have been replaced in between.
    let is_file = file.metadata().map_err(unusable)?.is_file();
    is_file
        .then_some(file)
        .ok_or_else(|| not_a_file("not a regular file"))
}

const fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::BlockDevice | FileType::CharacterDevice => "a device",
        FileType::RegularFile | FileType::Unknown => "not a regular file",
    }
}

/// Creates the folder at `path` and its missing parents, and makes sure that they survive a power failure.
fn create(path: &Path) -> io::Result<()> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
    let new: Vec<_> = path.ancestors().take_while(is_new).collect();
    fs::create_dir_all(path)?;
    for folder in new {
        let parent = folder
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn replace(folder: &StateFolder, bytes: &[u8]) {
        folder.prepare(bytes).unwrap();
        folder.commit().unwrap();
        folder.sync().unwrap();
    }

    #[test]
    fn a_folder_is_created_with_its_parents_and_locked_once() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b/c");
        let folder = StateFolder::lock(&path).unwrap();
        let is_locked = || matches!(StateFolder::lock(&path), Err(JournalError::Locked { .. }));
        assert!(is_locked());
        fs::remove_file(path.join(LOCK)).unwrap();
        assert!(
            is_locked(),
            "deleting the lock file must not release the folder"
        );
        drop(folder);
        assert!(StateFolder::lock(&path).is_ok());
    }

    #[test]
    fn earlier_damaged_journals_are_not_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::lock(parent.path()).unwrap();
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
    fn a_torn_write_does_not_prevent_the_next_one() {
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::lock(parent.path()).unwrap();
        replace(&folder, b"whole");
        fs::write(parent.path().join(NEXT), "a longer text, torn").unwrap();
        assert_eq!(folder.read().unwrap(), Some(Ok(b"whole".to_vec())));
        replace(&folder, b"next");
        assert_eq!(folder.read().unwrap(), Some(Ok(b"next".to_vec())));
    }

    #[test]
    fn a_link_named_like_the_next_journal_is_replaced_and_not_followed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::lock(parent.path()).unwrap();
        let other = parent.path().join("other");
        fs::write(&other, "another program's").unwrap();
        symlink(&other, parent.path().join(NEXT)).unwrap();
        replace(&folder, b"ours");
        assert_eq!(fs::read_to_string(other).unwrap(), "another program's");
        assert_eq!(folder.read().unwrap(), Some(Ok(b"ours".to_vec())));
    }

    #[test]
    fn a_replaced_folder_is_detected_and_not_written_to() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("state");
        let first = StateFolder::lock(&path).unwrap();
        first.check_not_replaced().unwrap();
        fs::rename(&path, parent.path().join("moved")).unwrap();
        assert!(first.check_not_replaced().is_err());
        let second = StateFolder::lock(&path).unwrap();
        replace(&second, b"second");
        let problem = first.check_not_replaced().unwrap_err().to_string();
        assert!(problem.contains("was deleted or replaced"), "{problem}");
        replace(&first, b"first");
        assert_eq!(second.read().unwrap(), Some(Ok(b"second".to_vec())));
    }

    #[test]
    fn a_replaced_lock_file_is_detected() {
        let parent = tempfile::tempdir().unwrap();
        let folder = StateFolder::lock(parent.path()).unwrap();
        let lock = parent.path().join(LOCK);
        fs::rename(&lock, parent.path().join("other")).unwrap();
        assert!(folder.check_not_replaced().is_err());
        fs::write(&lock, "").unwrap();
        assert!(folder.check_not_replaced().is_err());
    }
}
