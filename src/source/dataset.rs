//! [`Dataset`]: the records of a file, kept in memory as JSON text.

mod column_picker;
mod compression;
mod dataset_error;
mod dataset_note;
mod delimited;
#[cfg(feature = "formats")]
mod formats;
mod head;
mod input_file;
mod json_text;
mod read_options;
mod record_builder;
mod record_error;
mod record_selection;
mod record_sink;
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
pub(super) use read_options::LOG_TIME;
pub use read_options::{ReadOptions, format_by_name};

#[cfg(not(feature = "formats"))]
use without_formats as formats;

use super::channel_description::ChannelDescription;
use super::field_index::FieldScan;
use super::field_path::FieldPath;
use super::record_block::RecordBlock;
use super::record_source::RecordSource;
use super::source_error::SourceError;
use super::{ExtremesLookup, FieldIndex, Stamps, for_each_field};
use crate::settings::DatasetFormat;
use input_file::InputFile;
use record_builder::RecordBuilder;
use record_sink::RecordSink;
use text_file::TextFile;

/// The records of a file, in order, in one block of memory. Never empty.
#[derive(Debug)]
pub struct Dataset {
    /// At least one.
    records: RecordBlock,
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
        if format.is_text() {
            let text = TextFile::from_reader(path, file.into_reader())?;
            return Self::parse(&text, options, format);
        }
        let mut records = RecordBuilder::new(0, options);
        let notes = formats::read(&file, format, options, &mut records)?;
        let digest = options.identify(file.digest()?, format);
        Self::build(path, records, notes, (format, digest))
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
            records: built.records,
            stamps: built.stamps,
            record_max: built.longest,
            format,
            digest,
            notes,
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

    /// The text of the record at `index`.
    ///
    /// # Panics
    /// Panics if `index` is not less than the number of records.
    #[must_use]
    pub fn record(&self, index: u64) -> &[u8] {
        self.records.get(index)
    }

    /// The texts of all records, in order.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        self.records.iter()
    }

    /// Returns the `keys` that no record has, neither as a key nor as the name of a nested field. Stops reading when all
    /// have been found.
    #[must_use]
    pub fn missing_keys<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut missing: Vec<_> = keys.into_iter().collect();
        for record in self.records() {
            if missing.is_empty() {
                break;
            }
            for_each_field(record, |key, _| missing.retain(|missing| *missing != key));
            missing.retain(|missing| {
                let is_path = missing.contains(['.', '\\']);
                !is_path || FieldPath::parse(missing).find(record).is_none()
            });
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
        DatasetFormat::Csv => delimited::read_csv(file, options, records),
        DatasetFormat::Tsv => delimited::read_tsv(file, options, records),
        _ => json_text::read_array(file, options, records),
    }
}

impl RecordSource for Dataset {
    fn count(&self) -> NonZeroU64 {
        NonZeroU64::new(self.records.len()).expect("parsing rejects an empty array")
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
        self.records.get(index).len()
    }

    fn resident(&self, range: Range<u64>) -> Option<Vec<Bytes>> {
        Some(range.map(|index| self.records.slice(index)).collect())
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError> {
        Ok(range.map(|index| self.records.slice(index)).collect())
    }

    fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError> {
        if self.fields.get().is_none() {
            let mut search = self
                .field_scan
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Another thread may have finished it while this one waited for the lock.
            if self.fields.get().is_none() {
                let Some(fields) = search.advance(&self.records) else {
                    return Ok(None);
                };
                _ = self.fields.set(fields);
            }
        }
        Ok(self.fields.get())
    }

    fn poll_extremes(&self, key: &str) -> Result<ExtremesLookup, SourceError> {
        Ok(match self.poll_fields()? {
            Some(fields) => fields.poll_extremes(&self.records, key),
            None => ExtremesLookup::InProgress,
        })
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn parse(json: &[u8]) -> Result<Dataset, String> {
        parse_with(json, usize::MAX)
    }

    fn parse_with(json: &[u8], record_max: usize) -> Result<Dataset, String> {
        let options = ReadOptions {
            record_max,
            ..ReadOptions::DEFAULT
        };
        let file = TextFile::from_reader(Path::new("d.json"), json);
        file.and_then(|file| Dataset::parse(&file, &options, DatasetFormat::Json))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn records_of_any_type_keep_their_text() {
        let dataset = parse(b" [ {\"b\": 1.0, \"a\":2} , 1e3,null, \"x y\",[ ] ]\n").unwrap();
        let records: Vec<_> = (0..dataset.count().get())
            .map(|index| dataset.record(index))
            .collect();
        assert_eq!(
            records,
            [
                &br#"{"b":1.0,"a":2}"#[..],
                b"1e3",
                b"null",
                br#""x y""#,
                b"[]"
            ]
        );
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        let dataset = parse("\u{feff}[1,2]".as_bytes()).unwrap();
        assert_eq!(dataset.record(0), b"1");
    }

    #[test]
    fn non_finite_numbers_are_rejected_with_their_location() {
        for (json, column, name) in [
            ("[NaN]", 2, "NaN"),
            ("[nan]", 2, "nan"),
            ("[1, -NaN]", 5, "-NaN"),
            ("[{\"v\":Infinity}]", 7, "Infinity"),
            ("[{\"v\": -Infinity}]", 8, "-Infinity"),
            ("[+Infinity]", 2, "+Infinity"),
            ("[1,inf]", 4, "inf"),
            ("[[1,[NaN]]]", 6, "NaN"),
        ] {
            let error = parse(json.as_bytes()).unwrap_err();
            let expected = format!(
                "d.json:1:{column}: malformed dataset: `{name}` is not a JSON number; use `null` instead"
            );
            assert_eq!(error, expected, "{json}");
        }
        for json in ["[nul]", "[x]", "[\"NaN\", y]", "[1,]"] {
            let error = parse(json.as_bytes()).unwrap_err();
            assert!(!error.contains("not a JSON number"), "{error}");
        }
    }

    #[test]
    fn missing_keys_are_those_that_no_record_has() {
        let dataset = parse(b"[{\"a\":1},{\"b\":1}]").unwrap();
        assert_eq!(dataset.missing_keys(["a", "c", "b", ""]), ["c", ""]);
        let bare = parse(b"[1]").unwrap();
        assert_eq!(bare.missing_keys(["data", "value"]), ["value"]);
        let nested = parse(b"[{\"a\":{\"b\":1}},{\"c.d\":1}]").unwrap();
        let names = ["a.b", "a.x", "c.d", r"c\.d", r"a\.b"];
        assert_eq!(nested.missing_keys(names), ["a.x", r"a\.b"]);
    }

    #[test]
    fn an_invalid_dataset_is_rejected_with_the_location() {
        for (json, message) in [
            (&b"[]"[..], "dataset `d.json` has no records"),
            (b"", "dataset `d.json` has no records"),
            (b" \n", "dataset `d.json` has no records"),
            (
                b"[{\"value\":1},\n{\"val",
                "d.json:2:5: malformed dataset: EOF while parsing a string",
            ),
            (b"\n {}", "d.json:2:2: malformed dataset: not a JSON array"),
            (
                b"[1]\n2",
                "d.json:2:1: malformed dataset: trailing characters",
            ),
            (
                b"[1,\n NaN]",
                "d.json:2:2: malformed dataset: `NaN` is not a JSON number; use `null` instead",
            ),
            (
                b"[\"a\",\n\"\xff\"]",
                "d.json:2:2: malformed dataset: not UTF-8",
            ),
        ] {
            assert_eq!(parse(json).unwrap_err(), message);
        }
    }

    #[test]
    fn the_length_limit_of_a_record_does_not_count_white_space() {
        let load = |json: &str| parse_with(json.as_bytes(), 5);
        assert!(load("[\"abc\", [ 1 , 2 ]    ]").is_ok());
        assert_eq!(
            load("[1,\n 2, \"abcd\"]").unwrap_err(),
            "d.json:2:5: record 3 has 6 bytes, more than the 5 of `record_max`"
        );
    }

    #[test]
    fn the_digest_covers_the_bytes_of_the_file() {
        let digest = |json| HEXLOWER.encode(parse(json).unwrap().digest());
        assert_ne!(digest(b"[1]"), digest(b"[1] "));
        assert_eq!(
            digest(b"[1]"),
            "080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22"
        );
    }
}
