//! `Fields`: which fields the records of a dataset have, in the order of their first appearance.
//!
//! One pass finds them, and another one the extremes of a field when they are first asked for; both are kept. A pass
//! consists of [parts](Part) of bounded work, each done by the next caller, and no part is done twice: a client that
//! asks and leaves, however often, costs at most one pass for each field in the life of the hub. Extremes take 16 bytes
//! for each number, another for the tree over them, and the spelling of those that a double cannot hold. Whatever is
//! asked, all of it together has an upper bound: where records are long texts it is little, where they are bare small
//! numbers it is up to some three times the dataset.

use std::borrow::Cow;
use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::entries::each_entry;
use super::extremes::Building;
use super::part::Part;
use super::{Dataset, Extremes};

/// The fields of a dataset's records.
#[derive(Debug, Default)]
pub struct Fields {
    list: Vec<Field>,
    places: HashMap<String, usize>,
}

/// A key of the records.
#[derive(Debug)]
struct Field {
    key: String,
    /// Set once, when all records have been gone through; the inner `None` when no record has a number here.
    extremes: OnceLock<Option<Arc<Extremes>>>,
    /// What there is of them until then. Held for one part at a time.
    building: Mutex<Building>,
}

/// The fields of the records before `next`.
#[derive(Debug, Default)]
pub(super) struct Search {
    next: u64,
    fields: Fields,
}

impl Search {
    /// Goes through the next part of the dataset; returns the fields when that was the last.
    pub(super) fn advance(&mut self, dataset: &Dataset) -> Option<Fields> {
        let mut part = Part::default();
        while self.next < dataset.len().get() && part.has_room() {
            let record = dataset.record(self.next);
            part.add(record);
            each_entry(record, |key, _| self.fields.add(key));
            self.next += 1;
        }
        (self.next == dataset.len().get()).then(|| {
            let mut fields = mem::take(&mut self.fields);
            fields.list.shrink_to_fit();
            fields.places.shrink_to_fit();
            fields
        })
    }
}

impl Fields {
    fn add(&mut self, key: Cow<'_, str>) {
        if !self.places.contains_key(key.as_ref()) {
            let key = key.into_owned();
            self.places.insert(key.clone(), self.list.len());
            self.list.push(Field {
                key,
                extremes: OnceLock::new(),
                building: Mutex::default(),
            });
        }
    }

    /// The keys, in the order of their first appearance.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list.iter().map(|field| field.key.as_str())
    }

    /// The key at `place` among them.
    #[must_use]
    pub fn key(&self, place: usize) -> Option<&str> {
        self.list.get(place).map(|field| field.key.as_str())
    }

    /// The place of `key` among them.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Where the numbers of `key` are least and greatest, after another part of the work if they are not known yet.
    pub(super) fn extremes(&self, dataset: &Dataset, key: &str) -> Looked {
        let Some(field) = self.place(key).map(|place| &self.list[place]) else {
            return Looked::Known(None);
        };
        if field.extremes.get().is_none() {
            let mut building = field
                .building
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // Another thread may have ended it while this one waited.
            if field.extremes.get().is_none() {
                if !building.advance(dataset, key) {
                    return Looked::Unfinished;
                }
                let extremes = mem::take(&mut *building).finish().map(Arc::new);
                _ = field.extremes.set(extremes);
            }
        }
        Looked::Known(field.extremes.get().cloned().flatten())
    }
}

/// What is known of a field's extremes after another part of the work.
#[derive(Debug, Clone)]
pub enum Looked {
    /// Not all records have been gone through.
    Unfinished,
    /// All have; `None` when no record has a number there.
    Known(Option<Arc<Extremes>>),
}
