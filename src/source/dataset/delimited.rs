//! Reads CSV and TSV: a header with the names of the columns, then one record per row.
//!
//! Two passes: the first finds the type of each column, which depends on all of its cells; the second writes the records.

mod cells;
mod columns;
mod header;
mod row_text;
mod rows;
mod time_column;

pub(super) use columns::Columns;
use header::Header;
pub(super) use row_text::RowText;
use rows::Rows;
pub(super) use rows::reader;
use serde::{Deserialize, Serialize};
use time_column::TimeColumn;

use super::dataset_error::DatasetError;
use super::dataset_note::{DatasetNote, NoteKind};
use super::read_options::ReadOptions;
use super::record_error::RecordError;
use super::record_sink::RecordSink;

/// What was found out about the rows of a file.
#[derive(Debug)]
pub(super) struct ReadRows {
    /// What a person should know about how they were read.
    pub(super) notes: Vec<DatasetNote>,
    /// How they are written and become records; `None` without rows.
    pub(super) layout: Option<RowLayout>,
}

/// How rows are written and become records.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RowLayout {
    pub(super) separator: u8,
    pub(super) columns: Columns,
}

/// What may separate the cells of a CSV file, in the order in which it is tried.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the rows of a CSV file. Many programs write another separator than a comma: the header shows which.
pub(super) fn read_csv(
    file: &dyn RowText,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<ReadRows, DatasetError> {
    let header = file.head().trim_start().lines().next().unwrap_or_default();
    let has = |separator: &&u8| header.as_bytes().contains(separator);
    let separator = *SEPARATORS.iter().find(has).unwrap_or(&b',');
    let mut rows = read(file, separator, options, records)?;
    if separator != b',' {
        let kind = NoteKind::Separator(char::from(separator));
        rows.notes.insert(0, DatasetNote::of_file(kind));
    }
    Ok(rows)
}

/// Reads the rows of a TSV file.
pub(super) fn read_tsv(
    file: &dyn RowText,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<ReadRows, DatasetError> {
    read(file, b'\t', options, records)
}

fn read(
    file: &dyn RowText,
    separator: u8,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<ReadRows, DatasetError> {
    let mut rows = Rows::new(file, separator)?;
    let none = ReadRows {
        notes: Vec::new(),
        layout: None,
    };
    let Some(names) = rows.read_header()? else {
        return Ok(none);
    };
    if names.len() == 1 && names[0].is_empty() && rows.are_blank()? {
        return Ok(none);
    }
    let header = Header::new(file, names);
    let mut columns = Columns::select(&header, &options.columns)?;
    let time = options.time.as_ref();
    let mut time = time
        .map(|time| TimeColumn::new(&header, time))
        .transpose()?;
    while rows.advance()? {
        columns.observe(rows.row(), rows.offset());
    }
    rows.check_end()?;
    if rows.count() == 0 {
        return Err(DatasetError::Empty {
            path: file.path().to_owned(),
            remedy: "it has a header only; add at least one row",
        });
    }
    let mut notes = notes(&header);
    notes.extend(columns.finish(file)?);
    drop(rows);
    let mut rows = Rows::new(file, separator)?;
    rows.read_header()?;
    while rows.advance()? {
        records.begin(rows.offset());
        let stamp = match &mut time {
            Some(time) => time.read(&rows, records).map(Some),
            None => Ok(None),
        };
        let pushed = stamp.and_then(|stamp| {
            let pushed = records.push(stamp, &mut |out| columns.write(rows.row(), out));
            pushed.map_err(RecordError::Sink)
        });
        if let Err(error) = pushed {
            let place = file.place(rows.offset())?;
            return Err(error.at(file.path(), records.count() + 1, place));
        }
    }
    notes.extend(time.iter().flat_map(TimeColumn::notes));
    Ok(ReadRows {
        notes,
        layout: Some(RowLayout { separator, columns }),
    })
}

/// What a person should know about the header.
fn notes(header: &Header<'_>) -> Vec<DatasetNote> {
    let mut notes = Vec::new();
    if header.is_of_numbers() {
        notes.push(DatasetNote::of_file(NoteKind::HeaderOfNumbers));
    }
    if let [name] = header.names()
        && is_separated_by_spaces(name)
    {
        notes.push(DatasetNote::of_file(NoteKind::SeparatedBySpaces));
    }
    notes
}

/// Whether the only name in a header is more likely to be several, separated by spaces: some of them are numbers.
fn is_separated_by_spaces(name: &str) -> bool {
    let mut words = name.split_whitespace();
    words.clone().count() > 1 && words.all(cells::is_json_number)
}
