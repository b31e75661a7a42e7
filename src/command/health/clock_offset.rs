//! [`ClockOffset`]: how far another machine's clock is ahead of ours, known between two bounds.
//!
//! The other clock was read at some instant between sending the question and receiving the answer; nothing is assumed
//! about how the time divides between the two directions. So the bounds hold on every line, and each further reading can
//! only narrow them.

use std::fmt;
use std::time::Duration;

/// One reading of another clock, in microseconds. `sent` and `received` are of our own clock.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockReading {
    pub(super) sent: i64,
    pub(super) theirs: i64,
    pub(super) received: i64,
}

/// Bounds of the offset, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockOffset {
    low: i64,
    high: i64,
}

impl ClockOffset {
    /// The offset that several readings agree on; `None` without a reading.
    pub(super) fn from_readings(readings: &[ClockReading]) -> Option<Self> {
        // All three are rounded down to a microsecond.
        let low = readings
            .iter()
            .map(|reading| reading.theirs - reading.received - 1);
        let high = readings
            .iter()
            .map(|reading| reading.theirs - reading.sent + 1);
        let (low, high) = (low.max()?, high.min()?);
        // The bounds cross if one of the clocks was set or slewed between two readings.
        Some(Self {
            low: low.min(high),
            high: high.max(low),
        })
    }

    /// How far the clock with this offset is ahead of the one with the offset `other`.
    pub(super) fn ahead_of(self, other: Self) -> Distance {
        let (low, high) = (self.low - other.high, self.high - other.low);
        Distance {
            micros: low.midpoint(high),
            uncertainty: (high - low + 1) / 2,
        }
    }
}

/// A signed distance in time, with what may be missing to the true one on either side; in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distance {
    pub(super) micros: i64,
    pub(super) uncertainty: i64,
}

/// Whether a distance is below a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Near,
    Apart,
    /// The uncertainty reaches across the limit.
    Unknown,
}

impl Distance {
    pub(super) fn within(self, limit: Duration) -> Verdict {
        let limit = i64::try_from(limit.as_micros()).unwrap_or(i64::MAX);
        let distance = self.micros.saturating_abs();
        if distance.saturating_add(self.uncertainty) <= limit {
            Verdict::Near
        } else if distance.saturating_sub(self.uncertainty) > limit {
            Verdict::Apart
        } else {
            Verdict::Unknown
        }
    }
}

/// Shown without its sign.
impl fmt::Display for Distance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (distance, uncertainty) = (self.micros.saturating_abs(), self.uncertainty);
        write!(f, "{} (± {})", readable(distance), readable(uncertainty))
    }
}

/// Microseconds in milliseconds, or from ten seconds on in seconds.
pub(super) fn readable(micros: i64) -> String {
    if micros < 10_000_000 {
        format!("{}.{:03} ms", micros / 1_000, micros % 1_000)
    } else {
        format!("{}.{:03} s", micros / 1_000_000, micros / 1_000 % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(sent: i64, theirs: i64, received: i64) -> ClockReading {
        ClockReading {
            sent,
            theirs,
            received,
        }
    }

    fn offset(readings: &[ClockReading]) -> ClockOffset {
        ClockOffset::from_readings(readings).unwrap()
    }

    #[test]
    fn a_reading_bounds_the_offset_by_its_round_trip() {
        let one = offset(&[reading(0, 5_000, 100)]);
        assert_eq!((one.low, one.high), (4_899, 5_001));
        assert_eq!(ClockOffset::from_readings(&[]), None);
    }

    #[test]
    fn readings_whose_delays_are_on_different_sides_narrow_the_bounds() {
        // The true offset is 1,000; the first question is slow, the second answer is.
        let both = offset(&[reading(0, 1_490, 500), reading(1_000, 2_010, 1_500)]);
        assert_eq!((both.low, both.high), (989, 1_011));
    }

    #[test]
    fn the_distance_of_two_clocks_contains_the_true_one() {
        for (slow_there, slow_back) in [(0, 0), (700, 0), (0, 700), (300, 400)] {
            // Hub `one` is 250 ahead of us, hub `other` 4,000 ahead of `one`.
            let one = offset(&[reading(0, 250 + slow_there, slow_there + slow_back)]);
            let other = offset(&[reading(0, 4_250 + slow_back, slow_there + slow_back)]);
            let distance = other.ahead_of(one);
            let error = (distance.micros - 4_000).abs();
            assert!(error <= distance.uncertainty, "{distance:?}");
        }
    }

    #[test]
    fn a_distance_that_is_not_known_well_enough_is_neither_near_nor_apart() {
        let verdict = |micros, uncertainty| {
            let distance = Distance {
                micros,
                uncertainty,
            };
            distance.within(Duration::from_millis(20))
        };
        assert_eq!(verdict(-19_000, 1_000), Verdict::Near);
        assert_eq!(verdict(19_000, 1_001), Verdict::Unknown);
        assert_eq!(verdict(-21_000, 1_000), Verdict::Unknown);
        assert_eq!(verdict(21_001, 1_000), Verdict::Apart);
        assert_eq!(verdict(i64::MIN, 0), Verdict::Apart);
    }

    #[test]
    fn distances_are_readable() {
        let distance = Distance {
            micros: -3_000_412,
            uncertainty: 57,
        };
        assert_eq!(distance.to_string(), "3000.412 ms (± 0.057 ms)");
        assert_eq!(readable(86_400_000_000), "86400.000 s");
    }
}
