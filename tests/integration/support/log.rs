//! The log as the handbook has it: every line of every hub that a test starts is held against its table.

use std::fmt;
use std::sync::OnceLock;

use serde::Deserializer;
use serde::de::{Deserialize, MapAccess, Visitor};

use super::hub::root;

/// A row of the handbook's table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) event: String,
    pub(crate) level: String,
    pub(crate) fields: Vec<String>,
}

/// The table of events.
pub(crate) fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let page = std::fs::read_to_string(root().join("docs/handbook/events.md")).unwrap();
        let (_, table) = page
            .split_once("| event | level | fields | when |\n")
            .unwrap();
        let rows = table
            .lines()
            .skip(1)
            .take_while(|line| line.starts_with('|'));
        rows.map(row).collect()
    })
}

fn row(line: &str) -> Row {
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
    let row = Row {
        event: event.concat(),
        level: cell().to_owned(),
        fields: words(cell()),
    };
    assert!(!cell().is_empty(), "it is not said when: {line}");
    row
}

/// Asserts that a line of the log is what the table says; what no event of ours is passes.
pub(crate) fn check(line: &str) {
    if !line.starts_with('{') {
        return;
    }
    let steers =
        |char: char| char.is_control() || "\u{200e}\u{200f}\u{2028}\u{2029}\u{202e}".contains(char);
    assert!(!line.contains(steers), "{line:?}");
    let Keys(pairs) = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let value = |key: &str| {
        pairs
            .iter()
            .find(|(name, _)| name == key)
            .unwrap()
            .1
            .as_str()
    };
    let (level, event) = (value("level"), value("event"));
    let Some(row) = table().iter().find(|row| row.event == event) else {
        // A library's, which has its place in the code.
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

/// The fields of an object in their order, with the values of those that are text.
struct Keys(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeysVisitor)
    }
}

struct KeysVisitor;

impl<'de> Visitor<'de> for KeysVisitor {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Keys, M::Error> {
        let mut pairs = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<serde_json::Value>()?;
            pairs.push((name, value.as_str().unwrap_or_default().to_owned()));
        }
        Ok(Keys(pairs))
    }
}
