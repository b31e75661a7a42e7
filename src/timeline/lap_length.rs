//! [`LapLength`]: how long the datasets of a player take once through, as an exact fraction of microseconds.

use std::cmp::Ordering;
use std::num::NonZeroU64;

use crate::protocol::Rate;

/// The length of a lap, in microseconds of dataset time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LapLength {
    /// Less than 2^63 times `denominator`.
    numerator: i128,
    /// The rate in millionths that the length follows from; 1 if it is whole.
    denominator: i128,
}

/// Microseconds per second times millionths per record.
const SCALE: i128 = 1_000_000_000_000;
const THOUSAND: i128 = 1_000;

impl LapLength {
    /// The length of `len` records at `rate`.
    #[must_use]
    pub fn even(len: NonZeroU64, rate: Rate) -> Self {
        Self {
            numerator: i128::from(len.get()) * SCALE,
            denominator: i128::from(rate.millionths()),
        }
    }

    /// A length of `micros` microseconds, at least one.
    #[must_use]
    pub fn whole(micros: i128) -> Self {
        Self {
            numerator: micros.max(1),
            denominator: 1,
        }
    }

    /// The denominator of the fraction.
    pub(super) const fn denominator(&self) -> i128 {
        self.denominator
    }

    /// When lap `number` begins: whole microseconds, and a part with the [denominator](Self::denominator).
    pub(super) const fn begin(&self, number: i128) -> (i128, i128) {
        let micros = self.numerator.saturating_mul(number);
        (
            micros.div_euclid(self.denominator),
            micros.rem_euclid(self.denominator),
        )
    }

    /// The number of laps that have ended at `position`.
    pub(super) const fn count_until(&self, position: i128) -> i128 {
        (position * self.denominator).div_euclid(self.numerator)
    }

    /// The length of `laps` laps, rounded up to microseconds. So a position in the lap after them is rounded down.
    pub(super) fn times(&self, laps: i128) -> i128 {
        let (whole, part) = self.begin(laps);
        whole + i128::from(part > 0)
    }

    /// Divides dataset time, which ends before `end` thousandths of a microsecond, into whole laps and what is left of
    /// the next one, more than nothing and at most a lap, in units of 1 / (1000 · denominator) µs.
    pub(super) const fn divide(&self, end: i128) -> (i128, i128) {
        let (end, lap) = (end * self.denominator, THOUSAND * self.numerator);
        let laps = (end - 1).div_euclid(lap);
        (laps, end - laps * lap)
    }

    /// The length in seconds, for display and metrics.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn seconds(&self) -> f64 {
        self.numerator as f64 / self.denominator as f64 / 1e6
    }

    /// The fraction as numerator and denominator.
    #[must_use]
    pub const fn parts(&self) -> (i128, i128) {
        (self.numerator, self.denominator)
    }
}

impl Ord for LapLength {
    fn cmp(&self, other: &Self) -> Ordering {
        let one = self.numerator.saturating_mul(other.denominator);
        one.cmp(&other.numerator.saturating_mul(self.denominator))
    }
}

impl PartialOrd for LapLength {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
