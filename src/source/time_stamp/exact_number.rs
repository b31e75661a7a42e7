//! Reads a number of seconds, milliseconds, … without rounding: an `f64` has too few digits for nanoseconds.

/// Millionths of one: fine enough for the microseconds of a number of seconds.
pub(super) const MILLIONTHS: i128 = 1_000_000;

/// Decimal places that are kept: those of [`MILLIONTHS`].
const PLACES: i64 = 6;
/// Digits of the greatest number, in millionths. More than any time stamp has, and few enough for an `i128`.
const DIGITS_MAX: i64 = 32;

/// Why a text is not a number that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberError {
    /// It is not a decimal number.
    Syntax,
    /// It has more digits before the point than any time stamp.
    TooLarge,
}

/// Whether `text` is a decimal number. What JSON allows, and also `+5`, `.5`, `5.` and `007`.
pub(super) fn is_number(text: &str) -> bool {
    split(text).is_some()
}

/// Returns the millionths of the number `text`, rounded down. Rounding that down again for a coarser unit gives what
/// rounding the number once would give.
pub(super) fn millionths(text: &str) -> Result<i128, NumberError> {
    let (is_negative, [whole, fraction], exponent) = split(text).ok_or(NumberError::Syntax)?;
    let zeros = |digits: &str| digits.len() - digits.trim_start_matches('0').len();
    let leading = match zeros(whole) {
        all if all == whole.len() => all + zeros(fraction),
        some => some,
    };
    if leading == whole.len() + fraction.len() {
        return Ok(0);
    }
    // How many of the digits are those of the result; more than there are stand for zeros.
    let kept = length(whole).saturating_add(exponent.saturating_add(PLACES));
    if kept.saturating_sub(i64::try_from(leading).unwrap_or(i64::MAX)) > DIGITS_MAX {
        return Err(NumberError::TooLarge);
    }
    let mut total: i128 = 0;
    let mut is_exact = true;
    let mut digits = whole.bytes().chain(fraction.bytes());
    for place in 0..kept.max(length(whole) + length(fraction)) {
        let digit = digits.next().map_or(0, |byte| byte - b'0');
        if place < kept {
            total = total * 10 + i128::from(digit);
        } else if digit != 0 {
            is_exact = false;
            break;
        }
    }
    Ok(match (is_negative, is_exact) {
        (false, _) => total,
        (true, true) => -total,
        (true, false) => -total - 1,
    })
}

/// The sign, the digits before and after the point, and the exponent of a number.
fn split(text: &str) -> Option<(bool, [&str; 2], i64)> {
    let (is_negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], parse_exponent(&unsigned[at + 1..])?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    let is_decimal = has_digits && are_digits(whole) && are_digits(fraction);
    is_decimal.then_some((is_negative, [whole, fraction], exponent))
}

/// Parses an exponent; a huge one saturates.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !are_digits(digits) {
        return None;
    }
    // Far from the limits, so that sums of it and lengths do not overflow.
    let huge = i64::MAX / 4;
    let size = digits.parse().unwrap_or(huge).min(huge);
    Some(if text.starts_with('-') { -size } else { size })
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn length(digits: &str) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_exact_and_rounded_down() {
        for (text, expected) in [
            ("0", 0),
            ("-0.0", 0),
            ("1700000000.123456", 1_700_000_000_123_456),
            ("1700000000.1234569", 1_700_000_000_123_456),
            ("-0.0000001", -1),
            ("-1.5", -1_500_000),
            ("-1.50000000", -1_500_000),
            ("1.7e9", 1_700_000_000_000_000),
            ("17000.00000123456789E+5", 1_700_000_000_123_456),
            ("170000000012e-2", 1_700_000_000_120_000),
            ("1e-400", 0),
            ("-1e-400", -1),
            ("0e999999999999999999999", 0),
            ("+5", 5_000_000),
            (".5", 500_000),
            ("5.", 5_000_000),
            ("007", 7_000_000),
            ("9223372036854775808", 9_223_372_036_854_775_808_000_000),
            ("00000000000000000000000000000000000000000001", 1_000_000),
        ] {
            assert_eq!(millionths(text), Ok(expected), "{text}");
            assert!(is_number(text));
        }
    }

    #[test]
    fn what_is_no_number_or_too_large_is_refused() {
        for text in [
            "", "-", ".", "e5", "1e", "1e+", "1.2.3", "0x10", "1_000", "1,5", "NaN", "inf", "٣",
            "--1",
        ] {
            assert_eq!(millionths(text), Err(NumberError::Syntax), "{text}");
            assert!(!is_number(text));
        }
        for text in [
            "1e400",
            "-1e27",
            "100000000000000000000000000",
            "1e99999999999999999999",
        ] {
            assert_eq!(millionths(text), Err(NumberError::TooLarge), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_of_a_number_is_the_same(number in any::<i64>(), shift in 0_usize..12) {
            let expected = i128::from(number) * MILLIONTHS;
            prop_assert_eq!(millionths(&number.to_string()), Ok(expected));
            let zeros = "0".repeat(shift);
            prop_assert_eq!(millionths(&format!("{number}{zeros}e-{shift}")), Ok(expected));
            prop_assert_eq!(millionths(&format!("{number}.{zeros}")), Ok(expected));
        }

        #[test]
        fn rounding_down_twice_is_rounding_down_once(number in any::<i64>(), places in 0_u32..12) {
            let text = format!("{number}e-{places}");
            let floor = i128::from(number).div_euclid(10_i128.pow(places));
            prop_assert_eq!(millionths(&text).map(|all| all.div_euclid(MILLIONTHS)), Ok(floor));
        }
    }
}
