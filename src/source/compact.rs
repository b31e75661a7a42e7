//! Removes insignificant white space from JSON text.

/// Appends `json`, which must be valid, to `out` without white space between tokens. All tokens are kept as they are.
pub(super) fn push_compact(json: &str, out: &mut Vec<u8>) {
    let mut rest = json.as_bytes();
    // Most records have no white space at all. Without an early exit, this takes several bytes per instruction.
    if !rest
        .iter()
        .fold(false, |found, &byte| found | (byte <= b' '))
    {
        out.extend_from_slice(rest);
        return;
    }
    while let Some(quote) = memchr::memchr(b'"', rest) {
        push_tokens(&rest[..quote], out);
        let end = quote + string_len(&rest[quote..]);
        out.extend_from_slice(&rest[quote..end]);
        rest = &rest[end..];
    }
    push_tokens(rest, out);
}

/// Appends `json`, which has no strings.
fn push_tokens(json: &[u8], out: &mut Vec<u8>) {
    let is_token = |byte: &&u8| !matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    out.extend(json.iter().filter(is_token));
}

/// The length of the string that `json` begins with.
fn string_len(json: &[u8]) -> usize {
    let mut len = 1;
    while let Some(at) = memchr::memchr2(b'"', b'\\', &json[len..]) {
        len += at + 1;
        if json[len - 1] == b'"' {
            return len;
        }
        // The next character is escaped.
        len = (len + 1).min(json.len());
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn compact(json: &str) -> String {
        let mut out = Vec::new();
        push_compact(json, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_white_space_between_tokens_is_removed() {
        let typed = "{ \"a b\" : [ 1.50e+3,\t\"\\\" \\\\\" , \"\\u00e9 \\\\\" ],\r\n\"z\": null , \"a\" : -0 }";
        assert_eq!(
            compact(typed),
            r#"{"a b":[1.50e+3,"\" \\","\u00e9 \\"],"z":null,"a":-0}"#
        );
    }

    proptest! {
        #[test]
        fn any_string_survives(text in ".*", pad in "[ \n\t\r]{0,3}") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(compact(&format!("{pad}[{pad}{json}{pad}]{pad}")), format!("[{json}]"));
        }
    }
}
