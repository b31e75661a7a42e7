//! The values that `auto` stands for: a playout delay and a coalescing window derived from the rate.
//!
//! Computed in integer microseconds, as on the wire.

use std::time::Duration;

use crate::protocol::Rate;

const DELAY_MIN: Duration = Duration::from_millis(150);
const DELAY_MAX: Duration = Duration::from_secs(3);
/// Added to two periods to cover the jitter of the network and of browser timers.
const DELAY_MARGIN: Duration = Duration::from_millis(100);
const COALESCE_MAX: Duration = Duration::from_millis(100);
/// The period in microseconds times the rate in millionths of a record per second.
const MICROS_TIMES_MILLIONTHS: u64 = 1_000_000_000_000;

/// The playout delay for `delay = "auto"`.
pub(super) fn delay(rate: Rate) -> Duration {
    let two_periods = Duration::from_micros(2 * MICROS_TIMES_MILLIONTHS / rate.millionths());
    (two_periods + DELAY_MARGIN).clamp(DELAY_MIN, DELAY_MAX)
}

/// The coalescing window for `coalesce = "auto"`; zero if it would never hold two records.
pub(super) fn coalesce(rate: Rate, delay: Duration) -> Duration {
    let window = (delay / 3).min(COALESCE_MAX);
    let is_shorter_than_window =
        window.as_micros() * u128::from(rate.millionths()) > u128::from(MICROS_TIMES_MILLIONTHS);
    if is_shorter_than_window {
        window
    } else {
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
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
            assert_eq!(delay(rate.parse().unwrap()), expected, "{rate}");
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
            assert_eq!(
                coalesce(rate.parse().unwrap(), of),
                expected,
                "{rate} {of:?}"
            );
        }
    }
}
