//! `Dataset`: a JSON array in a file, held as the records' own text.

mod error;

use std::fs;
use std::io;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub use error::DatasetError;

use super::compact::push_compact;
use super::fields::Search;
use super::{Extremes, Fields, Looked, each_entry};
use error::{malformed, malformed_after, place_after};

/// Records in the order of their file, all in one block of memory. Never empty.
#[derive(Debug)]
pub struct Dataset {
    /// The records' texts, one after another.
    text: Bytes,
    /// Where each record's text ends.
    ends: Vec<usize>,
    /// Bytes of the longest record.
    record_max: usize,
    digest: [u8; 32],
    digest_hex: String,
    /// Set once, when all records have been gone through.
    fields: OnceLock<Fields>,
    /// What there is of them until then. Held for one part of the work at a time.
    search: Mutex<Search>,
}

impl Dataset {
    /// Reads the dataset in the file at `path`, whose records have at most `record_max` bytes each.
    ///
    /// # Errors
    /// The file cannot be read, is not a JSON array, holds no record, or one that is too long.
    pub fn load(path: &Path, record_max: usize) -> Result<Self, DatasetError> {
        let unreadable = |error: io::Error| DatasetError::Unreadable {
            path: path.to_owned(),
            error,
        };
        // A device or a pipe may never end.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("not a regular file")));
        }
        Self::parse(path, &fs::read(path).map_err(unreadable)?, record_max)
    }

    fn parse(path: &Path, bytes: &[u8], record_max: usize) -> Result<Self, DatasetError> {
        let json = utf8(path, bytes)?;
        // As some editors and spreadsheets begin a file; RFC 8259 lets a parser ignore it.
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
                // The record is a part of the file's bytes.
                let at = record.get().as_ptr() as usize - bytes.as_ptr() as usize;
                let (line, column) = place_after(&bytes[..at]);
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
            text: text.into(),
            ends,
            record_max: longest,
            digest,
            digest_hex: HEXLOWER.encode(&digest),
            fields: OnceLock::new(),
            search: Mutex::default(),
        })
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> NonZeroU64 {
        NonZeroU64::new(self.ends.len() as u64).expect("an empty array is refused when it is read")
    }

    /// The text of the record at `index`.
    ///
    /// # Panics
    /// `index` is not below [`Dataset::len`].
    #[must_use]
    pub fn record(&self, index: u64) -> &[u8] {
        let index =
            usize::try_from(index).expect("an index is below the number of records in memory");
        let start = index
            .checked_sub(1)
            .map_or(0, |previous| self.ends[previous]);
        &self.text[start..self.ends[index]]
    }

    /// Bytes of the longest record.
    #[must_use]
    pub const fn record_max(&self) -> usize {
        self.record_max
    }

    /// The memory that the records are parts of.
    #[must_use]
    pub const fn text(&self) -> &Bytes {
        &self.text
    }

    /// The texts of all records, in their order.
    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends
            .iter()
            .map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }

    /// Those of `keys` that no record has. Stops at the record that has the last of them.
    #[must_use]
    pub fn without<'a>(&self, keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
        let mut missing: Vec<_> = keys.into_iter().collect();
        for record in self.records() {
            if missing.is_empty() {
                break;
            }
            each_entry(record, |key, _| missing.retain(|missing| *missing != key));
        }
        missing
    }

    /// The fields of its records, after another part of the work if they are not known yet; `None` when there is more
    /// to do. A part takes about a millisecond or one record, which is no work for an async thread.
    pub fn look_for_fields(&self) -> Option<&Fields> {
        if self.fields.get().is_none() {
            let mut search = self.search.lock().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have ended it while this one waited.
            if self.fields.get().is_none() {
                _ = self.fields.set(search.advance(self)?);
            }
        }
        self.fields.get()
    }

    /// Where the numbers of the field `key` are least and greatest, after another part of the work if that is not known
    /// yet. A part takes about a millisecond or one record, which is no work for an async thread.
    #[must_use]
    pub fn look_for_extremes(&self, key: &str) -> Looked {
        match self.look_for_fields() {
            Some(fields) => fields.extremes(self, key),
            None => Looked::Unfinished,
        }
    }

    /// The fields of its records. The first call goes through all of them.
    pub fn fields(&self) -> &Fields {
        loop {
            if let Some(fields) = self.look_for_fields() {
                return fields;
            }
        }
    }

    /// Where the numbers of the field `key` are least and greatest; `None` when no record has a number there. The first
    /// call for each field goes through all records.
    #[must_use]
    pub fn extremes(&self, key: &str) -> Option<Arc<Extremes>> {
        loop {
            if let Looked::Known(extremes) = self.look_for_extremes(key) {
                return extremes;
            }
        }
    }

    /// SHA-256 of the file's bytes.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The digest in lower-case hexadecimal.
    #[must_use]
    pub fn digest_hex(&self) -> &str {
        &self.digest_hex
    }
}

fn utf8<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, DatasetError> {
    std::str::from_utf8(bytes)
        .map_err(|error| malformed_after(path, &bytes[..error.valid_up_to()], "not UTF-8"))
}

/// Says "nothing there" and "not an array" in words of the user, before the JSON parser does it in its own.
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
    use super::*;

    fn parse(json: &[u8]) -> Result<Dataset, String> {
        Dataset::parse(Path::new("d.json"), json, 100).map_err(|error| error.to_string())
    }

    #[test]
    fn records_keep_their_spelling_whatever_they_are() {
        let dataset = parse(b" [ {\"b\": 1.0, \"a\":2} , 1e3,null, \"x y\",[ ] ]\n").unwrap();
        let records: Vec<_> = (0..dataset.len().get())
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
    fn a_byte_order_mark_is_no_part_of_the_records() {
        let dataset = parse("\u{feff}[1,2]".as_bytes()).unwrap();
        assert_eq!(dataset.record(0), b"1");
    }

    #[test]
    fn numbers_that_json_has_not_are_named_with_their_place() {
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
                "d.json:1:{column}: malformed dataset: `{name}` is no number in JSON; write `null` in its place"
            );
            assert_eq!(error, expected, "{json}");
        }
        for json in ["[nul]", "[x]", "[\"NaN\", y]", "[1,]"] {
            let error = parse(json.as_bytes()).unwrap_err();
            assert!(!error.contains("no number"), "{error}");
        }
    }

    #[test]
    fn keys_that_no_record_has_are_found() {
        let dataset = parse(b"[{\"a\":1},{\"b\":1}]").unwrap();
        assert_eq!(dataset.without(["a", "c", "b", ""]), ["c", ""]);
        let bare = parse(b"[1]").unwrap();
        assert_eq!(bare.without(["data", "value"]), ["value"]);
    }

    #[test]
    fn what_is_not_a_dataset_is_refused_with_its_place() {
        for (json, message) in [
            (&b"[]"[..], "dataset `d.json` holds no records"),
            (b"", "dataset `d.json` holds no records"),
            (b" \n", "dataset `d.json` holds no records"),
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
                "d.json:2:2: malformed dataset: `NaN` is no number in JSON; write `null` in its place",
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
    fn a_record_is_as_long_as_it_is_without_white_space_and_no_longer_than_allowed() {
        let load = |json: &str| Dataset::parse(Path::new("d.json"), json.as_bytes(), 5);
        assert!(load("[\"abc\", [ 1 , 2 ]    ]").is_ok());
        assert_eq!(
            load("[1,\n 2, \"abcd\"]").unwrap_err().to_string(),
            "d.json:2:5: record 3 has 6 bytes, more than the 5 of `record_max`"
        );
    }

    #[test]
    fn the_digest_is_of_the_files_bytes() {
        let digest = |json| parse(json).unwrap().digest_hex().to_owned();
        assert_ne!(digest(b"[1]"), digest(b"[1] "));
        assert_eq!(
            digest(b"[1]"),
            "080a9ed428559ef602668b4c00f114f1a11c3f6b02a435f0bdc154578e4d7f22"
        );
    }
}
