//! [`Pace`]: what says when the records of a topic are due: a rate, or their own time stamps.
//!
//! Checks what no key can check alone: that exactly one of the two is configured, and that what belongs to time stamps
//! stands beside them.

use std::time::Duration;

use super::layers::Section;
use super::setting_value::TimeUnit;
use super::settings_error::{SettingsError, SettingsErrors, ValueOrigin};
use crate::protocol::{Rate, Speed};

/// What says when the records of a topic are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pace {
    /// This many records per second.
    Rate(Rate),
    /// The time stamps of the records.
    Time(TimeSettings),
}

/// How a topic is played by the time stamps of its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSettings {
    /// `time`: the key, the nested path or the column of the time stamps.
    pub key: String,
    /// `time_unit`: how they are written; `None`: as the reader guesses.
    pub unit: Option<TimeUnit>,
    /// `max_gap`: longer gaps between records are shortened to this; default: they are kept.
    pub max_gap: Option<Duration>,
    /// `loop_gap`: from the last record to the first one of the next lap; default: the median interval, at least 1 ms.
    pub loop_gap: Option<Duration>,
}

/// The keys that say how `time` is played.
const TIME_KEYS: [&str; 3] = ["time_unit", "max_gap", "loop_gap"];

impl Pace {
    /// The most records per second of a topic, however they are paced.
    pub const PER_SECOND_MAX: u64 = 10_000;

    /// The rate; `None` if the records have time stamps.
    #[must_use]
    pub const fn rate(&self) -> Option<Rate> {
        match self {
            Self::Rate(rate) => Some(*rate),
            Self::Time(_) => None,
        }
    }

    /// How the time stamps are played; `None` with a rate.
    #[must_use]
    pub const fn time(&self) -> Option<&TimeSettings> {
        match self {
            Self::Rate(_) => None,
            Self::Time(time) => Some(time),
        }
    }

    /// The pace that `values` configure; an invalid one has been reported by [`check`].
    pub(super) fn from_section(values: &Section<'_>) -> Option<Self> {
        match values.get("time") {
            Some(key) => Some(Self::Time(TimeSettings {
                key,
                unit: values.get("time_unit"),
                max_gap: values.get("max_gap"),
                loop_gap: values.get("loop_gap"),
            })),
            None => values.get("rate").map(Self::Rate),
        }
    }
}

/// Reports what is wrong with the keys of the topic whose table is at `table`.
pub(super) fn check(values: &Section<'_>, table: &ValueOrigin, errors: &mut SettingsErrors) {
    let is_set = |name| values.assignment(name).is_some();
    match (is_set("rate"), is_set("time")) {
        (false, false) => errors.push(SettingsError::new(
            table,
            values.key("rate"),
            "missing",
            "add for example `rate = 10.0`, or `time = \"timestamp\"` to play the records by their own time",
        )),
        (true, true) => errors.push(SettingsError::new(
            values.origin("time"),
            values.key("time"),
            "`rate` is set, too",
            "remove `rate` to play the records by their own time, or `time` to play them at that rate",
        )),
        (true, false) => {
            for name in TIME_KEYS.into_iter().filter(|name| is_set(name)) {
                errors.push(SettingsError::new(
                    values.origin(name),
                    values.key(name),
                    "only for records that are played by their own time",
                    "add `time` in place of `rate`, or remove it",
                ));
            }
        }
        (false, true) => {}
    }
    check_resulting_rate(values, errors);
}

/// Reports a rate that exceeds the limit at its speed.
fn check_resulting_rate(values: &Section<'_>, errors: &mut SettingsErrors) {
    let (Some(rate), Some(speed)) = (values.get::<Rate>("rate"), values.get::<Speed>("speed"))
    else {
        return;
    };
    let resulting = rate.millionths() * u64::from(speed.thousandths());
    if resulting <= Pace::PER_SECOND_MAX * 1_000_000_000 {
        return;
    }
    errors.push(SettingsError::new(
        values.origin("speed"),
        values.key("speed"),
        format!("`{speed}` times the rate of {rate} is more than 10000 records per second"),
        "lower one of them",
    ));
}
