//! [`StampError`]: why a record has no usable time stamp, in words, with the remedy.

use super::date_time::DateError;
use crate::settings::TimeUnit;

/// Why the time stamp of a record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::source) enum StampError {
    /// The record has no such field, but `offered`.
    Missing { offered: Vec<String> },
    /// It is null, or the cell is empty.
    Empty,
    /// It is neither a number nor a text.
    NotText(String),
    /// It is no number, but all stamps have to be one.
    NotANumber { text: String, unit: TimeUnit },
    /// It is neither a number nor a date and time.
    NotAnInstant { text: String, error: DateError },
    /// It is a number where the ones before it are dates, or the other way round.
    Mixed { text: String, previous: String },
    /// It is too far from 1970 in the unit.
    OutOfRange { text: String, unit: TimeUnit },
    /// It is before that of the record before it.
    Decreases { text: String, previous: String },
}

/// In characters, of what a message quotes.
const QUOTED_MAX: usize = 60;
/// Names that a message lists.
const LISTED_MAX: usize = 30;

impl StampError {
    /// The problem of the record `number`, whose stamp is called `name`.
    pub(in crate::source) fn problem(&self, name: &str, number: u64) -> String {
        let record = format!("record {number}");
        match self {
            Self::Missing { .. } => format!("{record} has no `{name}`"),
            Self::Empty => format!("`{name}` of {record} is empty"),
            Self::NotText(json) => {
                format!("`{name}` of {record} is {}, not a time stamp", quoted(json))
            }
            Self::NotANumber { text, unit } => format!(
                "`{name}` of {record} is {}, not a number of {}",
                quoted(text),
                unit.plural()
            ),
            Self::NotAnInstant { text, error } => {
                format!("`{name}` of {record} is {}, {error}", quoted(text))
            }
            Self::Mixed { text, previous } => format!(
                "`{name}` of {record} is {}, but of the record before it {}",
                quoted(text),
                quoted(previous)
            ),
            Self::OutOfRange { text, unit } => format!(
                "`{name}` of {record} is {}, which in {} is not between the years -9999 and 9999",
                quoted(text),
                unit.plural()
            ),
            Self::Decreases { text, previous } => format!(
                "`{name}` of {record} is {}, before {} of the record before it",
                quoted(text),
                quoted(previous)
            ),
        }
    }

    /// Whether the first stamp of a file looks like a time nevertheless.
    pub(in crate::source) const fn is_almost_an_instant(&self) -> bool {
        match self {
            Self::Empty | Self::OutOfRange { .. } | Self::Decreases { .. } => true,
            Self::NotAnInstant { error, .. } => !matches!(error, DateError::Shape),
            _ => false,
        }
    }

    /// What the operator can do about it.
    pub(in crate::source) fn remedy(&self) -> String {
        match self {
            Self::Missing { offered } if offered.is_empty() => {
                "only an object has a time; play the records at a fixed `rate` in place of `time`".to_owned()
            }
            Self::Missing { offered } => format!("the record has {}", listed(offered)),
            Self::Empty | Self::NotText(_) => "every record needs a time stamp: add it, remove the record, or play at a \
                                            fixed `rate` in place of `time`"
                .to_owned(),
            Self::NotANumber { .. } | Self::NotAnInstant { .. } => "correct it, remove the record, or choose another \
                                                                    `time` or `time_unit`"
                .to_owned(),
            Self::Mixed { .. } => "write all of them as numbers, or all as dates".to_owned(),
            Self::OutOfRange { .. } => "choose another `time_unit`: s, ms, us or ns".to_owned(),
            Self::Decreases { .. } => "sort the records by time, choose another column as `time`, or play at a fixed \
                                       `rate`; local time goes back when summer ends: write it with its offset from UTC"
                .to_owned(),
        }
    }
}

/// `names` in a message, at most some of them.
fn listed(names: &[String]) -> String {
    let some = names.iter().take(LISTED_MAX).map(|name| quoted(name));
    let some = some.collect::<Vec<_>>().join(", ");
    if names.len() > LISTED_MAX {
        format!("{some}, …")
    } else {
        some
    }
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        None => format!("`{text}`"),
        Some((end, _)) => format!("`{}…`", &text[..end]),
    }
}
