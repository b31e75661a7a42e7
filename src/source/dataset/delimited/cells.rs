//! [`ColumnCells`]: what the cells of a column are, and a cell as JSON.
//!
//! A column has one type, so that a key of the records has, too: numbers or booleans if all of its cells are, else text.
//! Empty cells are null. A number keeps its spelling, however large it is.

use std::borrow::Cow;

use super::super::dataset_note::NoteKind;

/// The cells of a column that have been observed.
#[derive(Debug, Default)]
pub(super) struct ColumnCells {
    numbers: u64,
    booleans: u64,
    /// Numbers that JSON does not have.
    not_finite: u64,
    texts: u64,
    /// The first text, with the offset of its row.
    first_text: Option<(usize, String)>,
    /// The offset of the row of the first number that JSON does not have.
    first_not_finite: Option<usize>,
}

/// What a column is, or one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellType {
    Empty,
    Number,
    NotFinite,
    Boolean(bool),
    Text,
}

/// In characters, of a cell in a note.
const EXAMPLE_LEN_MAX: usize = 40;

impl ColumnCells {
    /// Counts `cell` of the row at `offset`.
    pub(super) fn observe(&mut self, cell: &str, offset: usize) {
        match CellType::of(cell) {
            CellType::Empty => {}
            CellType::Number => self.numbers += 1,
            CellType::Boolean(_) => self.booleans += 1,
            CellType::NotFinite => {
                self.not_finite += 1;
                self.first_not_finite.get_or_insert(offset);
            }
            CellType::Text => {
                self.texts += 1;
                self.first_text
                    .get_or_insert_with(|| (offset, cell.chars().take(EXAMPLE_LEN_MAX).collect()));
            }
        }
    }

    /// Whether no cell has a value.
    pub(super) const fn is_empty(&self) -> bool {
        self.numbers + self.booleans + self.not_finite + self.texts == 0
    }

    const fn is_text(&self) -> bool {
        self.texts > 0 || (self.booleans > 0 && self.numbers + self.not_finite > 0)
    }

    /// `cell` of this column as JSON.
    pub(super) fn json<'c>(&self, cell: &'c str) -> Cow<'c, str> {
        Cow::Borrowed(match CellType::of(cell) {
            CellType::Empty => "null",
            _ if self.is_text() => return Cow::Owned(serde_json::Value::from(cell).to_string()),
            CellType::NotFinite => "null",
            CellType::Boolean(true) => "true",
            CellType::Boolean(false) => "false",
            CellType::Number | CellType::Text => trim(cell),
        })
    }

    /// What a person should know about the column; `line` maps an offset to a line.
    pub(super) fn note(&self, line: impl Fn(usize) -> usize) -> Option<NoteKind> {
        if self.is_text() {
            let (offset, example) = self.first_text.as_ref()?;
            let texts = self.texts + self.booleans + self.not_finite;
            // Otherwise the numbers are the exception, as in a column of codes.
            let was_meant_as_numbers = self.numbers >= texts;
            return was_meant_as_numbers.then(|| NoteKind::Mixed {
                numbers: self.numbers,
                texts,
                example: example.clone(),
                line: line(*offset),
            });
        }
        self.first_not_finite.map(|offset| NoteKind::NotFinite {
            count: self.not_finite,
            line: line(offset),
        })
    }
}

impl CellType {
    fn of(cell: &str) -> Self {
        let cell = trim(cell);
        if cell.is_empty() {
            return Self::Empty;
        }
        if is_json_number(cell) {
            return Self::Number;
        }
        match cell {
            "true" | "True" | "TRUE" => Self::Boolean(true),
            "false" | "False" | "FALSE" => Self::Boolean(false),
            _ if is_not_finite(cell) => Self::NotFinite,
            _ => Self::Text,
        }
    }
}

/// Some programs put spaces around a number.
fn trim(cell: &str) -> &str {
    cell.trim_matches([' ', '\t'])
}

fn is_not_finite(cell: &str) -> bool {
    let name = cell.strip_prefix(['-', '+']).unwrap_or(cell);
    ["nan", "inf", "infinity"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether `text` is a number by the grammar of JSON.
pub(super) fn is_json_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    let has_no_leading_zero = integer == "0" || !integer.starts_with('0');
    let unsigned =
        |exponent: &str| are_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
    are_digits(integer)
        && has_no_leading_zero
        && fraction.is_none_or(are_digits)
        && exponent.is_none_or(unsigned)
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn a_number_is_what_json_calls_one() {
        for number in [
            "0",
            "-0",
            "10",
            "1.50",
            "-0.5e+3",
            "1E-7",
            "1e400",
            "9007199254740993",
        ] {
            assert!(is_json_number(number), "{number}");
        }
        for text in [
            "", "-", "+1", "01", ".5", "1.", "1e", "1e+", "0x1", "1_0", "1,5", "NaN", "٣",
        ] {
            assert!(!is_json_number(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_json_parser_agrees(text in "[-+]?[0-9]{0,3}[.]?[0-9]{0,2}([eE][-+]?[0-9]{0,2})?") {
            let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
            prop_assert_eq!(is_json_number(&text), is_json);
        }
    }
}
