//! [`RecordTime`]: the time stamps of records that are read as JSON.

use super::dataset_note::{DatasetNote, NoteKind};
use super::record_error::RecordError;
use super::record_sink::RecordSink;
use crate::protocol::Micros;
use crate::settings::TimeSettings;
use crate::source::field_path::{FieldPath, escape};
use crate::source::time_stamp::{ReadStamp, StampError, StampReader};
use crate::source::{for_each_field, unquote};

/// Where the stamp of a record is, and how it is read.
#[derive(Debug)]
pub(super) struct RecordTime<'a> {
    name: &'a str,
    path: FieldPath,
    /// The name as a key of the record itself, if it could be meant as one.
    key: Option<FieldPath>,
    reader: StampReader,
}

impl<'a> RecordTime<'a> {
    pub(super) fn new(time: &'a TimeSettings) -> Self {
        let name = time.key.as_str();
        let may_be_key = name.contains(['.', '\\']);
        Self {
            name,
            path: FieldPath::parse(name),
            key: may_be_key.then(|| FieldPath::of_key(name)),
            reader: StampReader::new(name, time.unit),
        }
    }

    /// The stamp of the record `json`, for `sink`.
    pub(super) fn read(
        &mut self,
        json: &str,
        sink: &mut dyn RecordSink,
    ) -> Result<Micros, RecordError> {
        let is_object = json.starts_with('{');
        let find = |path: &FieldPath| path.find(json.as_bytes());
        let value =
            is_object.then(|| find(&self.path).or_else(|| self.key.as_ref().and_then(find)));
        let read = match value.flatten() {
            None => {
                let offered = if is_object { names(json) } else { Vec::new() };
                Err(StampError::Missing { offered })
            }
            Some(value) => self.read_value(value),
        };
        hand_over(self.name, read, sink)
    }

    /// What a person should know about the stamps.
    pub(super) fn notes(&self) -> Vec<DatasetNote> {
        notes(&self.reader, self.name)
    }

    fn read_value(&mut self, json: &str) -> Result<ReadStamp, StampError> {
        match json.as_bytes().first() {
            Some(b'n') => Err(StampError::Empty),
            Some(b't' | b'f' | b'[' | b'{') => Err(StampError::NotText(json.to_owned())),
            Some(b'"') => self.reader.read(&unquote(json).unwrap_or_default()),
            _ => self.reader.read(json),
        }
    }
}

/// Passes to `sink` what a stamp says about the ones before it. Returns the stamp of the column `name`.
pub(super) fn hand_over(
    name: &str,
    read: Result<ReadStamp, StampError>,
    sink: &mut dyn RecordSink,
) -> Result<Micros, RecordError> {
    let ReadStamp { stamp, divide_by } = read.map_err(|error| RecordError::Stamp {
        name: name.to_owned(),
        error,
    })?;
    if divide_by != 1 {
        sink.divide_stamps(divide_by);
    }
    Ok(stamp)
}

/// What was found out about the stamps of the column `name`, for people.
pub(super) fn notes(reader: &StampReader, name: &str) -> Vec<DatasetNote> {
    let Some(format) = reader.format() else {
        return Vec::new();
    };
    let unit = format
        .is_guessed
        .then_some(NoteKind::GuessedUnit(format.unit));
    let count = format.without_zone;
    let zone = (count > 0).then_some(NoteKind::WithoutZone { count });
    let note = |kind| DatasetNote {
        column: name.to_owned(),
        kind,
    };
    unit.into_iter().chain(zone).map(note).collect()
}

/// The keys of the object `record`, as names of fields.
fn names(record: &str) -> Vec<String> {
    let mut names = Vec::new();
    for_each_field(record.as_bytes(), |key, _| {
        names.push(escape(&key).into_owned());
    });
    names
}
