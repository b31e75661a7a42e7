//! [`Speed`]: how many times faster than its dataset a topic is played, exactly.
//!
//! A decimal with at most three places is stored as an integer of thousandths, so that schedules use integer arithmetic.

use std::fmt;
use std::str::FromStr;

/// How many times faster than at its configured pace a dataset is played, 0.01 to 16 with at most three decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Speed(u16);

/// Why a number is not a [`Speed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeedError {
    /// Not a plain decimal number.
    Syntax,
    /// More than three decimal places.
    Precision,
    /// Outside 0.01 to 16.
    Range,
}

impl Speed {
    /// As fast as the dataset.
    pub const NORMAL: Self = Self(Self::THOUSANDTHS);

    const THOUSANDTHS: u16 = 1_000;
    const MIN: u16 = 10;
    const MAX: u16 = 16 * Self::THOUSANDTHS;

    /// The speed in thousandths: the integer `V` in the formulas of schedules.
    #[must_use]
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    /// The speed as an `f64`, for display and metrics; schedules never use it.
    #[must_use]
    pub fn factor(self) -> f64 {
        f64::from(self.0) / f64::from(Self::THOUSANDTHS)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self::NORMAL
    }
}

impl FromStr for Speed {
    type Err = SpeedError;

    /// Parses a decimal such as `0.25` exactly, without going through an `f64`.
    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || text.ends_with('.') {
            return Err(SpeedError::Syntax);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 3 {
            return Err(SpeedError::Precision);
        }
        let whole: u16 = whole.parse().map_err(|_| SpeedError::Range)?;
        let thousandths: u16 = format!("{fraction:0<3}")
            .parse()
            .map_err(|_| SpeedError::Syntax)?;
        let total = whole
            .checked_mul(Self::THOUSANDTHS)
            .and_then(|whole| whole.checked_add(thousandths));
        total
            .filter(|total| (Self::MIN..=Self::MAX).contains(total))
            .map(Self)
            .ok_or(SpeedError::Range)
    }
}

impl fmt::Display for Speed {
    /// The shortest decimal: `1`, `0.25`, `16`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / Self::THOUSANDTHS, self.0 % Self::THOUSANDTHS);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let fraction = format!("{fraction:03}");
        write!(f, "{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl fmt::Display for SpeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not a decimal number",
            Self::Precision => "more than 3 decimal places",
            Self::Range => "outside 0.01 to 16",
        })
    }
}

impl std::error::Error for SpeedError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_stored_exactly_and_printed_in_the_shortest_form() {
        for (text, thousandths, printed) in [
            ("0.01", 10, "0.01"),
            ("0.125", 125, "0.125"),
            ("1.0", 1_000, "1"),
            ("1", 1_000, "1"),
            ("2.50000", 2_500, "2.5"),
            ("16", 16_000, "16"),
        ] {
            let speed: Speed = text.parse().unwrap();
            assert_eq!(
                (speed.thousandths(), speed.to_string().as_str()),
                (thousandths, printed)
            );
        }
        assert_eq!(Speed::default(), Speed::NORMAL);
    }

    #[test]
    fn an_invalid_speed_is_rejected_with_the_reason() {
        for (text, why) in [
            ("0", SpeedError::Range),
            ("0.009", SpeedError::Range),
            ("16.001", SpeedError::Range),
            ("70", SpeedError::Range),
            ("99999", SpeedError::Range),
            ("0.0101", SpeedError::Precision),
            ("-1", SpeedError::Syntax),
            ("1e1", SpeedError::Syntax),
            ("", SpeedError::Syntax),
            ("1.", SpeedError::Syntax),
        ] {
            assert_eq!(text.parse::<Speed>(), Err(why), "{text}");
        }
    }
}
