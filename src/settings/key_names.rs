//! [`KeyNames`]: resolves the name of a variable or flag to a key, given the topics and fields of the file.
//!
//! Matches known names instead of splitting at the separator, because topic names may contain dots and end in
//! underscores.

use super::schema::{ABOUT, FIELD, Key, NEXT, SECTIONS, TOPIC};
use super::validate::TopicTable;
use super::value_error::{code_list, did_you_mean, nearest};

/// A node in the tree of names: a table, or a key as the leaf.
#[derive(Debug)]
enum KeyNode<'a> {
    Key(&'static Key),
    Table(Vec<(&'a str, KeyNode<'a>)>),
}

/// The tree of all keys, and the syntax in which they are written.
#[derive(Debug)]
pub(super) struct KeyNames<'a> {
    root: KeyNode<'a>,
    separator: &'static str,
    /// Set for variables, which are in upper case.
    ignores_case: bool,
}

/// The text does not name a key: the problem and the remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownKey {
    pub(super) problem: String,
    pub(super) remedy: String,
}

impl<'a> KeyNames<'a> {
    /// Resolves dotted keys, as in flags.
    pub(super) fn for_flags(topics: &'a [TopicTable]) -> Self {
        Self {
            root: root(topics),
            separator: ".",
            ignores_case: false,
        }
    }

    /// Resolves names of variables, without the prefix.
    pub(super) fn for_variables(topics: &'a [TopicTable]) -> Self {
        Self {
            root: root(topics),
            separator: "__",
            ignores_case: true,
        }
    }

    /// Returns the path and the schema of the key that `text` names.
    pub(super) fn resolve(&self, text: &str) -> Result<(Vec<String>, &'static Key), UnknownKey> {
        let mut path: Vec<String> = Vec::new();
        let (mut name, mut rest) = (&self.root, Some(text));
        loop {
            match (name, rest) {
                (KeyNode::Key(key), None) => return Ok((path, *key)),
                (KeyNode::Key(_), Some(_)) => return Err(not_a_table(&path)),
                (KeyNode::Table(names), None) => return Err(is_a_table(&path, names)),
                (KeyNode::Table(names), Some(text)) => {
                    let (found, below, behind) = self
                        .next_name(names, text)
                        .ok_or_else(|| self.unknown(&path, names, text))?;
                    path.push((*found).to_owned());
                    (name, rest) = (below, behind);
                }
            }
        }
    }

    /// Returns the longest name that `text` starts with, and the text after the separator that follows it.
    fn next_name<'n, 't>(
        &self,
        names: &'n [(&'a str, KeyNode<'a>)],
        text: &'t str,
    ) -> Option<(&'n &'a str, &'n KeyNode<'a>, Option<&'t str>)> {
        let begins = |(name, below): &'n (&'a str, KeyNode<'a>)| {
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

    fn unknown(&self, path: &[String], names: &[(&'a str, KeyNode<'a>)], text: &str) -> UnknownKey {
        let typed = text.split(self.separator).next().unwrap_or(text);
        let typed = if self.ignores_case {
            typed.to_lowercase()
        } else {
            typed.to_owned()
        };
        if path.len() == 1 && path.first().is_some_and(|name| name == "topics") {
            return unknown_topic(&typed, names.iter().map(|(name, _)| *name));
        }
        let remedy = did_you_mean(&typed, names.iter().map(|(name, _)| *name));
        UnknownKey {
            problem: format!("unknown key `{typed}`"),
            remedy,
        }
    }
}

fn root(topics: &[TopicTable]) -> KeyNode<'_> {
    let sections = SECTIONS
        .iter()
        .map(|(name, keys)| (*name, KeyNode::Table(key_nodes(keys))));
    let topics = topics
        .iter()
        .map(|topic| (topic.name.as_str(), topic_keys(topic)))
        .collect();
    KeyNode::Table(
        sections
            .chain([("topics", KeyNode::Table(topics))])
            .collect(),
    )
}

fn topic_keys(topic: &TopicTable) -> KeyNode<'_> {
    let fields = topic
        .fields
        .iter()
        .map(|(name, _)| (name.as_str(), KeyNode::Table(key_nodes(FIELD))))
        .collect();
    KeyNode::Table(
        key_nodes(TOPIC)
            .into_iter()
            .chain([
                ("about", KeyNode::Table(key_nodes(ABOUT))),
                ("next", KeyNode::Table(key_nodes(NEXT))),
                ("fields", KeyNode::Table(fields)),
            ])
            .collect(),
    )
}

fn key_nodes<'a>(keys: &'static [Key]) -> Vec<(&'a str, KeyNode<'a>)> {
    keys.iter()
        .map(|key| (key.name, KeyNode::Key(key)))
        .collect()
}

fn not_a_table(path: &[String]) -> UnknownKey {
    let name = path.join(".");
    UnknownKey {
        problem: format!("`{name}` has no keys below it"),
        remedy: format!("use `{name}` itself"),
    }
}

fn is_a_table(path: &[String], names: &[(&str, KeyNode<'_>)]) -> UnknownKey {
    let names = code_list(names.iter().map(|(name, _)| *name));
    UnknownKey {
        problem: format!("`{}` is a table", path.join(".")),
        remedy: format!("name one of its keys: {names}"),
    }
}

/// The error for an unknown topic. A variable cannot name topic `a-b`, and `A_B` gets an explanation.
fn unknown_topic<'a>(typed: &str, topics: impl Iterator<Item = &'a str> + Clone) -> UnknownKey {
    let spelled_alike = |name: &str| {
        name.contains(['.', '-']) && name.replace(['.', '-'], "_") == typed.replace(['.', '-'], "_")
    };
    let remedy = match topics.clone().find(|name| spelled_alike(name)) {
        Some(name) => {
            format!(
                "set it in the file: a variable cannot name topic `{name}`, whose name has `.` or `-`"
            )
        }
        None => nearest(typed, topics).map_or_else(
            || format!("add `[topics.{typed}]` to the file first"),
            |name| format!("did you mean `{name}`?"),
        ),
    };
    UnknownKey {
        problem: format!("no topic `{typed}` in the file"),
        remedy,
    }
}
