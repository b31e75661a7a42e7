//! The first records of a file, to guess by them: reads a bounded part of it.

use std::path::Path;

use serde::Deserializer;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::dataset_error::DatasetError;
use super::input_file::InputFile;
use super::read_options::ReadOptions;
use super::record_sink::{RecordSink, SinkError};
use super::text_file::TextFile;
use super::{delimited, formats};
use crate::protocol::Micros;
use crate::settings::DatasetFormat;
use crate::source::compact::push_compact;

/// How much of a file is read, in bytes after expansion.
const HEAD_LEN: usize = 256 << 10;

/// Returns the first records of the file at `path`, whole, as compact JSON. Stops at the first mistake in the file, which
/// is reported when all of it is loaded.
///
/// # Errors
/// The file cannot be read, or is not in its format.
pub(in crate::source) fn first_records(
    path: &Path,
    options: &ReadOptions,
) -> Result<Vec<Vec<u8>>, DatasetError> {
    let input = InputFile::open(path)?;
    let format = input.format(options);
    let whole = ReadOptions {
        format: Some(format),
        ..ReadOptions::DEFAULT
    };
    if !format.is_text() {
        // Fails when the head is full.
        let mut head = FullAtEnd::default();
        let read = formats::read(&input, format, &whole, &mut head);
        return if head.records.is_empty() {
            read.map(|_| Vec::new())
        } else {
            Ok(head.records)
        };
    }
    let mut head = Head::default();
    let file = TextFile::read_head(path, input.into_reader(), HEAD_LEN as u64)?;
    // The text may end within a record.
    _ = match format {
        DatasetFormat::Ndjson => read_lines(&file, &mut head),
        DatasetFormat::Csv => delimited::read_csv(&file, &whole, &mut head).is_ok(),
        DatasetFormat::Tsv => delimited::read_tsv(&file, &whole, &mut head).is_ok(),
        _ => read_elements(&file, &mut head),
    };
    Ok(head.0)
}

/// The records so far.
#[derive(Default)]
struct Head(Vec<Vec<u8>>);

impl RecordSink for Head {
    fn push(
        &mut self,
        _: Option<Micros>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), SinkError> {
        let mut record = Vec::new();
        write(&mut record);
        self.0.push(record);
        Ok(())
    }

    fn divide_stamps(&mut self, _: i64) {}

    fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

/// The first records of a file that is no text, of which no part can be cut off before it is read.
#[derive(Default)]
struct FullAtEnd {
    records: Vec<Vec<u8>>,
    /// In bytes, of all of them.
    len: usize,
}

impl RecordSink for FullAtEnd {
    fn push(
        &mut self,
        _: Option<Micros>,
        write: &mut dyn FnMut(&mut Vec<u8>),
    ) -> Result<(), SinkError> {
        let max = HEAD_LEN;
        let mut record = Vec::new();
        write(&mut record);
        let len = self.len + record.len();
        if len > max {
            return Err(SinkError::TooLong { len, max });
        }
        self.len = len;
        self.records.push(record);
        Ok(())
    }

    fn divide_stamps(&mut self, _: i64) {}

    fn count(&self) -> u64 {
        self.records.len() as u64
    }
}

/// Adds the complete elements of the array that `file` begins with. Whether that was all of it.
fn read_elements(file: &TextFile<'_>, head: &mut Head) -> bool {
    let mut reader = serde_json::Deserializer::from_str(&file.text);
    reader.deserialize_seq(Elements(head)).is_ok()
}

/// Adds the complete lines of `file`. Whether all of them are JSON.
fn read_lines(file: &TextFile<'_>, head: &mut Head) -> bool {
    let lines = file.text.lines().filter(|line| !line.trim().is_empty());
    for line in lines {
        let Ok(record) = serde_json::from_str::<&RawValue>(line) else {
            return false;
        };
        head.add(record);
    }
    true
}

impl Head {
    fn add(&mut self, record: &RawValue) {
        let pushed = self.push(None, &mut |out| push_compact(record.get(), out));
        pushed.expect("records of any length are taken");
    }
}

/// Adds the elements of an array, up to the first mistake.
struct Elements<'h>(&'h mut Head);

impl<'a> Visitor<'a> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            self.0.add(element);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(name: &str, text: &str) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        first_records(&path, &ReadOptions::DEFAULT).unwrap().len()
    }

    #[test]
    fn the_first_records_are_found_in_a_part_of_the_file() {
        let rows = |row: &str, count: usize| row.repeat(count);
        assert_eq!(count("a.csv", "t,v\n1,2\n3,4"), 2);
        let many = 100_000;
        for (name, text) in [
            ("b.csv", format!("t,v\n{}", rows("12,34\n", many))),
            ("a.ndjson", rows("{\"t\":1}\n", many)),
            ("a.json", format!("[{}0]", rows("{\"t\":1},", many))),
        ] {
            let found = count(name, &text);
            assert!((10_000..50_000).contains(&found), "{name}: {found}");
        }
    }

    #[test]
    fn a_mistake_ends_the_head() {
        assert_eq!(count("a.ndjson", "1\n2\nx\n4\n"), 2);
        assert_eq!(count("a.json", "[1, 2, x, 4]"), 2);
        assert_eq!(count("a.json", ""), 0);
        assert_eq!(count("a.csv", "t\n"), 0);
    }
}
