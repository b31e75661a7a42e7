//! `Decimal`: a JSON number exactly as it is spelled, for the numbers that a double cannot tell apart.
//!
//! Compares spellings without arithmetic, so a number may have any length and any exponent.

use std::cmp::Ordering;

/// A number's sign, magnitude and significant digits, borrowed from its spelling.
#[derive(Debug)]
pub(super) struct Decimal<'a> {
    is_negative: bool,
    /// The power of ten just above the first significant digit: 3 for 123.4, 0 for 0.5, −1 for 0.05.
    magnitude: i128,
    /// Around the point, which does not count; from the first significant digit to the last. Both empty: zero.
    whole: &'a str,
    fraction: &'a str,
}

/// Decimals with at most this many significant digits never share a double, unless it is too small for full precision
/// (`DBL_DIG` of IEEE 754).
const DIGITS_TOLD_APART: usize = 15;

impl<'a> Decimal<'a> {
    /// Reads `json`, which must be a JSON number.
    pub(super) fn of(json: &'a str) -> Self {
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
            magnitude: point as i128 - leading as i128 + i128::from(exponent_of(exponent)),
            whole,
            fraction,
        }
    }

    /// Whether no other decimal of this length or less has the same double, which is `number`.
    pub(super) fn is_told_apart_by(&self, number: f64) -> bool {
        let len = self.whole.len() + self.fraction.len();
        len == 0 || len <= DIGITS_TOLD_APART && number.is_normal()
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

/// An exponent beyond any file's length in digits is as good as the largest.
fn exponent_of(spelled: &str) -> i64 {
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
            // Where one ends the other goes on with something that is not all zeros.
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
        Decimal::of(one).cmp(&Decimal::of(other))
    }

    #[test]
    fn numbers_are_in_order_whatever_their_spelling() {
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
        for (place, one) in ascending.iter().enumerate() {
            for (other_place, other) in ascending.iter().enumerate() {
                assert_eq!(
                    compare(one, other),
                    place.cmp(&other_place),
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn the_same_number_may_be_spelled_in_many_ways() {
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
        fn decimals_compare_as_integers_do(a in any::<i64>(), b in any::<i64>(), shift in 0_usize..30) {
            let spelled = |number: i64| format!("{number}{}e-{shift}", "0".repeat(shift));
            prop_assert_eq!(compare(&a.to_string(), &spelled(b)), a.cmp(&b));
        }

        #[test]
        fn decimals_compare_as_doubles_do_where_those_differ(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(a.is_finite() && b.is_finite());
            let spelled = [format!("{a}"), format!("{a:e}")];
            for one in &spelled {
                prop_assert_eq!(Some(compare(one, &format!("{b:e}"))), a.partial_cmp(&b));
            }
        }
    }
}
