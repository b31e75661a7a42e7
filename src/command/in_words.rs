//! Numbers, durations and instants in words, for people.

use std::time::Duration;

use crate::protocol::Micros;
use crate::settings::TimeUnit;
use crate::source::is_absolute;

/// The units of durations in nanoseconds, the longest first.
const UNITS: [(u128, &str); 6] = [
    (86_400_000_000_000, "day"),
    (3_600_000_000_000, "hour"),
    (60_000_000_000, "minute"),
    (1_000_000_000, "second"),
    (1_000_000, "millisecond"),
    (1_000, "microsecond"),
];

/// `count` of `what`, which takes an `s` if they are several.
pub(super) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// How long something lasts, in the largest unit that is counted twice, rounded down.
pub(super) fn duration(length: Duration) -> String {
    let nanos = length.as_nanos();
    if nanos < 1_000_000_000 {
        return "less than a second".to_owned();
    }
    in_unit(nanos, |unit| nanos >= 2 * unit || unit == 1_000_000_000)
}

/// How far apart things are: `a day`, `20 milliseconds`, `1.5 seconds`.
pub(super) fn interval(length: Duration) -> String {
    let nanos = length.as_nanos();
    for (unit, name) in UNITS {
        if nanos == unit {
            let article = if name.starts_with('h') { "an" } else { "a" };
            return format!("{article} {name}");
        }
        if nanos > unit {
            // To a hundredth.
            let hundredths = nanos * 100 / unit;
            let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
            let text = text.trim_end_matches('0').trim_end_matches('.');
            return format!("{text} {name}s");
        }
    }
    "less than a microsecond".to_owned()
}

/// A stamp that was written in `unit`: an instant, or the seconds since a beginning that is not known.
pub(super) fn stamp(stamp: Micros, unit: TimeUnit) -> String {
    let timestamp = jiff::Timestamp::from_microsecond(stamp.get());
    match timestamp {
        Ok(timestamp) if unit == TimeUnit::Rfc3339 || is_absolute(stamp) => timestamp.to_string(),
        _ => {
            let sign = if stamp.get() < 0 { "-" } else { "" };
            let micros = stamp.get().unsigned_abs();
            let text = format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000);
            format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

fn in_unit(nanos: u128, fits: impl Fn(u128) -> bool) -> String {
    let (unit, name) = UNITS
        .into_iter()
        .find(|(unit, _)| fits(*unit))
        .unwrap_or((1_000, "microsecond"));
    counted(u64::try_from(nanos / unit).unwrap_or(u64::MAX), name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_largest_unit_that_is_counted_twice() {
        for (millis, expected) in [
            (999, "less than a second"),
            (1_000, "1 second"),
            (119_900, "119 seconds"),
            (120_000, "2 minutes"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
        ] {
            assert_eq!(
                duration(Duration::from_millis(millis)),
                expected,
                "{millis}"
            );
        }
    }

    #[test]
    fn an_interval_is_in_the_largest_unit_that_it_has() {
        for (micros, expected) in [
            (1, "a microsecond"),
            (20_000, "20 milliseconds"),
            (1_500_000, "1.5 seconds"),
            (1_000_000, "a second"),
            (3_600_000_000, "an hour"),
            (86_400_000_000, "a day"),
            (2_678_400_000_000, "31 days"),
            (0, "less than a microsecond"),
        ] {
            assert_eq!(
                interval(Duration::from_micros(micros)),
                expected,
                "{micros}"
            );
        }
    }

    #[test]
    fn a_stamp_is_an_instant_or_a_number_of_seconds() {
        for (micros, expected) in [
            (1_709_164_800_000_000, "2024-02-29T00:00:00Z"),
            (1_709_164_800_500_000, "2024-02-29T00:00:00.5Z"),
            (1_500_000, "1.5 s"),
            (-500_000, "-0.5 s"),
            (0, "0 s"),
        ] {
            assert_eq!(
                stamp(Micros::new(micros), TimeUnit::Millis),
                expected,
                "{micros}"
            );
        }
    }
}
