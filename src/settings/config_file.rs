//! [`ConfigFile`]: the text of the configuration file, and the mapping from byte offsets to lines and columns.
//!
//! Knows TOML syntax but no keys; these are checked in `validate`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::settings_error::{SettingsError, SettingsErrors, ValueOrigin};
use super::toml_value::{self, TableEntry};

/// In bytes: four times the configuration of a thousand topics. A larger file is probably a dataset given by mistake.
const LEN_MAX: u64 = 1 << 20;

/// The text of the file, with the byte offset of each line.
#[derive(Debug)]
pub(super) struct ConfigFile {
    path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
}

impl ConfigFile {
    /// Reads the file, up to [`LEN_MAX`].
    pub(super) fn read(path: &Path) -> Result<Self, SettingsErrors> {
        let bytes = read_bytes(path).map_err(|error| unreadable(path, &error))?;
        let (text, bad) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let bad = error.utf8_error().valid_up_to();
                (
                    String::from_utf8_lossy(error.as_bytes()).into_owned(),
                    Some(bad),
                )
            }
        };
        let file = Self::from_text(path, text);
        match bad {
            None if file.text.len() as u64 > LEN_MAX => Err(too_long(path)),
            None => Ok(file),
            Some(offset) => Err(SettingsError::new(
                &file.origin_at(offset),
                "",
                "not UTF-8",
                "save the file as UTF-8",
            )
            .into()),
        }
    }

    /// The file at `path` with the content `text`.
    pub(super) fn from_text(path: &Path, text: String) -> Self {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            path: path.to_owned(),
            text,
            line_starts,
        }
    }

    /// Parses the file into its root entries. Returns at most one syntax error per line, because further ones on the
    /// same line usually follow from the first.
    pub(super) fn entries(&self) -> Result<Vec<TableEntry>, SettingsErrors> {
        toml_value::parse_document(&self.text, &|offset| self.origin_at(offset)).map_err(|errors| {
            let to_settings_error = |error: toml_value::TomlSyntaxError| {
                let is_double = error.message == "duplicate key";
                let remedy = if is_double {
                    "keep one of the two"
                } else {
                    "correct the line"
                };
                let problem = format!("not TOML: {}", error.message);
                SettingsError::new(&self.origin_at(error.offset), "", problem, remedy)
            };
            let mut errors =
                SettingsErrors(errors.into_iter().map(to_settings_error).collect()).sorted();
            errors.0.dedup_by_key(|error| match error.origin() {
                ValueOrigin::File { line, .. } => *line,
                ValueOrigin::Default
                | ValueOrigin::Environment { .. }
                | ValueOrigin::Flag { .. } => 0,
            });
            errors
        })
    }

    /// The origin that stands for the whole file, for errors without a line.
    pub(super) fn file_origin(&self) -> ValueOrigin {
        ValueOrigin::File {
            path: self.path.clone(),
            line: 0,
            column: 0,
            line_text: "".into(),
        }
    }

    /// Maps a byte offset to line and column, both counted from 1, columns in characters.
    fn origin_at(&self, offset: usize) -> ValueOrigin {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or_default();
        // Editors do not show a byte order mark, so it does not count as a column.
        let skipped = if start == 0 && rest.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let source = rest.lines().next().unwrap_or_default();
        let is_before = |(at, _): &(usize, char)| (skipped..offset - start).contains(at);
        let column = 1 + source.char_indices().filter(is_before).count();
        let source = source.get(skipped..).unwrap_or_default().into();
        ValueOrigin::File {
            path: self.path.clone(),
            line,
            column,
            line_text: source,
        }
    }
}

/// Reads at most one byte more than allowed, which is enough to detect a file that is too long.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(LEN_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> SettingsErrors {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => "configuration file not found".to_owned(),
        _ => format!("cannot read the configuration file: {error}"),
    };
    file_error(path, problem, "give one with --config or TICKCAST_CONFIG")
}

fn too_long(path: &Path) -> SettingsErrors {
    let problem = "longer than 1 MiB, too long for a configuration file".to_owned();
    file_error(
        path,
        problem,
        "give another with --config or TICKCAST_CONFIG",
    )
}

/// An error about the file as a whole.
fn file_error(path: &Path, problem: String, remedy: &str) -> SettingsErrors {
    let origin = ValueOrigin::File {
        path: path.to_owned(),
        line: 0,
        column: 0,
        line_text: "".into(),
    };
    SettingsError::new(&origin, "", problem, remedy).into()
}
