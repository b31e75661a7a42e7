//! What the process is told beside the file: its variables and its flags.
//!
//! Text is read as a TOML value of the key's kind; strings need no quotes.

use super::Overrides;
use super::complaint::Complaint;
use super::error::{Fault, Faults};
use super::names::{Names, NoSuchName};
use super::origin::{Origin, dotted};
use super::raw::{self, Raw, Typed};
use super::schema::Key;
use super::strict::{Leaf, TopicTable, leaf};

/// What the name of a setting's variable begins with; a single underscore is for other purposes.
const PREFIX: &str = "TICKCAST__";

/// The variables that name a setting; all others are left alone.
pub(super) fn environment(
    variables: &[(String, String)],
    topics: &[TopicTable],
    faults: &mut Faults,
) -> Vec<Leaf> {
    let names = Names::variables(topics);
    let mut leaves: Vec<Leaf> = Vec::new();
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let origin = Origin::Environment {
            variable: variable.clone(),
        };
        let Some((path, key)) = found(names.resolve(name), &origin, faults) else {
            continue;
        };
        if path
            .get(1)
            .is_some_and(|topic| path.len() > 2 && topic.contains(['.', '-']))
        {
            let remedy = format!("change `{}` in the file", dotted(&path));
            faults.push(Fault::new(
                &origin,
                dotted(&path),
                "a topic with `.` or `-` in its name",
                remedy,
            ));
            continue;
        }
        if let Some(first) = leaves.iter().find(|leaf| leaf.path == path) {
            let problem = format!("also given by `{}`", first.origin);
            faults.push(Fault::new(
                &origin,
                dotted(&path),
                problem,
                "unset one of them",
            ));
            continue;
        }
        leaves.push(read(path, key, text, origin, faults));
    }
    leaves
}

/// The flags; the last of several for one key holds.
pub(super) fn flags(
    overrides: &Overrides,
    topics: &[TopicTable],
    faults: &mut Faults,
) -> Vec<Leaf> {
    let names = Names::dotted(topics);
    let mut leaves = Vec::new();
    for (key, text, flag) in &overrides.values {
        let origin = Origin::Flag { flag: flag.clone() };
        if let Some((path, key)) = found(names.resolve(key), &origin, faults) {
            leaves.push(read(path, key, text, origin, faults));
        }
    }
    leaves
}

fn found<T>(resolved: Result<T, NoSuchName>, origin: &Origin, faults: &mut Faults) -> Option<T> {
    resolved
        .map_err(|error| faults.push(Fault::new(origin, "", error.problem, error.remedy)))
        .ok()
}

fn read(
    path: Vec<String>,
    key: &'static Key,
    text: &str,
    origin: Origin,
    faults: &mut Faults,
) -> Leaf {
    match raw_of(key, text, &origin) {
        Ok(raw) => leaf(
            path,
            key,
            &Typed {
                raw,
                text: text.to_owned(),
                origin,
            },
            faults,
        ),
        Err(complaint) => {
            faults.push(complaint.at(&origin, &path, key.example, text));
            Leaf {
                path,
                value: super::kind::Value::Spoiled,
                origin,
            }
        }
    }
}

fn raw_of(key: &Key, text: &str, origin: &Origin) -> Result<Raw, Complaint> {
    if key.kind.is_list() {
        let remedy = format!("set `{} = {}` in the file", key.name, key.example);
        return Err(Complaint::plain(
            "an array is given only in the file",
            remedy,
        ));
    }
    match raw::value(text, origin).map(|typed| typed.raw) {
        Some(Raw::Text(unquoted)) => Ok(Raw::Text(unquoted)),
        Some(number @ (Raw::Integer(_) | Raw::Float(_))) if key.kind.takes_numbers() => Ok(number),
        _ if key.kind.is_text() => Ok(Raw::Text(text.to_owned())),
        Some(other) => Ok(other),
        None => Err(Complaint::example(format!("not {}", key.kind.noun()))),
    }
}
