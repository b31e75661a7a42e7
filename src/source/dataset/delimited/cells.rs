//! [`ColumnCells`]: what the cells of a column are, and a cell as JSON.
//!
//! A column has one type, so that a key of the records has, too: numbers or booleans if all of its cells are, else text.
//! Empty cells are null, and so are those of numbers or booleans that say that there is no value, such as `NA`. A number
//! keeps its spelling, however large it is, unless JSON spells it otherwise: `.5` becomes `0.5`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::super::dataset_note::NoteKind;

/// The cells of a column that have been observed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ColumnCells {
    numbers: u64,
    booleans: u64,
    /// Numbers that JSON does not have.
    not_finite: u64,
    /// Words for a missing value.
    missing: u64,
    texts: u64,
    /// The first text, with the offset of its row.
    first_text: Option<(u64, String)>,
    /// The first word for a missing value, with the offset of its row.
    first_missing: Option<(u64, String)>,
    /// The offset of the row of the first number that JSON does not have.
    first_not_finite: Option<u64>,
}

/// What a column is, or one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellType {
    Empty,
    Number,
    NotFinite,
    Boolean(bool),
    Missing,
    Text,
}

/// What programs write where there is no value.
const MISSING: [&str; 8] = ["NA", "N/A", "#N/A", "<NA>", "NULL", "None", "nil", "-"];

/// In characters, of a cell in a note.
const EXAMPLE_LEN_MAX: usize = 40;

impl ColumnCells {
    /// Counts `cell` of the row at `offset`.
    pub(super) fn observe(&mut self, cell: &str, offset: u64) {
        match CellType::of(cell) {
            CellType::Empty => {}
            CellType::Number => self.numbers += 1,
            CellType::Boolean(_) => self.booleans += 1,
            CellType::NotFinite => {
                self.not_finite += 1;
                self.first_not_finite.get_or_insert(offset);
            }
            CellType::Missing => {
                self.missing += 1;
                self.first_missing
                    .get_or_insert_with(|| (offset, trim(cell).to_owned()));
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
        self.numbers + self.booleans + self.not_finite + self.missing + self.texts == 0
    }

    const fn is_text(&self) -> bool {
        let numbers = self.numbers + self.not_finite;
        let is_mixed = self.booleans > 0 && numbers > 0;
        // Such words alone, or among other texts, may be names.
        let has_only_words = self.missing > 0 && self.booleans + numbers == 0;
        self.texts > 0 || is_mixed || has_only_words
    }

    /// Appends `cell` of this column as JSON to `out`.
    pub(super) fn write(&self, cell: &str, out: &mut Vec<u8>) {
        let json = match CellType::of(cell) {
            CellType::Empty => Cow::Borrowed("null"),
            _ if self.is_text() => {
                return serde_json::to_writer(out, cell).expect("a text can be written to memory");
            }
            CellType::NotFinite | CellType::Missing => Cow::Borrowed("null"),
            CellType::Boolean(true) => Cow::Borrowed("true"),
            CellType::Boolean(false) => Cow::Borrowed("false"),
            CellType::Number => number_as_json(trim(cell)).unwrap_or_default(),
            CellType::Text => Cow::Borrowed(trim(cell)),
        };
        out.extend_from_slice(json.as_bytes());
    }

    /// What a person should know about the column; `line` maps an offset to a line.
    pub(super) fn notes<E>(
        &self,
        line: impl Fn(u64) -> Result<usize, E>,
    ) -> Result<Vec<NoteKind>, E> {
        let mut notes = Vec::new();
        if self.is_text() {
            notes.extend(self.mixed_note(line)?);
            return Ok(notes);
        }
        if let Some(offset) = self.first_not_finite {
            notes.push(NoteKind::NotFinite {
                count: self.not_finite,
                line: line(offset)?,
            });
        }
        if let Some((offset, example)) = &self.first_missing {
            notes.push(NoteKind::Missing {
                count: self.missing,
                example: example.clone(),
                line: line(*offset)?,
            });
        }
        Ok(notes)
    }

    fn mixed_note<E>(&self, line: impl Fn(u64) -> Result<usize, E>) -> Result<Option<NoteKind>, E> {
        let Some((offset, example)) = &self.first_text else {
            return Ok(None);
        };
        let texts = self.texts + self.booleans + self.not_finite + self.missing;
        // Otherwise the numbers are the exception, as in a column of codes.
        let was_meant_as_numbers = self.numbers >= texts;
        if !was_meant_as_numbers {
            return Ok(None);
        }
        Ok(Some(NoteKind::Mixed {
            numbers: self.numbers,
            texts,
            example: example.clone(),
            line: line(*offset)?,
        }))
    }
}

impl CellType {
    fn of(cell: &str) -> Self {
        let cell = trim(cell);
        if cell.is_empty() {
            return Self::Empty;
        }
        if number_as_json(cell).is_some() {
            return Self::Number;
        }
        match cell {
            "true" | "True" | "TRUE" => Self::Boolean(true),
            "false" | "False" | "FALSE" => Self::Boolean(false),
            _ if is_not_finite(cell) => Self::NotFinite,
            _ if is_missing(cell) => Self::Missing,
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

fn is_missing(cell: &str) -> bool {
    MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word))
}

/// The number `text` as JSON spells it; `None` if it is not a number. Zeros in front make a code, not a number.
fn number_as_json(text: &str) -> Option<Cow<'_, str>> {
    if is_json_number(text) {
        return Some(Cow::Borrowed(text));
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let may_be_in_number = |byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+');
    let is_unsigned = unsigned.starts_with(|first: char| first == '.' || first.is_ascii_digit());
    if !is_unsigned || !unsigned.bytes().all(may_be_in_number) {
        return None;
    }
    let end = unsigned.find(['e', 'E']).unwrap_or(unsigned.len());
    let (mantissa, exponent) = unsigned.split_at(end);
    let zero = if mantissa.starts_with('.') { "0" } else { "" };
    let integer = mantissa
        .strip_suffix('.')
        .filter(|digits| are_digits(digits));
    let mantissa = integer.unwrap_or(mantissa);
    let json = format!("{sign}{zero}{mantissa}{exponent}");
    is_json_number(&json).then_some(Cow::Owned(json))
}

/// Whether `text` is a number by the grammar of JSON.
pub(super) fn is_json_number(text: &str) -> bool {
    let text = text.as_bytes();
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let integer = digits(unsigned);
    if integer == 0 || (integer > 1 && unsigned[0] == b'0') {
        return false;
    }
    let mut rest = &unsigned[integer..];
    if let [b'.', fraction @ ..] = rest {
        let len = digits(fraction);
        if len == 0 {
            return false;
        }
        rest = &fraction[len..];
    }
    match rest {
        [] => true,
        [b'e' | b'E', b'-' | b'+', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && digits(exponent) == exponent.len()
        }
        _ => false,
    }
}

/// The number of digits that `text` begins with.
fn digits(text: &[u8]) -> usize {
    let other = text.iter().position(|byte| !byte.is_ascii_digit());
    other.unwrap_or(text.len())
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

    #[test]
    fn a_number_is_spelled_as_json_spells_it() {
        for (text, json) in [
            ("1.50", Some("1.50")),
            (".5", Some("0.5")),
            ("-.5e3", Some("-0.5e3")),
            ("5.", Some("5")),
            ("+5", Some("5")),
            ("+.25E-2", Some("0.25E-2")),
            ("5.e1", Some("5e1")),
            (".", None),
            ("-", None),
            ("+-5", None),
            ("--5", None),
            ("05", None),
            ("+05.0", None),
            ("1.2.", None),
            ("e5", None),
        ] {
            assert_eq!(number_as_json(text).as_deref(), json, "{text}");
        }
    }

    fn cells(cells: &[&str]) -> Vec<String> {
        let mut column = ColumnCells::default();
        for cell in cells {
            column.observe(cell, 0);
        }
        let json = |cell: &&str| {
            let mut out = Vec::new();
            column.write(cell, &mut out);
            String::from_utf8(out).unwrap()
        };
        cells.iter().map(json).collect()
    }

    #[test]
    fn a_word_for_a_missing_value_is_null_among_numbers_and_a_text_elsewhere() {
        assert_eq!(
            cells(&["1", " NA ", "n/a", "-", ""]),
            ["1", "null", "null", "null", "null"]
        );
        assert_eq!(cells(&["true", "None"]), ["true", "null"]);
        assert_eq!(cells(&["None", "nil"]), ["\"None\"", "\"nil\""]);
        assert_eq!(cells(&["red", "NA", "1"]), ["\"red\"", "\"NA\"", "\"1\""]);
        assert_eq!(cells(&["nan", "NA"]), ["null", "null"]);
    }

    proptest! {
        #[test]
        fn the_json_parser_agrees(text in "[-+]?[0-9]{0,3}[.]?[0-9]{0,2}([eE][-+]?[0-9]{0,2})?") {
            let is_json = serde_json::from_str::<&RawValue>(&text).is_ok();
            prop_assert_eq!(is_json_number(&text), is_json);
        }
    }
}
