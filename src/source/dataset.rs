//! [`Dataset`]: the records of a JSON array in a file, kept in memory as JSON text.

mod dataset_error;

use std::fs;
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub use dataset_error::DatasetError;

use super::compact::push_compact;
use super::field_index::FieldScan;
use super::field_path::FieldPath;
use super::record_block::RecordBlock;
use super::record_source::{RecordSource, SourceError};
use super::{ExtremesLookup, FieldIndex, for_each_field};
use dataset_error::{line_and_column_after, malformed, malformed_after};

/// The records of a file, in order, in one block of memory. Never empty.
#[derive(Debug)]
pub struct Dataset {
    /// At least one.
    records: RecordBlock,
    /// The length of the longest record, in bytes.
    record_max: usize,
    /// SHA-256 of the file, not of `records`.
    digest: [u8; 32],
    /// Set once, after the whole pass over the records.
    fields: OnceLock<FieldIndex>,
    /// The state of that pass until then. Locked for one step at a time.
    field_scan: Mutex<FieldScan>,
}

impl Dataset {
    /// Loads the dataset at `path`; each record may have at most `record_max` bytes.
    ///
    /// # Errors
    /// The file cannot be read, is not a JSON array, has no records, or a record is too long.
    pub fn load(path: &Path, record_max: usize) -> Result<Self, DatasetError> {
        let unreadable = |error: io::Error| DatasetError::Unreadable {
            path: path.to_owned(),
            error,
        };
        // Reading a device or a pipe might never end.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("not a regular file")));
        }
        Self::parse(path, &fs::read(path).map_err(unreadable)?, record_max)
    }

    fn parse(path: &Path, bytes: &[u8], record_max: usize) -> Result<Self, DatasetError> {
        let json = utf8(path, bytes)?;
        // Some editors and spreadsheets write a byte order mark; RFC 8259 lets a parser ignore it.
        let json = json.strip_prefix('\u{feff}').unwrap_or(json);
        check_begins_with_array(path, json)?;
        let records: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|error| malformed(path, json, &error))?;
        if records.is_empty() {
            return Err(DatasetError::Empty {
                path: path.to_owned(),
            });
        }
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut text = Vec::with_capacity(bytes.len());
        let mut ends = Vec::with_capacity(records.len());
        let mut longest = 0;
        for (number, record) in (1..).zip(records) {
            let start = text.len();
            push_compact(record.get(), &mut text);
            let len = text.len() - start;
            if len > record_max {
                // `RawValue` borrows from `bytes`, so the difference of the pointers is the offset.
                let at = record.get().as_ptr() as usize - bytes.as_ptr() as usize;
                let (line, column) = line_and_column_after(&bytes[..at]);
                return Err(DatasetError::TooLong {
                    path: path.to_owned(),
                    line,
                    column,
                    number,
                    len,
                    max: record_max,
                });
            }
            ends.push(text.len());
            longest = longest.max(len);
        }
        text.shrink_to_fit();
        Ok(Self {
            records: RecordBlock::new(text.into(), ends),
            record_max: longest,
            digest,
            fields: OnceLock::new(),
            field_scan: Mutex::default(),
        })
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

impl RecordSource for Dataset {
    fn count(&self) -> NonZeroU64 {
        NonZeroU64::new(self.records.len()).expect("parsing rejects an empty array")
    }

    fn digest(&self) -> &[u8; 32] {
        &self.digest
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

fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, DatasetError> {
    std::str::from_utf8(bytes)
        .map_err(|error| malformed_after(path, &bytes[..error.valid_up_to()], "not UTF-8"))
}

/// Reports empty files and other JSON types with a clearer error than the JSON parser's.
fn check_begins_with_array(path: &Path, json: &str) -> Result<(), DatasetError> {
    let rest = json.trim_start_matches([' ', '\t', '\r', '\n']);
    if rest.is_empty() {
        return Err(DatasetError::Empty {
            path: path.to_owned(),
        });
    }
    if rest.starts_with('[') {
        return Ok(());
    }
    let before = &json[..json.len() - rest.len()];
    Err(malformed_after(path, before.as_bytes(), "not a JSON array"))
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn parse(json: &[u8]) -> Result<Dataset, String> {
        Dataset::parse(Path::new("d.json"), json, 100).map_err(|error| error.to_string())
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
        let load = |json: &str| Dataset::parse(Path::new("d.json"), json.as_bytes(), 5);
        assert!(load("[\"abc\", [ 1 , 2 ]    ]").is_ok());
        assert_eq!(
            load("[1,\n 2, \"abcd\"]").unwrap_err().to_string(),
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
