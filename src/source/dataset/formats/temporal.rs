//! Instants, dates and times as text: RFC 3339 in UTC, or without a zone where the column has none.

use std::fmt::Display;
use std::io::Write as _;

use arrow_schema::TimeUnit;
use jiff::Timestamp;
use jiff::civil::{self, DateTime};
use jiff::tz::Offset;

const SECONDS_PER_DAY: i64 = 86_400;
const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// Nanoseconds per `unit`.
const fn nanos(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => NANOS_PER_SECOND,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    }
}

/// Appends the instant that is `value` units after the epoch; `None` beyond the year 9999. Without a zone it is the local
/// time of a place that is not known.
pub(super) fn push_timestamp(
    value: i64,
    unit: TimeUnit,
    has_zone: bool,
    out: &mut Vec<u8>,
) -> Option<()> {
    let instant = Timestamp::from_nanosecond(i128::from(value) * nanos(unit)).ok()?;
    if has_zone {
        push_text(instant, out);
    } else {
        push_text(in_utc(instant), out);
    }
    Some(())
}

/// Appends the date that is `days` after that of the epoch; `None` beyond the year 9999.
pub(super) fn push_date(days: i64, out: &mut Vec<u8>) -> Option<()> {
    let seconds = days.checked_mul(SECONDS_PER_DAY)?;
    let instant = Timestamp::from_second(seconds).ok()?;
    push_text(in_utc(instant).date(), out);
    Some(())
}

/// Appends the date of the instant that is `milliseconds` after the epoch; `None` beyond the year 9999.
pub(super) fn push_date_of(milliseconds: i64, out: &mut Vec<u8>) -> Option<()> {
    push_date(milliseconds.div_euclid(SECONDS_PER_DAY * 1_000), out)
}

/// Appends the time of day that is `value` units after midnight; `None` if no day is that long.
pub(super) fn push_time(value: i64, unit: TimeUnit, out: &mut Vec<u8>) -> Option<()> {
    let value = i128::from(value) * nanos(unit);
    let (seconds, fraction) = (
        i64::try_from(value.div_euclid(NANOS_PER_SECOND)).ok()?,
        i32::try_from(value.rem_euclid(NANOS_PER_SECOND)).ok()?,
    );
    let part = |seconds: i64| i8::try_from(seconds).ok();
    let time = civil::Time::new(
        part(seconds.div_euclid(3_600))?,
        part(seconds.rem_euclid(3_600) / 60)?,
        part(seconds.rem_euclid(60))?,
        fraction,
    );
    push_text(time.ok()?, out);
    Some(())
}

fn in_utc(instant: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(instant)
}

/// Appends a text that needs no escapes.
fn push_text(text: impl Display, out: &mut Vec<u8>) {
    write!(out, "\"{text}\"").expect("a vector takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<String> {
        let mut out = Vec::new();
        push(&mut out)?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_instant_has_the_zone_that_its_column_has_and_no_needless_digits() {
        for (value, unit, zoned, expected) in [
            (0, TimeUnit::Second, true, "1970-01-01T00:00:00Z"),
            (-1, TimeUnit::Millisecond, true, "1969-12-31T23:59:59.999Z"),
            (
                1_709_164_800,
                TimeUnit::Second,
                false,
                "2024-02-29T00:00:00",
            ),
            (
                1,
                TimeUnit::Nanosecond,
                false,
                "1970-01-01T00:00:00.000000001",
            ),
        ] {
            let text = text(|out| push_timestamp(value, unit, zoned, out));
            assert_eq!(text.unwrap(), format!("\"{expected}\""));
        }
        assert_eq!(
            text(|out| push_timestamp(i64::MAX, TimeUnit::Second, true, out)),
            None
        );
    }

    #[test]
    fn dates_and_times_that_no_calendar_has_are_none() {
        assert_eq!(
            text(|out| push_date(19_782, out)).unwrap(),
            "\"2024-02-29\""
        );
        assert_eq!(text(|out| push_date_of(-1, out)).unwrap(), "\"1969-12-31\"");
        assert_eq!(text(|out| push_date(i64::MAX, out)), None);
        let time = |value, unit| text(|out| push_time(value, unit, out));
        assert_eq!(
            time(86_399_999, TimeUnit::Millisecond).unwrap(),
            "\"23:59:59.999\""
        );
        assert_eq!(time(86_400, TimeUnit::Second), None);
        assert_eq!(time(-1, TimeUnit::Nanosecond), None);
    }
}
