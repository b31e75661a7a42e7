//! Reads JSON arrays, and NDJSON: one JSON value per line.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::dataset_error::{DatasetError, malformed, malformed_after};
use super::dataset_note::DatasetNote;
use super::read_options::ReadOptions;
use super::record_selection::RecordSelection;
use super::record_sink::RecordSink;
use super::text_file::TextFile;

const ARRAY_REMEDY: &str = "a JSON dataset is one array, such as `[{\"value\":1},{\"value\":2}]`; for other files, set \
                            `format` (\"ndjson\", \"csv\", \"tsv\")";
pub(super) const LINES_REMEDY: &str = "an NDJSON dataset has one JSON value per line, such as `{\"value\":1}`; if the file is one \
                            JSON array, set `format = \"json\"`";
const MORE_THAN_ARRAY: &str = "if each line is a JSON value, name the file `.ndjson` or set `format = \"ndjson\"`; a JSON \
                               dataset is one array, such as `[{\"value\":1},{\"value\":2}]`";

/// Reads the elements of the array that is the whole file.
pub(super) fn read_array(
    file: &TextFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    check_begins_with_array(file)?;
    let elements: Vec<&RawValue> = serde_json::from_str(&file.text).map_err(|error| {
        let is_followed = error.to_string().starts_with("trailing characters");
        let remedy = if is_followed {
            MORE_THAN_ARRAY
        } else {
            ARRAY_REMEDY
        };
        malformed(file.path, &file.text, 1, &error, remedy)
    })?;
    let mut selection = RecordSelection::new(options);
    for element in elements {
        push(file, element.get(), &mut selection, records)?;
    }
    selection.finish(file.path)
}

/// Reads each line that is not blank.
pub(super) fn read_lines(
    file: &TextFile<'_>,
    options: &ReadOptions,
    records: &mut dyn RecordSink,
) -> Result<Vec<DatasetNote>, DatasetError> {
    let mut selection = RecordSelection::new(options);
    for (number, line) in (1..).zip(file.text.split('\n')) {
        let line = line.trim_end_matches('\r');
        if is_blank(line) {
            continue;
        }
        let value: &RawValue = serde_json::from_str(line)
            .map_err(|error| malformed(file.path, line, number, &error, LINES_REMEDY))?;
        push(file, value.get(), &mut selection, records)?;
    }
    selection.finish(file.path)
}

/// Adds the record `json`, a part of the file's text.
fn push(
    file: &TextFile<'_>,
    json: &str,
    selection: &mut RecordSelection<'_>,
    records: &mut dyn RecordSink,
) -> Result<(), DatasetError> {
    selection.push(json, records).map_err(|error| {
        // `json` is borrowed from the text, so the difference of the pointers is the offset.
        let offset = json.as_ptr() as usize - file.text.as_ptr() as usize;
        error.at(file.path, records.count() + 1, file.place(offset))
    })
}

/// Reports files without text and other JSON types with a clearer error than the JSON parser's.
fn check_begins_with_array(file: &TextFile<'_>) -> Result<(), DatasetError> {
    let rest = file.text.trim_start_matches([' ', '\t', '\r', '\n']);
    if rest.is_empty() {
        return Err(DatasetError::empty(file.path));
    }
    if rest.starts_with('[') {
        return Ok(());
    }
    let before = &file.text[..file.text.len() - rest.len()];
    let remedy = match list_key(rest) {
        Some(key) => format!(
            "the file is one object; if the records are the list in its `{key}`, take them out, for example with \
             `jq '.[{}]'`",
            serde_json::Value::from(key.as_str())
        ),
        None if rest.starts_with('{') => MORE_THAN_ARRAY.to_owned(),
        None => ARRAY_REMEDY.to_owned(),
    };
    Err(malformed_after(
        file.path,
        before.as_bytes(),
        "not a JSON array",
        &remedy,
    ))
}

/// The key of the longest list in `text`, if that is one JSON object.
fn list_key(text: &str) -> Option<String> {
    let object: HashMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let lists = object
        .into_iter()
        .filter(|(_, value)| value.get().starts_with('['));
    let (key, _) = lists.max_by_key(|(_, value)| value.get().len())?;
    Some(key)
}

pub(super) fn is_blank(line: &str) -> bool {
    line.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}
