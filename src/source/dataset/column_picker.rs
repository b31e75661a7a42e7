//! [`ColumnPicker`]: keeps some of the keys of JSON objects, in a given order.

use std::path::Path;

use super::dataset_error::DatasetError;
use crate::source::for_each_field;

/// The keys to keep.
#[derive(Debug)]
pub(super) struct ColumnPicker<'a> {
    columns: &'a [String],
    /// The JSON text of each of `columns`.
    keys: Vec<String>,
    /// Whether a record had the column.
    found: Vec<bool>,
    /// The keys of the first record, for the error about a missing column.
    offered: Option<Vec<String>>,
}

impl<'a> ColumnPicker<'a> {
    /// A picker of `columns`; `None` if that is empty, which keeps all keys.
    pub(super) fn new(columns: &'a [String]) -> Option<Self> {
        let quoted = |column: &String| serde_json::Value::from(column.as_str()).to_string();
        (!columns.is_empty()).then(|| Self {
            columns,
            keys: columns.iter().map(quoted).collect(),
            found: vec![false; columns.len()],
            offered: None,
        })
    }

    /// Whether `record`, which is compact, has keys at all.
    pub(super) fn fits(&self, record: &[u8]) -> bool {
        record.first() == Some(&b'{')
    }

    /// Appends to `out` the object with those keys of `record` that are picked.
    pub(super) fn pick(&mut self, record: &[u8], out: &mut Vec<u8>) {
        let mut values = vec![None; self.columns.len()];
        let is_first = self.offered.is_none();
        let offered = self.offered.get_or_insert_default();
        for_each_field(record, |key, value| {
            if let Some(index) = self.columns.iter().position(|column| *column == key) {
                values[index] = Some(value);
            }
            if is_first {
                offered.push(key.into_owned());
            }
        });
        out.push(b'{');
        let start = out.len();
        for (index, value) in values.into_iter().enumerate() {
            let Some(value) = value else { continue };
            self.found[index] = true;
            push_key(start, &self.keys[index], out);
            out.extend_from_slice(value.as_bytes());
        }
        out.push(b'}');
    }

    /// Checks that each column was in a record, if there was one.
    pub(super) fn check(&self, path: &Path) -> Result<(), DatasetError> {
        let mut found = self.columns.iter().zip(&self.found);
        match (&self.offered, found.find(|(_, found)| !**found)) {
            (Some(offered), Some((column, _))) => Err(missing_column(path, column, offered)),
            _ => Ok(()),
        }
    }
}

/// Appends `key`, which is JSON, to an object whose pairs begin at `start` of `out`. Its value has to follow.
pub(super) fn push_key(start: usize, key: &str, out: &mut Vec<u8>) {
    if out.len() > start {
        out.push(b',');
    }
    out.extend_from_slice(key.as_bytes());
    out.push(b':');
}

/// Names that an error lists.
const LISTED_MAX: usize = 30;

/// The error that no record has `column`, but that they have `offered`.
pub(super) fn missing_column(path: &Path, column: &str, offered: &[String]) -> DatasetError {
    let listed: Vec<_> = offered
        .iter()
        .take(LISTED_MAX)
        .map(String::as_str)
        .collect();
    let more = if offered.len() > LISTED_MAX {
        ", …"
    } else {
        ""
    };
    DatasetError::Unusable {
        path: path.to_owned(),
        problem: format!("no record has the column `{column}`"),
        remedy: format!("the columns are `{}`{more}", listed.join("`, `")),
    }
}
