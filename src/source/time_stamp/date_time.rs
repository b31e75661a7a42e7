//! Reads dates with a time of day: RFC 3339, and the forms of it that programs write.
//!
//! `T` or a space between date and time; seconds, their fraction and the zone may be missing, and so may the time of day.
//! The year comes first: `01/02/2024` is one day in Europe and another one in America.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

/// An instant that was written as date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadDate {
    /// Nanoseconds since the Unix epoch, rounded down.
    pub(super) nanos: i128,
    /// Whether it says its offset from UTC; otherwise it was taken as UTC.
    pub(super) has_zone: bool,
}

/// Why a text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::source) enum DateError {
    /// It does not look like a date and time.
    Shape,
    /// The day and the month are in an order that it does not show.
    DayOrMonthFirst,
    /// A time of day without a date.
    NoDate,
    /// There is no such day.
    NoSuchDay,
    /// There is no such time of day.
    NoSuchTime,
    /// Second 60, which no clock of this program has.
    LeapSecond,
    /// There is no such offset.
    NoSuchOffset,
}

/// Nanoseconds have this many digits.
const FRACTION_DIGITS: usize = 9;

/// Reads `text` as an instant.
pub(super) fn parse(text: &str) -> Result<ReadDate, DateError> {
    let (date, rest) = split_date(text)?;
    if rest.is_empty() {
        return instant(date.to_datetime(Time::midnight()), None);
    }
    let rest = rest
        .strip_prefix(['T', 't', ' '])
        .ok_or(DateError::Shape)?
        .trim_start_matches(' ');
    let (time, zone) = split_time(rest)?;
    instant(
        date.to_datetime(time),
        offset(zone.trim_start_matches(' '))?,
    )
}

fn instant(local: DateTime, offset: Option<Offset>) -> Result<ReadDate, DateError> {
    let timestamp = offset.unwrap_or(Offset::UTC).to_timestamp(local);
    Ok(ReadDate {
        nanos: timestamp.map_err(|_| DateError::NoSuchDay)?.as_nanosecond(),
        has_zone: offset.is_some(),
    })
}

/// Splits off the date: `2024-02-29`, `2024/02/29`, `20240229` or `2024-02`.
fn split_date(text: &str) -> Result<(Date, &str), DateError> {
    let bytes = text.as_bytes();
    let leading = leading_digits(text);
    if leading == 8 {
        let [year, month, day] = [&text[..4], &text[4..6], &text[6..8]].map(number);
        return Ok((date(year, month, day)?, &text[8..]));
    }
    let separator = bytes.get(leading).copied();
    if leading != 4 || !matches!(separator, Some(b'-' | b'/')) {
        return Err(misplaced(text, leading));
    }
    let year = number(&text[..4]);
    let month = digits(text, 5, 2)?;
    if text.len() == 7 {
        return Ok((date(year, month, 1)?, ""));
    }
    if bytes.get(7).copied() != separator {
        return Err(DateError::Shape);
    }
    Ok((date(year, month, digits(text, 8, 2)?)?, &text[10..]))
}

/// Why a text that begins with `leading` digits does not begin with a year.
fn misplaced(text: &str, leading: usize) -> DateError {
    let rest = &text[leading..];
    let is_day = (1..=2).contains(&leading);
    match rest.as_bytes().first() {
        Some(b':') if is_day => DateError::NoDate,
        Some(b'/' | b'-' | b'.') if is_day && leading_digits(&rest[1..]) > 0 => {
            DateError::DayOrMonthFirst
        }
        _ => DateError::Shape,
    }
}

/// Splits off the time of day: `12:30`, `12:30:05`, `12:30:05.25`, `123005`.
fn split_time(text: &str) -> Result<(Time, &str), DateError> {
    let bytes = text.as_bytes();
    let is_compact = leading_digits(text) >= 4;
    let width = if is_compact { 2 } else { 3 };
    let is_separated = |at: usize| is_compact || bytes.get(at - 1) == Some(&b':');
    let hour = digits(text, 0, 2)?;
    if !is_separated(width) {
        return Err(DateError::Shape);
    }
    let minute = digits(text, width, 2)?;
    let mut end = width + 2;
    let has_second = match is_compact {
        true => leading_digits(text) > end,
        false => bytes.get(end) == Some(&b':'),
    };
    let (mut second, mut nanos) = (0, 0);
    if has_second {
        second = digits(text, 2 * width, 2)?;
        end = 2 * width + 2;
        if matches!(bytes.get(end), Some(b'.' | b',')) {
            let fraction = &text[end + 1..];
            let len = leading_digits(fraction);
            if len == 0 {
                return Err(DateError::Shape);
            }
            nanos = nanoseconds(&fraction[..len]);
            end += 1 + len;
        }
    }
    if second == 60 {
        return Err(DateError::LeapSecond);
    }
    let part = |number: i32| i8::try_from(number).map_err(|_| DateError::NoSuchTime);
    let time = Time::new(part(hour)?, part(minute)?, part(second)?, nanos);
    Ok((time.map_err(|_| DateError::NoSuchTime)?, &text[end..]))
}

/// The offset that `zone` says: none, `Z`, `UTC`, `+01:00`, `+0100` or `+01`.
fn offset(zone: &str) -> Result<Option<Offset>, DateError> {
    let sign = match zone.as_bytes() {
        [] => return Ok(None),
        [b'Z' | b'z'] => return Ok(Some(Offset::UTC)),
        _ if ["UTC", "GMT"].contains(&zone) => return Ok(Some(Offset::UTC)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return Err(DateError::Shape),
    };
    let digits = &zone[1..];
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2).ok_or(DateError::Shape)?,
        5 => digits.split_once(':').ok_or(DateError::Shape)?,
        _ => return Err(DateError::Shape),
    };
    if [hours, minutes]
        .iter()
        .any(|part| leading_digits(part) != 2)
    {
        return Err(DateError::Shape);
    }
    let (hours, minutes) = (number(hours), number(minutes));
    if hours > 23 || minutes > 59 {
        return Err(DateError::NoSuchOffset);
    }
    let offset = Offset::from_seconds(sign * (hours * 3_600 + minutes * 60));
    offset.map(Some).map_err(|_| DateError::NoSuchOffset)
}

fn date(year: i32, month: i32, day: i32) -> Result<Date, DateError> {
    let part = |number: i32| i8::try_from(number).map_err(|_| DateError::NoSuchDay);
    let year = i16::try_from(year).map_err(|_| DateError::NoSuchDay)?;
    Date::new(year, part(month)?, part(day)?).map_err(|_| DateError::NoSuchDay)
}

/// The number that the `len` characters from `at` on are, which must be digits.
fn digits(text: &str, at: usize, len: usize) -> Result<i32, DateError> {
    let digits = text.get(at..at + len).ok_or(DateError::Shape)?;
    if leading_digits(digits) == len {
        Ok(number(digits))
    } else {
        Err(DateError::Shape)
    }
}

/// The number that a few `digits` are.
fn number(digits: &str) -> i32 {
    digits
        .bytes()
        .fold(0, |number, digit| number * 10 + i32::from(digit - b'0'))
}

/// The fraction of a second that `digits` are, in nanoseconds, rounded down.
fn nanoseconds(digits: &str) -> i32 {
    let kept = &digits[..digits.len().min(FRACTION_DIGITS)];
    let missing = u32::try_from(FRACTION_DIGITS - kept.len()).unwrap_or(0);
    number(kept) * 10_i32.pow(missing)
}

fn leading_digits(text: &str) -> usize {
    let bytes = text.bytes();
    bytes.take_while(u8::is_ascii_digit).count()
}

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "which is not a date and time such as 2024-02-29T12:30:00Z",
            Self::DayOrMonthFirst => {
                "which may have the day or the month first; a date has the year first, as in 2024-02-29"
            }
            Self::NoDate => "a time of day without a date",
            Self::NoSuchDay => "a day that does not exist",
            Self::NoSuchTime => "a time of day that does not exist",
            Self::LeapSecond => "a leap second, which the hub's clock does not have",
            Self::NoSuchOffset => "an offset from UTC that does not exist",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;

    #[test]
    fn dates_are_read_in_every_form_that_has_the_year_first() {
        let noon = 1_709_209_800 * SECOND;
        for (text, nanos, has_zone) in [
            ("2024-02-29T12:30:00Z", noon, true),
            ("2024-02-29t12:30:00z", noon, true),
            ("2024-02-29 12:30:00+00:00", noon, true),
            ("2024-02-29 14:30:00 +0200", noon, true),
            ("2024-02-29T07:30:00-05", noon, true),
            ("2024-03-01T00:15:00.000+11:45", noon, true),
            ("2024-02-29 12:30:00 UTC", noon, true),
            ("2024-02-29T12:30Z", noon, true),
            ("20240229T123000Z", noon, true),
            ("2024-02-29T12:30:00", noon, false),
            ("2024-02-29  12:30", noon, false),
            ("2024/02/29 12:30:00", noon, false),
            ("2024-02-29T12:30:00.25", noon + SECOND / 4, false),
            ("2024-02-29T12:30:00,000000001Z", noon + 1, true),
            ("2024-02-29T12:30:00.0000000019Z", noon + 1, true),
            ("2024-02-29", noon - 45_000 * SECOND, false),
            ("20240229", noon - 45_000 * SECOND, false),
            ("2024-03", noon + 41_400 * SECOND, false),
            ("1969-12-31T23:59:59.9999999Z", -100, true),
        ] {
            assert_eq!(parse(text), Ok(ReadDate { nanos, has_zone }), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused_with_the_reason() {
        for (text, error) in [
            ("", DateError::Shape),
            ("now", DateError::Shape),
            ("2024", DateError::Shape),
            ("2024-2-9", DateError::Shape),
            ("2024-02-29x", DateError::Shape),
            ("2024-02/29", DateError::Shape),
            ("2024-02-29T", DateError::Shape),
            ("2024-02-29T12", DateError::Shape),
            ("2024-02-29T12:30:00.Z", DateError::Shape),
            ("2024-02-29T12:30:00 CET", DateError::Shape),
            ("2024-02-29T12:30:00+1:00", DateError::Shape),
            ("2024-02-29T12:30:00[Europe/Paris]", DateError::Shape),
            ("2024-02-29é", DateError::Shape),
            ("2024-0é", DateError::Shape),
            ("Feb 29, 2024", DateError::Shape),
            ("01/02/2020", DateError::DayOrMonthFirst),
            ("1.2.2020 10:00", DateError::DayOrMonthFirst),
            ("31-12-99", DateError::DayOrMonthFirst),
            ("12:30:00", DateError::NoDate),
            ("2023-02-29", DateError::NoSuchDay),
            ("2024-13-01", DateError::NoSuchDay),
            ("2024-00-01T00:00:00Z", DateError::NoSuchDay),
            ("2024-02-29T24:00:00Z", DateError::NoSuchTime),
            ("2024-02-29T12:60:00Z", DateError::NoSuchTime),
            ("2024-02-29T12:30:61Z", DateError::NoSuchTime),
            ("2016-12-31T23:59:60Z", DateError::LeapSecond),
            ("2024-02-29T12:30:00+24:00", DateError::NoSuchOffset),
            ("2024-02-29T12:30:00+01:60", DateError::NoSuchOffset),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }
}
