//! The state folder: locked for the life of the process, with the files of the journal.
//!
//! A file gets its content before its name: it is written and synced under another one, and then renamed. So it is
//! never seen incomplete. A failed write leaves nothing behind.
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
use super::entries_file::{CompactContent, EntriesFile};
use super::sync_timer::SyncTimer;

/// A state folder that this process has locked.
#[derive(Debug)]
pub(super) struct StateFolder {
    path: PathBuf,
    /// The folder, locked; the system releases the lock when the process ends, even after a crash.
    dir: File,
    /// The file `lock` in it, locked likewise; its content is not used.
    lock: File,
    /// Measures the writes of all files of the folder.
    sync_timer: SyncTimer,
}

/// The lock file. The journal's files cannot be locked, because they are replaced.
pub(super) const LOCK: &str = "lock";
/// States the format, and in older versions contains the whole journal.
pub(super) const FORMAT: &str = "journal";
/// The entries.
pub(super) const ENTRIES: &str = "journal.entries";
/// The next file while it is being written.
const NEXT: &str = "journal.new";
/// What [`FORMAT`] and [`ENTRIES`] begin with.
const PREFIX: &str = "journal";
/// Replaces [`PREFIX`] in the name of a file that is set aside, followed by a number from 1 on.
const DAMAGED_PREFIX: &str = "journal.damaged-";

/// A file's content, or why it is not read; `None` if the file does not exist.
pub(super) type FileContent = Option<Result<Vec<u8>, Damage>>;

/// How a file was not replaced.
#[derive(Debug)]
pub(super) enum ReplaceError {
    /// The old file is unchanged.
    Unchanged(io::Error),
    /// The file was replaced, but a power failure may bring back the old one.
    Unsynced(io::Error),
}

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
        let dir = open_folder(path).map_err(unusable)?;
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
                sync_timer: SyncTimer::default(),
            }),
            Err(TryLockError::WouldBlock) => Err(JournalError::locked(path)),
            Err(TryLockError::Error(error)) => {
                Err(JournalError::unusable(path, &path.join(LOCK), error))
            }
        }
    }

    /// The path of the file `name`.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Measures the writes of the folder's files.
    pub(super) const fn sync_timer(&self) -> &SyncTimer {
        &self.sync_timer
    }

    /// Returns the content of the file `name`.
    pub(super) fn read(&self, name: &str) -> Result<FileContent, JournalError> {
        read_file(&self.path, &self.dir, name)
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

    /// Whether the name of `entries` still leads to it, and the file is as long as this process has made it.
    pub(super) fn has_in_place(&self, entries: &EntriesFile) -> io::Result<bool> {
        let open = entries.file().metadata()?;
        let stat = match statat(&self.dir, ENTRIES, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        Ok((stat.st_dev, stat.st_ino) == (open.dev(), open.ino()) && open.len() == entries.len())
    }

    /// Whether the file [`FORMAT`] exists.
    pub(super) fn has_format(&self) -> bool {
        statat(&self.dir, FORMAT, AtFlags::SYMLINK_NOFOLLOW).is_ok()
    }

    /// Replaces the file [`FORMAT`].
    pub(super) fn replace_format(&self, bytes: &[u8]) -> Result<(), ReplaceError> {
        self.replace(FORMAT, bytes).map(|_| ())
    }

    /// Replaces the file [`ENTRIES`].
    pub(super) fn replace_entries(
        &self,
        content: CompactContent,
    ) -> Result<EntriesFile, ReplaceError> {
        let file = self.replace(ENTRIES, &content.bytes)?;
        Ok(content.into_file(file, self.sync_timer.clone()))
    }

    /// Replaces the file `name`, atomically. Once this returns, the new one survives a power failure.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<File, ReplaceError> {
        let prepared = self.prepare(bytes).and_then(|file| {
            renameat(&self.dir, NEXT, &self.dir, name)?;
            Ok(file)
        });
        let file = prepared.map_err(|error| {
            // Its space may be what the next append needs.
            _ = unlinkat(&self.dir, NEXT, AtFlags::empty());
            ReplaceError::Unchanged(error)
        })?;
        self.sync_timer
            .measure(|| self.dir.sync_all())
            .map_err(ReplaceError::Unsynced)?;
        Ok(file)
    }

    /// Writes `bytes` to the disk under another name.
    fn prepare(&self, bytes: &[u8]) -> io::Result<File> {
        match unlinkat(&self.dir, NEXT, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
        // Creates a new file: whatever another program puts there, such as a link, is neither followed nor overwritten.
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL | OPEN_FLAGS;
        let mut file = File::from(openat(&self.dir, NEXT, flags, NEW_FILE_MODE)?);
        file.write_all(bytes)?;
        // Before the rename, so that the name never survives a power failure without the content.
        self.sync_timer.measure(|| file.sync_all())?;
        Ok(file)
    }

    /// Renames the files `names`, as far as they exist, to unused names with the same number. Returns the new path of
    /// the first.
    pub(super) fn set_aside(&self, names: &[&str]) -> Result<PathBuf, JournalError> {
        let damaged = |number: u64, name: &str| {
            name.replacen(PREFIX, &format!("{DAMAGED_PREFIX}{number}"), 1)
        };
        // No other process creates files here, because the folder is locked.
        let is_unused = |number: &u64| {
            [FORMAT, ENTRIES].iter().all(|name| {
                statat(&self.dir, damaged(*number, name), AtFlags::SYMLINK_NOFOLLOW).is_err()
            })
        };
        let number = (1..)
            .find(is_unused)
            .expect("there are more numbers than files");
        for name in names {
            let aside = damaged(number, name);
            match renameat(&self.dir, *name, &self.dir, &aside) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(self.unusable(&self.path(&aside), error.into())),
            }
        }
        let first = self.path(&damaged(number, names[0]));
        let synced = self.dir.sync_all();
        synced.map_err(|error| self.unusable(&first, error))?;
        Ok(first)
    }

    /// The error for `damage` that is none, because a later version wrote the journal.
    pub(super) fn later_version(&self, damage: &Damage) -> Option<JournalError> {
        later_version(&self.path, damage)
    }

    /// The error for a failed operation on `path`.
    pub(super) fn unusable(&self, path: &Path, error: io::Error) -> JournalError {
        JournalError::unusable(&self.path, path, error)
    }
}

impl ReplaceError {
    pub(super) fn into_inner(self) -> io::Error {
        match self {
            Self::Unchanged(error) | Self::Unsynced(error) => error,
        }
    }
}

/// Opens the folder at `path`. Never blocks on a FIFO.
pub(super) fn open_folder(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags((OFlags::DIRECTORY | OFlags::NONBLOCK).bits().cast_signed())
        .open(path)
}

/// Returns the content of the file `name` in `dir`, whose path is `folder`.
pub(super) fn read_file(
    folder: &Path,
    dir: &File,
    name: &str,
) -> Result<FileContent, JournalError> {
    let file = match open(folder, dir, name, OFlags::RDONLY) {
        Ok(file) => file,
        Err(JournalError::Unusable { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let unusable = |error| JournalError::unusable(folder, &folder.join(name), error);
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

/// The error for `damage` to the journal in `folder` that is none, because a later version wrote it.
pub(super) fn later_version(folder: &Path, damage: &Damage) -> Option<JournalError> {
    match damage {
        Damage::Newer(version) => Some(JournalError::Newer {
            path: folder.join(FORMAT),
            version: *version,
        }),
        Damage::Unplayable(problem) => Some(JournalError::Unplayable {
            path: folder.join(ENTRIES),
            problem: problem.to_string(),
        }),
        _ => None,
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
mod tests;
