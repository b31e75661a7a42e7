//! [`TomlValue`]: a parsed TOML value that keeps its exact source text and its location; and how keys and strings are
//! written in TOML.
//!
//! The only module that uses the `toml` crate.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::settings_error::ValueOrigin;

/// A TOML value, before it is checked against the schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum TomlValue {
    Text(String),
    /// Saturates beyond 128 bits, which is out of every key's range.
    Integer(i128),
    /// The digits as typed, without underscores; an `f64` would lose decimal places.
    Float(String),
    Bool(bool),
    Datetime,
    Array(Vec<LocatedValue>),
    Table(Vec<TableEntry>),
}

/// A value with its source text and its origin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LocatedValue {
    pub(super) value: TomlValue,
    pub(super) text: String,
    pub(super) origin: ValueOrigin,
}

/// One key of a table with its value; `origin` is the location of the key, not of the value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TableEntry {
    pub(super) name: String,
    pub(super) origin: ValueOrigin,
    pub(super) value: LocatedValue,
}

/// A TOML syntax error at a byte offset.
#[derive(Debug)]
pub(super) struct TomlSyntaxError {
    pub(super) message: String,
    pub(super) offset: usize,
}

impl TomlValue {
    /// The name of the value's type with its article, for error messages.
    pub(super) fn description(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a boolean",
            Self::Datetime => "a date or time",
            Self::Array(_) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// Parses a document into the entries of its root table; `place` maps a byte offset to an origin.
pub(super) fn parse_document(
    text: &str,
    place: &dyn Fn(usize) -> ValueOrigin,
) -> Result<Vec<TableEntry>, Vec<TomlSyntaxError>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table_entries(table.get_ref(), text, place));
    }
    let offset = |span: Option<Range<usize>>| span.map_or(0, |span| span.start);
    Err(errors
        .into_iter()
        .map(|error| TomlSyntaxError {
            offset: offset(error.span()),
            message: error.message().to_owned(),
        })
        .collect())
}

/// Parses a single value whose origin is `origin`; `None` if `text` is not exactly one TOML value.
pub(super) fn parse_value(text: &str, origin: &ValueOrigin) -> Option<LocatedValue> {
    let parsed = DeValue::parse(text).ok()?;
    Some(located_value(&parsed, text, &|_| origin.clone()))
}

fn table_entries(
    table: &DeTable<'_>,
    text: &str,
    place: &dyn Fn(usize) -> ValueOrigin,
) -> Vec<TableEntry> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        TableEntry {
            name: key.get_ref().to_string(),
            origin: place(key.span().start),
            value: located_value(value, text, place),
        }
    };
    table.iter().map(entry).collect()
}

fn located_value(
    value: &Spanned<DeValue<'_>>,
    text: &str,
    place: &dyn Fn(usize) -> ValueOrigin,
) -> LocatedValue {
    let span = value.span();
    let value = match value.get_ref() {
        DeValue::String(text) => TomlValue::Text(text.to_string()),
        DeValue::Integer(digits) => {
            TomlValue::Integer(saturating_integer(digits.as_str(), digits.radix()))
        }
        DeValue::Float(digits) => TomlValue::Float(digits.as_str().to_owned()),
        DeValue::Boolean(value) => TomlValue::Bool(*value),
        DeValue::Datetime(_) => TomlValue::Datetime,
        DeValue::Array(items) => TomlValue::Array(
            items
                .iter()
                .map(|item| located_value(item, text, place))
                .collect(),
        ),
        DeValue::Table(table) => TomlValue::Table(table_entries(table, text, place)),
    };
    LocatedValue {
        value,
        text: text.get(span.clone()).unwrap_or_default().to_owned(),
        origin: place(span.start),
    }
}

fn saturating_integer(digits: &str, radix: u32) -> i128 {
    let end = if digits.starts_with('-') {
        i128::MIN
    } else {
        i128::MAX
    };
    i128::from_str_radix(digits, radix).unwrap_or(end)
}

/// Joins a path to a dotted TOML key; parts that are not bare keys are quoted.
pub(super) fn dotted_key<S: AsRef<str>>(path: &[S]) -> String {
    let is_bare = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let spell = |part: &S| {
        let part = part.as_ref();
        if is_bare(part) {
            part.to_owned()
        } else {
            quoted(part)
        }
    };
    path.iter().map(spell).collect::<Vec<_>>().join(".")
}

/// Formats text as a TOML string on one line.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut spelled = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => spelled.extend(['\\', character]),
            '\n' => spelled.push_str("\\n"),
            '\t' => spelled.push_str("\\t"),
            other if other.is_control() => {
                spelled.push_str(&format!("\\u{:04X}", u32::from(other)));
            }
            other => spelled.push(other),
        }
    }
    spelled.push('"');
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<TomlValue> {
        parse_value(text, &ValueOrigin::Default).map(|typed| typed.value)
    }

    #[test]
    fn numbers_keep_their_type_and_all_digits() {
        assert_eq!(parse("1_000"), Some(TomlValue::Integer(1_000)));
        assert_eq!(parse("0xff"), Some(TomlValue::Integer(255)));
        assert_eq!(parse("-7"), Some(TomlValue::Integer(-7)));
        assert_eq!(parse(&"9".repeat(60)), Some(TomlValue::Integer(i128::MAX)));
        assert_eq!(
            parse("59.940_000_1"),
            Some(TomlValue::Float("59.9400001".into()))
        );
        assert_eq!(parse("\"9000\""), Some(TomlValue::Text("9000".into())));
        assert_eq!(parse("2026-01-01T00:00:00Z"), Some(TomlValue::Datetime));
    }

    #[test]
    fn text_that_is_not_exactly_one_value_is_rejected() {
        for text in ["", "007", "1 2", "yes", "[1", "9000 # port\n1"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn parts_that_are_not_bare_keys_are_quoted() {
        assert_eq!(
            dotted_key(&["topics", "a.b", "rate"]),
            r#"topics."a.b".rate"#
        );
        assert_eq!(
            dotted_key(&["topics", "a-b_1", "rate"]),
            "topics.a-b_1.rate"
        );
        assert_eq!(quoted("a\"b\\c\n\u{1}µ"), r#""a\"b\\c\n\u0001µ""#);
    }
}
