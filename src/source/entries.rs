//! A record taken apart: its keys, and each value's own text.
//!
//! Whatever wants fields out of records reads them through here, so that all agree on what a field is.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The key under which a record stands that is no object.
const BARE: &str = "data";

/// Shows `see` the key and the value's JSON text of each entry of `record`, in their order. A record that is no
/// object is one entry, `data`. A key may come twice; the last one counts, as everywhere in JSON.
pub fn each_entry<'a>(record: &'a [u8], see: impl FnMut(Cow<'a, str>, &'a str)) {
    if record.first() == Some(&b'{') {
        let mut reader = serde_json::Deserializer::from_slice(record);
        reader
            .deserialize_map(Entries(see))
            .expect("records were checked when the dataset was read");
    } else {
        let mut see = see;
        let text = std::str::from_utf8(record).expect("a dataset is UTF-8");
        see(Cow::Borrowed(BARE), text);
    }
}

/// The text that a JSON string stands for; `None` for other values. A string with half of a surrogate pair stands
/// for no text, and is given as it is spelled.
#[must_use]
pub fn unquote(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    Some(serde_json::from_str(json).map_or(Cow::Borrowed(inner), Cow::Owned))
}

struct Entries<F>(F);

impl<'a, F: FnMut(Cow<'a, str>, &'a str)> Visitor<'a> for Entries<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        // Keys are taken raw too: serde would refuse one with half of a surrogate pair, which a dataset may have.
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

    fn entries(record: &str) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        each_entry(record.as_bytes(), |key, value| {
            entries.push((key.into_owned(), value.to_owned()));
        });
        entries
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn values_keep_their_spelling_and_keys_lose_their_escapes() {
        assert_eq!(
            entries(r#"{"b":1.50,"\u0061":"x\n","c":{"d":[1]},"b":null,"\ud800":1}"#),
            pairs(&[
                ("b", "1.50"),
                ("a", r#""x\n""#),
                ("c", r#"{"d":[1]}"#),
                ("b", "null"),
                (r"\ud800", "1")
            ])
        );
        assert_eq!(entries("{}"), []);
    }

    #[test]
    fn what_is_no_object_is_one_entry() {
        for record in ["1e3", "null", r#""a""#, r#"[{"a":1}]"#] {
            assert_eq!(entries(record), pairs(&[("data", record)]));
        }
    }

    #[test]
    fn strings_stand_for_their_text_and_other_values_for_none() {
        assert_eq!(unquote(r#""a\"\u00e9""#).as_deref(), Some("a\"é"));
        assert_eq!(unquote(r#""\ud800""#).as_deref(), Some(r"\ud800"));
        assert_eq!(unquote("1"), None);
    }
}
