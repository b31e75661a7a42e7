//! Files of stamps, as tables: the stamps that they have, or the first error.

use super::*;

/// The stamps of a column called `name`, in microseconds.
fn read(name: &str, unit: Option<TimeUnit>, texts: &[&str]) -> Result<Vec<i64>, StampError> {
    let mut reader = StampReader::new(name, unit);
    let mut stamps: Vec<i64> = Vec::new();
    for text in texts {
        let ReadStamp { stamp, divide_by } = reader.read(text)?;
        for before in &mut stamps {
            *before = before.div_euclid(divide_by);
        }
        stamps.push(stamp.get());
    }
    Ok(stamps)
}

fn unit_of_all(name: &str, texts: &[&str]) -> TimeUnit {
    let mut reader = StampReader::new(name, None);
    for text in texts {
        reader.read(text).unwrap();
    }
    let format = reader.format().unwrap();
    assert!(format.is_guessed);
    format.unit
}

#[test]
fn every_unit_is_exact_to_the_microsecond_and_rounded_down() {
    let newest = 1_700_000_000_123_456;
    for (unit, text, micros) in [
        (TimeUnit::Seconds, "1700000000.123456", newest),
        (TimeUnit::Seconds, "1700000000.1234569", newest),
        (TimeUnit::Seconds, "1.700000000123456e9", newest),
        (TimeUnit::Millis, "1700000000123.456", newest),
        (TimeUnit::Micros, "1700000000123456", newest),
        (TimeUnit::Micros, "1700000000123456.9", newest),
        (TimeUnit::Nanos, "1700000000123456789", newest),
        (TimeUnit::Nanos, "-1", -1),
        (TimeUnit::Seconds, "-0.5", -500_000),
        (TimeUnit::Millis, "-0.0001", -1),
        (TimeUnit::Rfc3339, "2023-11-14T22:13:20.123456999Z", newest),
        (TimeUnit::Rfc3339, "20231114", 1_699_920_000_000_000),
        (TimeUnit::Seconds, " 5 ", 5_000_000),
    ] {
        assert_eq!(read("t", Some(unit), &[text]), Ok(vec![micros]), "{text}");
    }
}

#[test]
fn the_unit_follows_from_the_spelling_the_size_and_the_name() {
    for (name, texts, unit) in [
        ("t", &["1700000000"][..], TimeUnit::Seconds),
        ("t", &["1700000000.5"], TimeUnit::Seconds),
        ("t", &["1.7e9"], TimeUnit::Seconds),
        ("t", &["1700000000000"], TimeUnit::Millis),
        ("t", &["1700000000000000"], TimeUnit::Micros),
        ("t", &["1700000000000000000"], TimeUnit::Nanos),
        ("t", &["2024-02-29"], TimeUnit::Rfc3339),
        ("t", &["0", "0.1"], TimeUnit::Seconds),
        ("t", &["-5", "0"], TimeUnit::Seconds),
        ("t_ms", &["0", "20"], TimeUnit::Millis),
        ("time_us", &["0", "20"], TimeUnit::Micros),
        ("time_s", &["1700000000000"], TimeUnit::Millis),
        ("t", &["0", "1700000000000"], TimeUnit::Millis),
        ("t", &["1", "200000000000000000"], TimeUnit::Nanos),
    ] {
        assert_eq!(unit_of_all(name, texts), unit, "{name} {texts:?}");
    }
}

#[test]
fn a_finer_unit_that_is_found_late_applies_to_all_stamps() {
    let texts = ["-1999", "0", "2500", "200000000000", "300000000000000"];
    // Milliseconds by the fourth stamp, microseconds by the fifth.
    let expected = read("t", Some(TimeUnit::Micros), &texts);
    assert_eq!(read("t", None, &texts), expected);
    let fractions = ["-0.0015", "0.9999999", "400000000000000000.5"];
    let expected = read("t", Some(TimeUnit::Nanos), &fractions);
    assert_eq!(read("t", None, &fractions), expected);
    assert_eq!(expected.unwrap()[0], -1);
}

#[test]
fn three_zones_and_equal_stamps_are_fine() {
    let texts = [
        "2024-02-29T23:00:00+01:00",
        "2024-02-29T22:00:00Z",
        "2024-02-29T18:00:00.5-04:00",
        "2024-03-01 00:00:00+01:00",
    ];
    let first = 1_709_244_000_000_000;
    assert_eq!(
        read("t", None, &texts),
        Ok(vec![first, first, first + 500_000, first + 3_600_000_000])
    );
}

#[test]
fn stamps_without_a_zone_are_counted() {
    let mut reader = StampReader::new("t", None);
    for text in ["2024-01-01", "2024-01-01T12:00:00Z", "2024-01-02 00:00"] {
        reader.read(text).unwrap();
    }
    assert_eq!(reader.format().unwrap().without_zone, 2);
    assert_eq!(StampReader::new("t", None).format(), None);
}

#[test]
fn what_is_not_a_stamp_is_refused_with_the_reason() {
    for (unit, texts, problem) in [
        (None, &[""][..], "`t` of record 1 is empty"),
        (None, &["1", " "], "`t` of record 2 is empty"),
        (
            None,
            &["soon"],
            "`t` of record 1 is `soon`, which is not a date and time such as 2024-02-29T12:30:00Z",
        ),
        (
            None,
            &["1", "2024-01-01"],
            "`t` of record 2 is `2024-01-01`, but of the record before it `1`",
        ),
        (
            None,
            &["2024-01-01", "1"],
            "`t` of record 2 is `1`, but of the record before it `2024-01-01`",
        ),
        (
            Some(TimeUnit::Millis),
            &["2024-01-01"],
            "`t` of record 1 is `2024-01-01`, not a number of milliseconds",
        ),
        (
            Some(TimeUnit::Rfc3339),
            &["1700000000"],
            "`t` of record 1 is `1700000000`, which is not a date and time such as 2024-02-29T12:30:00Z",
        ),
        (
            None,
            &["1e400"],
            "`t` of record 1 is `1e400`, which in seconds is not between the years -9999 and 9999",
        ),
        (
            Some(TimeUnit::Seconds),
            &["9223372036854775808"],
            "`t` of record 1 is `9223372036854775808`, which in seconds is not between the years -9999 and 9999",
        ),
        (
            None,
            &["2", "1"],
            "`t` of record 2 is `1`, before `2` of the record before it",
        ),
        (
            None,
            &[
                "2024-01-01T00:00:00.000000002Z",
                "2024-01-01T00:00:00.000000001Z",
            ],
            "`t` of record 2 is `2024-01-01T00:00:00.000000001Z`, before `2024-01-01T00:00:00.000000002Z` of the record \
             before it",
        ),
        (
            None,
            &["2016-12-31T23:59:59Z", "2016-12-31T23:59:60Z"],
            "`t` of record 2 is `2016-12-31T23:59:60Z`, a leap second, which the hub's clock does not have",
        ),
    ] {
        let error = read("t", unit, texts).unwrap_err();
        let last = texts.len() as u64;
        assert_eq!(error.problem("t", last), problem);
        assert!(!error.remedy().is_empty());
    }
}
