//! [`DatasetNote`]: what a person should know about how a file was read, although it is no error.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::settings::TimeUnit;

/// A note about a file, or about one of its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetNote {
    /// The column; empty if the note is about the file.
    pub column: String,
    /// What happened.
    pub kind: NoteKind,
}

/// What happened to a file or a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoteKind {
    /// A recording ends in the middle, after this many bytes.
    EndsEarly {
        /// In bytes.
        at: u64,
    },
    /// The cells are separated by this character, instead of a comma.
    Separator(char),
    /// The unit of the time stamps was not configured, and guessed.
    GuessedUnit(TimeUnit),
    /// Time stamps without a time zone were taken as UTC.
    WithoutZone {
        /// How many.
        count: u64,
    },
    /// The names in the header are numbers, so it may be a row.
    HeaderOfNumbers,
    /// The header has no name for the column.
    Unnamed,
    /// The column has neither a name nor a value.
    LeftOut,
    /// NaN and infinite numbers, which JSON does not have, became null.
    NotFinite {
        /// How many.
        count: u64,
        /// The line of the first one.
        line: usize,
    },
    /// The rows seem to be separated by spaces, so each is one cell.
    SeparatedBySpaces,
    /// Words for a missing value, such as `NA`, became null.
    Missing {
        /// How many.
        count: u64,
        /// The first of them.
        example: String,
        /// Its line.
        line: usize,
    },
    /// The same, in a file that has rows instead of lines.
    NotFiniteInRow {
        /// How many.
        count: u64,
        /// The number of the first row with one, from 1.
        row: u64,
    },
    /// Instants, dates or times that no calendar has became null.
    OutOfRange {
        /// How many.
        count: u64,
        /// The number of the first row with one, from 1.
        row: u64,
    },
    /// A column is text, although half of its cells or more are numbers.
    Mixed {
        /// How many cells are numbers.
        numbers: u64,
        /// How many are not.
        texts: u64,
        /// The first text.
        example: String,
        /// Its line.
        line: usize,
    },
}

impl DatasetNote {
    /// A note about the whole file.
    pub(super) const fn of_file(kind: NoteKind) -> Self {
        Self {
            column: String::new(),
            kind,
        }
    }

    /// Whether it may be a mistake in the file, which belongs into the log; otherwise it only explains how the file was
    /// read.
    #[must_use]
    pub const fn is_remarkable(&self) -> bool {
        use NoteKind::{GuessedUnit, Separator, WithoutZone};
        !matches!(
            self.kind,
            Separator(_) | GuessedUnit(_) | WithoutZone { .. }
        )
    }

    /// The kind in one word, for the log.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self.kind {
            NoteKind::EndsEarly { .. } => "ends_early",
            NoteKind::Separator(_) => "separator",
            NoteKind::GuessedUnit(_) => "guessed_unit",
            NoteKind::WithoutZone { .. } => "without_zone",
            NoteKind::HeaderOfNumbers => "header_of_numbers",
            NoteKind::Unnamed => "unnamed",
            NoteKind::LeftOut => "left_out",
            NoteKind::SeparatedBySpaces => "separated_by_spaces",
            NoteKind::Missing { .. } => "missing",
            NoteKind::NotFinite { .. } | NoteKind::NotFiniteInRow { .. } => "not_finite",
            NoteKind::OutOfRange { .. } => "out_of_range",
            NoteKind::Mixed { .. } => "mixed",
        }
    }

    /// How many cells it is about; 0 if it is not about cells.
    #[must_use]
    pub const fn count(&self) -> u64 {
        match self.kind {
            NoteKind::NotFinite { count, .. }
            | NoteKind::NotFiniteInRow { count, .. }
            | NoteKind::OutOfRange { count, .. }
            | NoteKind::Missing { count, .. } => count,
            NoteKind::Mixed { texts, .. } => texts,
            NoteKind::WithoutZone { count } => count,
            _ => 0,
        }
    }
}

impl fmt::Display for DatasetNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = &self.column;
        match &self.kind {
            NoteKind::EndsEarly { at } => write!(
                f,
                "the recording was not finished: it ends after byte {at}, up to which it is played"
            ),
            NoteKind::Separator('\t') => f.write_str("the cells are separated by tabs"),
            NoteKind::Separator(separator) => {
                write!(f, "the cells are separated by `{separator}`")
            }
            NoteKind::GuessedUnit(TimeUnit::Rfc3339) => write!(f, "`{column}` has dates, by their spelling"),
            NoteKind::GuessedUnit(unit) => write!(
                f,
                "`{column}` is in {}, by its numbers and its name; if it is not, set `time_unit`",
                unit.plural()
            ),
            NoteKind::WithoutZone { count: 1 } => {
                write!(f, "`{column}`: one time stamp has no time zone, and was taken as UTC")
            }
            NoteKind::WithoutZone { count } => {
                write!(f, "`{column}`: {count} time stamps have no time zone, and were taken as UTC")
            }
            NoteKind::HeaderOfNumbers => f.write_str(
                "the first line has only numbers, and was taken for the names of the columns; if it is a row, add a \
                 line with names before it",
            ),
            NoteKind::Unnamed => {
                write!(f, "a column without a name in the header is called `{column}`")
            }
            NoteKind::LeftOut => write!(f, "`{column}`, which has neither a name nor a value, is left out"),
            NoteKind::NotFinite { count, line } => write!(
                f,
                "column `{column}`: NaN and infinite numbers, which JSON does not have, became null: {count} in all, the \
                 first in line {line}"
            ),
            NoteKind::SeparatedBySpaces => f.write_str(
                "the cells seem to be separated by spaces, which do not separate here, so that each line is one text; \
                 separate them by commas",
            ),
            NoteKind::Missing {
                count,
                example,
                line,
            } => write!(
                f,
                "column `{column}`: cells without a value became null: {count} in all, the first is `{example}` in line \
                 {line}"
            ),
            NoteKind::NotFiniteInRow { count, row } => write!(
                f,
                "column `{column}`: NaN and infinite numbers, which JSON does not have, became null: {count} in all, the \
                 first in row {row}"
            ),
            NoteKind::OutOfRange { count, row } => write!(
                f,
                "column `{column}`: times that no calendar has became null: {count} in all, the first in row {row}"
            ),
            NoteKind::Mixed {
                numbers,
                texts,
                example,
                line,
            } => write!(
                f,
                "column `{column}` is text, because not all of its cells are numbers: {numbers} are, {texts} are not, \
                 such as `{example}` in line {line}"
            ),
        }
    }
}
