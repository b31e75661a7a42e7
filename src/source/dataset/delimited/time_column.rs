//! [`TimeColumn`]: the column of a CSV or TSV file that has the time stamps of the records.

use super::super::dataset_error::DatasetError;
use super::super::dataset_note::DatasetNote;
use super::super::record_error::RecordError;
use super::super::record_sink::RecordSink;
use super::super::record_time::{self, hand_over};
use super::header::Header;
use super::rows::Rows;
use crate::protocol::Micros;
use crate::settings::TimeSettings;
use crate::source::field_path::FieldPath;
use crate::source::time_stamp::StampReader;

/// The column, which need not be one of those that the records keep.
#[derive(Debug)]
pub(super) struct TimeColumn<'a> {
    /// Its place in a row, from 0.
    index: usize,
    name: &'a str,
    reader: StampReader,
}

impl<'a> TimeColumn<'a> {
    /// The column that `time` names, by its name or as a field of the records.
    pub(super) fn new(header: &Header<'_>, time: &'a TimeSettings) -> Result<Self, DatasetError> {
        let name = time.key.as_str();
        let path = FieldPath::parse(name);
        let is_called = |index: &usize| {
            let column = header.name(*index);
            column == name || matches!(path.keys(), [key] if column == *key)
        };
        let mut places = (0..header.width()).filter(is_called);
        let index = places.next().ok_or_else(|| header.missing(name))?;
        if let Some(other) = places.next() {
            return Err(header.ambiguous(index, other, "time"));
        }
        Ok(Self {
            index,
            name,
            reader: StampReader::new(name, time.unit),
        })
    }

    /// The stamp of the current row of `rows`, for `sink`.
    pub(super) fn read(
        &mut self,
        rows: &Rows<'_>,
        sink: &mut dyn RecordSink,
    ) -> Result<Micros, RecordError> {
        let read = self.reader.read(rows.cell(self.index));
        hand_over(self.name, read, sink)
    }

    /// What a person should know about the stamps.
    pub(super) fn notes(&self) -> Vec<DatasetNote> {
        record_time::notes(&self.reader, self.name)
    }
}
