//! `Building`: the extremes of one field while the dataset is gone through, a bounded part at a time.

use super::{Decimal, Ends, Extremes, each_entry, number, shortest};
use crate::source::Dataset;
use crate::source::part::Part;

/// Extremes over the records before `next`.
#[derive(Debug, Default)]
pub(in crate::source) struct Building {
    /// Index of the next record.
    next: u64,
    /// Without its tree.
    extremes: Extremes,
    /// Ends of the blocks that are full.
    leaves: Vec<Ends>,
    /// Some record has a number, finite or not.
    has_numbers: bool,
}

impl Building {
    /// Goes through the next part of the dataset; whether that was the last.
    pub(in crate::source) fn advance(&mut self, dataset: &Dataset, key: &str) -> bool {
        let mut part = Part::default();
        while self.next < dataset.len().get() && part.has_room() {
            let record = dataset.record(self.next);
            part.add(record);
            let mut last = None;
            each_entry(record, |name, value| {
                if name == key {
                    last = Some(value);
                }
            });
            if let Some((json, number)) = last.and_then(|json| Some((json, number(json)?))) {
                self.add(json, number);
            }
            self.next += 1;
        }
        self.next == dataset.len().get()
    }

    fn add(&mut self, json: &str, number: f64) {
        self.has_numbers = true;
        if !number.is_finite() {
            return;
        }
        let extremes = &mut self.extremes;
        let (place, decimal) = (extremes.numbers.len(), Decimal::of(json));
        let is_exact =
            decimal.is_told_apart_by(number) || decimal == Decimal::of(&shortest(number));
        if !is_exact {
            extremes.exact.push((place, json.into()));
        }
        extremes.indices.push(self.next);
        extremes.numbers.push(number);
        if extremes.numbers.len().is_multiple_of(Extremes::BLOCK_LEN) {
            self.end_block();
        }
    }

    /// Adds the leaf over what has none yet.
    fn end_block(&mut self) {
        let begin = self.leaves.len() * Extremes::BLOCK_LEN;
        let ends = self.extremes.scan(begin..self.extremes.numbers.len());
        self.leaves.extend(ends);
    }

    /// The extremes, once all records have been gone through; `None` when no record has a number.
    pub(in crate::source) fn finish(mut self) -> Option<Extremes> {
        self.end_block();
        let (leaves, mut extremes) = (self.leaves.len(), self.extremes);
        // They stay for as long as the hub runs.
        extremes.indices.shrink_to_fit();
        extremes.numbers.shrink_to_fit();
        extremes.exact.shrink_to_fit();
        extremes.tree = vec![Ends::default(); leaves];
        extremes.tree.append(&mut self.leaves);
        for node in (1..leaves).rev() {
            extremes.tree[node] =
                extremes.wider(extremes.tree[2 * node], extremes.tree[2 * node + 1]);
        }
        self.has_numbers.then_some(extremes)
    }
}
