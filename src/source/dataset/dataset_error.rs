//! [`DatasetError`]: why a file cannot be loaded as a dataset, with the location and the remedy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be loaded as a dataset. Always a mistake of the operator; [`DatasetError::remedy`] says what to
/// do.
#[derive(Debug)]
pub enum DatasetError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason of the operating system.
        error: io::Error,
    },
    /// The file as a whole is no dataset, or not one that fits the settings.
    Unusable {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// The file is not in its format.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, in bytes, from 1.
        column: usize,
        /// The problem.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// A record is longer than its topic allows.
    TooLong {
        /// The file.
        path: PathBuf,
        /// Line where the record begins, from 1.
        line: usize,
        /// Column where the record begins, in bytes, from 1.
        column: usize,
        /// The number of the record, from 1.
        number: u64,
        /// The length of the record in bytes, without insignificant white space.
        len: usize,
        /// The maximum length.
        max: usize,
    },
    /// The file has no records.
    Empty {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, error } => {
                write!(f, "cannot read dataset `{}`: {error}", path.display())
            }
            Self::Unusable { path, problem, .. } => {
                write!(f, "dataset `{}`: {problem}", path.display())
            }
            Self::Malformed {
                path,
                line,
                column,
                problem,
                ..
            } => {
                write!(
                    f,
                    "{}:{line}:{column}: malformed dataset: {problem}",
                    path.display()
                )
            }
            Self::TooLong {
                path,
                line,
                column,
                number,
                len,
                max,
            } => {
                let path = path.display();
                write!(
                    f,
                    "{path}:{line}:{column}: record {number} has {len} bytes, more than the {max} of `record_max`"
                )
            }
            Self::Empty { path, .. } => write!(f, "dataset `{}` has no records", path.display()),
        }
    }
}

impl std::error::Error for DatasetError {}

impl DatasetError {
    /// The error of a file without records.
    pub(super) fn empty(path: &Path) -> Self {
        Self::Empty {
            path: path.to_owned(),
            remedy: "add at least one record, such as `{\"value\":1}`",
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        match self {
            Self::Unreadable { error, .. } => match error.kind() {
                io::ErrorKind::IsADirectory => "name a file in it",
                io::ErrorKind::PermissionDenied => {
                    "allow the user of this program to read it, for example with `chmod a+r`"
                }
                _ => {
                    "check the path; a relative path in a configuration starts at the folder of that file"
                }
            },
            Self::Unusable { remedy, .. } | Self::Malformed { remedy, .. } => remedy,
            Self::TooLong { .. } => {
                "raise the topic's `record_max`, at most to \"64MiB\", or split the record"
            }
            Self::Empty { remedy, .. } => remedy,
        }
    }
}

/// An error located just after the bytes `before`.
pub(super) fn malformed_after(
    path: &Path,
    before: &[u8],
    problem: &str,
    remedy: &str,
) -> DatasetError {
    let (line, column) = line_and_column_after(before);
    DatasetError::Malformed {
        path: path.to_owned(),
        line,
        column,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// The line and column, from 1, of the byte that follows `before`.
pub(super) fn line_and_column_after(before: &[u8]) -> (usize, usize) {
    let line_start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    (line, before.len() - line_start + 1)
}

/// The error of the JSON parser in `json`, which begins in line `first_line` of the file.
pub(super) fn malformed(
    path: &Path,
    json: &str,
    first_line: usize,
    error: &serde_json::Error,
    remedy: &str,
) -> DatasetError {
    let text = error.to_string();
    let problem = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(problem, _)| problem);
    let (column, problem) = not_finite(json, error).map_or_else(
        || (error.column(), problem.to_owned()),
        |(column, name)| {
            let problem = format!("`{name}` is not a JSON number; use `null` instead");
            (column, problem)
        },
    );
    DatasetError::Malformed {
        path: path.to_owned(),
        line: first_line + error.line() - 1,
        column,
        problem,
        remedy: remedy.to_owned(),
    }
}

/// Finds the `NaN` or `Infinity` at which `error` stopped, with its column. Many programs write these although they are
/// not JSON.
fn not_finite<'a>(json: &'a str, error: &serde_json::Error) -> Option<(usize, &'a str)> {
    /// How many letters of the name the parser may have consumed, because it took `n` for the start of `null`.
    const READ_MAX: usize = 2;
    const NAMES: [&str; 3] = ["infinity", "inf", "nan"];
    let line = json.split('\n').nth(error.line().checked_sub(1)?)?;
    let stopped = error.column().checked_sub(1)?;
    let found = (0..=READ_MAX).find_map(|read| {
        let start = stopped.checked_sub(read)?;
        let rest = line.get(start..)?.trim_start_matches(['-', '+']);
        let is_here = |name: &&str| {
            rest.get(..name.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(name))
        };
        let name = NAMES.into_iter().find(is_here)?;
        Some((line.len() - rest.len(), name.len()))
    });
    let (begin, len) = found?;
    let signs = line[..begin].trim_end_matches(['-', '+']).len();
    let is_whole =
        line[..signs].trim_end().ends_with([':', ',', '[']) || line[..signs].trim().is_empty();
    is_whole.then(|| (signs + 1, &line[signs..begin + len]))
}
