//! `Extremes`: where the numbers of one field are least and greatest, in any range of a dataset.
//!
//! A tree over blocks of numbers, so that an answer costs the logarithm of the range's length. Numbers beyond the range
//! of a double, such as `1e400`, cannot be drawn and are left out: they hide no extreme. Numbers that differ but share
//! a double, such as `9007199254740992` and `9007199254740993`, are compared as they are spelled.

use std::cmp::Ordering;
use std::ops::Range;

use super::decimal::Decimal;
use super::entries::each_entry;

mod building;

pub(super) use building::Building;

/// The numbers of one field, and a tree over them.
#[derive(Debug, Default)]
pub struct Extremes {
    /// Indices in the dataset of the records that have a finite number there, ascending.
    indices: Vec<u64>,
    /// Their numbers, all finite.
    numbers: Vec<f64>,
    /// The tree's leaves, one a block of numbers, are its second half; node `n` is over `2n` and `2n + 1`.
    tree: Vec<Ends>,
    /// Places in `numbers`, ascending, of the numbers that their double does not represent exactly, with their
    /// spelling. Most datasets have none.
    exact: Vec<(usize, Box<str>)>,
}

/// A record with a number, by its places in the dataset and in [`Extremes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extreme {
    /// The record's index in the dataset.
    pub index: u64,
    place: usize,
}

/// Places in `numbers` of the least and the greatest; of equal ones, the first.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    least: usize,
    greatest: usize,
}

impl Extremes {
    /// Numbers in a leaf: the tree is a small part of the whole then, and going through a block is as quick as
    /// going up five levels.
    const BLOCK_LEN: usize = 32;

    /// Compares the numbers of two records.
    #[must_use]
    pub fn compare(&self, one: Extreme, other: Extreme) -> Ordering {
        self.compare_places(one.place, other.place)
    }

    fn compare_places(&self, one: usize, other: usize) -> Ordering {
        let (a, b) = (self.numbers[one], self.numbers[other]);
        let by_double = a.partial_cmp(&b).expect("only finite numbers are kept");
        if by_double.is_ne() || self.exact.is_empty() {
            return by_double;
        }
        match (self.spelling(one), self.spelling(other)) {
            (None, None) => Ordering::Equal,
            (Some(a), Some(b)) => Decimal::of(a).cmp(&Decimal::of(b)),
            (Some(a), None) => Decimal::of(a).cmp(&Decimal::of(&shortest(b))),
            (None, Some(b)) => Decimal::of(&shortest(a)).cmp(&Decimal::of(b)),
        }
    }

    /// The spelling of the number at `place`, where its double does not say it.
    fn spelling(&self, place: usize) -> Option<&str> {
        let found = self.exact.binary_search_by_key(&place, |(place, _)| *place);
        found.ok().map(|at| &*self.exact[at].1)
    }

    /// The least and the greatest number among the records at `indices`; of equal ones, the first. `None` when
    /// none of the records has a number.
    #[must_use]
    pub fn within(&self, indices: &Range<u64>) -> Option<(Extreme, Extreme)> {
        let place = |index| self.indices.partition_point(|&other| other < index);
        let ends = self.ends(place(indices.start)..place(indices.end))?;
        let extreme = |place: usize| Extreme {
            index: self.indices[place],
            place,
        };
        Some((extreme(ends.least), extreme(ends.greatest)))
    }

    fn ends(&self, places: Range<usize>) -> Option<Ends> {
        let (first, last) = (
            places.start.div_ceil(Self::BLOCK_LEN),
            places.end / Self::BLOCK_LEN,
        );
        if first >= last {
            return self.scan(places);
        }
        let leaves = self.tree.len() / 2;
        let (mut from, mut to) = (leaves + first, leaves + last);
        let before = self.scan(places.start..first * Self::BLOCK_LEN);
        let mut ends = self.widest(before, self.scan(last * Self::BLOCK_LEN..places.end));
        while from < to {
            if from % 2 == 1 {
                ends = self.widest(ends, Some(self.tree[from]));
                from += 1;
            }
            if to % 2 == 1 {
                to -= 1;
                ends = self.widest(ends, Some(self.tree[to]));
            }
            (from, to) = (from / 2, to / 2);
        }
        ends
    }

    fn scan(&self, mut places: Range<usize>) -> Option<Ends> {
        let first = places.next()?;
        let alone = |place| Ends {
            least: place,
            greatest: place,
        };
        Some(places.fold(alone(first), |ends, place| self.wider(ends, alone(place))))
    }

    fn widest(&self, one: Option<Ends>, other: Option<Ends>) -> Option<Ends> {
        match (one, other) {
            (Some(one), Some(other)) => Some(self.wider(one, other)),
            (one, other) => one.or(other),
        }
    }

    /// The ends of both, in whatever order they are given.
    fn wider(&self, one: Ends, other: Ends) -> Ends {
        let is_less = |a: usize, b: usize| self.compare_places(a, b).then(a.cmp(&b)).is_lt();
        let is_greater = |a: usize, b: usize| self.compare_places(a, b).then(b.cmp(&a)).is_gt();
        Ends {
            least: if is_less(other.least, one.least) {
                other.least
            } else {
                one.least
            },
            greatest: if is_greater(other.greatest, one.greatest) {
                other.greatest
            } else {
                one.greatest
            },
        }
    }
}

/// The number that JSON text spells, as near as binary fractions come; infinite if too large for them, as in a browser.
fn number(json: &str) -> Option<f64> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    is_number.then(|| json.parse().ok()).flatten()
}

/// The shortest spelling that reads as `number`.
fn shortest(number: f64) -> String {
    format!("{number:e}")
}

#[cfg(test)]
mod tests;
