//! Reads the fields of a record: keys, and values as their original JSON text.
//!
//! The only code that does so, so that all users agree on what a field is.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The key of the single field of a record that is not an object.
const NON_OBJECT_KEY: &str = "data";

/// Calls `visit` with the key and the JSON text of the value of each field of `record`, in order. A record that is not
/// an object has one field, `data`. If a key occurs twice the last one counts, as is usual in JSON.
pub fn for_each_field<'a>(record: &'a [u8], visit: impl FnMut(Cow<'a, str>, &'a str)) {
    if record.first() == Some(&b'{') {
        let mut reader = serde_json::Deserializer::from_slice(record);
        reader
            .deserialize_map(FieldVisitor(visit))
            .expect("records were checked when the dataset was read");
    } else {
        let mut visit = visit;
        let text = std::str::from_utf8(record).expect("a dataset is UTF-8");
        visit(Cow::Borrowed(NON_OBJECT_KEY), text);
    }
}

/// Decodes a JSON string; `None` for other values. A string with an unpaired surrogate, which is not valid Unicode, is
/// returned with its escapes.
#[must_use]
pub fn unquote(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    Some(serde_json::from_str(json).map_or(Cow::Borrowed(inner), Cow::Owned))
}

struct FieldVisitor<F>(F);

impl<'a, F: FnMut(Cow<'a, str>, &'a str)> Visitor<'a> for FieldVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        // Keys are read raw too: serde rejects an unpaired surrogate, which a dataset may contain.
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            let key = unquote(key.get()).ok_or_else(|| A::Error::custom("a key is a string"))?;
            (self.0)(key, value.get());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(record: &str) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        for_each_field(record.as_bytes(), |key, value| {
            fields.push((key.into_owned(), value.to_owned()));
        });
        fields
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn values_are_raw_text_and_keys_are_decoded() {
        assert_eq!(
            fields(r#"{"b":1.50,"\u0061":"x\n","c":{"d":[1]},"b":null,"\ud800":1}"#),
            pairs(&[
                ("b", "1.50"),
                ("a", r#""x\n""#),
                ("c", r#"{"d":[1]}"#),
                ("b", "null"),
                (r"\ud800", "1")
            ])
        );
        assert_eq!(fields("{}"), []);
    }

    #[test]
    fn a_record_that_is_not_an_object_is_one_field() {
        for record in ["1e3", "null", r#""a""#, r#"[{"a":1}]"#] {
            assert_eq!(fields(record), pairs(&[("data", record)]));
        }
    }

    #[test]
    fn only_strings_are_decoded() {
        assert_eq!(unquote(r#""a\"\u00e9""#).as_deref(), Some("a\"é"));
        assert_eq!(unquote(r#""\ud800""#).as_deref(), Some(r"\ud800"));
        assert_eq!(unquote("1"), None);
    }
}
