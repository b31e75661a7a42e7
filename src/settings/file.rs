//! `File`: the text of the configuration file, read once, and the places in it.
//!
//! Knows bytes, lines and characters; what they say is for `strict`.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::error::{Fault, Faults};
use super::origin::Origin;
use super::raw::{self, Entry};

/// A configuration of a thousand topics has about a quarter of this; a data file given by mistake has more.
const LEN_MAX: u64 = 1 << 20;

/// The file's text, with the start of each line.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    text: String,
    line_starts: Vec<usize>,
}

impl File {
    /// Reads the whole file.
    pub(super) fn read(path: &Path) -> Result<Self, Faults> {
        let bytes = bytes_of(path).map_err(|error| unreadable(path, &error))?;
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
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let file = Self {
            path: path.to_owned(),
            text,
            line_starts,
        };
        match bad {
            None if file.text.len() as u64 > LEN_MAX => Err(too_long(path)),
            None => Ok(file),
            Some(offset) => Err(Fault::new(
                &file.place(offset),
                "",
                "not UTF-8",
                "save the file as UTF-8",
            )
            .into()),
        }
    }

    /// The keys and values in their order, or what the syntax says against the file: one fault a line, because the
    /// second on the same line mostly follows from the first.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, Faults> {
        raw::document(&self.text, &|offset| self.place(offset)).map_err(|errors| {
            let fault = |error: raw::SyntaxError| {
                let is_double = error.message == "duplicate key";
                let remedy = if is_double {
                    "keep one of the two"
                } else {
                    "correct the line"
                };
                let problem = format!("not TOML: {}", error.message);
                Fault::new(&self.place(error.offset), "", problem, remedy)
            };
            let mut faults = Faults(errors.into_iter().map(fault).collect()).sorted();
            faults.0.dedup_by_key(|fault| match fault.origin() {
                Origin::File { line, .. } => *line,
                Origin::Default | Origin::Environment { .. } | Origin::Flag { .. } => 0,
            });
            faults
        })
    }

    /// The file as a whole, for what is missing from it.
    pub(super) fn whole(&self) -> Origin {
        Origin::File {
            path: self.path.clone(),
            line: 0,
            column: 0,
            source: "".into(),
        }
    }

    /// The place of a byte: line and column count from 1, columns in characters.
    fn place(&self, offset: usize) -> Origin {
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or_default();
        // A byte order mark is no character of the first line to anyone who looks at it.
        let skipped = if start == 0 && rest.starts_with('\u{feff}') {
            '\u{feff}'.len_utf8()
        } else {
            0
        };
        let source = rest.lines().next().unwrap_or_default();
        let is_before = |(at, _): &(usize, char)| (skipped..offset - start).contains(at);
        let column = 1 + source.char_indices().filter(is_before).count();
        let source = source.get(skipped..).unwrap_or_default().into();
        Origin::File {
            path: self.path.clone(),
            line,
            column,
            source,
        }
    }
}

/// One byte more than allowed is enough to know.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(LEN_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> Faults {
    let problem = match error.kind() {
        io::ErrorKind::NotFound => "there is no such configuration file".to_owned(),
        _ => format!("cannot read the configuration file: {error}"),
    };
    of_all(path, problem, "give one with --config or TICKCAST_CONFIG")
}

fn too_long(path: &Path) -> Faults {
    let problem = "longer than 1 MiB, too long for a configuration file".to_owned();
    of_all(
        path,
        problem,
        "give another with --config or TICKCAST_CONFIG",
    )
}

/// A fault of the file as a whole, at no place in it.
fn of_all(path: &Path, problem: String, remedy: &str) -> Faults {
    let origin = Origin::File {
        path: path.to_owned(),
        line: 0,
        column: 0,
        source: "".into(),
    };
    Fault::new(&origin, "", problem, remedy).into()
}
