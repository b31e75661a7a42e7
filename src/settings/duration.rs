//! Parsing and formatting of durations: a number with a unit, such as `250ms` or `1.5s`.
//!
//! Exact to the nanosecond. Ranges are checked by the caller.

use std::time::Duration;

use super::value_error::ValueError;

/// The units in nanoseconds, smallest first.
const UNITS: [(&str, u128); 5] = [
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
/// Prevents overflow; nine digits of hours are more than 100,000 years.
const WHOLE_DIGITS_MAX: usize = 9;
/// Nanoseconds, the resolution of [`Duration`].
const FRACTION_DIGITS_MAX: usize = 9;

/// Parses a duration.
pub(super) fn parse(text: &str) -> Result<Duration, ValueError> {
    match text.strip_prefix('-') {
        Some(rest) => parse_unsigned(rest).and_then(|_| Err(ValueError::new("negative"))),
        None => parse_unsigned(text),
    }
}

fn parse_unsigned(text: &str) -> Result<Duration, ValueError> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(ValueError::new("not a duration"));
    }
    if unit.is_empty() {
        return Err(missing_unit());
    }
    let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(ValueError::with_remedy(
            format!("unknown unit `{unit}`"),
            "use one of `us`, `ms`, `s`, `m`, `h`, without a space",
        ));
    };
    exact_duration(whole, fraction, *nanos)
        .ok_or_else(|| ValueError::new("too long or too precise for a duration"))
}

/// The error for a number without a unit, which could mean seconds or milliseconds.
pub(super) fn missing_unit() -> ValueError {
    ValueError::with_hint("a duration without a unit", "add one, for example")
}

fn exact_duration(whole: &str, fraction: &str, nanos: u128) -> Option<Duration> {
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

/// Formats a duration in the largest unit that needs no fraction.
pub(super) fn format(duration: Duration) -> String {
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
    fn a_number_with_a_unit_is_parsed_exactly() {
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
    fn an_invalid_duration_is_rejected_with_the_reason() {
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
            ("0.0001us", "too long or too precise for a duration"),
            ("1000000000h", "too long or too precise for a duration"),
            ("999999999h", "too long or too precise for a duration"),
        ] {
            assert_eq!(parse(text).unwrap_err().problem, why, "{text}");
        }
    }

    #[test]
    fn durations_are_formatted_in_the_largest_whole_unit() {
        for text in ["0s", "100us", "1500ms", "90s", "5m", "1h"] {
            assert_eq!(format(parse(text).unwrap()), text);
        }
    }
}
