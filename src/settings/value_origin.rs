//! [`ValueOrigin`]: where a value was set.
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
