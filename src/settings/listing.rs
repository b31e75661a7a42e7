//! The list of effective values with their origins, in the order of the reference file.
//!
//! Values stand as they were typed: `auto` stays `auto`.

use super::kind::{Kind, Value};
use super::layers::Layers;
use super::origin::{Entry, Origin, Origins, dotted, quoted};
use super::schema::{FIELD, Key, SECTIONS, TOPIC};
use super::strict::TopicTable;
use super::table::Table;

/// Who gave each value, and the places of the tables.
pub(super) fn origins(layers: &Layers, topics: &[TopicTable]) -> Origins {
    let sections = SECTIONS
        .iter()
        .flat_map(|(name, keys)| entries(layers, &[name], keys));
    let values = sections
        .chain(topics.iter().flat_map(|topic| topic_entries(layers, topic)))
        .collect();
    Origins {
        values,
        tables: topics.iter().flat_map(tables).collect(),
    }
}

fn topic_entries(layers: &Layers, topic: &TopicTable) -> Vec<Entry> {
    let own = entries(layers, &["topics", &topic.name], TOPIC);
    let field = |(name, _): &(String, Origin)| {
        entries(layers, &["topics", &topic.name, "fields", name], FIELD)
    };
    own.into_iter()
        .chain(topic.fields.iter().flat_map(field))
        .collect()
}

fn tables(topic: &TopicTable) -> Vec<(String, Origin)> {
    let own = (dotted(&["topics", &topic.name]), topic.origin.clone());
    let field = |(name, origin): &(String, Origin)| {
        (
            dotted(&["topics", &topic.name, "fields", name]),
            origin.clone(),
        )
    };
    [own]
        .into_iter()
        .chain(topic.fields.iter().map(field))
        .collect()
}

fn entries(layers: &Layers, path: &[&str], keys: &[Key]) -> Vec<Entry> {
    let table = Table::at(layers, path);
    let entry = |key: &Key| {
        let (value, origin) = table.get(key.name)?;
        Some(Entry {
            key: table.key(key.name),
            value: spelled(&key.kind, &value),
            origin: origin.clone(),
        })
    };
    keys.iter().filter_map(entry).collect()
}

fn spelled(kind: &Kind, value: &Value) -> String {
    match value {
        Value::Text(text) if kind.is_bare() => text.clone(),
        Value::Text(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Switch(value) => value.to_string(),
        Value::List(texts) => format!(
            "[{}]",
            texts
                .iter()
                .map(|text| quoted(text))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        Value::Spoiled => String::new(),
    }
}
