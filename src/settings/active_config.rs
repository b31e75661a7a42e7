//! [`ActiveConfig`]: the configuration values in effect, and the comparison with a newly loaded configuration.
//!
//! Owns the decision which keys can change without a restart. Pure: the changes are made by the server.

use std::collections::BTreeMap;

use super::effective_values::{EffectiveValue, ValueOrigins};
use super::value_origin::{ValueOrigin, dotted_key};
use super::{Settings, Start, TopicSettings};
use crate::protocol::{Rate, TopicName};

/// The configuration values in effect.
#[derive(Debug)]
pub struct ActiveConfig {
    /// Dotted key to TOML text, of every key that has a value.
    values: BTreeMap<String, String>,
    /// The topics that the hub serves.
    topics: Vec<TopicName>,
}

/// The differences between the active and a newly loaded configuration.
#[derive(Debug, Default)]
pub struct ConfigDiff {
    /// Changes that take effect immediately; a new topic counts as one.
    pub applied: Vec<KeyChange>,
    /// Changes that take effect at the next restart.
    pub needs_restart: Vec<NeedsRestart>,
    /// Changes that failed to be made and are retried at the next reload.
    pub postponed: Vec<PostponedChange>,
    /// The new topics.
    pub added: Vec<TopicName>,
}

/// A changed key, or a new topic.
#[derive(Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The dotted key.
    pub key: String,
    /// The new value as TOML text; `None` if the key was removed.
    value: Option<String>,
}

/// A changed key that takes effect at the next restart.
#[derive(Debug, PartialEq, Eq)]
pub struct NeedsRestart {
    /// The dotted key.
    pub key: String,
    /// Where the new value was set.
    pub origin: ValueOrigin,
    /// Why it needs a restart.
    pub reason: &'static str,
}

/// A changed key of a topic that could not be journalled.
#[derive(Debug, PartialEq, Eq)]
pub struct PostponedChange {
    /// The topic.
    pub topic: TopicName,
    /// The dotted key.
    pub key: String,
    /// Where the new value was set.
    pub origin: ValueOrigin,
    /// The error of the journal.
    pub error: String,
}

/// Keys outside of the topics that need a restart; with a dot at the end, all keys of the section.
const RESTART_KEYS: [&str; 5] = ["server.host", "server.port", "ops.", "state.", "log.format"];
/// Keys of a topic that need a restart.
const RESTART_TOPIC_KEYS: [&str; 5] = ["dataset", "loop", "start", "delay", "coalesce"];

const ONLY_AT_START: &str = "it takes effect at the next start; restart the hub";
const TOPIC_REMOVED: &str = "a topic is removed only at a restart; restart the hub";
const OTHER_RECORDS: &str =
    "the file has other records now, which need a new epoch; restart the hub to serve them";
const FIXED_START: &str =
    "with a fixed start, a new rate needs a new epoch; restart the hub to begin it";
const CHANGED_WITH_RESTART_KEY: &str =
    "it changed together with a key that needs a restart; restart the hub";

impl ActiveConfig {
    /// The configuration `settings`, in effect from the start of the hub.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let value = |entry: &EffectiveValue| (entry.key.clone(), entry.value.clone());
        Self {
            values: settings.origins.values.iter().map(value).collect(),
            topics: settings
                .topics
                .iter()
                .map(|topic| topic.name.clone())
                .collect(),
        }
    }

    /// Records that the topic `name` runs at `rate`. A reload calls this first, because a postponed rate change may
    /// have been journalled since.
    pub fn set_rate(&mut self, name: &TopicName, rate: Rate) {
        if let Some(value) = self.values.get_mut(&(topic_key(name) + ".rate"))
            && value.parse() != Ok(rate)
        {
            *value = rate.to_string();
        }
    }

    /// Compares with `new`. `has_other_records` returns whether the contents of a topic's dataset file have changed.
    pub fn diff(
        &self,
        new: &Settings,
        has_other_records: impl Fn(&TopicSettings) -> bool,
    ) -> ConfigDiff {
        let mut changes = ConfigDiff::default();
        let topics_prefix = "topics.";
        for (change, origin) in self.differences(new, |key| !key.starts_with(topics_prefix)) {
            let needs_restart = RESTART_KEYS.iter().any(|&named| {
                named == change.key || (named.ends_with('.') && change.key.starts_with(named))
            });
            changes.push(change, origin, needs_restart.then_some(ONLY_AT_START));
        }
        for topic in &new.topics {
            if self.topics.contains(&topic.name) {
                self.diff_topic(topic, new, has_other_records(topic), &mut changes);
            } else {
                changes.added.push(topic.name.clone());
                changes.applied.push(KeyChange {
                    key: topic_key(&topic.name),
                    value: None,
                });
            }
        }
        let still_exists = |name: &TopicName| new.topics.iter().any(|topic| topic.name == *name);
        changes
            .needs_restart
            .extend(
                self.topics
                    .iter()
                    .filter(|name| !still_exists(name))
                    .map(|name| NeedsRestart {
                        key: topic_key(name),
                        origin: whole_file(new),
                        reason: TOPIC_REMOVED,
                    }),
            );
        changes
    }

    fn diff_topic(
        &self,
        topic: &TopicSettings,
        new: &Settings,
        has_other_records: bool,
        changes: &mut ConfigDiff,
    ) {
        let prefix = topic_key(&topic.name) + ".";
        let differences = self.differences(new, |key| key.starts_with(&prefix));
        let needs_restart =
            |change: &KeyChange| RESTART_TOPIC_KEYS.contains(&&change.key[prefix.len()..]);
        let changes_with_restart_key =
            has_other_records || differences.iter().any(|(change, _)| needs_restart(change));
        if has_other_records {
            let key = topic.key("dataset");
            changes.needs_restart.push(NeedsRestart {
                origin: new.origins.origin_of(&key).clone(),
                key,
                reason: OTHER_RECORDS,
            });
        }
        for (change, origin) in differences {
            let is_rate = change.key[prefix.len()..] == *"rate";
            let reason = if needs_restart(&change) {
                Some(ONLY_AT_START)
            } else if is_rate && changes_with_restart_key {
                Some(CHANGED_WITH_RESTART_KEY)
            } else if is_rate && topic.start != Start::FirstRun {
                Some(FIXED_START)
            } else {
                None
            };
            // A changed path to other records is already reported as `OTHER_RECORDS`.
            if !(has_other_records && change.key[prefix.len()..] == *"dataset") {
                changes.push(change, origin, reason);
            }
        }
    }

    /// The changed keys among those for which `is_included` returns true.
    fn differences(
        &self,
        new: &Settings,
        is_included: impl Fn(&str) -> bool,
    ) -> Vec<(KeyChange, ValueOrigin)> {
        let entries = &new.origins.values;
        let changed = entries
            .iter()
            .filter(|entry| is_included(&entry.key))
            .filter(|entry| self.values.get(&entry.key) != Some(&entry.value))
            .map(|entry| {
                (
                    entry.key.clone(),
                    Some(entry.value.clone()),
                    entry.origin.clone(),
                )
            });
        let is_removed = |key: &&String| !entries.iter().any(|entry| entry.key == **key);
        let removed = self
            .values
            .keys()
            .filter(|key| is_included(key) && is_removed(key))
            .map(|key| (key.clone(), None, whole_file(new)));
        changed
            .chain(removed)
            .map(|(key, value, origin)| (KeyChange { key, value }, origin))
            .collect()
    }

    /// Records that the applied changes and the added topics of `changes` are in effect.
    pub fn apply(&mut self, changes: &ConfigDiff, new: &Settings) {
        for change in &changes.applied {
            match &change.value {
                Some(value) => self.values.insert(change.key.clone(), value.clone()),
                None => self.values.remove(&change.key),
            };
        }
        for name in &changes.added {
            let prefix = topic_key(name) + ".";
            let entries = new.origins.values.iter();
            let own = entries.filter(|entry| entry.key.starts_with(&prefix));
            self.values
                .extend(own.map(|entry| (entry.key.clone(), entry.value.clone())));
            self.topics.push(name.clone());
        }
    }
}

impl ConfigDiff {
    /// Whether the change of `key` takes effect immediately.
    #[must_use]
    pub fn applies(&self, key: &str) -> bool {
        self.applied.iter().any(|change| change.key == key)
    }

    /// Postpones the rate change of `topic`, which failed with `error`.
    pub fn postpone(&mut self, topic: &TopicSettings, origins: &ValueOrigins, error: &str) {
        let key = topic.key("rate");
        self.applied.retain(|change| change.key != key);
        self.postponed.push(PostponedChange {
            topic: topic.name.clone(),
            origin: origins.origin_of(&key).clone(),
            key,
            error: error.to_owned(),
        });
    }

    /// Adds a change; with a `restart_reason` it needs a restart.
    fn push(
        &mut self,
        change: KeyChange,
        origin: ValueOrigin,
        restart_reason: Option<&'static str>,
    ) {
        match restart_reason {
            None => self.applied.push(change),
            Some(reason) => self.needs_restart.push(NeedsRestart {
                key: change.key,
                origin,
                reason,
            }),
        }
    }
}

fn topic_key(topic: &TopicName) -> String {
    dotted_key(&["topics", topic.as_str()])
}

/// The origin of a removed key, which has no line.
fn whole_file(settings: &Settings) -> ValueOrigin {
    ValueOrigin::File {
        path: settings.file.clone(),
        line: 0,
        column: 0,
        line_text: "".into(),
    }
}

#[cfg(test)]
mod tests;
