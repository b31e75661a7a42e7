//! The strict reading of the file: every key known, every value of its kind and in range.
//!
//! Goes through the whole file and collects all faults; what rests on several values is for `effective`.

use crate::protocol::TopicName;

use super::complaint::{Complaint, shortened};
use super::error::{Fault, Faults};
use super::kind::Value;
use super::nearest;
use super::origin::{Origin, dotted};
use super::raw::{Entry, Raw, Typed};
use super::schema::{FIELD, Key, SECTIONS, TOPIC};

/// A good value, with the path of its key.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) leaves: Vec<Leaf>,
    /// The topics in the order of the file.
    pub(super) topics: Vec<TopicTable>,
    pub(super) faults: Faults,
}

/// The header of a topic and the names of its fields.
#[derive(Debug)]
pub(super) struct TopicTable {
    pub(super) name: String,
    pub(super) origin: Origin,
    pub(super) fields: Vec<(String, Origin)>,
}

impl Reading {
    /// Reads the entries of the file, which is `whole`.
    pub(super) fn of(entries: &[Entry], whole: &Origin) -> Self {
        let mut reading = Self::default();
        if entries.iter().all(|entry| entry.name != "topics") {
            reading.no_topics(whole);
        }
        for entry in entries {
            let section = SECTIONS.iter().find(|(name, _)| *name == entry.name);
            match section {
                Some((_, keys)) => reading.table(&[], entry, keys, None),
                None if entry.name == "topics" => reading.topics(entry),
                None => reading.unknown_section(entry),
            }
        }
        reading
    }

    fn topics(&mut self, entry: &Entry) {
        let Some(topics) = self.entries_of(&[], entry, "write `[topics.NAME]`") else {
            return;
        };
        if topics.is_empty() {
            self.no_topics(&entry.origin);
        }
        for topic in topics {
            if let Err(error) = topic.name.parse::<TopicName>() {
                let remedy = nearest::topic(&topic.name).map_or_else(
                    || nearest::grammar(error),
                    |name| format!("did you mean `[topics.{name}]`?"),
                );
                let problem = format!("`{}` is not a topic name", shortened(&topic.name));
                self.faults
                    .push(Fault::new(&topic.origin, "topics", problem, remedy));
            }
            let (name, origin) = (topic.name.clone(), topic.origin.clone());
            self.topics.push(TopicTable {
                name,
                origin,
                fields: Vec::new(),
            });
            self.table(&["topics".to_owned()], topic, TOPIC, Some("fields"));
        }
    }

    fn no_topics(&mut self, origin: &Origin) {
        let remedy = "add a `[topics.NAME]` table with `dataset` and `rate`";
        self.faults
            .push(Fault::new(origin, "topics", "no topics", remedy));
    }

    /// Reads a table of fixed keys; `nested` is the one that is a table itself.
    fn table(
        &mut self,
        parent: &[String],
        entry: &Entry,
        keys: &'static [Key],
        nested: Option<&'static str>,
    ) {
        let path = below(parent, &entry.name);
        let Some(entries) = self.entries_of(parent, entry, &format!("write `[{}]`", dotted(&path)))
        else {
            return;
        };
        for entry in entries {
            let key = keys.iter().find(|key| key.name == entry.name);
            match key {
                Some(key) => self.leaves.push(leaf(
                    below(&path, key.name),
                    key,
                    &entry.value,
                    &mut self.faults,
                )),
                None if nested == Some(entry.name.as_str()) => self.fields(&path, entry),
                None => {
                    let names = keys.iter().map(|key| key.name).chain(nested);
                    let remedy = nearest::remedy(&entry.name, names);
                    self.unknown(&below(&path, &entry.name), entry, remedy);
                }
            }
        }
    }

    fn fields(&mut self, parent: &[String], entry: &Entry) {
        let path = below(parent, &entry.name);
        let remedy = format!("write `[{}.NAME]`", dotted(&path));
        for field in self.entries_of(parent, entry, &remedy).unwrap_or_default() {
            if let Some(topic) = self.topics.last_mut() {
                topic
                    .fields
                    .push((field.name.clone(), field.origin.clone()));
            }
            self.table(&path, field, FIELD, None);
        }
    }

    fn entries_of<'a>(
        &mut self,
        parent: &[String],
        entry: &'a Entry,
        remedy: &str,
    ) -> Option<&'a [Entry]> {
        if let Raw::Table(entries) = &entry.value.raw {
            return Some(entries);
        }
        let problem = format!("wants a table, not {}", entry.value.raw.noun());
        self.faults.push(Fault::new(
            &entry.origin,
            dotted(&below(parent, &entry.name)),
            problem,
            remedy,
        ));
        None
    }

    /// A key before any header is often one whose section was forgotten.
    fn unknown_section(&mut self, entry: &Entry) {
        let home = SECTIONS
            .iter()
            .find(|(_, keys)| keys.iter().any(|key| key.name == entry.name));
        let remedy = match home {
            Some((section, _)) => format!("move it below `[{section}]`"),
            None => nearest::remedy(
                &entry.name,
                SECTIONS.iter().map(|(name, _)| *name).chain(["topics"]),
            ),
        };
        self.unknown(std::slice::from_ref(&entry.name), entry, remedy);
    }

    fn unknown(&mut self, path: &[String], entry: &Entry, remedy: String) {
        let key = shortened(&dotted(path));
        self.faults
            .push(Fault::new(&entry.origin, key, "unknown key", remedy));
    }
}

fn below(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// Reads one value of any layer; what is not good is reported and spoiled.
pub(super) fn leaf(path: Vec<String>, key: &Key, typed: &Typed, faults: &mut Faults) -> Leaf {
    let read = match &typed.raw {
        Raw::List(items) if key.kind.is_list() => list(&path, key, items, faults),
        raw if key.kind.is_list() => Err(key.kind.wrong_type(raw)),
        raw => key.kind.read(raw, &typed.text),
    };
    let value = read.unwrap_or_else(|complaint| {
        faults.push(complaint.at(&typed.origin, &path, key.example, &typed.text));
        Value::Spoiled
    });
    Leaf {
        path,
        value,
        origin: typed.origin.clone(),
    }
}

/// A bad entry is reported at its own place.
fn list(
    path: &[String],
    key: &Key,
    items: &[Typed],
    faults: &mut Faults,
) -> Result<Value, Complaint> {
    let mut texts = Vec::new();
    for item in items {
        match key.kind.read(&item.raw, &item.text) {
            Ok(Value::Text(text)) => texts.push(text),
            Ok(_) => {}
            Err(complaint) => {
                faults.push(complaint.at(&item.origin, path, key.example, &item.text));
            }
        }
    }
    Ok(if texts.len() == items.len() {
        Value::List(texts)
    } else {
        Value::Spoiled
    })
}
