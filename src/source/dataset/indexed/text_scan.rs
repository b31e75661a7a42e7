//! [`TextScan`]: one pass over the text of a file, line by line, in bounded memory. On the way it computes the digest and
//! the sums of the blocks.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::super::dataset_error::DatasetError;
use super::super::text_file::{NUL_REMEDY, UTF8_REMEDY, check_is_text, unreadable};
use super::block_sums::FileHash;
use super::scanned_file::{BYTE_ORDER_MARK, ScannedFile, line_len_max, malformed_at};

/// The state of the pass.
#[derive(Debug)]
pub(super) struct TextScan<'a> {
    path: &'a Path,
    file: File,
    /// The length of the file when it was opened; what is added later is not read.
    file_len: u64,
    hash: FileHash,
    /// Bytes that have been read and hashed.
    buffer: Vec<u8>,
    /// The part of `buffer` before this has been returned.
    at: usize,
    /// The offset in the file of the end of `buffer`.
    end: u64,
    /// The number of the last line that was returned, from 1.
    line: usize,
    /// A longer line cannot be a record.
    line_max: usize,
}

/// A line, without its line break.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScannedLine<'s> {
    pub(super) text: &'s str,
    /// Where it begins in the file.
    pub(super) offset: u64,
    /// From 1.
    pub(super) number: usize,
}

/// In bytes, of one read.
const CHUNK_LEN: usize = 1 << 20;

impl<'a> TextScan<'a> {
    /// A pass over `file`, which was opened at `path`, and whose records have at most `record_max` bytes.
    pub(super) fn new(path: &'a Path, file: File, record_max: usize) -> Result<Self, DatasetError> {
        let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
        Ok(Self {
            path,
            file,
            file_len: metadata.len(),
            hash: FileHash::default(),
            buffer: Vec::new(),
            at: 0,
            end: 0,
            line: 0,
            line_max: line_len_max(record_max),
        })
    }

    /// The path of the file, for error messages.
    pub(super) const fn path(&self) -> &'a Path {
        self.path
    }

    /// The next line; `None` at the end. If it is too long, it is reported as the record `number`.
    pub(super) fn next_line(
        &mut self,
        number: u64,
    ) -> Result<Option<ScannedLine<'_>>, DatasetError> {
        if self.end == 0 {
            self.begin()?;
        }
        let mut searched = self.at;
        let found = loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[searched..]) {
                break searched + found;
            }
            let len = self.buffer.len() - self.at;
            if len > self.line_max {
                return Err(self.too_long(number, len));
            }
            if !self.fill()? {
                break self.buffer.len();
            }
            searched = self.at + len;
        };
        if self.at >= self.buffer.len() {
            return Ok(None);
        }
        let (from, to) = (self.at, found);
        self.line += 1;
        self.at = (to + 1).min(self.buffer.len());
        let bytes = &self.buffer[from..to];
        check_line(self.path, bytes, self.line)?;
        Ok(Some(ScannedLine {
            text: std::str::from_utf8(bytes).map_err(|error| {
                let place = (self.line, error.valid_up_to() + 1);
                malformed_at(self.path, place, "not UTF-8", UTF8_REMEDY)
            })?,
            offset: self.end - (self.buffer.len() - from) as u64,
            number: self.line,
        }))
    }

    /// The file, after the last line.
    pub(super) fn finish(self) -> Result<ScannedFile, DatasetError> {
        ScannedFile::new(self.path, self.file, self.file_len, self.hash)
    }

    /// Reads the beginning of the file, and checks that it is text. A byte order mark is skipped.
    fn begin(&mut self) -> Result<(), DatasetError> {
        self.fill()?;
        check_is_text(self.path, &self.buffer, 0)?;
        if self.buffer.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        Ok(())
    }

    /// Reads more into `buffer`; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, DatasetError> {
        self.buffer.drain(..std::mem::take(&mut self.at));
        let old = self.buffer.len();
        let wanted = (self.file_len - self.end).min(CHUNK_LEN as u64);
        let read = (&self.file).take(wanted).read_to_end(&mut self.buffer);
        let read = read.map_err(|error| unreadable(self.path, error))?;
        let new = &self.buffer[old..];
        self.hash.push(new);
        self.end += read as u64;
        Ok(read > 0)
    }

    /// The error of the line that has `len` bytes so far.
    fn too_long(&self, number: u64, len: usize) -> DatasetError {
        let (bytes, line) = (&self.buffer[self.at..], self.line + 1);
        // More likely than a record of this length.
        if let Err(error) = check_line(self.path, bytes, line) {
            return error;
        }
        DatasetError::TooLong {
            path: self.path.to_owned(),
            line,
            column: 1,
            number,
            len,
            max: self.line_max,
        }
    }
}

/// Checks that the line `number` has no byte that no text has.
fn check_line(path: &Path, bytes: &[u8], number: usize) -> Result<(), DatasetError> {
    match memchr::memchr(0, bytes) {
        None => Ok(()),
        Some(at) => Err(malformed_at(
            path,
            (number, at + 1),
            "a NUL byte",
            NUL_REMEDY,
        )),
    }
}
