//! Extracts numbers from JSON text without a full parser, because there may be a million messages a second.
//!
//! The text is assumed to be valid JSON; anything not found is `None`.

/// A field name as it appears in JSON text, with quotes.
#[derive(Debug, Clone)]
pub(super) struct FieldName(Vec<u8>);

impl FieldName {
    /// The field `name`.
    pub(super) fn new(name: &str) -> Self {
        Self(format!("\"{name}\"").into_bytes())
    }

    /// The integer value of this field in `record`, at its first occurrence in the text.
    pub(super) fn number_in(&self, record: &[u8]) -> Option<i64> {
        let mut rest = record;
        loop {
            let at = rest.iter().position(|&byte| byte == b'"')?;
            rest = &rest[at..];
            if let Some(value) = rest.strip_prefix(self.0.as_slice())
                && let Some(value) = value.trim_ascii_start().strip_prefix(b":")
            {
                return integer(value.trim_ascii_start());
            }
            rest = &rest[1..];
        }
    }
}

/// The value of a record that is a single integer.
pub(super) fn bare_number(record: &[u8]) -> Option<i64> {
    let (number, rest) = number(record.trim_ascii())?;
    rest.is_empty().then_some(number)
}

/// The number at the front of `text`, unless it has a fraction or an exponent.
fn integer(text: &[u8]) -> Option<i64> {
    let (number, rest) = number(text)?;
    (!matches!(rest.first(), Some(b'.' | b'e' | b'E'))).then_some(number)
}

/// The integer at the front of `text`, and the rest.
pub(super) fn number(text: &[u8]) -> Option<(i64, &[u8])> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let len = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if len == 0 {
        return None;
    }
    let magnitude = digits[..len].iter().try_fold(0_i64, |sum, digit| {
        sum.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    })?;
    let sign = if digits.len() == text.len() { 1 } else { -1 };
    Some((sign * magnitude, &digits[len..]))
}

/// The number of elements of the JSON array at the front of `text`.
pub(super) fn count_elements(text: &[u8]) -> Option<u64> {
    let inner = text.strip_prefix(b"[")?;
    if inner.trim_ascii_start().starts_with(b"]") {
        return Some(0);
    }
    let (mut depth, mut commas) = (1_u32, 0);
    let mut at = 0;
    while let Some(byte) = inner.get(at) {
        match byte {
            b'"' => at += string_len(&inner[at..])?,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b',' if depth == 1 => commas += 1,
            _ => {}
        }
        if depth == 0 {
            return Some(commas + 1);
        }
        at += usize::from(*byte != b'"');
    }
    None
}

/// The length of the JSON string at the front of `text`, including its quotes.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_at_any_position() {
        let field = FieldName::new("i");
        for (record, number) in [
            (r#"{"i":17}"#, Some(17)),
            (r#"{"ii":1,"xi":2,"i" : -3 }"#, Some(-3)),
            (r#"{"a":"i","i":4,"b":[5]}"#, Some(4)),
            (r#"{"i":1.5}"#, None),
            (r#"{"i":"1"}"#, None),
            (r#"{"i":99999999999999999999}"#, None),
            (r#"{"value":1}"#, None),
            ("7", None),
        ] {
            assert_eq!(field.number_in(record.as_bytes()), number, "{record}");
        }
    }

    #[test]
    fn a_record_may_be_a_bare_integer() {
        for (record, number) in [
            ("17", Some(17)),
            ("-3", Some(-3)),
            ("1.0", None),
            ("1e3", None),
            ("[1]", None),
        ] {
            assert_eq!(bare_number(record.as_bytes()), number, "{record}");
        }
    }

    #[test]
    fn elements_are_counted_through_strings_and_nesting() {
        for (array, count) in [
            ("[]", Some(0)),
            ("[1]x", Some(1)),
            (r#"[{"a":[1,2]},"],[\"",[[3,4],5]]"#, Some(3)),
            ("[1,2", None),
            (r#"["\"#, None),
            ("1", None),
        ] {
            assert_eq!(count_elements(array.as_bytes()), count, "{array}");
        }
    }
}
