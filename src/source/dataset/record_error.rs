//! [`RecordError`]: why a record cannot be played. The reader of its format adds the place.

use std::path::Path;

use super::dataset_error::DatasetError;
use super::record_sink::SinkError;
use crate::source::time_stamp::StampError;

/// Why a record cannot be played.
#[derive(Debug)]
pub(super) enum RecordError {
    /// It is not an object, so it has no columns.
    NoColumns,
    /// It has no usable time stamp, which is called `name`.
    Stamp { name: String, error: StampError },
    /// The sink does not take it.
    Sink(SinkError),
}

impl RecordError {
    /// The error of the record `number`, from 1, which begins at `line` and `column` of the file.
    pub(super) fn at(
        self,
        path: &Path,
        number: u64,
        (line, column): (usize, usize),
    ) -> DatasetError {
        match self {
            Self::NoColumns => DatasetError::Malformed {
                path: path.to_owned(),
                line,
                column,
                problem: format!("record {number} is not an object, so it has no columns"),
                remedy: "remove `columns`, or the record".to_owned(),
            },
            Self::Stamp { name, error } => DatasetError::Malformed {
                path: path.to_owned(),
                line,
                column,
                problem: error.problem(&name, number),
                remedy: error.remedy(),
            },
            Self::Sink(SinkError::TooLong { len, max }) => DatasetError::TooLong {
                path: path.to_owned(),
                line,
                column,
                number,
                len,
                max,
            },
            Self::Sink(SinkError::StampDecreases { previous }) => DatasetError::Malformed {
                path: path.to_owned(),
                line,
                column,
                problem: format!(
                    "record {number} is earlier than the record before it ({previous} µs)"
                ),
                remedy: "sort the records by time, or choose another column with `time`".to_owned(),
            },
        }
    }
}
