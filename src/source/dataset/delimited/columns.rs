//! [`Columns`]: the columns of a CSV or TSV file that become keys of the records, and a row as a record.

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use super::super::column_picker::push_key;
use super::super::dataset_error::DatasetError;
use super::super::dataset_note::{DatasetNote, NoteKind};
use super::cells::ColumnCells;
use super::header::Header;
use super::row_text::RowText;

/// The columns, in the order of the keys.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::source::dataset) struct Columns {
    list: Vec<Column>,
    /// Whether all columns are kept, so that one without a name and without values is left out.
    are_all: bool,
}

/// A column that becomes a key of the records.
#[derive(Debug, Serialize, Deserialize)]
struct Column {
    /// Its place in a row, from 0.
    index: usize,
    name: String,
    /// The name as JSON text.
    key: String,
    is_unnamed: bool,
    cells: ColumnCells,
}

impl Columns {
    /// The columns called `wanted`, in that order, or all of them.
    pub(super) fn select(header: &Header<'_>, wanted: &[String]) -> Result<Self, DatasetError> {
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
        let list: Vec<Column> = places
            .into_iter()
            .map(|index| Column::new(index, header))
            .collect();
        for (at, column) in list.iter().enumerate() {
            // A column that is wanted twice is the same one.
            let same = names.iter().rposition(|other| *other == column.name);
            let other = match same {
                Some(other) if other != column.index => Some(other),
                _ => list[..at]
                    .iter()
                    .find(|other| other.name == column.name)
                    .map(|other| other.index),
            };
            if let Some(other) = other {
                return Err(header.ambiguous(column.index, other, "columns"));
            }
        }
        Ok(Self {
            list,
            are_all: wanted.is_empty(),
        })
    }

    /// Counts the cells of `row`, which begins at `offset`.
    pub(super) fn observe(&mut self, row: &StringRecord, offset: u64) {
        for column in &mut self.list {
            column.cells.observe(&row[column.index], offset);
        }
    }

    /// What a person should know about the columns, and leaves out those that are not kept, after the last row.
    pub(super) fn finish(&mut self, file: &dyn RowText) -> Result<Vec<DatasetNote>, DatasetError> {
        let mut notes = Vec::new();
        for column in &self.list {
            let mut note = |kind| {
                let column = column.name.clone();
                notes.push(DatasetNote { column, kind });
            };
            if self.is_left_out(column) {
                note(NoteKind::LeftOut);
            } else if column.is_unnamed {
                note(NoteKind::Unnamed);
            }
            let line = |offset| file.place(offset).map(|(line, _)| line);
            column.cells.notes(line)?.into_iter().for_each(note);
        }
        let is_left_out = |column: &Column| self.is_left_out(column);
        let left_out: Vec<bool> = self.list.iter().map(is_left_out).collect();
        let mut left_out = left_out.into_iter();
        self.list.retain(|_| left_out.next() == Some(false));
        Ok(notes)
    }

    const fn is_left_out(&self, column: &Column) -> bool {
        self.are_all && column.is_unnamed && column.cells.is_empty()
    }

    /// Appends `row` as a record to `out`.
    pub(in crate::source::dataset) fn write(&self, row: &StringRecord, out: &mut Vec<u8>) {
        out.push(b'{');
        let start = out.len();
        for column in &self.list {
            push_key(start, &column.key, out);
            column.cells.write(&row[column.index], out);
        }
        out.push(b'}');
    }
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
