//! [`EntriesFile`]: the open file to which entries are appended.

use std::fs::File;
use std::io::{self, Write};

use super::damage::LEN_MAX;
use super::entry::{Checkpoints, Entry, topic_entries};
use super::entry_line::EntryLines;
use super::sync_timer::SyncTimer;

/// A file that this process has written. All that is known about its length is what this process has appended.
#[derive(Debug)]
pub(super) struct EntriesFile {
    file: File,
    format: EntryLines,
    end: EntryMark,
    /// The length at the beginning, with the first entry, which has all topics.
    compact_len: u64,
    sync_timer: SyncTimer,
}

/// The place after an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryMark {
    /// In bytes from the start of the file.
    len: u64,
    /// The number of the next entry.
    next: u64,
}

/// The content of a new file, which has all topics in one entry.
#[derive(Debug)]
pub(super) struct CompactContent {
    format: EntryLines,
    /// Written to the file.
    pub(super) bytes: Vec<u8>,
}

/// How an append failed.
#[derive(Debug)]
pub(super) enum AppendError {
    /// The entry is not in the file, or only a part of it.
    Incomplete(io::Error),
    /// The entry is in the file, but a power failure may remove it.
    Unsynced(io::Error),
}

impl CompactContent {
    pub(super) fn new(checkpoints: &Checkpoints) -> Self {
        let format = EntryLines::new();
        let mut bytes = format.head();
        let topics = Entry::Topics(topic_entries(checkpoints));
        bytes.extend(format.encode(1, &topics));
        Self { format, bytes }
    }

    /// The file that has this content, opened for appending.
    pub(super) fn into_file(self, file: File, sync_timer: SyncTimer) -> EntriesFile {
        let len = self.bytes.len() as u64;
        EntriesFile {
            file,
            format: self.format,
            end: EntryMark { len, next: 2 },
            compact_len: len,
            sync_timer,
        }
    }
}

impl EntriesFile {
    /// How much may be appended in addition to the length of the compact file before the file is compacted: in a hub
    /// with one topic, some 50 writes. It is small enough for a tiny disk.
    const SLACK: u64 = 4 * 1024;

    /// Room below [`LEN_MAX`] for the changes until the next periodic write, which compacts the file.
    const ROOM_MIN: u64 = 1024 * 1024;

    /// The place after the last entry.
    pub(super) const fn end(&self) -> EntryMark {
        self.end
    }

    /// The file, to compare it with what its name leads to.
    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// The length in bytes.
    pub(super) const fn len(&self) -> u64 {
        self.end.len
    }

    /// Whether much of the file may be obsolete: it is longer than twice the compact file plus 4 KiB, or there is little
    /// room left.
    pub(super) const fn is_worth_compacting(&self) -> bool {
        let len = self.end.len;
        len > 2 * self.compact_len + Self::SLACK
            || (len > LEN_MAX - Self::ROOM_MIN && len > self.compact_len + Self::SLACK)
    }

    /// Appends `entry`, and returns its number. Once this returns, the entry survives a power failure. If it fails, the
    /// caller has to [truncate](Self::truncate) the file or to replace it.
    pub(super) fn append(&mut self, entry: &Entry) -> Result<u64, AppendError> {
        let number = self.end.next;
        let line = self.format.encode(number, entry);
        let len = self.end.len + line.len() as u64;
        if len > LEN_MAX {
            let error = io::ErrorKind::FileTooLarge.into();
            return Err(AppendError::Incomplete(error));
        }
        // The file is in append mode: a write that fails halfway is followed by `truncate`, and the next one starts at
        // the new end.
        self.file
            .write_all(&line)
            .map_err(AppendError::Incomplete)?;
        self.sync_timer
            .measure(|| self.file.sync_data())
            .map_err(AppendError::Unsynced)?;
        self.end = EntryMark {
            len,
            next: number + 1,
        };
        Ok(number)
    }

    /// Removes everything after `mark`; [`sync`](Self::sync) makes that survive a power failure.
    pub(super) fn truncate(&mut self, mark: EntryMark) -> io::Result<()> {
        self.file.set_len(mark.len)?;
        self.end = mark;
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.sync_timer.measure(|| self.file.sync_all())
    }
}

impl AppendError {
    pub(super) fn into_inner(self) -> io::Error {
        match self {
            Self::Incomplete(error) | Self::Unsynced(error) => error,
        }
    }
}
