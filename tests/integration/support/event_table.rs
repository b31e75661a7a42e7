//! The handbook's table of log events, against which every log line of every hub in these tests is checked.

use std::fmt;
use std::sync::OnceLock;

use serde::Deserializer;
use serde::de::{Deserialize, MapAccess, Visitor};

use super::hub::root;

/// A row of the handbook's table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventRow {
    pub(crate) event: String,
    pub(crate) level: String,
    pub(crate) fields: Vec<String>,
}

/// The table of events.
pub(crate) fn rows() -> &'static [EventRow] {
    static TABLE: OnceLock<Vec<EventRow>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let page = std::fs::read_to_string(root().join("docs/handbook/events.md")).unwrap();
        let (_, table) = page
            .split_once("| event | level | fields | when |\n")
            .unwrap();
        let rows = table
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with('|'));
        rows.map(parse_row).collect()
    })
}

fn parse_row(line: &str) -> EventRow {
    let mut cells = line.trim_matches('|').split('|').map(str::trim);
    let mut cell = || cells.next().unwrap();
    let words = |cell: &str| {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let event: Vec<_> = words(cell());
    let row = EventRow {
        event: event.concat(),
        level: cell().to_owned(),
        fields: words(cell()),
    };
    assert!(
        !cell().is_empty(),
        "the table does not describe when it is logged: {line}"
    );
    row
}

/// Asserts that a log line matches the table; lines that are not JSON are ignored.
pub(crate) fn assert_documented(line: &str) {
    if !line.starts_with('{') {
        return;
    }
    let is_control =
        |char: char| char.is_control() || "\u{200e}\u{200f}\u{2028}\u{2029}\u{202e}".contains(char);
    assert!(!line.contains(is_control), "{line:?}");
    let OrderedFields(pairs) =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let value = |key: &str| {
        pairs
            .iter()
            .find(|(name, _)| name == key)
            .unwrap()
            .1
            .as_str()
    };
    let (level, event) = (value("level"), value("event"));
    let Some(row) = rows().iter().find(|row| row.event == event) else {
        // An event of a library has its location in the code as its name.
        assert!(event.contains("::"), "{event} is not in the table: {line}");
        return;
    };
    assert_eq!(level, row.level.to_uppercase(), "{line}");
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    let fields = row.fields.iter().map(String::as_str);
    let expected: Vec<_> = ["timestamp", "level", "event"]
        .into_iter()
        .chain(fields)
        .chain(["message"])
        .collect();
    assert_eq!(names, expected, "{line}");
}

/// The fields of a JSON object in order, with their values if these are strings.
struct OrderedFields(Vec<(String, String)>);

impl<'de> Deserialize<'de> for OrderedFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedFieldsVisitor)
    }
}

struct OrderedFieldsVisitor;

impl<'de> Visitor<'de> for OrderedFieldsVisitor {
    type Value = OrderedFields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<OrderedFields, M::Error> {
        let mut pairs = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<serde_json::Value>()?;
            pairs.push((name, value.as_str().unwrap_or_default().to_owned()));
        }
        Ok(OrderedFields(pairs))
    }
}
