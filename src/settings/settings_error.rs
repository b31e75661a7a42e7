//! [`SettingsError`]: an error in the configuration with its location and remedy; [`SettingsErrors`]: all of them;
//! [`ValueOrigin`]: the location of a value.
//!
//! Only formats errors. They are detected in the rest of `settings` and, for values that refer to files, outside of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// One error: the origin of the value, its key, the problem and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    origin: ValueOrigin,
    key: String,
    problem: String,
    remedy: String,
}

/// All errors: those of the file first, in file order, then those of the environment and the flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsErrors(pub Vec<SettingsError>);

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

impl SettingsError {
    /// An error about the value that `origin` gave to `key`. Write the remedy as an imperative.
    #[must_use]
    pub fn new(
        origin: &ValueOrigin,
        key: impl Into<String>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            origin: origin.clone(),
            key: key.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// Where the invalid value was set.
    #[must_use]
    pub fn origin(&self) -> &ValueOrigin {
        &self.origin
    }

    /// The dotted key; empty if the error concerns the whole file.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The error in one line: origin, key, problem and remedy.
    #[must_use]
    pub fn headline(&self) -> String {
        let mut line = String::new();
        if self.origin != ValueOrigin::Default {
            line.push_str(&format!("{}: ", self.origin));
        }
        if !self.key.is_empty() {
            line.push_str(&format!("{}: ", self.key));
        }
        line + &format!("{}; {}", self.problem, self.remedy)
    }

    /// The line of the file with a caret below the place, each on a new line; empty for errors without such a place. It
    /// has no control characters other than tabs.
    #[must_use]
    pub fn excerpt(&self) -> String {
        match &self.origin {
            ValueOrigin::File {
                line,
                column,
                line_text,
                ..
            } if *line > 0 => excerpt(line_text, *column),
            _ => String::new(),
        }
    }

    /// Sorts errors of the file by location and before all others, which keep their order.
    fn sort_key(&self) -> (bool, usize, usize) {
        match &self.origin {
            ValueOrigin::File { line, column, .. } => (false, *line, *column),
            ValueOrigin::Default | ValueOrigin::Environment { .. } | ValueOrigin::Flag { .. } => {
                (true, 0, 0)
            }
        }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.headline(), self.excerpt())
    }
}

/// Limits the excerpt: a data file given by mistake may be a single line of megabytes.
const EXCERPT_CHARS: usize = 100;
/// The part of the excerpt before the caret.
const EXCERPT_CHARS_BEFORE_CARET: usize = 60;

fn excerpt(source: &str, column: usize) -> String {
    let skipped = column.saturating_sub(EXCERPT_CHARS_BEFORE_CARET + 1);
    // Tabs are kept in both lines, so that the caret lines up; other control characters could control the terminal.
    let visible = |c: char| {
        if c.is_control() && c != '\t' {
            '\u{fffd}'
        } else {
            c
        }
    };
    let shown: String = source
        .chars()
        .skip(skipped)
        .take(EXCERPT_CHARS)
        .map(visible)
        .collect();
    let margin: String = source
        .chars()
        .skip(skipped)
        .take(column.saturating_sub(skipped + 1))
        .map(|c| if c == '\t' { c } else { ' ' })
        .collect();
    format!("\n    {shown}\n    {margin}^")
}

impl std::error::Error for SettingsError {}

impl SettingsErrors {
    pub(super) fn push(&mut self, error: SettingsError) {
        self.0.push(error);
    }

    pub(super) fn sorted(mut self) -> Self {
        self.0.sort_by_key(SettingsError::sort_key);
        self
    }
}

impl From<SettingsError> for SettingsErrors {
    fn from(error: SettingsError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: usize, column: usize, source: &str) -> ValueOrigin {
        ValueOrigin::File {
            path: "x.toml".into(),
            line,
            column,
            line_text: source.into(),
        }
    }

    #[test]
    fn an_error_in_the_file_shows_the_line_with_a_caret() {
        let error = SettingsError::new(
            &at(2, 8, "\trate =\t0\u{1b}"),
            "rate",
            "too low",
            "use more",
        );
        assert_eq!(
            error.to_string(),
            "x.toml:2:8: rate: too low; use more\n    \trate =\t0\u{fffd}\n    \t      ^"
        );
    }

    #[test]
    fn a_very_long_line_is_shown_around_the_caret() {
        let error = SettingsError::new(&at(1, 1_001, &"x".repeat(5_000)), "", "bad", "mend it");
        let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
        assert_eq!(
            (lines[1].len(), lines[2].len()),
            (4 + EXCERPT_CHARS, 4 + EXCERPT_CHARS_BEFORE_CARET + 1)
        );
    }

    #[test]
    fn an_error_outside_the_file_names_the_variable_or_the_flag() {
        let variable = ValueOrigin::Environment {
            variable: "TICKCAST__A".into(),
        };
        assert_eq!(
            SettingsError::new(&variable, "a", "bad", "mend it").to_string(),
            "TICKCAST__A: a: bad; mend it"
        );
        let flag = ValueOrigin::Flag { flag: "--a".into() };
        assert_eq!(
            SettingsError::new(&flag, "a", "bad", "mend it").to_string(),
            "--a: a: bad; mend it"
        );
        assert_eq!(
            SettingsError::new(&ValueOrigin::Default, "", "bad", "mend it").to_string(),
            "bad; mend it"
        );
        assert_eq!(
            SettingsError::new(&at(0, 0, ""), "a", "bad", "mend it").to_string(),
            "x.toml: a: bad; mend it"
        );
    }

    #[test]
    fn errors_are_sorted_by_their_location_in_the_file() {
        let flag = ValueOrigin::Flag { flag: "--a".into() };
        let error = |origin: &ValueOrigin| SettingsError::new(origin, "", "bad", "mend it");
        let errors = SettingsErrors(vec![
            error(&flag),
            error(&at(3, 1, "c")),
            error(&at(2, 9, "b")),
        ])
        .sorted();
        let text = errors.to_string();
        let firsts: Vec<&str> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        assert_eq!(
            firsts,
            [
                "x.toml:2:9: bad; mend it",
                "x.toml:3:1: bad; mend it",
                "--a: bad; mend it"
            ]
        );
    }
}
