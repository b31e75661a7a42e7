//! `Origin`: who gave an effective value; `Origins`: the same for every key, with the value itself.
//!
//! Knows the spelling of keys, not their meaning.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value comes from, as a person would look for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave it.
    Default,
    /// The configuration file.
    File {
        /// The file's path as it was given.
        path: PathBuf,
        /// Counted from 1; 0 means the file as a whole.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
        /// The line itself, so that a fault can show it without reading the file a second time.
        source: Arc<str>,
    },
    /// A variable of the process.
    Environment {
        /// The variable's name.
        variable: String,
    },
    /// An argument of the command line.
    Flag {
        /// The flag as typed, with its dashes.
        flag: String,
    },
}

impl fmt::Display for Origin {
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

/// One effective value: its key, its spelling in TOML, and who gave it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// The origin of every effective value, in the order of the reference file.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    pub(super) values: Vec<Entry>,
    /// Headers such as `[topics.ecg]`: the place to point at when a key is missing below.
    pub(super) tables: Vec<(String, Origin)>,
}

static DEFAULT: Origin = Origin::Default;

impl Origins {
    /// The origin of the value, or of the table, at `key`; [`Origin::Default`] when nobody gave one.
    ///
    /// `topics.a.b.rate` and `topics."a.b".rate` are the same key here.
    #[must_use]
    pub fn of(&self, key: &str) -> &Origin {
        let wanted = plain(key);
        let value = self
            .values
            .iter()
            .find(|entry| plain(&entry.key) == wanted)
            .map(|entry| &entry.origin);
        let table = || {
            self.tables
                .iter()
                .find(|(key, _)| plain(key) == wanted)
                .map(|(_, origin)| origin)
        };
        value.or_else(table).unwrap_or(&DEFAULT)
    }
}

fn plain(key: &str) -> String {
    key.replace('"', "")
}

/// The path as one dotted TOML key; parts that are not bare keys are quoted.
pub(super) fn dotted<S: AsRef<str>>(path: &[S]) -> String {
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

/// The text as a TOML string on one line.
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
        assert_eq!(dotted(&["topics", "a.b", "rate"]), r#"topics."a.b".rate"#);
        assert_eq!(dotted(&["topics", "a-b_1", "rate"]), "topics.a-b_1.rate");
        assert_eq!(quoted("a\"b\\c\n\u{1}µ"), r#""a\"b\\c\n\u0001µ""#);
    }
}
