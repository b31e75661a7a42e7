//! Durations and sizes: a number with a unit, such as `250ms`, `1.5s` or `16MiB`.
//!
//! Durations are exact to the nanosecond, sizes are whole. Ranges are checked by the caller.

use std::time::Duration;

use super::value_error::ValueError;

/// The units of durations in nanoseconds, smallest first.
const DURATION_UNITS: [(&str, u128); 5] = [
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
pub(super) fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    match text.strip_prefix('-') {
        Some(rest) => parse_unsigned_duration(rest).and_then(|_| Err(ValueError::new("negative"))),
        None => parse_unsigned_duration(text),
    }
}

fn parse_unsigned_duration(text: &str) -> Result<Duration, ValueError> {
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
        return Err(missing_duration_unit());
    }
    let Some((_, nanos)) = DURATION_UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(ValueError::with_remedy(
            format!("unknown unit `{unit}`"),
            "use one of `us`, `ms`, `s`, `m`, `h`, without a space",
        ));
    };
    exact_duration(whole, fraction, *nanos)
        .ok_or_else(|| ValueError::new("too long or too precise for a duration"))
}

/// The error for a number without a unit, which could mean seconds or milliseconds.
pub(super) fn missing_duration_unit() -> ValueError {
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
pub(super) fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_owned();
    }
    let whole = DURATION_UNITS
        .iter()
        .rev()
        .find(|(_, unit)| nanos.is_multiple_of(*unit));
    whole.map_or_else(
        || format!("{duration:?}"),
        |(name, unit)| format!("{}{name}", nanos / unit),
    )
}

/// The units of sizes in bytes, smallest first.
const SIZE_UNITS: [(&str, u64); 6] = [
    ("B", 1),
    ("kB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Parses a size; returns bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, ValueError> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    if number.is_empty() {
        return Err(ValueError::new("not a size"));
    }
    if unit.is_empty() {
        return Err(missing_size_unit());
    }
    let Some((_, bytes)) = SIZE_UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(ValueError::with_remedy(
            format!("not a whole number with a known unit: `{unit}`"),
            "use one of `B`, `kB`, `KiB`, `MB`, `MiB`, `GiB`, without a space",
        ));
    };
    let number = number.parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(*bytes))
        .ok_or_else(|| ValueError::new("too large for a size"))
}

/// The error for a number without a unit, which could mean bytes or kilobytes.
pub(super) fn missing_size_unit() -> ValueError {
    ValueError::with_hint("a size without a unit", "add one, for example")
}

/// Formats a size in the largest unit that needs no fraction.
pub(super) fn format_size(size: u64) -> String {
    let whole = SIZE_UNITS
        .iter()
        .rev()
        .find(|(_, bytes)| size >= *bytes && size.is_multiple_of(*bytes));
    whole.map_or_else(
        || format!("{size}B"),
        |(name, bytes)| format!("{}{name}", size / bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_parsed_exactly() {
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
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_micros(micros)),
                "{text}"
            );
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
            assert_eq!(parse_duration(text).unwrap_err().problem, why, "{text}");
        }
    }

    #[test]
    fn durations_are_formatted_in_the_largest_whole_unit() {
        for text in ["0s", "100us", "1500ms", "90s", "5m", "1h"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
    }

    #[test]
    fn a_size_is_parsed_exactly() {
        for (text, bytes) in [
            ("0B", 0),
            ("100B", 100),
            ("5kB", 5_000),
            ("64KiB", 65_536),
            ("2MB", 2_000_000),
            ("16MiB", 16_777_216),
            ("1GiB", 1_073_741_824),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
            assert_eq!(format_size(bytes), text);
        }
        assert_eq!(format_size(1_025), "1025B");
    }

    #[test]
    fn an_invalid_size_is_rejected_with_the_reason() {
        for (text, why) in [
            ("16", "a size without a unit"),
            ("", "not a size"),
            ("MiB", "not a size"),
            ("-1MiB", "not a size"),
            ("1.5MiB", "not a whole number with a known unit: `.5MiB`"),
            ("16 MiB", "not a whole number with a known unit: ` MiB`"),
            ("16mb", "not a whole number with a known unit: `mb`"),
            ("99999999999999999999B", "too large for a size"),
            ("99999999999GiB", "too large for a size"),
        ] {
            assert_eq!(parse_size(text).unwrap_err().problem, why, "{text}");
        }
    }
}
