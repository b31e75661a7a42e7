//! [`ExtremesBuilder`]: computes the extremes of one field in bounded steps.

use super::{Decimal, Extremes, MinMax, number_text, parse_number, shortest_spelling};
use crate::source::field_path::FieldPath;
use crate::source::record_block::RecordBlock;
use crate::source::work_budget::WorkBudget;

/// The extremes of the records before `next`.
#[derive(Debug, Default)]
pub(in crate::source) struct ExtremesBuilder {
    /// Index of the next record.
    next: u64,
    /// The numbers so far; its tree is empty until the end.
    extremes: Extremes,
    /// Minimum and maximum of each full block.
    leaves: Vec<MinMax>,
    /// Set if any record has a number, finite or not.
    has_numbers: bool,
}

impl ExtremesBuilder {
    /// Does the next step of the pass; returns whether it was the last.
    pub(in crate::source) fn advance(&mut self, records: &RecordBlock, path: &FieldPath) -> bool {
        let mut budget = WorkBudget::default();
        while self.next < records.len() && budget.is_left() {
            let record = records.get(self.next);
            budget.spend(record);
            if let Some(text) = path.find(record).and_then(number_text)
                && let Some(number) = parse_number(text)
            {
                self.add(text, number);
            }
            self.next += 1;
        }
        self.next == records.len()
    }

    /// `text` is spelled as in JSON.
    fn add(&mut self, text: &str, number: f64) {
        self.has_numbers = true;
        if !number.is_finite() {
            return;
        }
        let extremes = &mut self.extremes;
        let (slot, decimal) = (extremes.numbers.len(), Decimal::parse(text));
        let is_exact = decimal.is_the_only_decimal_of(number)
            || decimal == Decimal::parse(&shortest_spelling(number));
        if !is_exact {
            extremes.exact_spellings.push((slot, text.into()));
        }
        extremes.indices.push(self.next);
        extremes.numbers.push(number);
        if extremes.numbers.len().is_multiple_of(Extremes::BLOCK_LEN) {
            self.end_block();
        }
    }

    /// Adds the leaf for the numbers since the last full block.
    fn end_block(&mut self) {
        let begin = self.leaves.len() * Extremes::BLOCK_LEN;
        let min_max = self.extremes.scan(begin..self.extremes.numbers.len());
        self.leaves.extend(min_max);
    }

    /// Builds the tree after the last step; `None` if no record has a number.
    pub(in crate::source) fn finish(mut self) -> Option<Extremes> {
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
        self.has_numbers.then_some(extremes)
    }
}
