//! [`Rate`]: an exact number of records per second.
//!
//! A decimal with at most six places is stored as an integer of millionths, so that schedules use integer arithmetic.

use std::fmt;
use std::str::FromStr;

/// Records per second, 0.001 to 10000 with at most six decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

/// Why a number is not a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateError {
    /// Not a plain decimal number.
    Syntax,
    /// More than six decimal places.
    Precision,
    /// Outside 0.001 to 10000 records per second.
    Range,
}

impl Rate {
    const MILLIONTHS: u64 = 1_000_000;
    const MIN: u64 = 1_000;
    const MAX: u64 = 10_000 * Self::MILLIONTHS;

    /// A rate of `millionths`·10⁻⁶ records per second.
    ///
    /// # Errors
    /// [`RateError::Range`] outside 0.001 to 10000 records per second.
    pub const fn from_millionths(millionths: u64) -> Result<Self, RateError> {
        if millionths < Self::MIN || millionths > Self::MAX {
            return Err(RateError::Range);
        }
        Ok(Self(millionths))
    }

    /// The rate as an `f64`, for display and metrics; schedules never use it.
    #[must_use]
    pub fn per_second(self) -> f64 {
        let exact = |part: u64| f64::from(u32::try_from(part).expect("both parts are below 2^32"));
        exact(self.0 / Self::MILLIONTHS) + exact(self.0 % Self::MILLIONTHS) / 1e6
    }

    /// The rate in millionths of a record per second: the integer `R` in the formulas of schedules.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = RateError;

    /// Parses a decimal such as `59.94` exactly, without going through an `f64`.
    fn from_str(text: &str) -> Result<Self, RateError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(RateError::Syntax);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 6 {
            return Err(RateError::Precision);
        }
        let whole: u64 = whole.parse().map_err(|_| RateError::Range)?;
        let millionths: u64 = format!("{fraction:0<6}")
            .parse()
            .map_err(|_| RateError::Syntax)?;
        let total = whole
            .checked_mul(Self::MILLIONTHS)
            .and_then(|whole| whole.checked_add(millionths));
        Self::from_millionths(total.ok_or(RateError::Range)?)
    }
}

impl fmt::Display for Rate {
    /// The shortest decimal: `100`, `59.94`, `0.001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / Self::MILLIONTHS, self.0 % Self::MILLIONTHS);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        write!(
            f,
            "{whole}.{}",
            format!("{fraction:06}").trim_end_matches('0')
        )
    }
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not a decimal number",
            Self::Precision => "more than 6 decimal places",
            Self::Range => "outside 0.001 to 10000 records per second",
        })
    }
}

impl std::error::Error for RateError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_stored_exactly_and_printed_in_the_shortest_form() {
        for (text, millionths, printed) in [
            ("0.001", 1_000, "0.001"),
            ("59.94", 59_940_000, "59.94"),
            ("100.0", 100_000_000, "100"),
            ("10000", 10_000_000_000, "10000"),
            ("3.1000000", 3_100_000, "3.1"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(
                (rate.millionths(), rate.to_string().as_str()),
                (millionths, printed)
            );
        }
    }

    #[test]
    fn an_invalid_rate_is_rejected_with_the_reason() {
        for (text, why) in [
            ("0", RateError::Range),
            ("0.000999", RateError::Range),
            ("10000.000001", RateError::Range),
            ("0.0000001", RateError::Precision),
            ("-1", RateError::Syntax),
            ("1e3", RateError::Syntax),
            ("", RateError::Syntax),
            ("1.", RateError::Syntax),
            ("99999999999999999999", RateError::Range),
        ] {
            assert_eq!(text.parse::<Rate>(), Err(why), "{text}");
        }
    }
}
