//! [`TimeGuess`]: which columns of a file may have the time stamps of its records, by their names and first values.
//!
//! Only a guess: all of the file has to be loaded to know whether every stamp is one, and none is before the last.

use std::path::Path;

use super::dataset::{DatasetError, LOG_TIME, ReadOptions, first_records, format_of};
use super::field_path::{FieldPath, escape};
use super::for_each_field;
use super::time_stamp::{StampError, StampReader, is_absolute, unit_in, words};
use crate::protocol::Micros;
use crate::settings::{DatasetFormat, TimeUnit};

/// What may be the time of the records of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeGuess {
    /// The columns that look like time stamps, the most likely one first.
    pub candidates: Vec<TimeCandidate>,
    /// Why a column that is called like a time is none.
    pub rejected: Option<String>,
}

/// A column that looks like time stamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeCandidate {
    /// The name for `time`.
    pub key: String,
    /// The `time_unit`, if the reader does not find it by itself.
    pub unit: Option<TimeUnit>,
    /// Whether it is no guess.
    pub is_certain: bool,
}

/// What makes a column a candidate, from the best reason to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Evidence {
    /// It is called like a time, and has instants.
    NamedInstants,
    /// It is called like a time, and has small numbers: seconds since the beginning, for example.
    NamedDurations,
    /// It is the first column, and has instants.
    FirstInstants,
}

/// Values that are looked at.
const VALUES_MAX: usize = 1_000;
/// Words for a time, as the first or the last word of a name.
const TIME_WORDS: [&str; 6] = ["time", "timestamp", "ts", "date", "datetime", "epoch"];
/// Ends of the last word of a name for a time, such as `starttime`.
const TIME_ENDS: [&str; 3] = ["time", "timestamp", "date"];
/// Names that consist of these words may be a time since any beginning.
const RELATIVE_WORDS: [&str; 6] = ["t", "time", "elapsed", "relative", "uptime", "seconds"];
/// Words for numbers that are not times.
const NUMBER_WORDS: [&str; 8] = ["id", "ids", "index", "key", "code", "number", "no", "nr"];

/// Guesses by the first records of the file at `path`, however many columns are kept. Each message of a recording has a
/// time, which need not be guessed.
///
/// # Errors
/// The file cannot be read, or is no text.
pub fn guess_time(path: &Path, options: &ReadOptions) -> Result<TimeGuess, DatasetError> {
    if format_of(path, options)? == DatasetFormat::Mcap {
        let key = LOG_TIME.to_owned();
        return Ok(TimeGuess {
            candidates: vec![TimeCandidate {
                key,
                unit: None,
                is_certain: true,
            }],
            rejected: None,
        });
    }
    let mut records = first_records(path, options)?;
    records.truncate(VALUES_MAX);
    Ok(guess(&records))
}

fn guess(records: &[Vec<u8>]) -> TimeGuess {
    let mut keys: Vec<String> = Vec::new();
    if let Some(first) = records.first().filter(|first| first.starts_with(b"{")) {
        for_each_field(first, |key, _| keys.push(key.into_owned()));
    }
    let mut found = Vec::new();
    let mut rejected = None;
    for (place, key) in keys.iter().enumerate() {
        match judge(place, key, records) {
            Ok(Some(candidate)) => found.push(candidate),
            Ok(None) => {}
            Err(why) => rejected = rejected.or(Some(why)),
        }
    }
    // Stable, so that of equal reasons the first column counts.
    found.sort_by_key(|(evidence, _)| *evidence);
    TimeGuess {
        candidates: found.into_iter().map(|(_, candidate)| candidate).collect(),
        rejected,
    }
}

/// Whether the column `key` at `place` may have time stamps; an error if it only has the name of one.
fn judge(
    place: usize,
    key: &str,
    records: &[Vec<u8>],
) -> Result<Option<(Evidence, TimeCandidate)>, String> {
    let is_named = is_time_name(key);
    let is_relative = is_relative_name(key);
    if !is_named && !is_relative && place > 0 {
        return Ok(None);
    }
    let path = FieldPath::of_key(key);
    let values: Vec<_> = records
        .iter()
        .map(|record| path.find(record).unwrap_or("null").trim_matches('"'))
        .collect();
    // Days without separators are numbers, too.
    let unit = (is_named && values.iter().all(|value| is_compact_date(value)))
        .then_some(TimeUnit::Rfc3339);
    let (first, last, read_as) = match read(key, unit, &values) {
        Ok(read) => read,
        Err((number, error)) => {
            // Numbers with such a name that do not grow are no mistake, if they are no instants: the times of laps.
            let may_begin = |value: &&str| {
                let read = read(key, unit, std::slice::from_ref(value));
                read.is_ok_and(|(first, _, unit)| is_time(first, unit) || is_relative)
            };
            let begins = number > 1 && values.first().is_some_and(may_begin);
            return if is_named && (begins || (number == 1 && error.is_almost_an_instant())) {
                Err(error.problem(key, number))
            } else {
                Ok(None)
            };
        }
    };
    let has_instants = is_time(first, read_as) && is_time(last, read_as);
    let evidence = match (has_instants, is_named, is_relative) {
        (true, false, false) if read_as != TimeUnit::Rfc3339 && is_number_name(key) => {
            return Ok(None);
        }
        (true, false, false) => Evidence::FirstInstants,
        (true, _, _) => Evidence::NamedInstants,
        (false, _, true) => Evidence::NamedDurations,
        (false, _, false) => return Ok(None),
    };
    let key = escape(key).into_owned();
    let candidate = TimeCandidate {
        key,
        unit,
        is_certain: false,
    };
    Ok(Some((evidence, candidate)))
}

/// The first and the last of the stamps `values`, and how they are written; or the first that is none, with its number.
fn read(
    key: &str,
    unit: Option<TimeUnit>,
    values: &[&str],
) -> Result<(Micros, Micros, TimeUnit), (u64, StampError)> {
    let mut reader = StampReader::new(key, unit);
    let mut ends: Option<(Micros, Micros)> = None;
    for (number, value) in (1..).zip(values) {
        let value = if *value == "null" { "" } else { *value };
        let read = reader.read(value).map_err(|error| (number, error))?;
        let first = ends.map_or(read.stamp, |(first, _)| {
            Micros::new(first.get().div_euclid(read.divide_by))
        });
        ends = Some((first, read.stamp));
    }
    let format = reader.format();
    let ends = ends.zip(format);
    ends.map(|((first, last), format)| (first, last, format.unit))
        .ok_or((0, StampError::Empty))
}

/// Whether `stamp`, which was written in `unit`, is an instant, and not a time since a beginning.
fn is_time(stamp: Micros, unit: TimeUnit) -> bool {
    unit == TimeUnit::Rfc3339 || is_absolute(stamp)
}

/// Whether `name` is usual for a point in time: `time`, `Date`, `created_at`, `pickup_datetime`, `time_us`, `unixtime`.
fn is_time_name(name: &str) -> bool {
    let words = without_unit(name);
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return false;
    };
    let is_word = |word: &String| TIME_WORDS.contains(&word.as_str());
    is_word(first)
        || is_word(last)
        || words == ["t"]
        || (words.len() > 1 && last == "at")
        || words.iter().any(|word| word.starts_with("unix"))
        || TIME_ENDS.iter().any(|end| last.ends_with(end))
}

/// Whether `name` is usual for a time since the beginning: `t`, `time_ms`, `elapsed`, `seconds`.
fn is_relative_name(name: &str) -> bool {
    let is_word = |word: &String| RELATIVE_WORDS.contains(&word.as_str());
    let is_unit = || words(name).len() == 1 && unit_in(name).is_some();
    let words = without_unit(name);
    !words.is_empty() && (words.iter().all(is_word) || is_unit())
}

/// Whether `name` is usual for numbers that only look like instants.
fn is_number_name(name: &str) -> bool {
    let words = words(name);
    words
        .iter()
        .any(|word| NUMBER_WORDS.contains(&word.as_str()))
}

/// The words of `name`, without a unit after others.
fn without_unit(name: &str) -> Vec<String> {
    let mut words = words(name);
    if words.len() > 1 && unit_in(name).is_some() {
        words.pop();
    }
    words
}

/// Whether `value` is a day such as 20240229, between 1900 and 2100.
fn is_compact_date(value: &str) -> bool {
    value.len() == 8
        && ("19000000".."21000000").contains(&value)
        && StampReader::new("", Some(TimeUnit::Rfc3339))
            .read(value)
            .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is guessed for NDJSON records: the candidates, and why another column is not one.
    fn guessed(lines: &[&str]) -> (Vec<String>, Option<String>) {
        let records: Vec<_> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        let TimeGuess {
            candidates,
            rejected,
        } = guess(&records);
        (
            candidates.into_iter().map(|one| one.key).collect(),
            rejected,
        )
    }

    #[test]
    fn names_of_times_are_known() {
        for name in [
            "time",
            "Time",
            "TIMESTAMP",
            "ts",
            "t",
            "date",
            "DateTime",
            "start_time",
            "time_of_day",
            "created_at",
            "updatedAt",
            "epoch",
            "unix_ts",
            "unixtime",
            "t_ms",
            "time (s)",
            "Timestamp (UTC)",
            "pickup_datetime",
            "starttime",
            "Date Local",
        ] {
            assert!(is_time_name(name), "{name}");
        }
        for name in [
            "temperature",
            "state",
            "at",
            "id",
            "value",
            "times",
            "data",
            "rate",
            "month",
            "",
        ] {
            assert!(!is_time_name(name), "{name}");
        }
        for name in [
            "t",
            "time",
            "t_ms",
            "Time [s]",
            "elapsed",
            "elapsed_seconds",
            "seconds",
            "millis",
        ] {
            assert!(is_relative_name(name), "{name}");
        }
        for name in ["lap_time", "date", "ms", "timestamp", "s", "x_s"] {
            assert!(!is_relative_name(name), "{name}");
        }
    }

    #[test]
    fn a_column_is_a_time_by_its_name_and_its_values() {
        for (lines, key) in [
            (
                &[
                    r#"{"v":1,"time":1700000000}"#,
                    r#"{"v":1,"time":1700000001}"#,
                ][..],
                "time",
            ),
            (&[r#"{"v":1,"t":0}"#, r#"{"v":1,"t":0.1}"#], "t"),
            (&[r#"{"v":1,"t_ms":0}"#, r#"{"v":1,"t_ms":20}"#], "t_ms"),
            (&[r#"{"v":1,"Date":"2024-01-01"}"#], "Date"),
            (
                &[r#"{"v":1,"date":20240101}"#, r#"{"v":1,"date":20240102}"#],
                "date",
            ),
            (&[r#"{"v":1,"a.ts":"1700000000000"}"#], r"a\.ts"),
            (&[r#"{"Unnamed: 0":"2024-01-01","v":1}"#], "Unnamed: 0"),
            (&[r#"{"when":1700000000,"v":1}"#], "when"),
            // The instants are preferred to the durations.
            (&[r#"{"t":1,"created_at":"2024-01-01"}"#], "created_at"),
        ] {
            assert_eq!(guessed(lines).0[0], key, "{lines:?}");
        }
    }

    #[test]
    fn other_columns_are_no_times() {
        for lines in [
            &[r#"{"id":1,"v":2}"#, r#"{"id":2,"v":2}"#][..],
            &[r#"{"v":1,"when":1700000000}"#],
            &[r#"{"time":"Dinner"}"#],
            &[r#"{"user_id":1700000000}"#, r#"{"user_id":1700000001}"#],
            &[r#"{"v":1,"date":1950}"#, r#"{"v":1,"date":1951}"#],
            &[r#"{"v":1,"lap_time":10}"#, r#"{"v":1,"lap_time":12}"#],
            &["1700000000", "1700000001"],
            &[],
        ] {
            assert_eq!(guessed(lines), (vec![], None), "{lines:?}");
        }
    }

    #[test]
    fn a_time_that_cannot_be_used_is_rejected_with_the_reason() {
        for (lines, reason) in [
            (
                &[r#"{"Date":"01/02/2020"}"#][..],
                "`Date` of record 1 is `01/02/2020`, which may have the day or the month first; a date has the year \
                 first, as in 2024-02-29",
            ),
            (
                &[r#"{"t":2}"#, r#"{"t":1}"#],
                "`t` of record 2 is `1`, before `2` of the record before it",
            ),
            (&[r#"{"t":2}"#, r#"{"t":null}"#], "`t` of record 2 is empty"),
        ] {
            assert_eq!(
                guessed(lines),
                (vec![], Some(reason.to_owned())),
                "{lines:?}"
            );
        }
    }
}
