//! `Fields`: which fields the records of a dataset have, in the order of their first appearance.
//!
//! Found in one pass when first asked for. The extremes of a field stand beside it, made when first asked for as
//! well, and stay: 16 bytes for each number, and another for the tree over them. Whatever is asked, all of it
//! together has an upper bound: where records are long texts it is little, where they are bare small numbers it is up
//! to some three times the dataset.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::entries::each_entry;
use super::{Dataset, Extremes};

/// The fields of a dataset's records.
#[derive(Debug, Default)]
pub struct Fields {
    list: Vec<Field>,
    places: HashMap<String, usize>,
    /// Held while a field is gone through: one core at a time is enough for whoever asks for many.
    turn: Mutex<()>,
}

/// A key of the records.
#[derive(Debug)]
struct Field {
    key: String,
    extremes: OnceLock<Option<Arc<Extremes>>>,
}

impl Fields {
    pub(super) fn of(dataset: &Dataset) -> Self {
        let mut fields = Self::default();
        for record in dataset.records() {
            each_entry(record, |key, _| fields.add(key));
        }
        fields.list.shrink_to_fit();
        fields.places.shrink_to_fit();
        fields
    }

    fn add(&mut self, key: Cow<'_, str>) {
        if !self.places.contains_key(key.as_ref()) {
            let key = key.into_owned();
            self.places.insert(key.clone(), self.list.len());
            self.list.push(Field {
                key,
                extremes: OnceLock::new(),
            });
        }
    }

    /// The keys, in the order of their first appearance.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.list.iter().map(|field| field.key.as_str())
    }

    /// The place of `key` among them.
    #[must_use]
    pub fn place(&self, key: &str) -> Option<usize> {
        self.places.get(key).copied()
    }

    /// Where the numbers of `key` are least and greatest; `None` when no record has a number there.
    pub(super) fn extremes(&self, dataset: &Dataset, key: &str) -> Option<Arc<Extremes>> {
        let field = &self.list[self.place(key)?];
        let extremes = field.extremes.get().unwrap_or_else(|| {
            let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
            field
                .extremes
                .get_or_init(|| Extremes::of(dataset, key).map(Arc::new))
        });
        extremes.clone()
    }
}
