//! [`TextFile`]: the text of a dataset's file, expanded if it is compressed.
//!
//! Files that are no text are recognized early, so that none fills the memory: reading ends at the first NUL byte, which
//! no text has.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::compression::{self, FileCompression};
use super::dataset_error::{DatasetError, line_and_column_after, malformed_after};
use super::input_file;

/// The text of a file, without its byte order mark.
#[derive(Debug)]
pub(super) struct TextFile<'a> {
    /// The file, for error messages.
    pub(super) path: &'a Path,
    pub(super) text: String,
    /// SHA-256 of the file's bytes, before expansion.
    pub(super) digest: [u8; 32],
}

/// In bytes.
const CHUNK_LEN: usize = 1 << 20;
/// The longest expanded text, in bytes: a small file can expand to any length.
const EXPANDED_LEN_MAX: usize = 1 << 30;

/// How files begin that are not text, and what they are.
const BINARY_FORMATS: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "a ZIP archive or an Excel file"),
    (b"\xd0\xcf\x11\xe0", "an Excel file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
];

const UTF16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];
const UTF16_REMEDY: &str = "convert it, for example with `iconv -f UTF-16 -t UTF-8`";
pub(super) const NUL_REMEDY: &str = "a dataset is text in UTF-8; if this is UTF-16, convert it, for example with `iconv -f UTF-16 -t \
                          UTF-8`";
pub(super) const UTF8_REMEDY: &str =
    "save it as UTF-8, or convert it, for example with `iconv -f LATIN1 -t UTF-8`";

impl<'a> TextFile<'a> {
    /// Reads the complete lines among the first `len` bytes of the text of `file`. The digest is not that of the file.
    pub(super) fn read_head(
        path: &'a Path,
        file: impl Read,
        len: u64,
    ) -> Result<Self, DatasetError> {
        let mut file = BufReader::with_capacity(CHUNK_LEN, file);
        let failed = |error: io::Error| unreadable(path, error);
        let compression = FileCompression::of(file.fill_buf().map_err(failed)?);
        let mut bytes = Vec::new();
        // A damaged end of a compressed file is reported when all of it is read.
        _ = match compression {
            None => file.take(len).read_to_end(&mut bytes),
            Some(kind) => compression::expand(kind, &mut file)
                .take(len)
                .read_to_end(&mut bytes),
        };
        check_is_text(path, &bytes, 0)?;
        if bytes.len() as u64 == len {
            let end = bytes.iter().rposition(|&byte| byte == b'\n');
            bytes.truncate(end.map_or(bytes.len(), |end| end + 1));
            let valid =
                std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
            bytes.truncate(valid);
        }
        Ok(Self {
            path,
            text: utf8(path, bytes)?,
            digest: [0; 32],
        })
    }

    pub(super) fn from_reader<R: Read>(path: &'a Path, file: R) -> Result<Self, DatasetError> {
        let mut file = BufReader::with_capacity(CHUNK_LEN, HashingReader::new(file));
        let unreadable = |error: io::Error| DatasetError::Unreadable {
            path: path.to_owned(),
            error,
        };
        let compression = FileCompression::of(file.fill_buf().map_err(unreadable)?);
        let bytes = match compression {
            None => read_text(path, &mut file, usize::MAX)?,
            Some(kind) => {
                let mut expanded = compression::expand(kind, &mut file);
                read_text(path, &mut expanded, EXPANDED_LEN_MAX).map_err(|error| match error {
                    DatasetError::Unreadable { path, error } => {
                        compression::failed(path, kind, &error)
                    }
                    other => other,
                })?
            }
        };
        let digest = file.into_inner().hasher.finalize().into();
        Ok(Self {
            path,
            text: utf8(path, bytes)?,
            digest,
        })
    }

    /// The line and column of the byte at `offset` of the text.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        line_and_column_after(&self.text.as_bytes()[..offset])
    }
}

pub(super) fn unreadable(path: &Path, error: io::Error) -> DatasetError {
    DatasetError::Unreadable {
        path: path.to_owned(),
        error,
    }
}

/// Reads everything, at most `len_max` bytes; ends early with an error if it is no text.
fn read_text(path: &Path, file: &mut dyn Read, len_max: usize) -> Result<Vec<u8>, DatasetError> {
    let mut bytes: Vec<u8> = Vec::new();
    loop {
        let start = bytes.len();
        let read = Read::take(&mut *file, CHUNK_LEN as u64).read_to_end(&mut bytes);
        let failed = read.as_ref().is_err();
        check_is_text(path, &bytes, start)?;
        let read = read.map_err(|error| DatasetError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        if bytes.len() > len_max {
            return Err(DatasetError::Unusable {
                path: path.to_owned(),
                problem: format!("expands to more than {} GiB", len_max >> 30),
                remedy: "expand it, and name the expanded file".to_owned(),
            });
        }
        if read == 0 || failed {
            return Ok(bytes);
        }
    }
}

/// Checks the bytes from `start` on, and how all of them begin.
pub(super) fn check_is_text(path: &Path, bytes: &[u8], start: usize) -> Result<(), DatasetError> {
    if start == 0 {
        if UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
            return Err(malformed_after(
                path,
                b"",
                "UTF-16, not UTF-8",
                UTF16_REMEDY,
            ));
        }
        if let Some(format) = input_file::format_by_content(bytes) {
            let name = format.name();
            return Err(DatasetError::Unusable {
                path: path.to_owned(),
                problem: format!("is not text, but {}", input_file::with_article(format)),
                remedy: format!(
                    "set `format = \"{name}\"`, or let its name end with that; if it is compressed, expand it first"
                ),
            });
        }
        if let Some((_, what)) = BINARY_FORMATS
            .iter()
            .find(|(magic, _)| bytes.starts_with(magic))
        {
            return Err(DatasetError::Unusable {
                path: path.to_owned(),
                problem: format!("is {what}, which is not supported"),
                remedy: "convert it to CSV, NDJSON or Parquet".to_owned(),
            });
        }
    }
    let new = &bytes[start..];
    if !new.contains(&0) {
        return Ok(());
    }
    let before = start + new.iter().take_while(|&&byte| byte != 0).count();
    Err(malformed_after(
        path,
        &bytes[..before],
        "a NUL byte",
        NUL_REMEDY,
    ))
}

fn utf8(path: &Path, bytes: Vec<u8>) -> Result<String, DatasetError> {
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        malformed_after(path, valid, "not UTF-8", UTF8_REMEDY)
    })?;
    // Some editors and spreadsheets write a byte order mark; RFC 8259 lets a parser ignore it.
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// Computes the SHA-256 of everything that is read through it.
struct HashingReader<R> {
    inner: R,
    hasher: Sha256,
}

impl<R> HashingReader<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
        }
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..len]);
        Ok(len)
    }
}
