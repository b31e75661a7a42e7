//! [`NextDataset`](super::NextDataset): the dataset to which a topic switches at an instant, `[topics.NAME.next]`.
//!
//! From that instant on the topic has the values of this table in place of its own. Both are merged like layers, so that
//! values that depend on others (`delay = "auto"`) follow, and a hub that starts after the instant has the same settings
//! as one that has switched, and as one whose operator has moved the values into the topic.

use std::path::Path;

use super::effective_values::{self, EffectiveValue};
use super::layers::{Assignment, Layers, Section};
use super::schema::NEXT;
use super::settings_error::{SettingsError, SettingsErrors, ValueOrigin};
use super::toml_value::dotted_key;
use super::topics;
use super::validate::TopicTable;
use super::{NextDataset, Settings, Start, TopicSettings};
use crate::protocol::{Micros, TopicName};

/// The keys that belong to the file rather than to the topic: without a value, they are not those of the old file.
const OF_THE_FILE: &[&str] = &["format"];

/// Returns the next datasets of all topics, in file order. Reports missing keys and an instant that is none.
pub(super) fn build(
    layers: &Layers,
    tables: &[TopicTable],
    file: &Path,
    errors: &mut SettingsErrors,
) -> Vec<NextDataset> {
    let with_next = tables.iter().filter_map(|table| {
        let origin = table.next.as_ref()?;
        build_one(layers, tables, (table, origin), file, errors)
    });
    with_next.collect()
}

fn build_one(
    layers: &Layers,
    tables: &[TopicTable],
    (table, origin): (&TopicTable, &ValueOrigin),
    file: &Path,
    errors: &mut SettingsErrors,
) -> Option<NextDataset> {
    let next = Section::new(layers, &["topics", &table.name, "next"]);
    for name in ["dataset", "at"] {
        report_missing(&next, name, origin, errors);
    }
    let at = match next.get::<Start>("at")? {
        Start::At(at) => at,
        Start::FirstRun => {
            errors.push(SettingsError::new(
                next.origin("at"),
                next.key("at"),
                "`first-run` is not an instant",
                "write one such as `at = \"2026-12-24T18:00:00Z\"`",
            ));
            return None;
        }
    };
    let topic = Section::new(layers, &["topics", &table.name]);
    let start = topic.get::<Start>("start")?;
    if let Start::At(start) = start
        && at <= start
    {
        let problem = "the topic starts only then or later";
        let remedy = "choose a later instant, or change `start` and `dataset` of the topic";
        errors.push(SettingsError::new(
            next.origin("at"),
            next.key("at"),
            problem,
            remedy,
        ));
        return None;
    }
    if is_player_shared(layers, tables, table) {
        let problem = "the topic shares a player, whose topics stay aligned";
        let remedy = "remove this table, and change the datasets of all its topics with a restart";
        errors.push(SettingsError::new(
            origin,
            next.key("dataset"),
            problem,
            remedy,
        ));
        return None;
    }
    let is_left_out = |name: &&&str| next.assignment(name).is_none();
    let left_out = OF_THE_FILE.iter().filter(is_left_out);
    let left_out: Vec<_> = left_out
        .map(|name| ["topics", table.name.as_str(), *name])
        .collect();
    let merged = layers.with(overrides(&next, table, start), &left_out);
    let settings = topics::build_one(&merged, table, file, errors)?;
    let prefix = dotted_key(&["topics", &table.name, "next"]) + ".";
    Some(NextDataset {
        at,
        topic: TopicSettings {
            anchor: Some(at),
            ..settings
        },
        values: effective_values::topic_values(&merged, table)
            .into_iter()
            .filter(|entry| !entry.key.starts_with(&prefix))
            .collect(),
    })
}

/// Whether another topic has the same player.
fn is_player_shared(layers: &Layers, tables: &[TopicTable], table: &TopicTable) -> bool {
    let player = |table: &TopicTable| {
        let values = Section::new(layers, &["topics", &table.name]);
        values.get::<TopicName>("player").or(table.topic.clone())
    };
    let own = player(table);
    let is_same = |other: &&TopicTable| player(other) == own;
    tables.iter().filter(is_same).count() > 1
}

/// The values of the table, as values of the topic.
fn overrides(next: &Section<'_>, table: &TopicTable, start: Start) -> Vec<Assignment> {
    let moved = |name: &str, to: &str| {
        Some(Assignment {
            path: ["topics", &table.name, to].map(str::to_owned).to_vec(),
            ..next.assignment(name)?.clone()
        })
    };
    let keys = NEXT.iter().map(|key| key.name).filter(|name| *name != "at");
    let values = keys.filter_map(|name| moved(name, name));
    // The timeline of a fixed start begins where the old one ends.
    let start = (start != Start::FirstRun).then(|| moved("at", "start"));
    values.chain(start.flatten()).collect()
}

fn report_missing(
    next: &Section<'_>,
    name: &str,
    origin: &ValueOrigin,
    errors: &mut SettingsErrors,
) {
    let key = NEXT.iter().find(|key| key.name == name);
    if let Some(key) = key.filter(|key| next.assignment(key.name).is_none()) {
        errors.push(SettingsError::new(
            origin,
            next.key(name),
            "missing",
            format!("add for example `{name} = {}`", key.example),
        ));
    }
}

impl Settings {
    /// Takes the next datasets whose instant has come by `now` as those of their topics.
    pub fn switch_due(&mut self, now: Micros) {
        let next = std::mem::take(&mut self.next).into_iter();
        let (due, later) = next.partition::<Vec<_>, _>(|next| next.at <= now);
        self.next = later;
        for next in due {
            self.switch(next);
        }
    }

    fn switch(&mut self, next: NextDataset) {
        let name = &next.topic.name;
        self.origins.replace_topic(name, next.values);
        if let Some(topic) = self.topics.iter_mut().find(|topic| topic.name == *name) {
            *topic = next.topic;
        }
    }
}

impl NextDataset {
    /// The dotted key of this table's `name`: `topics.ecg.next.dataset`.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        self.topic.key("next") + "." + name
    }

    /// The effective values of the topic from the instant on.
    pub(super) fn values(&self) -> &[EffectiveValue] {
        &self.values
    }
}
