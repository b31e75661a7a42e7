//! What the name of a column says about the time in it.

use crate::settings::TimeUnit;

/// Words for a unit, in lower case.
const UNITS: [(TimeUnit, &[&str]); 4] = [
    (
        TimeUnit::Seconds,
        &["s", "sec", "secs", "second", "seconds"],
    ),
    (
        TimeUnit::Millis,
        &[
            "ms",
            "msec",
            "msecs",
            "milli",
            "millis",
            "millisecond",
            "milliseconds",
        ],
    ),
    (
        TimeUnit::Micros,
        &[
            "us",
            "µs",
            "μs",
            "usec",
            "usecs",
            "micro",
            "micros",
            "microsecond",
            "microseconds",
        ],
    ),
    (
        TimeUnit::Nanos,
        &[
            "ns",
            "nsec",
            "nsecs",
            "nano",
            "nanos",
            "nanosecond",
            "nanoseconds",
        ],
    ),
];

/// The unit that `name` ends with, as in `t_ms`, `Time (s)` or `timestampNs`.
pub(in crate::source) fn unit_in(name: &str) -> Option<TimeUnit> {
    let words = words(name);
    // A name that is nothing but a letter is not a unit: `s` may be a distance.
    let last = words
        .last()
        .filter(|last| last.len() > 2 || words.len() > 1)?;
    UNITS
        .iter()
        .find(|(_, spelled)| spelled.contains(&last.as_str()))
        .map(|(unit, _)| *unit)
}

/// The words of `name`, in lower case: separated by other characters, or by an upper-case letter after a lower-case one.
pub(in crate::source) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        let begins = !character.is_alphanumeric() || (was_lower && character.is_uppercase());
        if begins {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            let last = words.last_mut().expect("there is at least one word");
            last.extend(character.to_lowercase());
        }
        was_lower = character.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_name_may_be_a_unit() {
        for (name, unit) in [
            ("t_ms", Some(TimeUnit::Millis)),
            ("timestampNs", Some(TimeUnit::Nanos)),
            ("Time (s)", Some(TimeUnit::Seconds)),
            ("Time [µs]", Some(TimeUnit::Micros)),
            ("time_us", Some(TimeUnit::Micros)),
            ("elapsed.seconds", Some(TimeUnit::Seconds)),
            ("seconds", Some(TimeUnit::Seconds)),
            ("MILLISECONDS", Some(TimeUnit::Millis)),
            ("s", None),
            ("ms", None),
            ("times", None),
            ("timestamp", None),
            ("ms_count", None),
            ("", None),
        ] {
            assert_eq!(unit_in(name), unit, "{name}");
        }
    }
}
