//! Validation of the file against the schema: every key is known, every value has the right type and is in range.
//!
//! Collects all errors of the file. Conditions that involve several values are checked in `loader` and `topics`.

use crate::protocol::{TopicName, TopicNameError};

use super::layers::Assignment;
use super::schema::{ABOUT, FIELD, Key, NEXT, SECTIONS, TOPIC};
use super::setting_value::SettingValue;
use super::settings_error::{SettingsError, SettingsErrors, ValueOrigin};
use super::toml_value::{LocatedValue, TableEntry, TomlValue, dotted_key};
use super::value_error::{
    ValueError, did_you_mean, similar_topic_name, topic_name_rules, truncated,
};

/// The tables that a topic may have below its own.
const TOPIC_TABLES: &[&str] = &["about", "next", "fields"];

/// The contents of the file after validation.
#[derive(Debug, Default)]
pub(super) struct ValidatedFile {
    pub(super) assignments: Vec<Assignment>,
    /// The topics, in file order.
    pub(super) topics: Vec<TopicTable>,
    pub(super) errors: SettingsErrors,
}

/// The header of a topic and the names of its fields.
#[derive(Debug)]
pub(super) struct TopicTable {
    pub(super) name: String,
    /// `None` if `name` is invalid, which has been reported.
    pub(super) topic: Option<TopicName>,
    pub(super) origin: ValueOrigin,
    pub(super) fields: Vec<(String, ValueOrigin)>,
    /// The header of its table `next`; `None` without one.
    pub(super) next: Option<ValueOrigin>,
}

impl ValidatedFile {
    /// Validates the root entries of the file; `whole` is the origin of the file itself.
    pub(super) fn new(entries: &[TableEntry], whole: &ValueOrigin) -> Self {
        let mut file = Self::default();
        if entries.iter().all(|entry| entry.name != "topics") {
            file.report_no_topics(whole);
        }
        for entry in entries {
            let section = SECTIONS.iter().find(|(name, _)| *name == entry.name);
            match section {
                Some((_, keys)) => file.read_table(&[], entry, keys, &[]),
                None if entry.name == "topics" => file.read_topics(entry),
                None => file.report_unknown_section(entry),
            }
        }
        file
    }

    fn read_topics(&mut self, entry: &TableEntry) {
        let Some(topics) = self.expect_table(&[], entry, "write `[topics.NAME]`") else {
            return;
        };
        if topics.is_empty() {
            self.report_no_topics(&entry.origin);
        }
        for topic in topics {
            let parsed = topic
                .name
                .parse()
                .map_err(|error| self.report_topic_name(topic, error));
            self.topics.push(TopicTable {
                name: topic.name.clone(),
                topic: parsed.ok(),
                origin: topic.origin.clone(),
                fields: Vec::new(),
                next: None,
            });
            self.read_table(&["topics".to_owned()], topic, TOPIC, TOPIC_TABLES);
        }
    }

    fn report_topic_name(&mut self, topic: &TableEntry, error: TopicNameError) {
        let remedy = similar_topic_name(&topic.name).map_or_else(
            || topic_name_rules(error),
            |name| format!("did you mean `[topics.{name}]`?"),
        );
        let problem = format!("`{}` is not a topic name", truncated(&topic.name));
        self.errors
            .push(SettingsError::new(&topic.origin, "topics", problem, remedy));
    }

    fn report_no_topics(&mut self, origin: &ValueOrigin) {
        let remedy = "add a `[topics.NAME]` table with `dataset`, and `rate` or `time`";
        self.errors
            .push(SettingsError::new(origin, "topics", "no topics", remedy));
    }

    /// Validates a table with the given keys; `nested` names the tables below it.
    fn read_table(
        &mut self,
        parent: &[String],
        entry: &TableEntry,
        keys: &'static [Key],
        nested: &[&'static str],
    ) {
        let path = child_path(parent, &entry.name);
        let Some(entries) =
            self.expect_table(parent, entry, &format!("write `[{}]`", dotted_key(&path)))
        else {
            return;
        };
        for entry in entries {
            let key = keys.iter().find(|key| key.name == entry.name);
            match key {
                Some(key) => self.assignments.push(validate(
                    child_path(&path, key.name),
                    key,
                    &entry.value,
                    &mut self.errors,
                )),
                None if nested.contains(&entry.name.as_str()) => self.read_nested(&path, entry),
                None => {
                    let names = keys
                        .iter()
                        .map(|key| key.name)
                        .chain(nested.iter().copied());
                    let remedy = did_you_mean(&entry.name, names);
                    self.report_unknown_key(&child_path(&path, &entry.name), entry, remedy);
                }
            }
        }
    }

    /// Validates one of [`TOPIC_TABLES`].
    fn read_nested(&mut self, parent: &[String], entry: &TableEntry) {
        match entry.name.as_str() {
            "about" => self.read_table(parent, entry, ABOUT, &[]),
            "next" => {
                if let Some(topic) = self.topics.last_mut() {
                    topic.next = Some(entry.origin.clone());
                }
                self.read_table(parent, entry, NEXT, &[]);
            }
            _ => self.read_fields(parent, entry),
        }
    }

    fn read_fields(&mut self, parent: &[String], entry: &TableEntry) {
        let path = child_path(parent, &entry.name);
        let remedy = format!("write `[{}.NAME]`", dotted_key(&path));
        for field in self
            .expect_table(parent, entry, &remedy)
            .unwrap_or_default()
        {
            if let Some(topic) = self.topics.last_mut() {
                topic
                    .fields
                    .push((field.name.clone(), field.origin.clone()));
            }
            self.read_table(&path, field, FIELD, &[]);
        }
    }

    fn expect_table<'a>(
        &mut self,
        parent: &[String],
        entry: &'a TableEntry,
        remedy: &str,
    ) -> Option<&'a [TableEntry]> {
        if let TomlValue::Table(entries) = &entry.value.value {
            return Some(entries);
        }
        let problem = format!("expected a table, not {}", entry.value.value.description());
        self.errors.push(SettingsError::new(
            &entry.origin,
            dotted_key(&child_path(parent, &entry.name)),
            problem,
            remedy,
        ));
        None
    }

    /// Reports an unknown root key. If a section has a key of that name, its header was probably forgotten.
    fn report_unknown_section(&mut self, entry: &TableEntry) {
        let home = SECTIONS
            .iter()
            .find(|(_, keys)| keys.iter().any(|key| key.name == entry.name));
        let remedy = match home {
            Some((section, _)) => format!("move it below `[{section}]`"),
            None => did_you_mean(
                &entry.name,
                SECTIONS.iter().map(|(name, _)| *name).chain(["topics"]),
            ),
        };
        self.report_unknown_key(std::slice::from_ref(&entry.name), entry, remedy);
    }

    fn report_unknown_key(&mut self, path: &[String], entry: &TableEntry, remedy: String) {
        let key = truncated(&dotted_key(path));
        self.errors.push(SettingsError::new(
            &entry.origin,
            key,
            "unknown key",
            remedy,
        ));
    }
}

fn child_path(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// Parses one value of any layer; an invalid one is reported.
pub(super) fn validate(
    path: Vec<String>,
    key: &Key,
    typed: &LocatedValue,
    errors: &mut SettingsErrors,
) -> Assignment {
    let value = parse(&path, key, typed, errors).unwrap_or_else(|error| {
        errors.push(error.into_settings_error(&typed.origin, &path, key.example, &typed.text));
        None
    });
    let toml = match (&value, &typed.value) {
        (None, _) => String::new(),
        (Some(value), TomlValue::Text(string)) => value.to_toml(string),
        (Some(value), _) => value.to_toml(&typed.text),
    };
    Assignment {
        path,
        value,
        toml,
        origin: typed.origin.clone(),
    }
}

/// Returns `None` for an array with an invalid element, which is reported.
fn parse(
    path: &[String],
    key: &Key,
    typed: &LocatedValue,
    errors: &mut SettingsErrors,
) -> Result<Option<SettingValue>, ValueError> {
    match &typed.value {
        TomlValue::Array(items)
            if key.value_type.is_array() || key.value_type.array_len() == Some(items.len()) =>
        {
            Ok(parse_array(path, key, items, errors))
        }
        value if key.value_type.is_array() => Err(key.value_type.wrong_type(value)),
        value => key.value_type.parse(value, &typed.text).map(Some),
    }
}

/// Parses an array; an invalid element is reported at its own location.
fn parse_array(
    path: &[String],
    key: &Key,
    items: &[LocatedValue],
    errors: &mut SettingsErrors,
) -> Option<SettingValue> {
    let mut values = Vec::new();
    for item in items {
        match key.value_type.parse(&item.value, &item.text) {
            Ok(value) => values.push(value),
            Err(error) => {
                errors.push(error.into_settings_error(&item.origin, path, key.example, &item.text));
            }
        }
    }
    (values.len() == items.len()).then_some(SettingValue::List(values))
}
