//! [`FieldIndex`]: the fields of a dataset's records, in the order of their first appearance, with lazily computed
//! extremes.
//!
//! The keys of the records are fields, and so is what lies in nested objects, by names such as `a.b`.
//!
//! One pass over the dataset finds the fields; another pass per field finds its extremes when they are first requested.
//! The results are kept. Each call does one step of a pass, bounded by a [`WorkBudget`], and continues where the last
//! call stopped. Clients that disconnect early therefore cost at most one pass per field over the life of the hub.
//!
//! Memory: extremes take 16 bytes per number, one more byte per number for the tree, and the text of numbers that an
//! `f64` cannot represent. The total is bounded: little for records with long texts, about three times the dataset for
//! records that are small bare numbers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Extremes;
use super::extremes::ExtremesBuilder;
use super::field_path::{FieldPath, escape, for_each_nested_name};
use super::record_fields::for_each_field;
use super::source_error::SourceError;
use super::work_budget::{RecordPass, WorkBudget};

/// The fields of a dataset's records.
#[derive(Debug, Default)]
pub struct FieldIndex {
    /// One per key of the records, in the order of first appearance.
    list: Vec<IndexedField>,
    /// The index in `list` of each key.
    indices: HashMap<String, usize>,
    /// What lies in nested objects, in the order of first appearance.
    nested: Vec<IndexedField>,
    /// The index in `nested` of each name.
    nested_indices: HashMap<String, usize>,
}

/// A field and the state of its extremes.
#[derive(Debug)]
struct IndexedField {
    /// The key, or the name of a nested field.
    name: String,
    path: FieldPath,
    /// Set once, after the whole pass; the inner `None` means that no record has a value in this field.
    extremes: OnceLock<Option<Arc<Extremes>>>,
    /// The state of the pass until then. Locked for one step at a time.
    builder: Mutex<ExtremesBuilder>,
}

/// The state of the pass that finds the fields.
#[derive(Debug, Default)]
pub(super) struct FieldScan {
    /// Index of the next record to read.
    next: u64,
    /// The fields of the records before `next`.
    fields: FieldIndex,
}

impl FieldScan {
    /// Does the next step of the pass; returns the fields after the last step.
    ///
    /// # Errors
    /// The records cannot be read. The next step tries again.
    pub(super) fn advance(
        &mut self,
        records: &dyn RecordPass,
    ) -> Result<Option<FieldIndex>, SourceError> {
        let fields = &mut self.fields;
        let mut observe = |record: &[u8]| {
            for_each_field(record, |key, _| fields.add(key));
            for_each_nested_name(record, &mut |name| fields.add_nested(name));
        };
        self.next = records.visit(self.next, &mut WorkBudget::default(), &mut observe)?;
        Ok((self.next == records.count()).then(|| {
            let mut fields = mem::take(&mut self.fields);
            fields.list.shrink_to_fit();
            fields.indices.shrink_to_fit();
            fields.nested.shrink_to_fit();
            fields.nested_indices.shrink_to_fit();
            fields
        }))
    }
}

impl FieldIndex {
    fn add(&mut self, key: Cow<'_, str>) {
        if !self.indices.contains_key(key.as_ref()) {
            let key = key.into_owned();
            self.indices.insert(key.clone(), self.list.len());
            let path = FieldPath::of_key(&key);
            self.list.push(IndexedField::new(key, path));
        }
    }

    fn add_nested(&mut self, name: &str) {
        if !self.nested_indices.contains_key(name) {
            self.nested_indices
                .insert(name.to_owned(), self.nested.len());
            let path = FieldPath::parse(name);
            self.nested.push(IndexedField::new(name.to_owned(), path));
        }
    }

    /// The keys, in the order of their first appearance.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list.iter().map(|field| field.name.as_str())
    }

    /// The key at `index` of [`Self::keys`].
    #[must_use]
    pub fn key(&self, index: usize) -> Option<&str> {
        self.list.get(index).map(|field| field.name.as_str())
    }

    /// The index of `key` in [`Self::keys`].
    #[must_use]
    pub fn index_of(&self, key: &str) -> Option<usize> {
        self.indices.get(key).copied()
    }

    /// The names of all fields: those of the keys, then those of what is nested.
    pub fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let nested = self.nested.iter();
        self.keys()
            .map(escape)
            .chain(nested.map(|field| Cow::Borrowed(field.name.as_str())))
    }

    /// The field of this name. A key with a dot is also found without a backslash, unless a nested field has that name.
    fn find(&self, name: &str) -> Option<&IndexedField> {
        if let Some(&index) = self.nested_indices.get(name) {
            return self.nested.get(index);
        }
        let path = FieldPath::parse(name);
        let index = match path.keys() {
            [key] => self.index_of(key),
            _ => None,
        };
        let index = index.or_else(|| self.index_of(name))?;
        self.list.get(index)
    }

    /// Returns the extremes of the field `name`, or does one step towards them.
    ///
    /// # Errors
    /// The records cannot be read. The next step tries again.
    pub(super) fn poll_extremes(
        &self,
        records: &dyn RecordPass,
        name: &str,
    ) -> Result<ExtremesLookup, SourceError> {
        let Some(field) = self.find(name) else {
            return Ok(ExtremesLookup::Done(None));
        };
        if field.extremes.get().is_none() {
            let mut builder = field.builder.lock().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have finished it while this one waited for the lock.
            if field.extremes.get().is_none() {
                if !builder.advance(records, &field.path)? {
                    return Ok(ExtremesLookup::InProgress);
                }
                let extremes = mem::take(&mut *builder).finish().map(Arc::new);
                _ = field.extremes.set(extremes);
            }
        }
        let extremes = field.extremes.get().cloned().flatten();
        Ok(ExtremesLookup::Done(extremes))
    }
}

impl IndexedField {
    fn new(name: String, path: FieldPath) -> Self {
        Self {
            name,
            path,
            extremes: OnceLock::new(),
            builder: Mutex::default(),
        }
    }
}

/// The state of a field's extremes after one step of work.
#[derive(Debug, Clone)]
pub enum ExtremesLookup {
    /// Records remain to be read.
    InProgress,
    /// All records have been read; `None` if no record has a value in this field.
    Done(Option<Arc<Extremes>>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::record_block::RecordBlock;
    use crate::source::{Dataset, ReadOptions};

    fn index(records: &str) -> FieldIndex {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d.json");
        std::fs::write(&path, records).unwrap();
        let dataset = Dataset::load(&path, &ReadOptions::DEFAULT).unwrap();
        let mut block = Vec::new();
        let mut ends = Vec::new();
        for record in dataset.records() {
            block.extend_from_slice(record);
            ends.push(block.len());
        }
        let block = RecordBlock::new(block.into(), ends);
        let mut scan = FieldScan::default();
        loop {
            if let Some(fields) = scan.advance(&block).unwrap() {
                return fields;
            }
        }
    }

    #[test]
    fn nested_fields_have_names_and_are_no_keys() {
        let fields = index(r#"[{"a":{"b":1,"c":{"d":2}},"e.f":3},{"a":{"x.y":4}}]"#);
        assert_eq!(fields.keys().collect::<Vec<_>>(), ["a", "e.f"]);
        assert_eq!(
            fields.names().collect::<Vec<_>>(),
            ["a", r"e\.f", "a.b", "a.c.d", r"a.x\.y"]
        );
    }

    #[test]
    fn a_key_with_a_dot_is_found_by_either_name_unless_a_nested_field_has_it() {
        let found = |records: &str, name: &str| {
            let fields = index(records);
            fields.find(name).map(|field| field.path.keys().to_vec())
        };
        assert_eq!(found(r#"[{"a.b":1}]"#, "a.b").unwrap(), ["a.b"]);
        assert_eq!(found(r#"[{"a.b":1}]"#, r"a\.b").unwrap(), ["a.b"]);
        let both = r#"[{"a.b":1},{"a":{"b":2}}]"#;
        assert_eq!(found(both, "a.b").unwrap(), ["a", "b"]);
        assert_eq!(found(both, r"a\.b").unwrap(), ["a.b"]);
        assert_eq!(found(r#"[{"a\\b":1}]"#, r"a\b").unwrap(), [r"a\b"]);
        assert!(found(both, "b").is_none());
    }
}
