//! `Names`: the keys that a variable or a flag may name, with the topics and fields that the file has.
//!
//! Resolves by the names themselves, not by cutting at the separator: topics may hold dots and end in underscores.

use super::nearest;
use super::schema::{FIELD, Key, SECTIONS, TOPIC};
use super::strict::TopicTable;

/// A table of names, or the key at its end.
#[derive(Debug)]
enum Name<'a> {
    Key(&'static Key),
    Table(Vec<(&'a str, Name<'a>)>),
}

/// All keys, and how they are spelled here.
#[derive(Debug)]
pub(super) struct Names<'a> {
    root: Name<'a>,
    separator: &'static str,
    /// Variables are upper case, names are not.
    ignores_case: bool,
}

/// The text names no key: what is wrong with it, and the remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSuchName {
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl<'a> Names<'a> {
    /// Dotted keys, as flags give them.
    pub(super) fn dotted(topics: &'a [TopicTable]) -> Self {
        Self {
            root: root(topics),
            separator: ".",
            ignores_case: false,
        }
    }

    /// Variables behind their prefix.
    pub(super) fn variables(topics: &'a [TopicTable]) -> Self {
        Self {
            root: root(topics),
            separator: "__",
            ignores_case: true,
        }
    }

    /// The path and the key that `text` names.
    pub(super) fn resolve(&self, text: &str) -> Result<(Vec<String>, &'static Key), NoSuchName> {
        let mut path: Vec<String> = Vec::new();
        let (mut name, mut rest) = (&self.root, Some(text));
        loop {
            match (name, rest) {
                (Name::Key(key), None) => return Ok((path, *key)),
                (Name::Key(_), Some(_)) => return Err(no_table(&path)),
                (Name::Table(names), None) => return Err(no_value(&path, names)),
                (Name::Table(names), Some(text)) => {
                    let (found, below, behind) = self
                        .step(names, text)
                        .ok_or_else(|| self.unknown(&path, names, text))?;
                    path.push((*found).to_owned());
                    (name, rest) = (below, behind);
                }
            }
        }
    }

    /// The longest name that `text` begins with, and what stands behind its separator.
    fn step<'n, 't>(
        &self,
        names: &'n [(&'a str, Name<'a>)],
        text: &'t str,
    ) -> Option<(&'n &'a str, &'n Name<'a>, Option<&'t str>)> {
        let begins = |(name, below): &'n (&'a str, Name<'a>)| {
            let head = text.get(..name.len())?;
            let is_same = head == *name || (self.ignores_case && head.eq_ignore_ascii_case(name));
            let tail = text.get(name.len()..).filter(|_| is_same)?;
            if tail.is_empty() {
                return Some((name, below, None));
            }
            tail.strip_prefix(self.separator)
                .map(|tail| (name, below, Some(tail)))
        };
        names
            .iter()
            .filter_map(begins)
            .max_by_key(|(name, ..)| name.len())
    }

    fn unknown(&self, path: &[String], names: &[(&'a str, Name<'a>)], text: &str) -> NoSuchName {
        let typed = text.split(self.separator).next().unwrap_or(text);
        let typed = if self.ignores_case {
            typed.to_lowercase()
        } else {
            typed.to_owned()
        };
        if path.len() == 1 && path.first().is_some_and(|name| name == "topics") {
            return no_topic(&typed, names.iter().map(|(name, _)| *name));
        }
        let remedy = nearest::remedy(&typed, names.iter().map(|(name, _)| *name));
        NoSuchName {
            problem: format!("unknown key `{typed}`"),
            remedy,
        }
    }
}

fn root(topics: &[TopicTable]) -> Name<'_> {
    let sections = SECTIONS
        .iter()
        .map(|(name, keys)| (*name, Name::Table(keys_of(keys))));
    let topics = topics
        .iter()
        .map(|topic| (topic.name.as_str(), topic_names(topic)))
        .collect();
    Name::Table(sections.chain([("topics", Name::Table(topics))]).collect())
}

fn topic_names(topic: &TopicTable) -> Name<'_> {
    let fields = topic
        .fields
        .iter()
        .map(|(name, _)| (name.as_str(), Name::Table(keys_of(FIELD))))
        .collect();
    Name::Table(
        keys_of(TOPIC)
            .into_iter()
            .chain([("fields", Name::Table(fields))])
            .collect(),
    )
}

fn keys_of<'a>(keys: &'static [Key]) -> Vec<(&'a str, Name<'a>)> {
    keys.iter().map(|key| (key.name, Name::Key(key))).collect()
}

fn no_table(path: &[String]) -> NoSuchName {
    let name = path.join(".");
    NoSuchName {
        problem: format!("`{name}` has no keys below it"),
        remedy: format!("name `{name}` alone"),
    }
}

fn no_value(path: &[String], names: &[(&str, Name<'_>)]) -> NoSuchName {
    let names = nearest::listed(names.iter().map(|(name, _)| *name));
    NoSuchName {
        problem: format!("`{}` is a table", path.join(".")),
        remedy: format!("name a key below it: one of {names}"),
    }
}

/// Someone who writes `A_B` for a topic `a-b` cannot know that there is no such spelling.
fn no_topic<'a>(typed: &str, topics: impl Iterator<Item = &'a str> + Clone) -> NoSuchName {
    let spelled_alike = |name: &str| {
        name.contains(['.', '-']) && name.replace(['.', '-'], "_") == typed.replace(['.', '-'], "_")
    };
    let remedy = match topics.clone().find(|name| spelled_alike(name)) {
        Some(name) => {
            format!("change `{name}` in the file, as every topic with `.` or `-` in its name")
        }
        None => nearest::of(typed, topics).map_or_else(
            || format!("add `[topics.{typed}]` to the file first"),
            |name| format!("did you mean `{name}`?"),
        ),
    };
    NoSuchName {
        problem: format!("no topic `{typed}` in the file"),
        remedy,
    }
}
