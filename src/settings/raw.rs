//! `Raw`: what was typed, with its exact spelling and its origin; a number is not yet any particular number.
//!
//! The one place that talks to `toml`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::origin::Origin;

/// A TOML value as typed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    Text(String),
    /// Beyond 128 bits it is held at their end: far out of every range.
    Integer(i128),
    /// Its digits as typed, without underscores: a binary fraction would lose places.
    Float(String),
    Switch(bool),
    Moment,
    List(Vec<Typed>),
    Table(Vec<Entry>),
}

/// A value with its source text and the one who typed it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Typed {
    pub(super) raw: Raw,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A key of a table, in the order of the file, with the place of the key itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) value: Typed,
}

/// What the syntax says against a text, and where.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) message: String,
    pub(super) offset: usize,
}

impl Raw {
    /// What the value is, with its article.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Switch(_) => "a boolean",
            Self::Moment => "a date or time",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a whole document; `place` turns a byte offset into an origin.
pub(super) fn document(
    text: &str,
    place: &dyn Fn(usize) -> Origin,
) -> Result<Vec<Entry>, Vec<SyntaxError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(entries(table.get_ref(), text, place));
    }
    let offset = |span: Option<Range<usize>>| span.map_or(0, |span| span.start);
    Err(errors
        .into_iter()
        .map(|error| SyntaxError {
            offset: offset(error.span()),
            message: error.message().to_owned(),
        })
        .collect())
}

/// Reads one value, all of which comes from `origin`.
pub(super) fn value(text: &str, origin: &Origin) -> Option<Typed> {
    let parsed = DeValue::parse(text).ok()?;
    Some(typed(&parsed, text, &|_| origin.clone()))
}

fn entries(table: &DeTable<'_>, text: &str, place: &dyn Fn(usize) -> Origin) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        Entry {
            name: key.get_ref().to_string(),
            origin: place(key.span().start),
            value: typed(value, text, place),
        }
    };
    table.iter().map(entry).collect()
}

fn typed(value: &Spanned<DeValue<'_>>, text: &str, place: &dyn Fn(usize) -> Origin) -> Typed {
    let span = value.span();
    let raw = match value.get_ref() {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(digits) => Raw::Integer(integer(digits.as_str(), digits.radix())),
        DeValue::Float(digits) => Raw::Float(digits.as_str().to_owned()),
        DeValue::Boolean(value) => Raw::Switch(*value),
        DeValue::Datetime(_) => Raw::Moment,
        DeValue::Array(items) => {
            Raw::List(items.iter().map(|item| typed(item, text, place)).collect())
        }
        DeValue::Table(table) => Raw::Table(entries(table, text, place)),
    };
    Typed {
        raw,
        text: text.get(span.clone()).unwrap_or_default().to_owned(),
        origin: place(span.start),
    }
}

fn integer(digits: &str, radix: u32) -> i128 {
    let end = if digits.starts_with('-') {
        i128::MIN
    } else {
        i128::MAX
    };
    i128::from_str_radix(digits, radix).unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Option<Raw> {
        value(text, &Origin::Default).map(|typed| typed.raw)
    }

    #[test]
    fn numbers_keep_their_kind_and_their_digits() {
        assert_eq!(raw("1_000"), Some(Raw::Integer(1_000)));
        assert_eq!(raw("0xff"), Some(Raw::Integer(255)));
        assert_eq!(raw("-7"), Some(Raw::Integer(-7)));
        assert_eq!(raw(&"9".repeat(60)), Some(Raw::Integer(i128::MAX)));
        assert_eq!(raw("59.940_000_1"), Some(Raw::Float("59.9400001".into())));
        assert_eq!(raw("\"9000\""), Some(Raw::Text("9000".into())));
        assert_eq!(raw("2026-01-01T00:00:00Z"), Some(Raw::Moment));
    }

    #[test]
    fn what_is_not_one_value_is_nothing() {
        for text in ["", "007", "1 2", "yes", "[1", "9000 # port\n1"] {
            assert_eq!(raw(text), None, "{text:?}");
        }
    }
}
