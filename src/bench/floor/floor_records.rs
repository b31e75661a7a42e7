//! [`FloorRecords`]: the records that the floor sends.

use std::io::Write as _;
use std::path::Path;

use crate::source::{Dataset, DatasetError, ReadOptions, RecordSource as _};

/// The records, sent in a loop.
#[derive(Debug)]
pub(super) enum FloorRecords {
    /// The records of a dataset file.
    File(Box<Dataset>),
    /// Generated records that contain only their index, in the field that the bench reads by default.
    Indices,
}

/// Number of generated records: their index has up to six digits, which is about the size of a small measurement.
const INDICES_LEN: u64 = 1_000_000;

impl FloorRecords {
    /// Loads the file at `path`; without one, generates records.
    pub(super) fn load(path: Option<&Path>) -> Result<Self, DatasetError> {
        path.map_or(Ok(Self::Indices), |path| {
            // A disk would be slower than the floor.
            let options = ReadOptions {
                memory_max: u64::MAX,
                ..ReadOptions::DEFAULT
            };
            Ok(Self::File(Box::new(Dataset::load(path, &options)?)))
        })
    }

    /// The number of records in one loop.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(dataset) => dataset.count().get(),
            Self::Indices => INDICES_LEN,
        }
    }

    /// Replaces the content of `text` with the record at `index`.
    pub(super) fn write_record(&self, index: u64, text: &mut Vec<u8>) {
        text.clear();
        match self {
            Self::File(dataset) => text.extend_from_slice(dataset.record(index)),
            Self::Indices => {
                write!(text, "{{\"i\":{index}}}").expect("writing to a Vec cannot fail");
            }
        }
    }
}
