//! Time stamps of records, from their spelling to whole microseconds, without rounding on the way.
//!
//! [`StampReader`] reads those of one file, in order. It knows neither where a stamp stands in a record nor what is
//! played by it.
//!
//! ## The unit
//!
//! If the unit is not configured it follows from the spelling of the first stamp and, for numbers, from the greatest one
//! and the name of the column, so that the same file always gives the same unit. A greater number can only lead to a
//! finer unit. The stamps before it are then divided by a power of 1000, which is exact, because each was rounded down.

mod date_time;
mod exact_number;
mod stamp_error;
mod time_words;

use exact_number::{MILLIONTHS, NumberError, is_number, millionths};

pub(super) use stamp_error::StampError;
pub(super) use time_words::{unit_in, words};

use crate::protocol::Micros;
use crate::settings::TimeUnit;

/// Reads the stamps of a file.
#[derive(Debug)]
pub(super) struct StampReader {
    /// Whether the unit was configured.
    is_unit_fixed: bool,
    /// The least unit of numbers, by the name of the column.
    named: TimeUnit,
    /// The unit so far; `None` before the first stamp.
    unit: Option<TimeUnit>,
    /// The last stamp: millionths of the unit, or nanoseconds since the Unix epoch.
    last: Option<i128>,
    /// How it was spelled; empty before the first one.
    last_text: String,
    /// How many dates said no offset from UTC.
    without_zone: u64,
}

/// A stamp that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadStamp {
    /// In the unit of the file, as far as it is known.
    pub(super) stamp: Micros,
    /// Divide all stamps before this one by this number, rounding down; mostly 1.
    pub(super) divide_by: i64,
}

/// What was found out about the stamps of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StampFormat {
    /// How they are written.
    pub(super) unit: TimeUnit,
    /// Whether that was guessed.
    pub(super) is_guessed: bool,
    /// How many have no time zone, and were taken as UTC.
    pub(super) without_zone: u64,
}

/// The units of numbers, with the least number for which a finer one is meant: in seconds the year 5138, and so on.
const NUMBER_UNITS: [(TimeUnit, i128); 4] = [
    (TimeUnit::Seconds, 100_000_000_000 * MILLIONTHS),
    (TimeUnit::Millis, 100_000_000_000_000 * MILLIONTHS),
    (TimeUnit::Micros, 100_000_000_000_000_000 * MILLIONTHS),
    (TimeUnit::Nanos, i128::MAX),
];

/// The years -9999 to 9999, in microseconds: everywhere in the program sums of such times fit.
const STAMP_MAX: i128 = 253_402_300_800_000_000;

impl StampReader {
    /// A reader of the stamps in the column `name`, which are written in `unit`, if that is known.
    pub(super) fn new(name: &str, unit: Option<TimeUnit>) -> Self {
        Self {
            is_unit_fixed: unit.is_some(),
            named: unit_in(name).unwrap_or(TimeUnit::Seconds),
            unit,
            last: None,
            last_text: String::new(),
            without_zone: 0,
        }
    }

    /// Reads the next stamp.
    pub(super) fn read(&mut self, text: &str) -> Result<ReadStamp, StampError> {
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(StampError::Empty);
        }
        let is_date = match self.unit {
            Some(unit) => unit == TimeUnit::Rfc3339,
            None => !is_number(text),
        };
        let (exact, stamp, divide_by) = if is_date {
            let (exact, stamp) = self.read_date(text)?;
            (exact, stamp, 1)
        } else {
            self.read_number(text)?
        };
        if self.last.is_some_and(|last| exact < last) {
            let (text, previous) = (text.to_owned(), self.last_text.clone());
            return Err(StampError::Decreases { text, previous });
        }
        self.last = Some(exact);
        self.last_text.clear();
        self.last_text.push_str(text);
        Ok(ReadStamp { stamp, divide_by })
    }

    /// What was found out; `None` without any stamp.
    pub(super) fn format(&self) -> Option<StampFormat> {
        Some(StampFormat {
            unit: self.unit?,
            is_guessed: !self.is_unit_fixed,
            without_zone: self.without_zone,
        })
    }

    fn read_date(&mut self, text: &str) -> Result<(i128, Micros), StampError> {
        let date = date_time::parse(text).map_err(|error| {
            if !self.is_unit_fixed && is_number(text) {
                return self.mixed(text);
            }
            let text = text.to_owned();
            StampError::NotAnInstant { text, error }
        })?;
        self.unit = Some(TimeUnit::Rfc3339);
        self.without_zone += u64::from(!date.has_zone);
        let micros = i64::try_from(date.nanos.div_euclid(1_000));
        let stamp = Micros::new(micros.expect("the years that a date can have fit"));
        Ok((date.nanos, stamp))
    }

    /// Reads a number: its millionths, the stamp, and what to divide the stamps before it by.
    fn read_number(&mut self, text: &str) -> Result<(i128, Micros, i64), StampError> {
        let before = self.unit.unwrap_or(self.named);
        let exact = millionths(text).map_err(|error| match error {
            NumberError::TooLarge => StampError::OutOfRange {
                text: text.to_owned(),
                unit: before,
            },
            NumberError::Syntax if self.is_unit_fixed => StampError::NotANumber {
                text: text.to_owned(),
                unit: before,
            },
            NumberError::Syntax => self.mixed(text),
        })?;
        let unit = if self.is_unit_fixed {
            before
        } else {
            finer(before, unit_of(exact))
        };
        let micros = exact.div_euclid(units_per_second(unit));
        if micros.abs() > STAMP_MAX {
            let text = text.to_owned();
            return Err(StampError::OutOfRange { text, unit });
        }
        self.unit = Some(unit);
        let divide_by = units_per_second(unit) / units_per_second(before);
        let narrow =
            |number: i128| i64::try_from(number).expect("checked against the greatest stamp");
        Ok((exact, Micros::new(narrow(micros)), narrow(divide_by)))
    }

    fn mixed(&self, text: &str) -> StampError {
        StampError::Mixed {
            text: text.to_owned(),
            previous: self.last_text.clone(),
        }
    }
}

/// The unit of a number that is plausible as an instant, by its size; `exact` is in millionths.
fn unit_of(exact: i128) -> TimeUnit {
    let fits = |(_, less): &&(TimeUnit, i128)| exact.abs() < *less;
    let found = NUMBER_UNITS.iter().find(fits);
    found.map_or(TimeUnit::Nanos, |(unit, _)| *unit)
}

/// Parses an instant that is written as a date, with or without a time of day and a zone.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Micros> {
    let read = StampReader::new("", Some(TimeUnit::Rfc3339)).read(text);
    read.ok().map(|read| read.stamp)
}

/// Whether `stamp` is an instant of the time in which there are data: from 1973, because smaller numbers are more often
/// times since a beginning, to 2100.
#[must_use]
pub fn is_absolute(stamp: Micros) -> bool {
    (100_000_000_000_000..4_102_444_800_000_000).contains(&stamp.get())
}

fn finer(one: TimeUnit, other: TimeUnit) -> TimeUnit {
    if units_per_second(other) > units_per_second(one) {
        other
    } else {
        one
    }
}

/// How many units of a number make a second.
const fn units_per_second(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Seconds | TimeUnit::Rfc3339 => 1,
        TimeUnit::Millis => 1_000,
        TimeUnit::Micros => 1_000_000,
        TimeUnit::Nanos => 1_000_000_000,
    }
}

#[cfg(test)]
mod tests;
