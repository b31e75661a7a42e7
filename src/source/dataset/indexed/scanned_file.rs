//! [`ScannedFile`]: a text file that was read from its beginning to its end, and what the passes over texts share.

use std::fs::File;
use std::path::Path;

use super::super::dataset_error::DatasetError;
use super::block_sums::{BlockSums, FileHash};

/// A file whose bytes are known.
#[derive(Debug)]
pub(super) struct ScannedFile {
    pub(super) file: File,
    /// In bytes.
    pub(super) len: u64,
    /// SHA-256 of its bytes.
    pub(super) digest: [u8; 32],
    /// Those of its blocks.
    pub(super) sums: BlockSums,
}

/// What some editors and spreadsheets begin a text with; RFC 8259 lets a parser ignore it.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How much longer a line may be than its record: insignificant white space, and keys that are not picked.
const SLACK_FACTOR: usize = 4;
/// Lines of this length are always read, in bytes.
const LINE_LEN_MIN: usize = 4 << 20;
/// The longest line that is ever read, in bytes.
const LINE_LEN_MAX: usize = 256 << 20;

impl ScannedFile {
    /// `file`, which was opened at `path` with a length of `len` bytes, and read as `hash`.
    pub(super) fn new(
        path: &Path,
        file: File,
        len: u64,
        hash: FileHash,
    ) -> Result<Self, DatasetError> {
        if hash.len() != len {
            return Err(DatasetError::Unusable {
                path: path.to_owned(),
                problem: "was shortened while it was read".to_owned(),
                remedy: "wait until it is complete".to_owned(),
            });
        }
        let (digest, sums) = hash.finish();
        Ok(Self {
            file,
            len,
            digest,
            sums,
        })
    }
}

/// How long a line is at most, in bytes, whose record has at most `record_max`. So a pass needs a bounded memory.
pub(super) fn line_len_max(record_max: usize) -> usize {
    record_max
        .saturating_mul(SLACK_FACTOR)
        .clamp(LINE_LEN_MIN, LINE_LEN_MAX)
}

/// The error at a line and column of the file at `path`.
pub(super) fn malformed_at(
    path: &Path,
    (line, column): (usize, usize),
    problem: &str,
    remedy: &str,
) -> DatasetError {
    DatasetError::Malformed {
        path: path.to_owned(),
        line,
        column,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}
