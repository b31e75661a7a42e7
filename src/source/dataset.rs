//! [`Dataset`]: the records of a file as JSON text, in memory, or, if the file is large, in the file.

mod column_picker;
mod compression;
mod dataset_error;
mod dataset_note;
mod delimited;
#[cfg(feature = "formats")]
mod formats;
mod head;
mod indexed;
mod input_file;
mod json_text;
mod read_options;
mod record_builder;
mod record_error;
mod record_selection;
mod record_sink;
mod record_store;
mod record_time;
mod text_file;
#[cfg(not(feature = "formats"))]
mod without_formats;

use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;

pub use dataset_error::DatasetError;
pub use dataset_note::{DatasetNote, NoteKind};
pub(super) use head::first_records;
pub use indexed::{IndexReport, SidecarUse};
pub(super) use read_options::LOG_TIME;
pub use read_options::{ReadOptions, format_by_name};

#[cfg(not(feature = "formats"))]
use without_formats as formats;

use super::channel_description::ChannelDescription;
use super::field_index::FieldScan;
use super::field_path::FieldPath;
use super::record_source::RecordSource;
use super::source_error::SourceError;
use super::work_budget::{RecordPass as _, WorkBudget};
use super::{ExtremesLookup, FieldIndex, Stamps, for_each_field};
use crate::settings::DatasetFormat;
use indexed::BuiltIndex;
use input_file::InputFile;
use record_builder::RecordBuilder;
use record_sink::RecordSink;
use record_store::RecordStore;
use text_file::TextFile;

/// The records of a file, in order. Never empty. Those of a large file stay in the file: see
/// [`ReadOptions::memory_max`].
#[derive(Debug)]
pub struct Dataset {
    /// At least one.
    records: RecordStore,
    /// If the dataset is played by its own time.
    stamps: Option<Stamps>,
    /// The length of the longest record, in bytes.
    record_max: usize,
    /// How they are written in the file.
    format: DatasetFormat,
    /// Of the file, not of `records`: see [`ReadOptions::identify`].
    digest: [u8; 32],
    /// What a person should know about how the file was read.
    notes: Vec<DatasetNote>,
    /// How the file was indexed, if its records are not in memory.
    index: Option<IndexReport>,
    /// Set once, after the whole pass over the records.
    fields: OnceLock<FieldIndex>,
    /// The state of that pass until then. Locked for one step at a time.
    field_scan: Mutex<FieldScan>,
}

impl Dataset {
    /// Loads the dataset at `path`.
    ///
    /// # Errors
    /// The file cannot be read, is not in its format, has no records, or a record is too long.
    pub fn load(path: &Path, options: &ReadOptions) -> Result<Self, DatasetError> {
        let file = InputFile::open(path)?;
        let format = file.format(options);
        if format != DatasetFormat::Mcap && options.channel.is_some() {
            return Err(without_channels(path, format));
        }
        if indexed::is_indexed(&file, format, options) {
            let built = indexed::open(file, format, options)?;
            return Ok(Self::of_file(built, options, format));
        }
        if format.is_text() {
            let text = TextFile::from_reader(path, file.into_reader())?;
            return Self::parse(&text, options, format);
        }
        let mut records = RecordBuilder::new(0, options);
        let notes = formats::read(&file, format, options, &mut records)?;
        let digest = options.identify(file.digest()?, format);
        Self::build(path, records, notes, (format, digest))
    }

    fn of_file(built: BuiltIndex, options: &ReadOptions, format: DatasetFormat) -> Self {
        Self {
            record_max: built.file.longest(),
            records: RecordStore::File(Box::new(built.file)),
            stamps: built.stamps,
            format,
            digest: options.identify(built.digest, format),
            notes: built.notes,
            index: Some(built.report),
            fields: OnceLock::new(),
            field_scan: Mutex::default(),
        }
    }

    fn parse(
        file: &TextFile<'_>,
        options: &ReadOptions,
        format: DatasetFormat,
    ) -> Result<Self, DatasetError> {
        let mut records = RecordBuilder::new(file.text.len(), options);
        let notes = read_text(file, options, format, &mut records)?;
        let digest = options.identify(file.digest, format);
        Self::build(file.path, records, notes, (format, digest))
    }

    fn build(
        path: &Path,
        records: RecordBuilder,
        notes: Vec<DatasetNote>,
        (format, digest): (DatasetFormat, [u8; 32]),
    ) -> Result<Self, DatasetError> {
        let built = records.finish().ok_or_else(|| DatasetError::empty(path))?;
        Ok(Self {
            records: RecordStore::Memory(built.records),
            stamps: built.stamps,
            record_max: built.longest,
            format,
            digest,
            notes,
            index: None,
            fields: OnceLock::new(),
            field_scan: Mutex::default(),
        })
    }

    /// How the records are written in the file.
    #[must_use]
    pub fn format(&self) -> DatasetFormat {
        self.format
    }

    /// What a person should know about how the file was read.
    #[must_use]
    pub fn notes(&self) -> &[DatasetNote] {
        &self.notes
    }

    /// How the file was indexed; `None` if the records are in memory.
    #[must_use]
    pub const fn index_report(&self) -> Option<&IndexReport> {
        self.index.as_ref()
    }

    /// The text of the record at `index`.
    ///
    /// # Panics
    /// Panics if `index` is not less than the number of records, or the records are not in memory.
    #[must_use]
    pub fn record(&self, index: u64) -> &[u8] {
        let records = self.records.memory();
        records.expect("the file is small").get(index)
    }

    /// The texts of all records, in order.
    ///
    /// # Panics
    /// Panics if the records are not in memory.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let records = self.records.memory();
        records.expect("the file is small").iter()
    }

    /// Returns the `keys` that no record has, neither as a key nor as the name of a nested field. Stops reading when all
    /// have been found, or once a record cannot be read.
    #[must_use]
    pub fn missing_keys<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut missing: Vec<_> = keys.into_iter().collect();
        let mut next = 0;
        while !missing.is_empty() && next < self.records.count() {
            let mut observe = |record: &[u8]| {
                for_each_field(record, |key, _| missing.retain(|missing| *missing != key));
                missing.retain(|missing| {
                    let is_path = missing.contains(['.', '\\']);
                    !is_path || FieldPath::parse(missing).find(record).is_none()
                });
            };
            let visited = self
                .records
                .visit(next, &mut WorkBudget::default(), &mut observe);
            // The reason is reported when they are played.
            let Ok(visited) = visited else { break };
            next = visited;
        }
        missing
    }
}

/// The format of the file at `path`.
///
/// # Errors
/// The file cannot be read.
pub(super) fn format_of(path: &Path, options: &ReadOptions) -> Result<DatasetFormat, DatasetError> {
    Ok(InputFile::open(path)?.format(options))
}

/// The error of a channel of a file that is no recording.
fn without_channels(path: &Path, format: DatasetFormat) -> DatasetError {
    DatasetError::Unusable {
        path: path.to_owned(),
        problem: format!("is read as {}, which has no channels", format.name()),
        remedy: "remove `channel`, or name a recording".to_owned(),
    }
}

/// The channels of the recording at `path`, in its order; `None` if it is no recording.
///
/// # Errors
/// The file cannot be read, or is damaged.
pub fn channels(
    path: &Path,
    options: &ReadOptions,
) -> Result<Option<Vec<ChannelDescription>>, DatasetError> {
    let file = InputFile::open(path)?;
    if file.format(options) == DatasetFormat::Mcap {
        return formats::channels(&file).map(Some);
    }
    Ok(None)
}

/// Reads the records of `file` into `records`. Returns what a person should know about how they were read.
fn read_text(
    file: &TextFile<'_>,
    options: &ReadOptions,
    format: DatasetFormat,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    match format {
        DatasetFormat::Ndjson => json_text::read_lines(file, options, records),
        DatasetFormat::Csv => delimited::read_csv(file, options, records).map(|rows| rows.notes),
        DatasetFormat::Tsv => delimited::read_tsv(file, options, records).map(|rows| rows.notes),
        _ => json_text::read_array(file, options, records),
    }
}

impl RecordSource for Dataset {
    fn count(&self) -> NonZeroU64 {
        NonZeroU64::new(self.records.count()).expect("parsing rejects an empty array")
    }

    fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    fn stamps(&self) -> Option<&Stamps> {
        self.stamps.as_ref()
    }

    fn record_max(&self) -> usize {
        self.record_max
    }

    fn record_len(&self, index: u64) -> usize {
        self.records.record_len(index)
    }

    fn resident(&self, range: Range<u64>) -> Option<Vec<Bytes>> {
        let records = self.records.memory()?;
        Some(range.map(|index| records.slice(index)).collect())
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError> {
        self.records.read(range)
    }

    fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError> {
        if self.fields.get().is_none() {
            let mut search = self
                .field_scan
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Another thread may have finished it while this one waited for the lock.
            if self.fields.get().is_none() {
                let Some(fields) = search.advance(&self.records)? else {
                    return Ok(None);
                };
                _ = self.fields.set(fields);
            }
        }
        Ok(self.fields.get())
    }

    fn poll_extremes(&self, key: &str) -> Result<ExtremesLookup, SourceError> {
        match self.poll_fields()? {
            Some(fields) => fields.poll_extremes(&self.records, key),
            None => Ok(ExtremesLookup::InProgress),
        }
    }
}

#[cfg(test)]
mod tests;
