//! [`FileRows`]: the text of a large CSV or TSV file, which is read in bounded memory. On the way the digest and the sums of
//! the blocks are computed.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::super::dataset_error::DatasetError;
use super::super::delimited::RowText;
use super::super::text_file::{NUL_REMEDY, UTF8_REMEDY, check_is_text, unreadable};
use super::block_sums::FileHash;
use super::scanned_file::{BYTE_ORDER_MARK, ScannedFile, line_len_max, malformed_at};

/// The state of the passes over the file. The first one computes the digest and the sums.
#[derive(Debug)]
pub(super) struct FileRows<'a> {
    path: &'a Path,
    file: File,
    /// The length of the file when it was opened; what is added later is not read.
    file_len: u64,
    /// The length of the byte order mark, in bytes.
    base: u64,
    /// How the text begins.
    head: String,
    /// Of what has been read at least once.
    hash: RefCell<FileHash>,
    /// The offset in the text of the current row.
    row: Cell<u64>,
    /// A longer row cannot be a record.
    row_max: u64,
    /// Why a reader has failed.
    fault: RefCell<Option<ReadFault>>,
}

/// Why a reader has failed.
#[derive(Debug)]
enum ReadFault {
    /// The file cannot be read.
    Io(io::Error),
    /// There is a NUL byte at this offset in the file.
    Nul(u64),
    /// A row has at least this many bytes.
    Endless(u64),
}

/// A pass over the text.
struct Pass<'t> {
    text: &'t FileRows<'t>,
    /// The offset in the file.
    at: u64,
}

/// In bytes.
const CHUNK_LEN: usize = 64 << 10;

impl<'a> FileRows<'a> {
    /// The text of `file`, which was opened at `path` and whose records have at most `record_max` bytes.
    pub(super) fn new(path: &'a Path, file: File, record_max: usize) -> Result<Self, DatasetError> {
        let failed = |error: io::Error| unreadable(path, error);
        let file_len = file.metadata().map_err(failed)?.len();
        let mut head = vec![0; CHUNK_LEN];
        let len = file.read_at(&mut head, 0).map_err(failed)?;
        head.truncate(len);
        check_is_text(path, &head, 0)?;
        let mark = head.starts_with(BYTE_ORDER_MARK);
        let base = if mark { BYTE_ORDER_MARK.len() } else { 0 };
        let mut hash = FileHash::default();
        hash.push(&head[..base]);
        Ok(Self {
            path,
            file,
            file_len,
            base: base as u64,
            head: String::from_utf8_lossy(&head[base..]).into_owned(),
            hash: RefCell::new(hash),
            row: Cell::new(0),
            row_max: line_len_max(record_max) as u64,
            fault: RefCell::new(None),
        })
    }

    /// The length of the byte order mark, in bytes.
    pub(super) const fn base(&self) -> u64 {
        self.base
    }

    /// The file, after the first pass.
    pub(super) fn finish(self) -> Result<ScannedFile, DatasetError> {
        ScannedFile::new(self.path, self.file, self.file_len, self.hash.into_inner())
    }

    /// The line and column of the byte at `offset` in the file.
    fn place_of(&self, offset: u64) -> Result<(usize, usize), DatasetError> {
        let (mut line, mut line_start) = (1, self.base);
        let mut at = self.base;
        let mut chunk = vec![0; CHUNK_LEN];
        while at < offset {
            let len = self.read_at(&mut chunk, at, offset)?;
            for found in memchr::memchr_iter(b'\n', &chunk[..len]) {
                line += 1;
                line_start = at + found as u64 + 1;
            }
            at += len as u64;
        }
        let column = usize::try_from(offset - line_start).unwrap_or(usize::MAX);
        Ok((line, column.saturating_add(1)))
    }

    /// Reads at `at`, at most up to `end`. At least one byte, if `end` lies behind.
    fn read_at(&self, chunk: &mut [u8], at: u64, end: u64) -> Result<usize, DatasetError> {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX);
        let wanted = wanted.min(chunk.len());
        let read = self.file.read_at(&mut chunk[..wanted], at);
        match read {
            Ok(0) if wanted > 0 => Err(unreadable(self.path, io::ErrorKind::UnexpectedEof.into())),
            read => read.map_err(|error| unreadable(self.path, error)),
        }
    }

    /// The bytes from `offset` in the text on, as many as a row may have.
    fn row_bytes(&self, offset: u64) -> Result<Vec<u8>, DatasetError> {
        let begin = (self.base + offset).min(self.file_len);
        let len = (self.file_len - begin).min(self.row_max);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let read = self.file.read_exact_at(&mut bytes, begin);
        read.map_err(|error| unreadable(self.path, error))?;
        Ok(bytes)
    }

    /// The error of the first byte at `offset` in the text or later that is not UTF-8.
    fn not_utf8(&self, offset: u64) -> Result<Option<DatasetError>, DatasetError> {
        let bytes = self.row_bytes(offset)?;
        let Err(error) = std::str::from_utf8(&bytes) else {
            return Ok(None);
        };
        let is_cut = error.error_len().is_none();
        if is_cut && offset + (bytes.len() as u64) < self.file_len - self.base {
            return Ok(None);
        }
        let place = self.place_of(self.base + offset + error.valid_up_to() as u64)?;
        Ok(Some(malformed_at(
            self.path,
            place,
            "not UTF-8",
            UTF8_REMEDY,
        )))
    }

    /// The error of the row at `offset`, which has at least `len` bytes; `None` if that is because of a quote.
    fn endless(&self, offset: u64, len: u64) -> Result<Option<DatasetError>, DatasetError> {
        if self.row_bytes(offset)?.contains(&b'"') {
            return Ok(None);
        }
        let (line, column) = self.place(offset)?;
        let size = |len| usize::try_from(len).unwrap_or(usize::MAX);
        Ok(Some(DatasetError::TooLong {
            path: self.path.to_owned(),
            line,
            column,
            number: 1,
            len: size(len),
            max: size(self.row_max),
        }))
    }
}

impl RowText for FileRows<'_> {
    fn path(&self) -> &Path {
        self.path
    }

    fn head(&self) -> &str {
        &self.head
    }

    fn reader(&self) -> Result<Box<dyn Read + '_>, DatasetError> {
        let (text, at) = (self, self.base);
        Ok(Box::new(Pass { text, at }))
    }

    fn begin_row(&self, offset: u64) {
        self.row.set(offset);
    }

    fn fault(&self, offset: u64) -> Option<DatasetError> {
        let found = match self.fault.take() {
            None => self.not_utf8(offset),
            Some(ReadFault::Io(error)) => Ok(Some(unreadable(self.path, error))),
            Some(ReadFault::Nul(at)) => self
                .place_of(at)
                .map(|place| Some(malformed_at(self.path, place, "a NUL byte", NUL_REMEDY))),
            Some(ReadFault::Endless(len)) => self.endless(offset, len),
        };
        found.unwrap_or_else(Some)
    }

    fn last_row(&self, offset: u64) -> Result<String, DatasetError> {
        let bytes = self.row_bytes(offset)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn place(&self, offset: u64) -> Result<(usize, usize), DatasetError> {
        let mut at = self.base + offset;
        let mut byte = [0];
        while at < self.file_len && self.read_at(&mut byte, at, at + 1)? == 1 {
            if !matches!(byte[0], b'\r' | b'\n') {
                break;
            }
            at += 1;
        }
        self.place_of(at)
    }
}

impl Pass<'_> {
    fn fail(&self, fault: ReadFault) -> io::Error {
        *self.text.fault.borrow_mut() = Some(fault);
        io::Error::other("see the fault")
    }
}

impl Read for Pass<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let text = self.text;
        let row_len = self.at - text.base - text.row.get().min(self.at - text.base);
        if row_len > text.row_max {
            return Err(self.fail(ReadFault::Endless(row_len)));
        }
        let left = usize::try_from(text.file_len - self.at).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        let read = text.file.read_at(&mut buffer[..wanted], self.at);
        let len = read.map_err(|error| self.fail(ReadFault::Io(error)))?;
        let new = &buffer[..len];
        let mut hash = text.hash.borrow_mut();
        if hash.len() == self.at {
            if let Some(found) = memchr::memchr(0, new) {
                return Err(self.fail(ReadFault::Nul(self.at + found as u64)));
            }
            hash.push(new);
        }
        self.at += len as u64;
        Ok(len)
    }
}
