//! Durations as people write them: a number with its unit, `250ms` or `1.5s`.
//!
//! Exact to the nanosecond; knows no key and no range.

use std::time::Duration;

use super::complaint::Complaint;

/// Nanoseconds in each unit, the smallest first.
const UNITS: [(&str, u128); 5] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// Keeps the arithmetic far from overflow and already means millennia in hours.
const WHOLE_DIGITS_MAX: usize = 9;
/// Nanoseconds of a second; what is finer cannot be held.
const FRACTION_DIGITS_MAX: usize = 9;

/// Reads a duration; a complaint says what is missing.
pub(super) fn parse(text: &str) -> Result<Duration, Complaint> {
    match text.strip_prefix('-') {
        Some(rest) => positive(rest).and_then(|_| Err(Complaint::example("negative"))),
        None => positive(text),
    }
}

fn positive(text: &str) -> Result<Duration, Complaint> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(Complaint::example("not a duration"));
    }
    if unit.is_empty() {
        return Err(no_unit());
    }
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(Complaint::plain(
            format!("unknown unit `{unit}`"),
            "use one of `us`, `ms`, `s`, `m`, `h`, without a space",
        ));
    };
    total(whole, fraction, *nanos)
        .ok_or_else(|| Complaint::example("beyond what a duration can hold"))
}

/// A number alone: seconds to one reader, milliseconds to the next.
pub(super) fn no_unit() -> Complaint {
    Complaint::advice("a duration without a unit", "add one, for example")
}

fn total(whole: &str, fraction: &str, nanos: u128) -> Option<Duration> {
    if whole.len() > WHOLE_DIGITS_MAX || fraction.len() > FRACTION_DIGITS_MAX {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let parts = whole.parse::<u128>().ok()? * scale + fraction.parse::<u128>().ok()?;
    let total = parts * nanos;
    let is_exact = total.is_multiple_of(scale);
    let nanos = u64::try_from(total / scale).ok()?;
    is_exact.then(|| Duration::from_nanos(nanos))
}

/// The duration in the largest unit that leaves no fraction.
pub(super) fn spell(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let whole = UNITS
        .iter()
        .rev()
        .find(|(_, unit)| nanos.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{duration:?}"),
        |(name, unit)| format!("{}{name}", nanos / unit),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_its_unit_is_read_exactly() {
        for (text, micros) in [
            ("100us", 100),
            ("250ms", 250_000),
            ("0.25s", 250_000),
            ("30s", 30_000_000),
            ("1.5m", 90_000_000),
            ("5m", 300_000_000),
            ("1h", 3_600_000_000),
            ("0ms", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_its_reason() {
        for (text, why) in [
            ("30", "a duration without a unit"),
            ("-5s", "negative"),
            ("", "not a duration"),
            ("s", "not a duration"),
            ("1.s", "not a duration"),
            (".5s", "not a duration"),
            ("1.2.3s", "not a duration"),
            ("--5s", "not a duration"),
            ("+5s", "not a duration"),
            ("5 s", "unknown unit ` s`"),
            ("5S", "unknown unit `S`"),
            ("5d", "unknown unit `d`"),
            ("5µs", "unknown unit `µs`"),
            ("1m30s", "unknown unit `m30s`"),
            ("0.0001us", "beyond what a duration can hold"),
            ("1000000000h", "beyond what a duration can hold"),
            ("999999999h", "beyond what a duration can hold"),
        ] {
            assert_eq!(parse(text).unwrap_err().problem, why, "{text}");
        }
    }

    #[test]
    fn durations_are_spelled_in_the_largest_whole_unit() {
        for text in ["0s", "100us", "1500ms", "90s", "5m", "1h"] {
            assert_eq!(spell(parse(text).unwrap()), text);
        }
    }
}
