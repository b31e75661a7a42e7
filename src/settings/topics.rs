//! Builds the topics of [`Settings`](super::Settings), in file order.
//!
//! Reports a missing key at the location of its table, and values that do not go together.

use std::path::Path;

use super::layers::{Layers, Section};
use super::pace::{self, Pace};
use super::schema::TOPIC;
use super::settings_error::{SettingsError, SettingsErrors};
use super::validate::TopicTable;
use super::{AboutSettings, FieldSettings, TopicSettings};
use super::{field, players, playout};

/// Returns all topics, or `None` if one of them is invalid.
pub(super) fn build(
    layers: &Layers,
    tables: &[TopicTable],
    file: &Path,
    errors: &mut SettingsErrors,
) -> Option<Vec<TopicSettings>> {
    players::check(layers, tables, errors);
    let mut topics = Vec::new();
    for table in tables {
        topics.push(build_one(layers, table, file, errors));
    }
    topics.into_iter().collect()
}

/// Returns the topic of `table`, or `None` if it is invalid.
pub(super) fn build_one(
    layers: &Layers,
    table: &TopicTable,
    file: &Path,
    errors: &mut SettingsErrors,
) -> Option<TopicSettings> {
    let values = Section::new(layers, &["topics", &table.name]);
    check_dataset(&values, table, errors);
    pace::check(&values, &table.origin, errors);
    playout::check_coalesce(&values, errors);
    let fields = table
        .fields
        .iter()
        .map(|(name, _)| field::build(layers, &table.name, name, errors))
        .collect();
    topic(&values, layers, fields, table, file)
}

fn topic(
    values: &Section<'_>,
    layers: &Layers,
    fields: Vec<FieldSettings>,
    table: &TopicTable,
    file: &Path,
) -> Option<TopicSettings> {
    let name = table.topic.clone()?;
    Some(TopicSettings {
        dataset: values.path("dataset", file)?,
        format: values.get("format"),
        columns: values.get("columns")?,
        channel: values.get("channel"),
        pace: Pace::from_section(values)?,
        speed: values.get("speed")?,
        player: values.get("player").unwrap_or_else(|| name.clone()),
        looping: values.get("loop")?,
        start: values.get("start")?,
        anchor: None,
        backfill: values.get("backfill")?,
        delay: playout::fixed(values, "delay")?,
        coalesce: playout::fixed(values, "coalesce")?,
        slow: values.get("slow")?,
        max_lag: values.get("max_lag")?,
        record_max: values.get("record_max")?,
        about: about(layers, &table.name),
        fields,
        name,
    })
}

fn about(layers: &Layers, topic: &str) -> AboutSettings {
    let values = Section::new(layers, &["topics", topic, "about"]);
    AboutSettings {
        title: values.get("title"),
        origin: values.get("origin"),
        licence: values.get("licence"),
    }
}

fn check_dataset(values: &Section<'_>, table: &TopicTable, errors: &mut SettingsErrors) {
    let key = TOPIC.iter().find(|key| key.name == "dataset");
    if let Some(key) = key.filter(|key| values.assignment(key.name).is_none()) {
        errors.push(SettingsError::new(
            &table.origin,
            values.key(key.name),
            "missing",
            format!("add for example `{} = {}`", key.name, key.example),
        ));
    }
}
