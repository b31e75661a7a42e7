//! [`RecordSelection`]: which part of each record is played, for records that are read as JSON.

use std::path::Path;

use super::column_picker::ColumnPicker;
use super::dataset_error::DatasetError;
use super::read_options::ReadOptions;
use super::record_sink::{RecordSink, SinkError};
use crate::source::compact::push_compact;

/// The part that is played, and what has been found of it.
#[derive(Debug)]
pub(super) struct RecordSelection<'a> {
    columns: Option<ColumnPicker<'a>>,
    /// The whole record.
    scratch: Vec<u8>,
}

/// Why a record cannot be played.
#[derive(Debug)]
pub(super) enum RecordError {
    /// It is not an object, so it has no columns.
    NoColumns,
    /// The sink does not take it.
    Sink(SinkError),
}

impl<'a> RecordSelection<'a> {
    pub(super) fn new(options: &'a ReadOptions) -> Self {
        Self {
            columns: ColumnPicker::new(&options.columns),
            scratch: Vec::new(),
        }
    }

    /// Adds to `sink` what is played of the record `json`.
    pub(super) fn push(
        &mut self,
        json: &str,
        sink: &mut dyn RecordSink,
    ) -> Result<(), RecordError> {
        let pushed = match &mut self.columns {
            None => sink.push(None, &mut |out| push_compact(json, out)),
            Some(columns) => {
                self.scratch.clear();
                push_compact(json, &mut self.scratch);
                if !columns.fits(&self.scratch) {
                    return Err(RecordError::NoColumns);
                }
                sink.push(None, &mut |out| columns.pick(&self.scratch, out))
            }
        };
        pushed.map_err(RecordError::Sink)
    }

    /// Checks, after the last record, that what is to be played was found.
    pub(super) fn check(&self, path: &Path) -> Result<(), DatasetError> {
        let columns = self.columns.as_ref();
        columns.map_or(Ok(()), |columns| columns.check(path))
    }
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
