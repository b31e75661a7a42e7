//! [`ActiveConfig`]: the configuration values in effect, and the comparison with a newly loaded configuration.
//!
//! Decides which changes take effect without a restart, by what the schema says about each key. Pure: the changes are
//! made by the server.

use std::collections::BTreeMap;
use std::fmt;

use super::effective_values::{EffectiveValue, ValueOrigins};
use super::schema::Reload;
use super::settings_error::ValueOrigin;
use super::toml_value::dotted_key;
use super::{NextDataset, Settings, Start, TopicSettings};
use crate::protocol::{Rate, Speed, TopicName};

/// The keys of a topic that determine its records, the file first.
const RECORD_KEYS: [&str; 3] = ["dataset", "format", "columns"];

/// The keys whose change begins a new segment of a topic's timeline.
pub const PACE_KEYS: [&str; 2] = ["rate", "speed"];

/// The configuration values in effect.
#[derive(Debug)]
pub struct ActiveConfig {
    /// By dotted key; every key that has a value.
    values: BTreeMap<String, EffectiveValue>,
    /// The topics that the hub serves.
    topics: Vec<TopicName>,
}

/// The differences between the active and a newly loaded configuration.
#[derive(Debug, Default)]
pub struct ConfigDiff {
    /// The dotted keys of the changes that take effect immediately; for a new topic, that of its table.
    pub applied: Vec<String>,
    /// Changes that take effect at the next restart.
    pub needs_restart: Vec<NeedsRestart>,
    /// Changes that failed to be made and are retried at the next reload.
    pub postponed: Vec<PostponedChange>,
    /// The new topics.
    pub added: Vec<TopicName>,
}

/// A changed key that takes effect at the next restart.
#[derive(Debug, PartialEq, Eq)]
pub struct NeedsRestart {
    /// The dotted key.
    pub key: String,
    /// Where the new value was set.
    pub origin: ValueOrigin,
    /// Why it needs a restart.
    pub reason: RestartReason,
}

/// Why a changed key takes effect at the next restart only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartReason {
    /// The key is read at the start.
    OnlyAtStart,
    /// The topic is no longer in the file.
    TopicRemoved,
    /// The dataset has other records.
    OtherRecords,
    /// The timeline has a fixed start, so that its rate cannot change.
    FixedStart,
    /// Another key of the topic, or of one in the same player, needs a restart.
    ChangedTogether,
    /// The rate determines the lap of all topics of its player.
    SharedPlayer,
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

/// A key whose new value is not the active one.
struct ChangedKey {
    key: String,
    reload: Reload,
    /// Where the new value was set.
    origin: ValueOrigin,
}

impl ActiveConfig {
    /// The configuration `settings`, in effect from the start of the hub.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let value = |entry: &EffectiveValue| (entry.key.clone(), entry.clone());
        Self {
            values: settings.origins.values.iter().map(value).collect(),
            topics: settings
                .topics
                .iter()
                .map(|topic| topic.name.clone())
                .collect(),
        }
    }

    /// Records that the topic `name` runs at `rate`, if it has one, and `speed`. A reload calls this first, because a
    /// postponed change may have been journalled since.
    pub fn set_pace(&mut self, name: &TopicName, rate: Option<Rate>, speed: Speed) {
        let values = [rate.map(|rate| rate.to_string()), Some(speed.to_string())];
        for (key, value) in PACE_KEYS.into_iter().zip(values) {
            let entry = self.values.get_mut(&format!("{}.{key}", topic_key(name)));
            if let Some((entry, value)) = entry.zip(value) {
                entry.value = value;
            }
        }
    }

    /// Records that a topic has switched to its next dataset.
    pub fn switch(&mut self, next: &NextDataset) {
        let name = Some(&next.topic.name);
        self.values.retain(|_, entry| entry.topic.as_ref() != name);
        let values = next.values().iter();
        self.values
            .extend(values.map(|entry| (entry.key.clone(), entry.clone())));
    }

    /// Compares with `new`. `has_other_records` returns whether the contents of a topic's dataset file have changed.
    pub fn diff(
        &self,
        new: &Settings,
        has_other_records: impl Fn(&TopicSettings) -> bool,
    ) -> ConfigDiff {
        let mut changes = ConfigDiff::default();
        for changed in self.changed_keys(new, None) {
            changes.push(changed, None);
        }
        for topic in &new.topics {
            if self.topics.contains(&topic.name) {
                self.diff_topic(topic, new, &has_other_records, &mut changes);
            } else {
                changes.added.push(topic.name.clone());
                changes.applied.push(topic_key(&topic.name));
            }
        }
        let is_removed = |name: &&TopicName| new.topics.iter().all(|topic| topic.name != **name);
        let removed = self.topics.iter().filter(is_removed);
        changes
            .needs_restart
            .extend(removed.map(|name| NeedsRestart {
                key: topic_key(name),
                origin: whole_file(new),
                reason: RestartReason::TopicRemoved,
            }));
        changes
    }

    fn diff_topic(
        &self,
        topic: &TopicSettings,
        new: &Settings,
        has_other_records: &dyn Fn(&TopicSettings) -> bool,
        changes: &mut ConfigDiff,
    ) {
        let mut changed_keys = self.changed_keys(new, Some(&topic.name));
        let no_new_segment = self.no_new_segment(topic, new, has_other_records);
        if has_other_records(topic) {
            let mut causes = RECORD_KEYS.map(|name| topic.key(name)).to_vec();
            let is_changed = |key: &String| changed_keys.iter().any(|changed| changed.key == *key);
            if causes.iter().any(is_changed) {
                causes.retain(is_changed);
            } else {
                // The file was replaced.
                causes.truncate(1);
            }
            changed_keys.retain(|changed| !causes.contains(&changed.key));
            let refused = causes.into_iter().map(|key| NeedsRestart {
                origin: new.origins.origin_of(&key).clone(),
                key,
                reason: RestartReason::OtherRecords,
            });
            changes.needs_restart.extend(refused);
        }
        for changed in changed_keys {
            changes.push(changed, no_new_segment);
        }
    }

    /// Why `topic` cannot get a new segment, if it cannot. Topics of a player get it together.
    fn no_new_segment(
        &self,
        topic: &TopicSettings,
        new: &Settings,
        has_other_records: &dyn Fn(&TopicSettings) -> bool,
    ) -> Option<RestartReason> {
        let player: Vec<_> = new
            .topics
            .iter()
            .filter(|other| other.player == topic.player)
            .collect();
        let is_shared = player.len() > 1;
        let is_changed = |topic: &TopicSettings, is_cause: &dyn Fn(&ChangedKey) -> bool| {
            self.changed_keys(new, Some(&topic.name))
                .iter()
                .any(is_cause)
        };
        let needs_restart = |topic: &&TopicSettings| {
            self.topics.contains(&topic.name)
                && (has_other_records(topic)
                    || is_changed(topic, &|changed| changed.reload == Reload::Restart))
        };
        let has_other_rate = |topic: &&TopicSettings| {
            let key = topic.key(PACE_KEYS[0]);
            is_changed(topic, &|changed| changed.key == key)
        };
        if player.iter().any(needs_restart) {
            Some(RestartReason::ChangedTogether)
        } else if topic.start != Start::FirstRun {
            Some(RestartReason::FixedStart)
        } else if is_shared && player.iter().any(has_other_rate) {
            Some(RestartReason::SharedPlayer)
        } else {
            None
        }
    }

    /// The changed keys of `topic`, or of the sections: those that have another value in `new`, then those that have
    /// none.
    fn changed_keys(&self, new: &Settings, topic: Option<&TopicName>) -> Vec<ChangedKey> {
        let is_included = |entry: &&EffectiveValue| entry.topic.as_ref() == topic;
        let is_changed = |entry: &&EffectiveValue| {
            let active = self.values.get(&entry.key);
            active.is_none_or(|active| active.value != entry.value)
        };
        let entries = new.origins.values.iter().filter(is_included);
        let changed = entries.filter(is_changed).map(|entry| ChangedKey {
            key: entry.key.clone(),
            reload: entry.reload,
            origin: entry.origin.clone(),
        });
        let is_removed = |entry: &&EffectiveValue| new.origins.value(&entry.key).is_none();
        let active = self.values.values().filter(is_included);
        let removed = active.filter(is_removed).map(|entry| ChangedKey {
            key: entry.key.clone(),
            reload: entry.reload,
            origin: whole_file(new),
        });
        changed.chain(removed).collect()
    }

    /// Records that the applied changes and the added topics of `changes` are in effect.
    pub fn apply(&mut self, changes: &ConfigDiff, new: &Settings) {
        for key in &changes.applied {
            match new.origins.value(key) {
                Some(entry) => self.values.insert(key.clone(), entry.clone()),
                None => self.values.remove(key),
            };
        }
        for name in &changes.added {
            let entries = new.origins.values.iter();
            let own = entries.filter(|entry| entry.topic.as_ref() == Some(name));
            self.values
                .extend(own.map(|entry| (entry.key.clone(), entry.clone())));
            self.topics.push(name.clone());
        }
    }
}

impl ConfigDiff {
    /// Whether the change of `key` takes effect immediately.
    #[must_use]
    pub fn applies(&self, key: &str) -> bool {
        self.applied.iter().any(|applied| applied == key)
    }

    /// The changed keys that are not in force: those that need a restart, and those that were postponed.
    pub fn pending_keys(&self) -> impl Iterator<Item = &str> {
        let needs_restart = self.needs_restart.iter().map(|refused| &*refused.key);
        needs_restart.chain(self.postponed.iter().map(|postponed| &*postponed.key))
    }

    /// Postpones the changes of the rate and the speed of `topic`, which failed with `error`.
    pub fn postpone(&mut self, topic: &TopicSettings, origins: &ValueOrigins, error: &str) {
        let keys = PACE_KEYS.map(|name| topic.key(name));
        for key in keys
            .into_iter()
            .filter(|key| self.applied.contains(key))
            .collect::<Vec<_>>()
        {
            self.applied.retain(|applied| *applied != key);
            self.postponed.push(PostponedChange {
                topic: topic.name.clone(),
                origin: origins.origin_of(&key).clone(),
                key,
                error: error.to_owned(),
            });
        }
    }

    /// Adds a change. `no_new_segment` is why the topic's timeline cannot get a new segment now, if it cannot.
    fn push(&mut self, changed: ChangedKey, no_new_segment: Option<RestartReason>) {
        let restart_reason = match changed.reload {
            Reload::Live => None,
            Reload::LiveInNewSegment => no_new_segment,
            Reload::Restart => Some(RestartReason::OnlyAtStart),
        };
        match restart_reason {
            None => self.applied.push(changed.key),
            Some(reason) => self.needs_restart.push(NeedsRestart {
                key: changed.key,
                origin: changed.origin,
                reason,
            }),
        }
    }
}

impl RestartReason {
    /// The value of the field `reason` in the log.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::OnlyAtStart => "only_at_start",
            Self::TopicRemoved => "topic_removed",
            Self::OtherRecords => "other_records",
            Self::FixedStart => "fixed_start",
            Self::ChangedTogether => "changed_together",
            Self::SharedPlayer => "shared_player",
        }
    }
}

impl fmt::Display for RestartReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OnlyAtStart => "it takes effect at the next start; restart the hub",
            Self::TopicRemoved => "a topic is removed only at a restart; restart the hub",
            Self::OtherRecords => {
                "the topic has other records now, which need a new epoch; restart the hub to serve them"
            }
            Self::FixedStart => {
                "with a fixed start, a new rate needs a new epoch; restart the hub to begin it"
            }
            Self::SharedPlayer => {
                "a new rate changes the lap of all topics of the player, which need a new epoch; restart the hub to \
                 begin it"
            }
            Self::ChangedTogether => {
                "it changed together with a key that needs a restart; restart the hub"
            }
        })
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
