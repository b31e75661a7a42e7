//! [`ValueOrigins`]: all effective values with their origins, in the order of the reference file.
//!
//! Values keep the form in which they were set: `auto` stays `auto`.

use super::layers::{Layers, Section};
use super::schema::{ABOUT, FIELD, Key, NEXT, Reload, SECTIONS, TOPIC};
use super::settings_error::ValueOrigin;
use super::toml_value::dotted_key;
use super::validate::TopicTable;
use crate::protocol::TopicName;

/// An effective value.
#[derive(Debug, Clone)]
pub(super) struct EffectiveValue {
    /// The dotted key.
    pub(super) key: String,
    /// The topic that the key belongs to; `None` for those of sections.
    pub(super) topic: Option<TopicName>,
    /// When a change of it takes effect.
    pub(super) reload: Reload,
    /// As TOML.
    pub(super) value: String,
    /// Where it was set.
    pub(super) origin: ValueOrigin,
}

/// All effective values with their origins.
#[derive(Debug, Clone, Default)]
pub struct ValueOrigins {
    pub(super) values: Vec<EffectiveValue>,
    /// The locations of headers such as `[topics.ecg]`, for errors about a key that is missing from the table.
    pub(super) tables: Vec<(String, ValueOrigin)>,
}

static DEFAULT: ValueOrigin = ValueOrigin::Default;

impl ValueOrigins {
    /// The value of the dotted key.
    pub(super) fn value(&self, key: &str) -> Option<&EffectiveValue> {
        self.values.iter().find(|entry| entry.key == key)
    }

    /// Replaces the values of the topic `name`.
    pub(super) fn replace_topic(&mut self, name: &TopicName, values: Vec<EffectiveValue>) {
        let is_own = |entry: &EffectiveValue| entry.topic.as_ref() == Some(name);
        let at = self.values.iter().position(is_own);
        self.values.retain(|entry| !is_own(entry));
        let at = at.unwrap_or(self.values.len());
        self.values.splice(at..at, values);
    }

    /// Returns the origin of the value or table at `key`, [`ValueOrigin::Default`] if it was not set.
    ///
    /// Quotes do not matter: `topics.a.b.rate` and `topics."a.b".rate` are the same key here.
    #[must_use]
    pub fn origin_of(&self, key: &str) -> &ValueOrigin {
        let wanted = without_quotes(key);
        let value = self
            .values
            .iter()
            .find(|entry| without_quotes(&entry.key) == wanted)
            .map(|entry| &entry.origin);
        let table = || {
            self.tables
                .iter()
                .find(|(key, _)| without_quotes(key) == wanted)
                .map(|(_, origin)| origin)
        };
        value.or_else(table).unwrap_or(&DEFAULT)
    }
}

fn without_quotes(key: &str) -> String {
    key.replace('"', "")
}

/// Returns the effective values with their origins, and the locations of the topic tables.
pub(super) fn value_origins(layers: &Layers, topics: &[TopicTable]) -> ValueOrigins {
    let sections = SECTIONS
        .iter()
        .flat_map(|(name, keys)| section_values(layers, &[name], keys, None));
    let values = sections
        .chain(topics.iter().flat_map(|topic| topic_values(layers, topic)))
        .collect();
    ValueOrigins {
        values,
        tables: topics.iter().flat_map(table_origins).collect(),
    }
}

/// Returns the effective values of a topic.
pub(super) fn topic_values(layers: &Layers, topic: &TopicTable) -> Vec<EffectiveValue> {
    let values = |path: &[&str], keys| section_values(layers, path, keys, topic.topic.as_ref());
    let own = values(&["topics", &topic.name], TOPIC);
    let about = values(&["topics", &topic.name, "about"], ABOUT);
    let next = values(&["topics", &topic.name, "next"], NEXT);
    let field =
        |(name, _): &(String, ValueOrigin)| values(&["topics", &topic.name, "fields", name], FIELD);
    own.into_iter()
        .chain(about)
        .chain(next)
        .chain(topic.fields.iter().flat_map(field))
        .collect()
}

fn table_origins(topic: &TopicTable) -> Vec<(String, ValueOrigin)> {
    let own = (dotted_key(&["topics", &topic.name]), topic.origin.clone());
    let field = |(name, origin): &(String, ValueOrigin)| {
        (
            dotted_key(&["topics", &topic.name, "fields", name]),
            origin.clone(),
        )
    };
    let next = topic
        .next
        .clone()
        .map(|origin| (dotted_key(&["topics", &topic.name, "next"]), origin));
    [own]
        .into_iter()
        .chain(next)
        .chain(topic.fields.iter().map(field))
        .collect()
}

fn section_values(
    layers: &Layers,
    path: &[&str],
    keys: &[Key],
    topic: Option<&TopicName>,
) -> Vec<EffectiveValue> {
    let table = Section::new(layers, path);
    let entry = |key: &Key| {
        let assignment = table.assignment(key.name)?;
        Some(EffectiveValue {
            key: table.key(key.name),
            topic: topic.cloned(),
            reload: key.reload,
            value: assignment.toml.clone(),
            origin: assignment.origin.clone(),
        })
    };
    keys.iter().filter_map(entry).collect()
}
