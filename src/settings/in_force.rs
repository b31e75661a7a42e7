//! `InForce`: what of the configuration holds while the hub runs, and what another reading of it would change.
//!
//! Pure. Decides by key which change can be made while viewers are there; making it is the server's.

use std::collections::BTreeMap;

use super::origin::{Entry, Origin, Origins, dotted};
use super::{Settings, Start, Topic};
use crate::protocol::{Rate, TopicName};

/// The values that hold, as they were typed.
#[derive(Debug)]
pub struct InForce {
    values: BTreeMap<String, String>,
    topics: Vec<TopicName>,
}

/// What another reading would change.
#[derive(Debug, Default)]
pub struct Changes {
    /// What can be changed while the hub runs; a topic that is new counts as one.
    pub applied: Vec<Change>,
    /// What needs a restart.
    pub refused: Vec<Refused>,
    /// What could be changed, and was not: it is tried again with the next reading.
    pub postponed: Vec<Postponed>,
    /// The topics that are new.
    pub added: Vec<TopicName>,
}

/// A key with another value, or a topic that is new.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    /// The dotted key.
    pub key: String,
    /// How the value is spelled; `None` where there is none any more.
    value: Option<String>,
}

/// A key whose new value waits for a restart.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// The dotted key.
    pub key: String,
    /// Who gave the new value.
    pub origin: Origin,
    /// Why, and what to do.
    pub why: &'static str,
}

/// A key of a topic whose new value could not be written down.
#[derive(Debug, PartialEq, Eq)]
pub struct Postponed {
    /// The topic.
    pub topic: TopicName,
    /// The dotted key.
    pub key: String,
    /// Who gave the new value.
    pub origin: Origin,
    /// Why it could not be written down.
    pub error: String,
}

/// Sections and keys outside of the topics that need a restart.
const AT_RESTART: [&str; 5] = ["server.host", "server.port", "ops.", "state.", "log.format"];
/// The same of a topic.
const AT_RESTART_OF_TOPIC: [&str; 5] = ["dataset", "loop", "start", "delay", "coalesce"];

const NEEDS_RESTART: &str = "it holds from the next start; restart the hub";
const REMOVED: &str = "a topic goes at a restart only, and is served until then; restart the hub";
const OTHER_RECORDS: &str =
    "the file holds other records now, which begin a new epoch; restart the hub to serve them";
const FIXED_START: &str =
    "with a fixed start another rate is another epoch; restart the hub to begin it";
const TIED: &str = "it is changed together with what needs a restart; restart the hub";

impl InForce {
    /// Everything that `settings` says.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let value = |entry: &Entry| (entry.key.clone(), entry.value.clone());
        Self {
            values: settings.origins.values.iter().map(value).collect(),
            topics: settings
                .topics
                .iter()
                .map(|topic| topic.name.clone())
                .collect(),
        }
    }

    /// The topic called `name` runs at `rate`, whatever was read.
    pub fn set_rate(&mut self, name: &TopicName, rate: Rate) {
        if let Some(value) = self.values.get_mut(&(key_of(name) + ".rate"))
            && value.parse() != Ok(rate)
        {
            *value = rate.to_string();
        }
    }

    /// What `new` says otherwise; `has_other_records` knows whether a topic's file is not what it was.
    pub fn compare(&self, new: &Settings, has_other_records: impl Fn(&Topic) -> bool) -> Changes {
        let mut changes = Changes::default();
        let of_topics = "topics.";
        for (change, origin) in self.differences(new, |key| !key.starts_with(of_topics)) {
            let is_refused = AT_RESTART.iter().any(|&named| {
                named == change.key || (named.ends_with('.') && change.key.starts_with(named))
            });
            changes.push(change, origin, is_refused.then_some(NEEDS_RESTART));
        }
        for topic in &new.topics {
            if self.topics.contains(&topic.name) {
                self.compare_topic(topic, new, has_other_records(topic), &mut changes);
            } else {
                changes.added.push(topic.name.clone());
                changes.applied.push(Change {
                    key: key_of(&topic.name),
                    value: None,
                });
            }
        }
        let is_there = |name: &TopicName| new.topics.iter().any(|topic| topic.name == *name);
        changes.refused.extend(
            self.topics
                .iter()
                .filter(|name| !is_there(name))
                .map(|name| Refused {
                    key: key_of(name),
                    origin: file(new),
                    why: REMOVED,
                }),
        );
        changes
    }

    fn compare_topic(
        &self,
        topic: &Topic,
        new: &Settings,
        has_other_records: bool,
        changes: &mut Changes,
    ) {
        let prefix = key_of(&topic.name) + ".";
        let differences = self.differences(new, |key| key.starts_with(&prefix));
        let needs_restart =
            |change: &Change| AT_RESTART_OF_TOPIC.contains(&&change.key[prefix.len()..]);
        let is_tied =
            has_other_records || differences.iter().any(|(change, _)| needs_restart(change));
        if has_other_records {
            let key = topic.key("dataset");
            changes.refused.push(Refused {
                origin: new.origins.of(&key).clone(),
                key,
                why: OTHER_RECORDS,
            });
        }
        for (change, origin) in differences {
            let is_rate = change.key[prefix.len()..] == *"rate";
            let why = if needs_restart(&change) {
                Some(NEEDS_RESTART)
            } else if is_rate && is_tied {
                Some(TIED)
            } else if is_rate && topic.start != Start::FirstRun {
                Some(FIXED_START)
            } else {
                None
            };
            // Told already, with more to say.
            if !(has_other_records && change.key[prefix.len()..] == *"dataset") {
                changes.push(change, origin, why);
            }
        }
    }

    /// The keys that `is_meant` whose values differ.
    fn differences(
        &self,
        new: &Settings,
        is_meant: impl Fn(&str) -> bool,
    ) -> Vec<(Change, Origin)> {
        let entries = &new.origins.values;
        let changed = entries
            .iter()
            .filter(|entry| is_meant(&entry.key))
            .filter(|entry| self.values.get(&entry.key) != Some(&entry.value))
            .map(|entry| {
                (
                    entry.key.clone(),
                    Some(entry.value.clone()),
                    entry.origin.clone(),
                )
            });
        let is_gone = |key: &&String| !entries.iter().any(|entry| entry.key == **key);
        let gone = self
            .values
            .keys()
            .filter(|key| is_meant(key) && is_gone(key))
            .map(|key| (key.clone(), None, file(new)));
        changed
            .chain(gone)
            .map(|(key, value, origin)| (Change { key, value }, origin))
            .collect()
    }

    /// The changes that `new` makes were made, but for those that need a restart.
    pub fn adopt(&mut self, changes: &Changes, new: &Settings) {
        for change in &changes.applied {
            match &change.value {
                Some(value) => self.values.insert(change.key.clone(), value.clone()),
                None => self.values.remove(&change.key),
            };
        }
        for name in &changes.added {
            let prefix = key_of(name) + ".";
            let entries = new.origins.values.iter();
            let own = entries.filter(|entry| entry.key.starts_with(&prefix));
            self.values
                .extend(own.map(|entry| (entry.key.clone(), entry.value.clone())));
            self.topics.push(name.clone());
        }
    }
}

impl Changes {
    /// Whether `key` is changed.
    #[must_use]
    pub fn applies(&self, key: &str) -> bool {
        self.applied.iter().any(|change| change.key == key)
    }

    /// The rate of `topic` could not be changed because of `error`, and stays as it was.
    pub fn postpone(&mut self, topic: &Topic, origins: &Origins, error: &str) {
        let key = topic.key("rate");
        self.applied.retain(|change| change.key != key);
        self.postponed.push(Postponed {
            topic: topic.name.clone(),
            origin: origins.of(&key).clone(),
            key,
            error: error.to_owned(),
        });
    }

    fn push(&mut self, change: Change, origin: Origin, refused: Option<&'static str>) {
        match refused {
            None => self.applied.push(change),
            Some(why) => self.refused.push(Refused {
                key: change.key,
                origin,
                why,
            }),
        }
    }
}

fn key_of(topic: &TopicName) -> String {
    dotted(&["topics", topic.as_str()])
}

/// Where something is that is not there any more.
fn file(settings: &Settings) -> Origin {
    Origin::File {
        path: settings.file.clone(),
        line: 0,
        column: 0,
        source: "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::load;
    use super::*;

    const BEFORE: &str = "[server]\nport = 1\n[log]\nlevel = \"info\"\n\
        [topics.a]\ndataset = \"a.json\"\nrate = 1.0\n[topics.a.fields.x]\nunit = \"V\"\n\
        [topics.\"a.b\"]\ndataset = \"a.json\"\nrate = 1.0\nstart = \"2026-01-01T00:00:00Z\"\n";

    fn settings(toml: &str) -> Settings {
        load(toml, &[], &[]).unwrap()
    }

    /// What comes of each change, as `+key` or `-key`.
    fn verdicts(in_force: &InForce, after: &Settings) -> Vec<String> {
        let changes = in_force.compare(after, |topic| topic.dataset.ends_with("other.json"));
        let applied = changes
            .applied
            .iter()
            .map(|change| format!("+{}", change.key));
        let refused = changes
            .refused
            .iter()
            .map(|change| format!("-{}", change.key));
        applied.chain(refused).collect()
    }

    /// The same for `BEFORE` in which `from` is replaced by `to`.
    fn replaced(from: &str, to: &str) -> Vec<String> {
        assert!(BEFORE.contains(from), "{from}");
        let in_force = InForce::of(&settings(BEFORE));
        verdicts(&in_force, &settings(&BEFORE.replace(from, to)))
    }

    #[test]
    fn each_key_is_applied_or_refused() {
        assert_eq!(replaced("port = 1", "port = 1"), [""; 0]);
        assert_eq!(replaced("port = 1", "port = 2"), ["-server.port"]);
        assert_eq!(
            replaced("port = 1", "port = 1\ndrain = \"1s\"\nmax_viewers = 7"),
            ["+server.max_viewers", "+server.drain"]
        );
        assert_eq!(
            replaced("level = \"info\"", "level = \"warn\""),
            ["+log.level"]
        );
        assert_eq!(
            replaced("[log]", "[log]\nformat = \"text\""),
            ["-log.format"]
        );
        assert_eq!(replaced("[log]", "[ops]\nport = 2\n[log]"), ["-ops.port"]);
        assert_eq!(
            replaced("unit = \"V\"", "label = \"V\""),
            ["+topics.a.fields.x.label", "+topics.a.fields.x.unit"]
        );
        assert_eq!(
            replaced(
                "rate = 1.0\n[topics.a.f",
                "rate = 2.0\nslow = \"disconnect\"\n[topics.a.f"
            ),
            ["+topics.a.rate", "+topics.a.slow"]
        );
        assert_eq!(
            replaced(
                "rate = 1.0\n[topics.a.f",
                "rate = 1.0\nloop = false\n[topics.a.f"
            ),
            ["-topics.a.loop"]
        );
    }

    #[test]
    fn a_rate_waits_for_a_restart_where_it_begins_an_epoch_or_is_tied_to_what_does() {
        assert_eq!(
            replaced("rate = 1.0\nstart", "rate = 2.0\nstart"),
            ["-topics.\"a.b\".rate"]
        );
        assert_eq!(
            replaced(
                "rate = 1.0\n[topics.a.f",
                "rate = 2.0\ndelay = \"2s\"\n[topics.a.f"
            ),
            ["-topics.a.rate", "-topics.a.delay"]
        );
    }

    #[test]
    fn topics_come_while_the_hub_runs_and_go_at_a_restart() {
        let mut in_force = InForce::of(&settings(BEFORE));
        let more = settings(&format!(
            "{BEFORE}[topics.c]\ndataset = \"a.json\"\nrate = 1.0\n"
        ));
        assert_eq!(verdicts(&in_force, &more), ["+topics.c"]);
        in_force.adopt(&in_force.compare(&more, |_| false), &more);
        assert_eq!(verdicts(&in_force, &more), [""; 0]);
        assert_eq!(verdicts(&in_force, &settings(BEFORE)), ["-topics.c"]);
    }

    #[test]
    fn what_is_refused_is_refused_again_and_what_is_applied_is_not() {
        let mut in_force = InForce::of(&settings(BEFORE));
        let after = settings(&BEFORE.replace("port = 1", "port = 2\ndrain = \"1s\""));
        in_force.adopt(&in_force.compare(&after, |_| false), &after);
        assert_eq!(verdicts(&in_force, &after), ["-server.port"]);
        assert_eq!(verdicts(&in_force, &settings(BEFORE)), ["+server.drain"]);
    }

    #[test]
    fn a_file_with_other_records_is_refused_by_name_once() {
        let before = BEFORE.replace("a.json\"\nrate = 1.0\n[", "other.json\"\nrate = 1.0\n[");
        let in_force = InForce::of(&settings(&before));
        let after = before.replace("rate = 1.0\n[", "rate = 3.0\n[");
        assert_eq!(
            verdicts(&in_force, &settings(&before)),
            ["-topics.a.dataset"]
        );
        assert_eq!(
            verdicts(&in_force, &settings(&after)),
            ["-topics.a.dataset", "-topics.a.rate"]
        );
        let in_force = InForce::of(&settings(BEFORE));
        assert_eq!(
            verdicts(&in_force, &settings(&before)),
            ["-topics.a.dataset"]
        );
    }
}
