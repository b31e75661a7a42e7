//! [`BlockFile`]: reads a file in blocks, and verifies that they are those of the pass that indexed it.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use super::block_cache::BlockCache;
use super::block_sums::{BLOCK_LEN, BlockSums};
use crate::source::source_error::SourceError;

/// An open file whose blocks have known sums.
///
/// ## Changes
/// What was read is that of the pass: each block is verified when it is read from the disk, and those in the cache were.
/// A file that is replaced, deleted or shortened is noticed by every read. One that grows, or whose time stamp changes,
/// plays on: its blocks are still verified.
#[derive(Debug)]
pub(super) struct BlockFile {
    path: PathBuf,
    /// At offset 0 when this was made.
    file: File,
    /// Device and inode of `file`.
    identity: (u64, u64),
    /// The length of the file that was indexed, in bytes.
    len: u64,
    /// Of the first `len` bytes.
    sums: BlockSums,
    /// Verified blocks.
    cache: Mutex<BlockCache>,
    /// Set once, when a change is noticed. From then on nothing is read.
    change: OnceLock<SourceError>,
}

/// What is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadPurpose {
    /// Some records, which may soon be read again.
    Records,
    /// A pass over all of them, which must not displace what others use.
    Pass,
}

/// Blocks that are compared before a sidecar is used: about a millisecond of reading.
const SAMPLES: u64 = 16;

impl BlockFile {
    /// Reads `file`, which was opened at `path`, up to `len` bytes, whose sums are `sums`.
    pub(super) fn new(path: PathBuf, file: File, len: u64, sums: BlockSums) -> io::Result<Self> {
        let metadata = file.metadata()?;
        Ok(Self {
            path,
            identity: (metadata.dev(), metadata.ino()),
            file,
            len,
            sums,
            cache: Mutex::default(),
            change: OnceLock::new(),
        })
    }

    /// The length of the file when it was indexed.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Whether some blocks, spread evenly from the first to the last, have the sums that they should have.
    pub(super) fn matches_samples(&self) -> bool {
        let last = self.sums.count().saturating_sub(1) as u64;
        (0..SAMPLES).all(|sample| {
            let number = last * sample / (SAMPLES - 1);
            let block = self.read_block(number);
            block.is_ok_and(|block| self.sums.matches(as_usize(number), &block))
        })
    }

    /// What cannot be made out of the file again.
    pub(super) fn into_file(self) -> File {
        self.file
    }

    /// Checks that the file is still at its path, and not shorter.
    ///
    /// # Errors
    /// It is not, or cannot be found out.
    pub(super) fn check_in_place(&self) -> Result<(), SourceError> {
        if let Some(change) = self.change.get() {
            return Err(change.clone());
        }
        let len = self.file.metadata()?.len();
        if len < self.len {
            return Err(self.changed(format!("it has {len} bytes instead of {}", self.len)));
        }
        match fs::metadata(&self.path) {
            Ok(found) if (found.dev(), found.ino()) == self.identity => Ok(()),
            Ok(_) => Err(self.changed("another file is in its place")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.changed("it was deleted or moved"))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The error of a change, which is returned from now on; of several, the first.
    pub(super) fn changed(&self, seen: impl Into<String>) -> SourceError {
        let change = self.change.get_or_init(|| SourceError::changed(seen));
        change.clone()
    }

    /// The bytes of `range`, which ends within the file.
    ///
    /// # Errors
    /// The file was changed, or cannot be read.
    pub(super) fn read(
        &self,
        range: Range<u64>,
        purpose: ReadPurpose,
    ) -> Result<Bytes, SourceError> {
        let block_len = BLOCK_LEN as u64;
        let first = range.start / block_len;
        if range.end <= (first + 1) * block_len {
            let block = self.block(first, purpose)?;
            let base = first * block_len;
            return Ok(block.slice(as_usize(range.start - base)..as_usize(range.end - base)));
        }
        let mut bytes = Vec::with_capacity(as_usize(range.end - range.start));
        for number in first..range.end.div_ceil(block_len) {
            let block = self.block(number, purpose)?;
            let base = number * block_len;
            let from = as_usize(range.start.saturating_sub(base));
            let to = as_usize((range.end - base).min(block.len() as u64));
            bytes.extend_from_slice(&block[from..to]);
        }
        Ok(bytes.into())
    }

    fn block(&self, number: u64, purpose: ReadPurpose) -> Result<Bytes, SourceError> {
        let slot = as_usize(number);
        if let Some(block) = self.cache().get(slot) {
            return Ok(block);
        }
        let block = Bytes::from(self.read_block(number)?);
        if !self.sums.matches(slot, &block) {
            let begin = number * BLOCK_LEN as u64;
            let end = begin + block.len() as u64;
            let seen = format!("its bytes from {begin} to {end} are not those that were indexed");
            return Err(self.changed(seen));
        }
        if purpose == ReadPurpose::Records {
            self.cache().insert(slot, block.clone());
        }
        Ok(block)
    }

    fn read_block(&self, number: u64) -> Result<Vec<u8>, SourceError> {
        let begin = number * BLOCK_LEN as u64;
        let len = as_usize((self.len - begin).min(BLOCK_LEN as u64));
        let mut block = vec![0; len];
        match self.file.read_exact_at(&mut block, begin) {
            Ok(()) => Ok(block),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.changed(format!("it has fewer than {} bytes", self.len)))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, BlockCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_usize(value: u64) -> usize {
    usize::try_from(value).expect("what is read fits into memory")
}
