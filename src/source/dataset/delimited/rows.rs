//! [`Rows`]: the rows of a CSV or TSV file, each with as many cells as the header.

use std::fmt;
use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord};

use super::super::dataset_error::DatasetError;
use super::row_text::RowText;

/// Reads one row after the other.
pub(super) struct Rows<'a> {
    file: &'a dyn RowText,
    separator: u8,
    reader: Reader<Box<dyn Read + 'a>>,
    /// The current row.
    row: StringRecord,
    /// The offset in the text after which it begins: line breaks may be in between.
    offset: u64,
    /// How many cells each row has; 0 before the header.
    width: usize,
    /// The number of rows read after the header.
    count: u64,
}

/// In bytes, of one read from a large file.
const BUFFER_LEN: usize = 128 << 10;
const RAGGED_REMEDY: &str = "give the row as many cells as the header has; a cell with a separator or a line break in it \
                             needs quotes, which must be closed";
const QUOTE_REMEDY: &str = "close the quote; a quote in a quoted cell is written twice";

impl<'a> Rows<'a> {
    pub(super) fn new(file: &'a dyn RowText, separator: u8) -> Result<Self, DatasetError> {
        Ok(Self {
            reader: reader(separator)
                .buffer_capacity(BUFFER_LEN)
                .from_reader(file.reader()?),
            file,
            separator,
            row: StringRecord::new(),
            offset: 0,
            width: 0,
            count: 0,
        })
    }

    /// Reads the header: the names of the columns, some of which may be empty; `None` if the file has no text.
    pub(super) fn read_header(&mut self) -> Result<Option<Vec<String>>, DatasetError> {
        if !self.read()? {
            return Ok(None);
        }
        self.width = self.row.len();
        let names = self.row.iter().map(|name| name.trim().to_owned());
        Ok(Some(names.collect()))
    }

    /// Reads the next row that is not blank; `false` at the end.
    pub(super) fn advance(&mut self) -> Result<bool, DatasetError> {
        loop {
            if !self.read()? {
                return Ok(false);
            }
            let is_blank = self.row.len() == 1 && self.row[0].trim().is_empty();
            if self.width > 1 && is_blank {
                continue;
            }
            self.count += 1;
            if self.row.len() == self.width {
                return Ok(true);
            }
            let cells = |count: usize| format!("{count} cell{}", if count == 1 { "" } else { "s" });
            let (here, header) = (cells(self.row.len()), self.width);
            let number = self.count;
            let problem = format!("row {number} has {here}, but the header has {header}");
            return Err(self.malformed(problem, RAGGED_REMEDY));
        }
    }

    /// Whether all rows to come are blank.
    pub(super) fn are_blank(&mut self) -> Result<bool, DatasetError> {
        while self.read()? {
            if self.row.iter().any(|cell| !cell.trim().is_empty()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The current row.
    pub(super) const fn row(&self) -> &StringRecord {
        &self.row
    }

    /// The cell at `index` of the current row.
    pub(super) fn cell(&self, index: usize) -> &str {
        &self.row[index]
    }

    /// The offset in the text after which the current row begins: line breaks may be in between.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of rows so far, without the header.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Checks, after the last row, that its quotes are closed: otherwise it has swallowed all that follows.
    pub(super) fn check_end(&self) -> Result<(), DatasetError> {
        let last = self.file.last_row(self.offset)?;
        if !last.contains('"') {
            return Ok(());
        }
        // A line after it is a row, unless it is in quotes.
        let continued = format!("{}\nx", last.trim_matches(['\r', '\n']));
        let rows = reader(self.separator).from_reader(continued.as_bytes());
        if rows.into_records().count() > 1 {
            return Ok(());
        }
        Err(self.open_quote(self.count))
    }

    /// The error of the row `number`, whose quotes are not closed; 0 is the header.
    fn open_quote(&self, number: u64) -> DatasetError {
        let problem = match number {
            0 => "a quote in the header is not closed".to_owned(),
            number => format!("a quote in row {number} is not closed"),
        };
        self.malformed(problem, QUOTE_REMEDY)
    }

    fn read(&mut self) -> Result<bool, DatasetError> {
        let offset = self.reader.position().byte();
        self.file.begin_row(offset);
        match self.reader.read_record(&mut self.row) {
            Ok(is_row) => {
                if is_row {
                    self.offset = offset;
                }
                Ok(is_row)
            }
            Err(error) => {
                self.offset = offset;
                Err(match self.file.fault(offset) {
                    Some(fault) => fault,
                    // The row is longer than any record.
                    None if error.is_io_error() => {
                        self.open_quote(self.count + u64::from(self.width > 0))
                    }
                    None => self.malformed(error.to_string(), RAGGED_REMEDY),
                })
            }
        }
    }

    fn malformed(&self, problem: String, remedy: &str) -> DatasetError {
        match self.file.place(self.offset) {
            Err(error) => error,
            Ok((line, column)) => DatasetError::Malformed {
                path: self.file.path().to_owned(),
                line,
                column,
                problem,
                remedy: remedy.to_owned(),
            },
        }
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("offset", &self.offset)
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

/// How the rows of files are read.
pub(in crate::source::dataset) fn reader(separator: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder
        .has_headers(false)
        .flexible(true)
        .delimiter(separator);
    builder
}
