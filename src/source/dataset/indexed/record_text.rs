//! [`RecordText`]: makes a record of its bytes in the file.

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::super::column_picker::ColumnPicker;
use super::super::delimited::{self, RowLayout};
use super::super::read_options::ReadOptions;
use crate::source::compact::push_compact;

/// How the records are written in the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum RecordText {
    /// One JSON value per line, of which the keys `columns` are kept; all of them without any.
    Lines { columns: Vec<String> },
    /// Rows of cells.
    Rows(RowLayout),
}

/// In bytes.
const ROW_BUFFER_MAX: usize = 8 << 10;

impl RecordText {
    /// One JSON value per line.
    pub(super) fn lines(options: &ReadOptions) -> Self {
        let columns = options.columns.clone();
        Self::Lines { columns }
    }

    /// Appends the record to `out`. `bytes` begin with it; what follows it does not matter.
    pub(super) fn write(&self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Rows(layout) => {
                let mut row = StringRecord::new();
                let mut rows = delimited::reader(layout.separator)
                    .buffer_capacity(bytes.len().clamp(1, ROW_BUFFER_MAX))
                    .from_reader(bytes);
                // The bytes are those of a row that was valid when it was indexed.
                if rows.read_record(&mut row).is_ok_and(|is_row| is_row) {
                    layout.columns.write(&row, out);
                }
            }
            Self::Lines { columns } => {
                let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
                // The bytes are those of a line that was valid when it was indexed.
                let Ok(line) = std::str::from_utf8(&bytes[..end]) else {
                    return;
                };
                match ColumnPicker::new(columns) {
                    None => push_compact(line, out),
                    Some(mut picker) => {
                        let mut record = Vec::with_capacity(line.len());
                        push_compact(line, &mut record);
                        picker.pick(&record, out);
                    }
                }
            }
        }
    }
}
