//! [`ValueOrigin`]: where a value was set; [`ValueOrigins`]: all effective values with their origins.
//!
//! Knows the syntax of keys, not their meaning.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueOrigin {
    /// Nowhere; it is the default.
    Default,
    /// The configuration file.
    File {
        /// The path of the file, as given.
        path: PathBuf,
        /// Counted from 1; 0 stands for the whole file.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// The text of the line, so that an error can show it without reading the file again.
        line_text: Arc<str>,
    },
    /// An environment variable.
    Environment {
        /// The variable's name.
        variable: String,
    },
    /// A command-line flag.
    Flag {
        /// The flag as typed, with its dashes.
        flag: String,
    },
}

impl fmt::Display for ValueOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0, .. } => path.display().fmt(f),
            Self::File {
                path, line, column, ..
            } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Environment { variable } => f.write_str(variable),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// An effective value: its key, its TOML text, and where it was set.
#[derive(Debug, Clone)]
pub(super) struct EffectiveValue {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) origin: ValueOrigin,
}

/// All effective values with their origins, in the order of the reference file.
#[derive(Debug, Clone, Default)]
pub struct ValueOrigins {
    pub(super) values: Vec<EffectiveValue>,
    /// The locations of headers such as `[topics.ecg]`, for errors about a key that is missing from the table.
    pub(super) tables: Vec<(String, ValueOrigin)>,
}

static DEFAULT: ValueOrigin = ValueOrigin::Default;

impl ValueOrigins {
    /// Returns the origin of the value or table at `key`, [`ValueOrigin::Default`] if it was not set.
    ///
    /// Quotes do not matter: `topics.a.b.rate` and `topics."a.b".rate` are the same key here.
    #[must_use]
    pub fn origin_of(&self, key: &str) -> &ValueOrigin {
        let wanted = without_quotes(key);
        let value = self
            .values
            .iter()
            .find(|entry| without_quotes(&entry.key) == wanted)
            .map(|entry| &entry.origin);
        let table = || {
            self.tables
                .iter()
                .find(|(key, _)| without_quotes(key) == wanted)
                .map(|(_, origin)| origin)
        };
        value.or_else(table).unwrap_or(&DEFAULT)
    }
}

fn without_quotes(key: &str) -> String {
    key.replace('"', "")
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
pub(super) fn quoted(text: &str) -> String {
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
