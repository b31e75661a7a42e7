//! [`Decimal`]: an exact decimal number, to compare JSON numbers that round to the same `f64`.
//!
//! Compares digits without arithmetic, so numbers may have any length and any exponent.

use std::cmp::Ordering;

/// A number's sign, magnitude and significant digits, borrowed from its text.
#[derive(Debug)]
pub(super) struct Decimal<'a> {
    is_negative: bool,
    /// The smallest power of ten above the number's absolute value: 3 for 123.4, 0 for 0.5, −1 for 0.05.
    magnitude: i128,
    /// The digits before the point; with `fraction`, from the first significant digit to the last. Both empty: zero.
    whole: &'a str,
    /// The digits after the point.
    fraction: &'a str,
}

/// Two decimals with at most this many significant digits never round to the same `f64`, except to a subnormal one
/// (`DBL_DIG` in C).
const DISTINCT_DIGITS_MAX: usize = 15;

impl<'a> Decimal<'a> {
    /// Parses `json`, which must be a JSON number.
    pub(super) fn parse(json: &'a str) -> Self {
        let (is_negative, spelled) = json
            .strip_prefix('-')
            .map_or((false, json), |spelled| (true, spelled));
        let (digits, exponent) = spelled.split_once(['e', 'E']).unwrap_or((spelled, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let point = whole.len();
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let (leading, whole, fraction) = if whole.is_empty() {
            let significant = fraction.trim_start_matches('0');
            (point + fraction.len() - significant.len(), "", significant)
        } else {
            (point - whole.len(), whole, fraction)
        };
        let whole = if fraction.is_empty() {
            whole.trim_end_matches('0')
        } else {
            whole
        };
        Self {
            is_negative,
            magnitude: point as i128 - leading as i128 + i128::from(parse_exponent(exponent)),
            whole,
            fraction,
        }
    }

    /// Whether no other decimal of at most this length rounds to `number`, the nearest `f64` of this one.
    pub(super) fn is_the_only_decimal_of(&self, number: f64) -> bool {
        let len = self.whole.len() + self.fraction.len();
        len == 0 || len <= DISTINCT_DIGITS_MAX && number.is_normal()
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    fn sign(&self) -> i8 {
        match (self.is_zero(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

/// Parses an exponent, saturating: beyond the length of any file its exact value makes no difference.
fn parse_exponent(spelled: &str) -> i64 {
    spelled.parse().unwrap_or(if spelled.starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    })
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = self.sign();
        let by_size = || {
            let size = self.magnitude.cmp(&other.magnitude);
            // Trailing zeros were removed, so the longer of two numbers with the same prefix is greater.
            size.then_with(|| self.digits().cmp(other.digits()))
        };
        sign.cmp(&other.sign()).then_with(|| match sign {
            0 => Ordering::Equal,
            1 => by_size(),
            _ => by_size().reverse(),
        })
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Decimal<'_> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compare(one: &str, other: &str) -> Ordering {
        Decimal::parse(one).cmp(&Decimal::parse(other))
    }

    #[test]
    fn numbers_are_ordered_by_value_in_any_notation() {
        let ascending = [
            "-1e400",
            "-1e399",
            "-12",
            "-1.20001",
            "-1.2",
            "-1e-400",
            "0",
            "1e-99999999999999999999",
            "1e-401",
            "1e-400",
            "0.05",
            "0.5",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.5",
            "90071992547409930",
            "1e400",
            "1e99999999999999999999",
        ];
        for (index, one) in ascending.iter().enumerate() {
            for (other_index, other) in ascending.iter().enumerate() {
                assert_eq!(
                    compare(one, other),
                    index.cmp(&other_index),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn different_notations_of_a_number_are_equal() {
        for (one, other) in [
            ("1", "1.0"),
            ("100", "1e2"),
            ("100", "1.00E+2"),
            ("0.0010", "1e-3"),
            ("10.50", "1050e-2"),
            ("-0", "0"),
            ("0.000", "0e5"),
            ("120", "0.12e3"),
        ] {
            assert_eq!(compare(one, other), Ordering::Equal, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn decimals_compare_like_integers(a in any::<i64>(), b in any::<i64>(), shift in 0_usize..30) {
            let spelled = |number: i64| format!("{number}{}e-{shift}", "0".repeat(shift));
            prop_assert_eq!(compare(&a.to_string(), &spelled(b)), a.cmp(&b));
        }

        #[test]
        fn decimals_compare_like_doubles_that_differ(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            let spelled = [format!("{a}"), format!("{a:e}")];
            for one in &spelled {
                prop_assert_eq!(Some(compare(one, &format!("{b:e}"))), a.partial_cmp(&b));
            }
        }
    }
}
