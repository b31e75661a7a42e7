//! Removes insignificant white space from JSON text.

/// Appends `json`, which must be valid, to `out` without white space between tokens. All tokens are kept as they are.
pub(super) fn push_compact(json: &str, out: &mut Vec<u8>) {
    let mut is_in_string = false;
    let mut is_escaped = false;
    for byte in json.bytes() {
        if is_in_string {
            is_in_string = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
        } else if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            continue;
        } else {
            is_in_string = byte == b'"';
        }
        out.push(byte);
    }
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
