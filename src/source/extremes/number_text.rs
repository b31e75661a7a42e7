//! Which values are numbers: JSON numbers, and texts that hold one. Twin: `web/src/topic_buffer/values.ts`.

/// Returns the number of a JSON value, spelled as in JSON; `None` if the value is not one.
///
/// A text is a number if it is spelled like a JSON number; a plus sign and spaces around it are allowed. So `007` and
/// `1,5` stay texts: the one is a code, and what the other means depends on the country.
pub(super) fn number_text(json: &str) -> Option<&str> {
    if !json.starts_with('"') {
        let is_number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        return is_number.then_some(json);
    }
    // No character of a number needs an escape.
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    let text = inner.trim_matches(' ');
    let text = match text.strip_prefix('+') {
        Some(signed) if signed.starts_with('-') => return None,
        Some(unsigned) => unsigned,
        None => text,
    };
    is_json_number(text).then_some(text)
}

fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
    are_digits(whole)
        && !has_leading_zero
        && fraction.is_none_or(are_digits)
        && exponent.is_none_or(|exponent| {
            are_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))
        })
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_hold_a_number_are_numbers() {
        for (json, expected) in [
            ("1.50", Some("1.50")),
            (r#""1.50""#, Some("1.50")),
            (r#"" -0.5e+3 ""#, Some("-0.5e+3")),
            (r#""+7""#, Some("7")),
            (r#""0""#, Some("0")),
            (r#""9007199254740993""#, Some("9007199254740993")),
            (r#""""#, None),
            (r#"" ""#, None),
            (r#""007""#, None),
            (r#""1,5""#, None),
            (r#""1 000""#, None),
            (r#"".5""#, None),
            (r#""5.""#, None),
            (r#""1e""#, None),
            (r#""+-1""#, None),
            (r#""0x10""#, None),
            (r#""NaN""#, None),
            (r#""Infinity""#, None),
            (r#""1\n""#, None),
            ("true", None),
            ("null", None),
            ("[1]", None),
            (r#"{"a":1}"#, None),
        ] {
            assert_eq!(number_text(json), expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_a_number_if_its_inside_is_one_in_json(inner in "[-+0-9.eE]{0,7}") {
            let is_signed_twice = inner.starts_with("+-");
            let json = inner.strip_prefix('+').unwrap_or(&inner);
            let is_json = serde_json::from_str::<&serde_json::value::RawValue>(json).is_ok();
            let found = number_text(&format!("\"{inner}\"")).is_some();
            prop_assert_eq!(found, is_json && !is_signed_twice, "{}", inner);
        }
    }
}
