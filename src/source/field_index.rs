//! [`FieldIndex`]: the fields of a dataset's records, in the order of their first appearance, with lazily computed
//! extremes.
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
use super::record_block::RecordBlock;
use super::record_fields::for_each_field;
use super::work_budget::WorkBudget;

/// The fields of a dataset's records.
#[derive(Debug, Default)]
pub struct FieldIndex {
    /// In the order of first appearance.
    list: Vec<IndexedField>,
    /// The index in `list` of each key.
    indices: HashMap<String, usize>,
}

/// A field and the state of its extremes.
#[derive(Debug)]
struct IndexedField {
    key: String,
    /// Set once, after the whole pass; the inner `None` means that no record has a number in this field.
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
    pub(super) fn advance(&mut self, records: &RecordBlock) -> Option<FieldIndex> {
        let mut budget = WorkBudget::default();
        while self.next < records.len() && budget.is_left() {
            let record = records.get(self.next);
            budget.spend(record);
            for_each_field(record, |key, _| self.fields.add(key));
            self.next += 1;
        }
        (self.next == records.len()).then(|| {
            let mut fields = mem::take(&mut self.fields);
            fields.list.shrink_to_fit();
            fields.indices.shrink_to_fit();
            fields
        })
    }
}

impl FieldIndex {
    fn add(&mut self, key: Cow<'_, str>) {
        if !self.indices.contains_key(key.as_ref()) {
            let key = key.into_owned();
            self.indices.insert(key.clone(), self.list.len());
            self.list.push(IndexedField {
                key,
                extremes: OnceLock::new(),
                builder: Mutex::default(),
            });
        }
    }

    /// The keys, in the order of their first appearance.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list.iter().map(|field| field.key.as_str())
    }

    /// The key at `index` of [`Self::keys`].
    #[must_use]
    pub fn key(&self, index: usize) -> Option<&str> {
        self.list.get(index).map(|field| field.key.as_str())
    }

    /// The index of `key` in [`Self::keys`].
    #[must_use]
    pub fn index_of(&self, key: &str) -> Option<usize> {
        self.indices.get(key).copied()
    }

    /// Returns the extremes of the field `key`, or does one step towards them.
    pub(super) fn poll_extremes(&self, records: &RecordBlock, key: &str) -> ExtremesLookup {
        let Some(field) = self.index_of(key).map(|index| &self.list[index]) else {
            return ExtremesLookup::Done(None);
        };
        if field.extremes.get().is_none() {
            let mut builder = field.builder.lock().unwrap_or_else(PoisonError::into_inner);
            // Another thread may have finished it while this one waited for the lock.
            if field.extremes.get().is_none() {
                if !builder.advance(records, key) {
                    return ExtremesLookup::InProgress;
                }
                let extremes = mem::take(&mut *builder).finish().map(Arc::new);
                _ = field.extremes.set(extremes);
            }
        }
        ExtremesLookup::Done(field.extremes.get().cloned().flatten())
    }
}

/// The state of a field's extremes after one step of work.
#[derive(Debug, Clone)]
pub enum ExtremesLookup {
    /// Records remain to be read.
    InProgress,
    /// All records have been read; `None` if no record has a number in this field.
    Done(Option<Arc<Extremes>>),
}
