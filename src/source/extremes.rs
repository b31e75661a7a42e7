//! `Extremes`: where the numbers of one field are least and greatest, in any range of a dataset.
//!
//! A tree over blocks of numbers, so that an answer costs the logarithm of the range's length.

use std::ops::Range;

use super::Dataset;
use super::entries::each_entry;

/// The numbers of one field, and a tree over them. Never empty.
#[derive(Debug)]
pub struct Extremes {
    /// Indices in the dataset of the records that have a number there, ascending.
    indices: Vec<u64>,
    /// Their numbers.
    numbers: Vec<f64>,
    /// The tree's leaves, one a block of numbers, are its second half; node `n` is over `2n` and `2n + 1`.
    tree: Vec<Ends>,
}

/// A number of the field, and the index of its record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extreme {
    /// The record.
    pub index: u64,
    /// The number.
    pub number: f64,
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

    /// Those of `key`; `None` when no record has a number there.
    pub(super) fn of(dataset: &Dataset, key: &str) -> Option<Self> {
        let (mut indices, mut numbers) = (Vec::new(), Vec::new());
        for (index, record) in (0..).zip(dataset.records()) {
            let mut last = None;
            each_entry(record, |name, value| {
                if name == key {
                    last = number(value);
                }
            });
            if let Some(number) = last {
                indices.push(index);
                numbers.push(number);
            }
        }
        // They stay for as long as the hub runs.
        indices.shrink_to_fit();
        numbers.shrink_to_fit();
        (!numbers.is_empty()).then(|| Self::over(indices, numbers))
    }

    fn over(indices: Vec<u64>, numbers: Vec<f64>) -> Self {
        let leaves = numbers.len().div_ceil(Self::BLOCK_LEN);
        let mut extremes = Self {
            tree: vec![Ends::default(); 2 * leaves],
            indices,
            numbers,
        };
        for leaf in 0..leaves {
            let begin = leaf * Self::BLOCK_LEN;
            let end = (begin + Self::BLOCK_LEN).min(extremes.numbers.len());
            extremes.tree[leaves + leaf] = extremes
                .scan(begin..end)
                .expect("the last block has a number, and the others are full");
        }
        for node in (1..leaves).rev() {
            extremes.tree[node] =
                extremes.wider(extremes.tree[2 * node], extremes.tree[2 * node + 1]);
        }
        extremes
    }

    /// The least and the greatest number among the records at `indices`; of equal ones, the first. `None` when
    /// none of the records has a number.
    #[must_use]
    pub fn within(&self, indices: &Range<u64>) -> Option<(Extreme, Extreme)> {
        let place = |index| self.indices.partition_point(|&other| other < index);
        let ends = self.ends(place(indices.start)..place(indices.end))?;
        let extreme = |place: usize| Extreme {
            index: self.indices[place],
            number: self.numbers[place],
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
        let number = |place: usize| self.numbers[place];
        let is_less = |a: usize, b: usize| (number(a), a) < (number(b), b);
        let is_greater =
            |a: usize, b: usize| number(a) > number(b) || (number(a) == number(b) && a < b);
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

/// The number that JSON text spells, as near as binary fractions come; too large for them, it is infinite, as it
/// is in a browser.
fn number(json: &str) -> Option<f64> {
    let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    is_number.then(|| json.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_from_their_spelling() {
        for (json, expected) in [
            ("-0", Some(0.0)),
            ("1.50e+3", Some(1_500.0)),
            ("-1e999", Some(f64::NEG_INFINITY)),
            ("null", None),
            (r#""1""#, None),
            ("[1]", None),
            ("{}", None),
        ] {
            assert_eq!(number(json), expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn the_ends_of_any_range_are_those_found_one_by_one(
            records in proptest::collection::vec(proptest::option::weighted(0.8, -9_i32..9), 1..300),
            a in 0_u64..300,
            b in 0_u64..300,
        ) {
            let known = (0..).zip(&records).filter_map(|(index, number)| Some((index, f64::from((*number)?))));
            let (indices, numbers): (Vec<_>, Vec<_>) = known.unzip();
            prop_assume!(!numbers.is_empty());
            let range = a.min(b)..a.max(b);
            let inside: Vec<_> = indices.iter().zip(&numbers)
                .filter(|(index, _)| range.contains(index))
                .map(|(&index, &number)| Extreme { index, number })
                .collect();
            let naive = inside.first().map(|&first| inside.iter().fold((first, first), |(least, greatest), &one| (
                if one.number < least.number { one } else { least },
                if one.number > greatest.number { one } else { greatest },
            )));
            prop_assert_eq!(Extremes::over(indices, numbers).within(&range), naive);
        }
    }
}
