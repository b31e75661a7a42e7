//! [`FieldPath`]: the name of a field, read as the keys that lead to its value. Twin: `web/src/topic_buffer/field_path.ts`.
//!
//! `a.b` is the key `b` of the object at the key `a`. A dot that belongs to a key has a backslash before it, and so has
//! a backslash: the key `a.b` has the name `a\.b`. So no key is mistaken for a path.

use std::borrow::Cow;

use super::record_fields::for_each_field;

/// Objects nested deeper than this many levels are not searched for fields.
pub(super) const DEPTH_MAX: usize = 8;

/// The keys from a record down to a value; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPath(Vec<String>);

impl FieldPath {
    /// The path to a key of the record itself.
    pub(super) fn of_key(key: &str) -> Self {
        Self(vec![key.to_owned()])
    }

    /// Parses a name. Every text is one: a backslash before any other character, or at the end, is dropped.
    pub(super) fn parse(name: &str) -> Self {
        let mut keys = vec![String::new()];
        let mut characters = name.chars();
        while let Some(character) = characters.next() {
            let last = keys.last_mut().expect("there is at least one key");
            match character {
                '.' => keys.push(String::new()),
                '\\' => last.extend(characters.next()),
                _ => last.push(character),
            }
        }
        Self(keys)
    }

    /// The keys, from the record down.
    pub(super) fn keys(&self) -> &[String] {
        &self.0
    }

    /// Returns the JSON text of the value at this path. Of a repeated key the last one counts.
    pub(super) fn find<'a>(&self, record: &'a [u8]) -> Option<&'a str> {
        let mut keys = self.0.iter();
        let mut value = value_of(record, keys.next()?)?;
        for key in keys {
            if !is_object(value) {
                return None;
            }
            value = value_of(value.as_bytes(), key)?;
        }
        Some(value)
    }
}

/// Calls `visit` with the name of each field inside the objects of `record`, in order.
pub(super) fn for_each_nested_name(record: &[u8], visit: &mut impl FnMut(&str)) {
    for_each_field(record, |key, value| {
        if is_object(value) && record.first() == Some(&b'{') {
            visit_names(&escape(&key), value, DEPTH_MAX - 1, visit);
        }
    });
}

fn visit_names(prefix: &str, object: &str, depth: usize, visit: &mut impl FnMut(&str)) {
    for_each_field(object.as_bytes(), |key, value| {
        let name = format!("{prefix}.{}", escape(&key));
        if is_object(value) && depth > 1 {
            visit_names(&name, value, depth - 1, visit);
        } else {
            visit(&name);
        }
    });
}

/// The name of the field at this key of the record.
pub(super) fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['.', '\\']) {
        Cow::Owned(key.replace('\\', "\\\\").replace('.', "\\."))
    } else {
        Cow::Borrowed(key)
    }
}

fn value_of<'a>(object: &'a [u8], wanted: &str) -> Option<&'a str> {
    let mut last = None;
    for_each_field(object, |key, value| {
        if key == wanted {
            last = Some(value);
        }
    });
    last
}

/// Whether a JSON value is an object.
pub(super) fn is_object(json: &str) -> bool {
    json.starts_with('{')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(name: &str, record: &str) -> Option<String> {
        FieldPath::parse(name)
            .find(record.as_bytes())
            .map(ToOwned::to_owned)
    }

    fn nested(record: &str) -> Vec<String> {
        let mut names = Vec::new();
        for_each_nested_name(record.as_bytes(), &mut |name| names.push(name.to_owned()));
        names
    }

    #[test]
    fn a_dot_separates_keys_and_an_escaped_dot_belongs_to_one() {
        let record = r#"{"a.b":1,"a":{"b":2,"c.d":{"e":3}},"":{"":4},"\\":5}"#;
        for (name, expected) in [
            (r"a\.b", Some("1")),
            ("a.b", Some("2")),
            (r"a.c\.d.e", Some("3")),
            (".", Some("4")),
            (r"\\", Some("5")),
            ("a.b.c", None),
            ("a.c", None),
        ] {
            assert_eq!(find(name, record).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn the_last_of_repeated_keys_counts_at_every_level() {
        let record = r#"{"a":{"b":1},"a":{"b":2,"b":3}}"#;
        assert_eq!(find("a.b", record).as_deref(), Some("3"));
        assert_eq!(find("a.b", r#"{"a":{"b":1},"a":7}"#), None);
    }

    #[test]
    fn a_record_that_is_no_object_is_called_data() {
        assert_eq!(find("data", "[1,2]").as_deref(), Some("[1,2]"));
        assert_eq!(find("data.x", "7"), None);
        assert_eq!(nested(r#"[{"a":{"b":1}}]"#), [""; 0]);
    }

    #[test]
    fn names_inside_objects_are_found_down_to_the_greatest_depth() {
        assert_eq!(
            nested(r#"{"a":1,"b":{"c":2,"d.e":{"f":null}},"g":{}}"#),
            ["b.c", r"b.d\.e.f"]
        );
        let deep = format!("{}1{}", r#"{"k":"#.repeat(20), "}".repeat(20));
        assert_eq!(nested(&deep), [["k"; DEPTH_MAX].join(".")]);
    }

    proptest! {
        #[test]
        fn every_key_has_a_name_of_its_own(key in "[a.\\\\é\"]{0,6}", other in "[a.\\\\é\"]{0,6}") {
            let path = FieldPath::parse(&escape(&key));
            prop_assert_eq!(path.keys(), std::slice::from_ref(&key));
            let nested = FieldPath::parse(&format!("{}.{}", escape(&key), escape(&other)));
            prop_assert_eq!(nested.keys(), &[key, other]);
        }
    }
}
