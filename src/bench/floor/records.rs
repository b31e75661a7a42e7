//! `Records`: what the floor sends.

use std::io::Write as _;
use std::path::Path;

use crate::source::{Dataset, DatasetError};

/// The records, in a circle.
#[derive(Debug)]
pub(super) enum Records {
    /// Those of a file.
    File(Box<Dataset>),
    /// Each is its index, in the field that the instrument looks into.
    Counted,
}

/// As many as make the index six digits long, which is about the length of a small measurement.
const COUNTED_LEN: u64 = 1_000_000;

impl Records {
    /// Those of the file at `path`, else counted ones.
    pub(super) fn load(path: Option<&Path>) -> Result<Self, DatasetError> {
        path.map_or(Ok(Self::Counted), |path| {
            Ok(Self::File(Box::new(Dataset::load(path, usize::MAX)?)))
        })
    }

    /// How many there are in a lap.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(dataset) => dataset.len().get(),
            Self::Counted => COUNTED_LEN,
        }
    }

    /// Puts the text of the record at `index` into `text`, in place of what is there.
    pub(super) fn put(&self, index: u64, text: &mut Vec<u8>) {
        text.clear();
        match self {
            Self::File(dataset) => text.extend_from_slice(dataset.record(index)),
            Self::Counted => {
                write!(text, "{{\"i\":{index}}}").expect("memory takes whatever is written");
            }
        }
    }
}
