//! [`Extremes`]: finds the minimum and maximum of one field in any range of a dataset.
//!
//! A segment tree over blocks of numbers answers a query in logarithmic time. Numbers outside the range of an `f64`,
//! such as `1e400`, cannot be drawn and are ignored. A text that is a number, as tools make them that read CSV without
//! types, counts as that number. Different numbers that round to the same `f64`, such as
//! `9007199254740992` and `9007199254740993`, are compared by their exact text.

use std::cmp::Ordering;
use std::ops::Range;

use super::decimal::Decimal;

mod builder;
mod number_text;

pub(super) use builder::ExtremesBuilder;
use number_text::number_text;

/// The numbers of one field, or the places of its other values, and a segment tree over them. A *slot* is an index into `numbers`.
#[derive(Debug, Default)]
pub struct Extremes {
    /// Dataset indices of the records that have a finite number in the field, ascending; one per slot.
    indices: Vec<u64>,
    /// Their numbers, all finite.
    numbers: Vec<f64>,
    /// The second half are the leaves, one per block of numbers; node `n` covers the nodes `2n` and `2n + 1`.
    tree: Vec<MinMax>,
    /// The slots, ascending, and the text of the numbers that their `f64` does not represent exactly. Most datasets
    /// have none.
    exact_spellings: Vec<(usize, Box<str>)>,
}

/// The record that holds an extreme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extreme {
    /// The record's index in the dataset.
    pub index: u64,
    slot: usize,
}

/// The slots of a minimum and a maximum; of equal numbers, the first.
#[derive(Debug, Clone, Copy, Default)]
struct MinMax {
    min: usize,
    max: usize,
}

impl Extremes {
    /// Numbers per leaf. Keeps the tree small compared with the numbers; scanning a block is as fast as climbing five
    /// levels.
    const BLOCK_LEN: usize = 32;

    /// Compares the numbers of two records.
    #[must_use]
    pub fn compare(&self, one: Extreme, other: Extreme) -> Ordering {
        self.compare_slots(one.slot, other.slot)
    }

    fn compare_slots(&self, one: usize, other: usize) -> Ordering {
        let (a, b) = (self.numbers[one], self.numbers[other]);
        let by_double = a.partial_cmp(&b).expect("only finite numbers are kept");
        if by_double.is_ne() || self.exact_spellings.is_empty() {
            return by_double;
        }
        match (self.spelling(one), self.spelling(other)) {
            (None, None) => Ordering::Equal,
            (Some(a), Some(b)) => Decimal::parse(a).cmp(&Decimal::parse(b)),
            (Some(a), None) => Decimal::parse(a).cmp(&Decimal::parse(&shortest_spelling(b))),
            (None, Some(b)) => Decimal::parse(&shortest_spelling(a)).cmp(&Decimal::parse(b)),
        }
    }

    /// The exact text of the number at `slot`, if its `f64` does not represent it.
    fn spelling(&self, slot: usize) -> Option<&str> {
        let found = self
            .exact_spellings
            .binary_search_by_key(&slot, |(slot, _)| *slot);
        found.ok().map(|at| &*self.exact_spellings[at].1)
    }

    /// The minimum and maximum among the records at `indices`; of equal numbers, the first. `None` if none of the
    /// records has a finite number.
    #[must_use]
    pub fn min_max(&self, indices: &Range<u64>) -> Option<(Extreme, Extreme)> {
        let slot = |index| self.indices.partition_point(|&other| other < index);
        let min_max = self.min_max_of_slots(slot(indices.start)..slot(indices.end))?;
        let extreme = |slot: usize| Extreme {
            index: self.indices[slot],
            slot,
        };
        Some((extreme(min_max.min), extreme(min_max.max)))
    }

    fn min_max_of_slots(&self, slots: Range<usize>) -> Option<MinMax> {
        let (first, last) = (
            slots.start.div_ceil(Self::BLOCK_LEN),
            slots.end / Self::BLOCK_LEN,
        );
        if first >= last {
            return self.scan(slots);
        }
        let leaves = self.tree.len() / 2;
        let (mut from, mut to) = (leaves + first, leaves + last);
        let before = self.scan(slots.start..first * Self::BLOCK_LEN);
        let mut min_max = self.merge_options(before, self.scan(last * Self::BLOCK_LEN..slots.end));
        while from < to {
            if from % 2 == 1 {
                min_max = self.merge_options(min_max, Some(self.tree[from]));
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                min_max = self.merge_options(min_max, Some(self.tree[to]));
            }
            (from, to) = (from / 2, to / 2);
        }
        min_max
    }

    fn scan(&self, mut slots: Range<usize>) -> Option<MinMax> {
        let first = slots.next()?;
        let alone = |slot| MinMax {
            min: slot,
            max: slot,
        };
        Some(slots.fold(alone(first), |min_max, slot| {
            self.merge(min_max, alone(slot))
        }))
    }

    fn merge_options(&self, one: Option<MinMax>, other: Option<MinMax>) -> Option<MinMax> {
        match (one, other) {
            (Some(one), Some(other)) => Some(self.merge(one, other)),
            (one, other) => one.or(other),
        }
    }

    /// The minimum and maximum of both; the order of the arguments does not matter.
    fn merge(&self, one: MinMax, other: MinMax) -> MinMax {
        let is_less = |a: usize, b: usize| self.compare_slots(a, b).then(a.cmp(&b)).is_lt();
        let is_greater = |a: usize, b: usize| self.compare_slots(a, b).then(b.cmp(&a)).is_gt();
        MinMax {
            min: if is_less(other.min, one.min) {
                other.min
            } else {
                one.min
            },
            max: if is_greater(other.max, one.max) {
                other.max
            } else {
                one.max
            },
        }
    }
}

/// Parses the text of a number to the nearest `f64`, infinite if it is too large, as browsers do; `None` if it is not a
/// number.
fn parse_number(json: &str) -> Option<f64> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    is_number.then(|| json.parse().ok()).flatten()
}

/// The shortest text that parses to `number`.
fn shortest_spelling(number: f64) -> String {
    format!("{number:e}")
}

#[cfg(test)]
mod tests;
