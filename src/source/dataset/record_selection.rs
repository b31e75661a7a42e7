//! [`RecordSelection`]: which part of each record is played, for records that are read as JSON.

use std::path::Path;

use super::column_picker::ColumnPicker;
use super::dataset_error::DatasetError;
use super::dataset_note::DatasetNote;
use super::read_options::ReadOptions;
use super::record_error::RecordError;
use super::record_sink::RecordSink;
use super::record_time::RecordTime;
use crate::protocol::Micros;
use crate::source::compact::push_compact;

/// The part that is played, and what has been found of it.
#[derive(Debug)]
pub(super) struct RecordSelection<'a> {
    columns: Option<ColumnPicker<'a>>,
    /// The stamps, which the columns need not include.
    time: Option<RecordTime<'a>>,
    /// The whole record.
    scratch: Vec<u8>,
}

impl<'a> RecordSelection<'a> {
    pub(super) fn new(options: &'a ReadOptions) -> Self {
        Self {
            columns: ColumnPicker::new(&options.columns),
            time: options.time.as_ref().map(RecordTime::new),
            scratch: Vec::new(),
        }
    }

    /// Takes the stamps from the reader of the file, instead of from the records.
    #[cfg(feature = "formats")]
    pub(super) fn with_stamps_of_reader(self) -> Self {
        Self { time: None, ..self }
    }

    /// Adds to `sink` what is played of the record `json`.
    pub(super) fn push(
        &mut self,
        json: &str,
        sink: &mut dyn RecordSink,
    ) -> Result<(), RecordError> {
        let time = self.time.as_mut();
        let stamp = time.map(|time| time.read(json, sink)).transpose()?;
        self.push_with(stamp, json, sink)
    }

    /// The same with a stamp that is not in the record.
    pub(super) fn push_with(
        &mut self,
        stamp: Option<Micros>,
        json: &str,
        sink: &mut dyn RecordSink,
    ) -> Result<(), RecordError> {
        let pushed = match &mut self.columns {
            None => sink.push(stamp, &mut |out| push_compact(json, out)),
            Some(columns) => {
                self.scratch.clear();
                push_compact(json, &mut self.scratch);
                if !columns.fits(&self.scratch) {
                    return Err(RecordError::NoColumns);
                }
                sink.push(stamp, &mut |out| columns.pick(&self.scratch, out))
            }
        };
        pushed.map_err(RecordError::Sink)
    }

    /// Checks, after the last record, that what is to be played was found. Returns what a person should know about it.
    pub(super) fn finish(&self, path: &Path) -> Result<Vec<DatasetNote>, DatasetError> {
        let columns = self.columns.as_ref();
        columns.map_or(Ok(()), |columns| columns.check(path))?;
        Ok(self.time.as_ref().map_or_else(Vec::new, RecordTime::notes))
    }
}
