//! Reads CSV and TSV: a header with the names of the columns, then one record per row.
//!
//! Two passes: the first finds the type of each column, which depends on all of its cells; the second writes the records.

mod cells;
mod header;
mod rows;
mod time_column;

use cells::ColumnCells;
use header::Header;
use rows::Rows;
use time_column::TimeColumn;

use super::column_picker::push_pair;
use super::dataset_error::DatasetError;
use super::dataset_note::{DatasetNote, NoteKind};
use super::read_options::ReadOptions;
use super::record_error::RecordError;
use super::record_sink::RecordSink;
use super::text_file::TextFile;

/// A column that becomes a key of the records.
#[derive(Debug)]
struct Column {
    /// Its place in a row, from 0.
    index: usize,
    name: String,
    /// The name as JSON text.
    key: String,
    is_unnamed: bool,
    cells: ColumnCells,
}

/// What may separate the cells of a CSV file, in the order in which it is tried.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the rows of a CSV file. Many programs write another separator than a comma: the header shows which.
pub(super) fn read_csv(
    file: &TextFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    let header = file.text.trim_start().lines().next().unwrap_or_default();
    let has = |separator: &&u8| header.as_bytes().contains(separator);
    let separator = *SEPARATORS.iter().find(has).unwrap_or(&b',');
    let mut notes = read(file, separator, options, records)?;
    if separator != b',' {
        let kind = NoteKind::Separator(char::from(separator));
        notes.insert(0, DatasetNote::of_file(kind));
    }
    Ok(notes)
}

/// Reads the rows of a TSV file.
pub(super) fn read_tsv(
    file: &TextFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    read(file, b'\t', options, records)
}

fn read(
    file: &TextFile<'_>,
    separator: u8,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    let wanted = &options.columns;
    if file.text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Rows::new(file, separator);
    let Some(names) = rows.read_header()? else {
        return Ok(Vec::new());
    };
    let header = Header::new(file, names);
    let mut columns = select(&header, wanted)?;
    let time = options.time.as_ref();
    let mut time = time
        .map(|time| TimeColumn::new(&header, time))
        .transpose()?;
    while rows.advance()? {
        for column in &mut columns {
            let cell = rows.cell(column.index);
            column.cells.observe(cell, rows.offset());
        }
    }
    rows.check_end()?;
    if rows.count() == 0 {
        return Err(DatasetError::Empty {
            path: file.path.to_owned(),
            remedy: "it has a header only; add at least one row",
        });
    }
    let is_left_out =
        |column: &Column| wanted.is_empty() && column.is_unnamed && column.cells.is_empty();
    let mut notes = notes(file, &header, &columns, is_left_out);
    columns.retain(|column| !is_left_out(column));
    let mut rows = Rows::new(file, separator);
    rows.read_header()?;
    while rows.advance()? {
        let stamp = match &mut time {
            Some(time) => time.read(&rows, records).map(Some),
            None => Ok(None),
        };
        let pushed = stamp.and_then(|stamp| {
            let pushed = records.push(stamp, &mut |out| write_record(&columns, &rows, out));
            pushed.map_err(RecordError::Sink)
        });
        pushed.map_err(|error| {
            let place = file.place(rows.offset());
            error.at(file.path, records.count() + 1, place)
        })?;
    }
    notes.extend(time.iter().flat_map(TimeColumn::notes));
    Ok(notes)
}

/// Returns the columns called `wanted`, in that order, or all of them.
fn select(header: &Header<'_>, wanted: &[String]) -> Result<Vec<Column>, DatasetError> {
    let names = header.names();
    if names.iter().all(String::is_empty) {
        return Err(header.empty());
    }
    let places: Vec<usize> = if wanted.is_empty() {
        (0..header.width()).collect()
    } else {
        let place = |name: &String| {
            let found = names.iter().position(|other| other == name);
            found.ok_or_else(|| header.missing(name))
        };
        wanted.iter().map(place).collect::<Result<_, _>>()?
    };
    let columns: Vec<Column> = places
        .into_iter()
        .map(|index| Column::new(index, header))
        .collect();
    for (at, column) in columns.iter().enumerate() {
        // A column that is wanted twice is the same one.
        let same = names.iter().rposition(|other| *other == column.name);
        let other = match same {
            Some(other) if other != column.index => Some(other),
            _ => columns[..at]
                .iter()
                .find(|other| other.name == column.name)
                .map(|other| other.index),
        };
        if let Some(other) = other {
            return Err(header.ambiguous(column.index, other, "columns"));
        }
    }
    Ok(columns)
}

impl Column {
    fn new(index: usize, header: &Header<'_>) -> Self {
        let name = header.name(index).into_owned();
        Self {
            index,
            key: serde_json::Value::from(name.as_str()).to_string(),
            name,
            is_unnamed: header.is_unnamed(index),
            cells: ColumnCells::default(),
        }
    }
}

fn notes(
    file: &TextFile<'_>,
    header: &Header<'_>,
    columns: &[Column],
    is_left_out: impl Fn(&Column) -> bool,
) -> Vec<DatasetNote> {
    let mut notes = Vec::new();
    if header.is_of_numbers() {
        notes.push(DatasetNote::of_file(NoteKind::HeaderOfNumbers));
    }
    if let [name] = header.names()
        && is_separated_by_spaces(name)
    {
        notes.push(DatasetNote::of_file(NoteKind::SeparatedBySpaces));
    }
    for column in columns {
        let mut note = |kind| {
            let column = column.name.clone();
            notes.push(DatasetNote { column, kind });
        };
        if is_left_out(column) {
            note(NoteKind::LeftOut);
        } else if column.is_unnamed {
            note(NoteKind::Unnamed);
        }
        for kind in column.cells.notes(|offset| file.place(offset).0) {
            note(kind);
        }
    }
    notes
}

/// Whether the only name in a header is more likely to be several, separated by spaces: some of them are numbers.
fn is_separated_by_spaces(name: &str) -> bool {
    let mut words = name.split_whitespace();
    words.clone().count() > 1 && words.all(cells::is_json_number)
}

fn write_record(columns: &[Column], rows: &Rows<'_>, out: &mut Vec<u8>) {
    out.push(b'{');
    let start = out.len();
    for column in columns {
        let value = column.cells.json(rows.cell(column.index));
        push_pair(start, &column.key, &value, out);
    }
    out.push(b'}');
}
