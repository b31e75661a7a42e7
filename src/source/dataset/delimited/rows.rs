//! [`Rows`]: the rows of a CSV or TSV file, each with as many cells as the header.

use csv::{Reader, ReaderBuilder, StringRecord};

use super::super::dataset_error::DatasetError;
use super::super::text_file::TextFile;

/// Reads one row after the other.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    file: &'a TextFile<'a>,
    separator: u8,
    reader: Reader<&'a [u8]>,
    /// The current row.
    row: StringRecord,
    /// The offset in the text at which it begins.
    offset: usize,
    /// How many cells each row has; 0 before the header.
    width: usize,
    /// The number of rows read after the header.
    count: usize,
}

const RAGGED_REMEDY: &str = "give the row as many cells as the header has; a cell with a separator or a line break in it \
                             needs quotes, which must be closed";

impl<'a> Rows<'a> {
    pub(super) fn new(file: &'a TextFile<'a>, separator: u8) -> Self {
        Self {
            reader: reader(file.text.as_bytes(), separator),
            file,
            separator,
            row: StringRecord::new(),
            offset: 0,
            width: 0,
            count: 0,
        }
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

    /// The cell at `index` of the current row.
    pub(super) fn cell(&self, index: usize) -> &str {
        &self.row[index]
    }

    /// The offset in the text at which the current row begins.
    pub(super) const fn offset(&self) -> usize {
        self.offset
    }

    /// The number of rows so far, without the header.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Checks, after the last row, that its quotes are closed: otherwise it has swallowed all that follows.
    pub(super) fn check_end(&self) -> Result<(), DatasetError> {
        let last = &self.file.text[self.offset..];
        if !last.contains('"') {
            return Ok(());
        }
        // A line after it is a row, unless it is in quotes.
        let continued = format!("{}\nx", last.trim_end_matches(['\r', '\n']));
        let rows = reader(continued.as_bytes(), self.separator);
        if rows.into_records().count() > 1 {
            return Ok(());
        }
        let problem = match self.count {
            0 => "a quote in the header is not closed".to_owned(),
            number => format!("a quote in row {number} is not closed"),
        };
        Err(self.malformed(
            problem,
            "close the quote; a quote in a quoted cell is written twice",
        ))
    }

    fn read(&mut self) -> Result<bool, DatasetError> {
        let before = usize::try_from(self.reader.position().byte()).unwrap_or(usize::MAX);
        match self.reader.read_record(&mut self.row) {
            Ok(false) => Ok(false),
            Ok(true) => {
                // The reader is still before the line break that ended the last row.
                let rest = &self.file.text[before.min(self.file.text.len())..];
                let breaks = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
                self.offset = before + breaks;
                Ok(true)
            }
            Err(error) => Err(self.malformed(error.to_string(), RAGGED_REMEDY)),
        }
    }

    fn malformed(&self, problem: String, remedy: &str) -> DatasetError {
        let (line, column) = self.file.place(self.offset);
        DatasetError::Malformed {
            path: self.file.path.to_owned(),
            line,
            column,
            problem,
            remedy: remedy.to_owned(),
        }
    }
}

fn reader(text: &[u8], separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text)
}
