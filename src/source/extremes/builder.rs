//! [`ExtremesBuilder`]: computes the extremes of one field in bounded steps.
//!
//! A field without any number has extremes too: each different value counts as the number of different values that
//! appeared before it. So a range in which the least and the greatest are equal holds a single value, and one in which
//! they differ does not, which is what a display of states has to know.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Decimal, Extremes, MinMax, number_text, parse_number, shortest_spelling};
use crate::source::field_path::FieldPath;
use crate::source::source_error::SourceError;
use crate::source::work_budget::{RecordPass, WorkBudget};

/// The extremes of the records before `next`.
#[derive(Debug, Default)]
pub(in crate::source) struct ExtremesBuilder {
    /// Index of the next record.
    next: u64,
    /// The numbers so far.
    numbers: GrowingTree,
    /// Set if any record has a number, finite or not.
    has_numbers: bool,
    /// The other values so far; empty once there is a number.
    others: OtherValues,
}

/// Extremes to which numbers are added.
#[derive(Debug, Default)]
struct GrowingTree {
    /// The numbers so far; its tree is empty until the end.
    extremes: Extremes,
    /// Minimum and maximum of each full block.
    leaves: Vec<MinMax>,
}

/// Values that are not numbers, each as its place in the order of their first appearance.
#[derive(Debug, Default)]
struct OtherValues {
    places: GrowingTree,
    /// The place of each value, by its hash: two values with the same one would only look alike on a screen.
    known: HashMap<u64, f64>,
}

impl ExtremesBuilder {
    /// Does the next step of the pass; returns whether it was the last.
    ///
    /// # Errors
    /// The records cannot be read. The next step tries again.
    pub(in crate::source) fn advance(
        &mut self,
        records: &dyn RecordPass,
        path: &FieldPath,
    ) -> Result<bool, SourceError> {
        let next = self.next;
        let mut add = |record: &[u8]| {
            if let Some(value) = path.find(record) {
                self.add(value);
            }
            self.next += 1;
        };
        records.visit(next, &mut WorkBudget::default(), &mut add)?;
        Ok(self.next == records.count())
    }

    /// Adds the value of the next record.
    fn add(&mut self, json: &str) {
        let text = number_text(json);
        if let Some((text, number)) = text.and_then(|text| Some((text, parse_number(text)?))) {
            if !self.has_numbers {
                self.others = OtherValues::default();
                self.has_numbers = true;
            }
            if number.is_finite() {
                self.numbers.add(self.next, number, text);
            }
        } else if !self.has_numbers && json != "null" {
            self.others.add(self.next, json);
        }
    }

    /// Builds the tree after the last step; `None` if no record has a value.
    pub(in crate::source) fn finish(self) -> Option<Extremes> {
        if self.has_numbers {
            return Some(self.numbers.finish());
        }
        let has_others = !self.others.known.is_empty();
        has_others.then(|| self.others.places.finish())
    }
}

impl OtherValues {
    fn add(&mut self, index: u64, json: &str) {
        let mut hasher = DefaultHasher::new();
        json.hash(&mut hasher);
        let next = self.known.len() as f64;
        let place = *self.known.entry(hasher.finish()).or_insert(next);
        self.places.push(index, place);
    }
}

impl GrowingTree {
    /// Adds a number, spelled `text` in JSON.
    fn add(&mut self, index: u64, number: f64, text: &str) {
        let decimal = Decimal::parse(text);
        let is_exact = decimal.is_the_only_decimal_of(number)
            || decimal == Decimal::parse(&shortest_spelling(number));
        if !is_exact {
            let slot = self.extremes.numbers.len();
            self.extremes.exact_spellings.push((slot, text.into()));
        }
        self.push(index, number);
    }

    fn push(&mut self, index: u64, number: f64) {
        self.extremes.indices.push(index);
        self.extremes.numbers.push(number);
        if self
            .extremes
            .numbers
            .len()
            .is_multiple_of(Extremes::BLOCK_LEN)
        {
            self.end_block();
        }
    }

    /// Adds the leaf for the numbers since the last full block.
    fn end_block(&mut self) {
        let begin = self.leaves.len() * Extremes::BLOCK_LEN;
        let min_max = self.extremes.scan(begin..self.extremes.numbers.len());
        self.leaves.extend(min_max);
    }

    fn finish(mut self) -> Extremes {
        self.end_block();
        let (leaves, mut extremes) = (self.leaves.len(), self.extremes);
        // They are kept until the hub exits.
        extremes.indices.shrink_to_fit();
        extremes.numbers.shrink_to_fit();
        extremes.exact_spellings.shrink_to_fit();
        extremes.tree = vec![MinMax::default(); leaves];
        extremes.tree.append(&mut self.leaves);
        for node in (1..leaves).rev() {
            extremes.tree[node] =
                extremes.merge(extremes.tree[2 * node], extremes.tree[2 * node + 1]);
        }
        extremes
    }
}
