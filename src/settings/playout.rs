//! [`PlayoutDurations`]: the playout delay and the coalescing window of a topic. Resolves `auto` to a duration, which
//! depends on how far apart the records are.

use std::time::Duration;

use super::TopicSettings;
use super::layers::Section;
use super::pace::Pace;
use super::quantity::format_duration;
use super::setting_value::AutoDuration;
use super::settings_error::{SettingsError, SettingsErrors};
use super::toml_value::quoted;
use crate::protocol::Rate;

/// The playout delay and the coalescing window of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutDurations {
    /// The playout delay: viewers draw a publication this long after it is due.
    pub delay: Duration,
    /// The longest that publications may be held back to be sent together; zero sends each on its own.
    pub coalesce: Duration,
}

/// The time between two records, in microseconds, as an exact fraction.
#[derive(Debug, Clone, Copy)]
struct Period {
    numerator: u64,
    denominator: u64,
}

const DELAY_MIN: Duration = Duration::from_millis(150);
const DELAY_MAX: Duration = Duration::from_secs(3);
/// Added to two periods to cover the jitter of the network and of browser timers.
const DELAY_MARGIN: Duration = Duration::from_millis(100);
const COALESCE_MAX: Duration = Duration::from_millis(100);
/// The period in microseconds times the rate in millionths of a record per second.
const MICROS_TIMES_MILLIONTHS: u64 = 1_000_000_000_000;

impl TopicSettings {
    /// The playout delay and the coalescing window. `auto` follows the rate or, with time stamps, their
    /// `median_interval`; never the speed.
    #[must_use]
    pub fn playout(&self, median_interval: Option<Duration>) -> PlayoutDurations {
        let period = match &self.pace {
            Pace::Rate(rate) => Period::from_rate(*rate),
            Pace::Time(_) => Period::from_interval(median_interval.unwrap_or(Duration::ZERO)),
        };
        let delay = self.delay.unwrap_or_else(|| period.auto_delay());
        let coalesce = match self.coalesce {
            // At most half the delay, which a configured window may exceed only if the delay was not known.
            Some(window) => window.min(delay / 2),
            None => period.auto_coalesce(delay),
        };
        PlayoutDurations { delay, coalesce }
    }
}

impl Period {
    const fn from_rate(rate: Rate) -> Self {
        Self {
            numerator: MICROS_TIMES_MILLIONTHS,
            denominator: rate.millionths(),
        }
    }

    fn from_interval(interval: Duration) -> Self {
        Self {
            numerator: u64::try_from(interval.as_micros()).unwrap_or(u64::MAX),
            denominator: 1,
        }
    }

    /// The playout delay for `delay = "auto"`. Computed in integer microseconds, as on the wire.
    fn auto_delay(self) -> Duration {
        let two_periods = self.numerator.saturating_mul(2) / self.denominator;
        (Duration::from_micros(two_periods).saturating_add(DELAY_MARGIN))
            .clamp(DELAY_MIN, DELAY_MAX)
    }

    /// The coalescing window for `coalesce = "auto"`; zero if it would never hold two records.
    fn auto_coalesce(self, delay: Duration) -> Duration {
        let window = (delay / 3).min(COALESCE_MAX);
        let is_shorter_than_window =
            window.as_micros() * u128::from(self.denominator) > u128::from(self.numerator);
        if is_shorter_than_window {
            window
        } else {
            Duration::ZERO
        }
    }
}

/// The configured duration; `None` for `auto`.
pub(super) fn fixed(values: &Section<'_>, name: &str) -> Option<Option<Duration>> {
    Some(match values.get(name)? {
        AutoDuration::Auto => None,
        AutoDuration::Fixed(duration) => Some(duration),
    })
}

/// Limits the coalescing window to half the delay: a record held back longer may arrive too late to be drawn on time.
pub(super) fn check_coalesce(values: &Section<'_>, errors: &mut SettingsErrors) {
    let Some(AutoDuration::Fixed(window)) = values.get("coalesce") else {
        return;
    };
    let delay = match (fixed(values, "delay"), values.get::<Rate>("rate")) {
        (Some(Some(delay)), _) => delay,
        (Some(None), Some(rate)) => Period::from_rate(rate).auto_delay(),
        // The delay follows the time stamps, which are not known here.
        (Some(None), None) => DELAY_MAX,
        (None, _) => return,
    };
    if window <= delay / 2 {
        return;
    }
    let most = format_duration(delay / 2);
    let problem = format!(
        "`{}` is more than half the delay of {}",
        format_duration(window),
        format_duration(delay)
    );
    let remedy = format!("use at most {}, or \"auto\"", quoted(&most));
    errors.push(SettingsError::new(
        values.origin("coalesce"),
        values.key("coalesce"),
        problem,
        remedy,
    ));
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn of_rate(rate: &str) -> Period {
        Period::from_rate(rate.parse().unwrap())
    }

    #[test]
    fn auto_delay_is_two_periods_plus_a_margin_within_limits() {
        for (rate, expected) in [
            ("10000", ms(150)),
            ("100", ms(150)),
            ("10", ms(300)),
            ("1", ms(2_100)),
            ("0.5", ms(3_000)),
            ("0.001", ms(3_000)),
        ] {
            assert_eq!(of_rate(rate).auto_delay(), expected, "{rate}");
        }
    }

    #[test]
    fn auto_delay_follows_the_median_interval_of_time_stamps() {
        for (interval, expected) in [
            (Duration::ZERO, ms(150)),
            (ms(10), ms(150)),
            (ms(100), ms(300)),
            (ms(1_000), ms(2_100)),
            (Duration::MAX, ms(3_000)),
        ] {
            let period = Period::from_interval(interval);
            assert_eq!(period.auto_delay(), expected, "{interval:?}");
        }
    }

    #[test]
    fn auto_coalescing_is_off_unless_the_period_is_shorter_than_the_window() {
        for (rate, of, expected) in [
            ("100", ms(150), ms(50)),
            ("1000", ms(3_000), ms(100)),
            ("10", ms(300), ms(0)),
            ("10.000001", ms(300), ms(100)),
            ("20", ms(150), ms(0)),
            ("20.1", ms(150), ms(50)),
            ("10000", ms(0), ms(0)),
        ] {
            assert_eq!(of_rate(rate).auto_coalesce(of), expected, "{rate} {of:?}");
        }
        assert_eq!(Period::from_interval(ms(0)).auto_coalesce(ms(150)), ms(50));
    }
}
