//! [`RowColumns`]: the columns of a table that are played, and its rows as records.

use std::path::Path;

use arrow_array::{ArrayRef, RecordBatch};

use super::super::column_picker::missing_column;
use super::super::dataset_error::DatasetError;
use super::super::dataset_note::{DatasetNote, NoteKind};
use super::super::read_options::ReadOptions;
use super::super::record_error::RecordError;
use super::super::record_selection::RecordSelection;
use super::super::record_sink::RecordSink;
use super::json_value::{LostValues, UnsupportedType, push_json, push_value};
use super::{refused, unusable};
use crate::source::field_path::FieldPath;

/// The columns that are read; at least one.
#[derive(Debug)]
pub(super) struct RowColumns<'a> {
    path: &'a Path,
    /// In the order of the records' keys, if these are all that is read.
    columns: Vec<RowColumn>,
    /// What is played of a row, unless that is all of these columns.
    selection: Option<RecordSelection<'a>>,
    /// A row, if not all of it is played.
    row: Vec<u8>,
}

#[derive(Debug)]
struct RowColumn {
    name: String,
    /// The name as JSON text, with a colon.
    key: Vec<u8>,
    /// Its place among all columns of the file, from 0.
    place: usize,
    lost: LostValues,
    /// The numbers of the first rows with values that are lost.
    first_not_finite: Option<u64>,
    first_out_of_range: Option<u64>,
}

impl<'a> RowColumns<'a> {
    /// The columns that `options` need of a file whose columns are called `names`.
    pub(super) fn choose(
        path: &'a Path,
        names: &[String],
        options: &'a ReadOptions,
    ) -> Result<Self, DatasetError> {
        if names.is_empty() {
            let remedy = "write at least one column";
            return Err(unusable(path, "has no columns".to_owned(), remedy));
        }
        let mut places = wanted_places(path, names, &options.columns)?;
        if let Some(time) = &options.time {
            match time_place(names, &time.key) {
                Some(place) if places.contains(&place) => {}
                Some(place) => places.push(place),
                // All columns are read for the error that lists them.
                None => places = (0..names.len()).collect(),
            }
        }
        let columns: Vec<_> = places
            .into_iter()
            .map(|place| RowColumn::new(place, &names[place]))
            .collect();
        for (at, column) in columns.iter().enumerate() {
            let last = names.iter().rposition(|other| *other == column.name);
            let is_repeated = columns[..at].iter().any(|other| other.name == column.name);
            if is_repeated || last != Some(column.place) {
                return Err(unusable(
                    path,
                    format!("several columns are called `{}`", column.name),
                    "give each column a different name, or choose others with `columns`",
                ));
            }
        }
        let is_whole = options.time.is_none();
        Ok(Self {
            path,
            columns,
            selection: (!is_whole).then(|| RecordSelection::new(options)),
            row: Vec::new(),
        })
    }

    /// The places of the columns in the file, in ascending order: those that have to be decoded.
    pub(super) fn places(&self) -> Vec<usize> {
        let mut places: Vec<_> = self.columns.iter().map(|column| column.place).collect();
        places.sort_unstable();
        places
    }

    /// Adds the rows of `batch`, whose columns are those at [`places`](Self::places), to `records`.
    pub(super) fn push_rows(
        &mut self,
        batch: &RecordBatch,
        records: &mut dyn RecordSink,
    ) -> Result<(), DatasetError> {
        let places = self.places();
        let arrays: Vec<_> = self
            .columns
            .iter()
            .map(|column| places.partition_point(|&place| place < column.place))
            .map(|index| batch.column(index))
            .collect();
        for row in 0..batch.num_rows() {
            self.push_row(&arrays, row, records)?;
        }
        Ok(())
    }

    fn push_row(
        &mut self,
        arrays: &[&ArrayRef],
        row: usize,
        records: &mut dyn RecordSink,
    ) -> Result<(), DatasetError> {
        let number = records.count() + 1;
        let Self {
            columns, selection, ..
        } = self;
        let mut written = Ok(());
        let pushed = match selection {
            None => {
                let write = &mut |out: &mut Vec<u8>| {
                    written = write_row(columns, arrays, (row, number), out);
                };
                records.push(None, write).map_err(RecordError::Sink)
            }
            Some(selection) => {
                self.row.clear();
                written = write_row(columns, arrays, (row, number), &mut self.row);
                let json = std::str::from_utf8(&self.row).unwrap_or_default();
                selection.push(json, records)
            }
        };
        written.map_err(|problem| unusable(self.path, problem, "choose others with `columns`"))?;
        pushed.map_err(|error| refused(self.path, &format!("row {number}"), number, error))
    }

    /// Checks, after the last row, that what is to be played was found. Returns what a person should know about it.
    pub(super) fn finish(&self) -> Result<Vec<DatasetNote>, DatasetError> {
        let mut notes: Vec<_> = self.columns.iter().flat_map(RowColumn::notes).collect();
        if let Some(selection) = &self.selection {
            notes.extend(selection.finish(self.path)?);
        }
        Ok(notes)
    }
}

/// Appends the record of a row, given by its index in `arrays` and its number in the file. The error is a column that no
/// record can hold.
fn write_row(
    columns: &mut [RowColumn],
    arrays: &[&ArrayRef],
    (row, number): (usize, u64),
    out: &mut Vec<u8>,
) -> Result<(), String> {
    for (index, (column, array)) in columns.iter_mut().zip(arrays).enumerate() {
        out.push(if index == 0 { b'{' } else { b',' });
        out.extend_from_slice(&column.key);
        let written = push_value(array, row, out, &mut column.lost);
        written.map_err(|UnsupportedType(kind)| {
            let name = &column.name;
            format!("the column `{name}` has the type {kind}, which is not supported")
        })?;
        column.observe(number);
    }
    out.push(b'}');
    Ok(())
}

/// The places of the columns `wanted`, or of all.
fn wanted_places(
    path: &Path,
    names: &[String],
    wanted: &[String],
) -> Result<Vec<usize>, DatasetError> {
    if wanted.is_empty() {
        return Ok((0..names.len()).collect());
    }
    let place = |name: &String| {
        let found = names.iter().position(|other| other == name);
        found.ok_or_else(|| missing_column(path, name, names))
    };
    wanted.iter().map(place).collect()
}

/// The place of the column that has the field `key`: it, or the first part of the path that it is.
fn time_place(names: &[String], key: &str) -> Option<usize> {
    let path = FieldPath::parse(key);
    let first = path.keys().first();
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    first.and_then(|first| place(first)).or_else(|| place(key))
}

impl RowColumn {
    fn new(place: usize, name: &str) -> Self {
        let mut key = Vec::new();
        push_json(name, &mut key);
        key.push(b':');
        Self {
            name: name.to_owned(),
            key,
            place,
            lost: LostValues::default(),
            first_not_finite: None,
            first_out_of_range: None,
        }
    }

    /// Remembers the row `number` if it is the first with a lost value.
    fn observe(&mut self, number: u64) {
        if self.lost.not_finite > 0 {
            self.first_not_finite.get_or_insert(number);
        }
        if self.lost.out_of_range > 0 {
            self.first_out_of_range.get_or_insert(number);
        }
    }

    fn notes(&self) -> Vec<DatasetNote> {
        let note = |kind| DatasetNote {
            column: self.name.clone(),
            kind,
        };
        let not_finite = self.first_not_finite.map(|row| {
            let count = self.lost.not_finite;
            note(NoteKind::NotFiniteInRow { count, row })
        });
        let out_of_range = self.first_out_of_range.map(|row| {
            let count = self.lost.out_of_range;
            note(NoteKind::OutOfRange { count, row })
        });
        not_finite.into_iter().chain(out_of_range).collect()
    }
}
