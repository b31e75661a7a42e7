//! [`ValueError`]: why a value is invalid, without its key and location; and "did you mean" suggestions.
//!
//! The location decides how the remedy is written: `port = 8000`, `TICKCAST__SERVER__PORT=8000` or `--port 8000`. A
//! suggestion is never applied.

use super::settings_error::{SettingsError, ValueOrigin};
use super::toml_value::{dotted_key, quoted};
use crate::protocol::{TopicName, TopicNameError};

/// A problem with a value and its remedy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ValueError {
    pub(super) problem: String,
    remedy: Remedy,
}

#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    /// This hint, followed by an assignment of the key's example.
    Example(&'static str),
    /// An assignment of exactly this TOML value.
    Replacement(String),
    /// The complete remedy.
    Text(String),
}

impl ValueError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self::with_hint(problem, "use for example")
    }

    pub(super) fn with_hint(problem: impl Into<String>, hint: &'static str) -> Self {
        Self {
            problem: problem.into(),
            remedy: Remedy::Example(hint),
        }
    }

    /// An error that suggests `value`, in TOML, as the replacement.
    pub(super) fn with_replacement(problem: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: Remedy::Replacement(value.into()),
        }
    }

    pub(super) fn with_remedy(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: Remedy::Text(remedy.into()),
        }
    }

    /// Adds the location: `origin` set the key at `path` to `found`; `example` is a valid value of the key.
    pub(super) fn into_settings_error(
        self,
        origin: &ValueOrigin,
        path: &[String],
        example: &str,
        found: &str,
    ) -> SettingsError {
        let name = path.last().map_or("", String::as_str);
        let remedy = match self.remedy {
            Remedy::Example(hint) => {
                format!("{hint} `{}`", assignment(origin, name, example))
            }
            Remedy::Replacement(value) => format!("use `{}`", assignment(origin, name, &value)),
            Remedy::Text(text) => text,
        };
        SettingsError::new(
            origin,
            dotted_key(path),
            format!("{}, found `{}`", self.problem, truncated(found)),
            remedy,
        )
    }
}

/// Formats an assignment of `value`, given in TOML, in the syntax of the origin.
fn assignment(origin: &ValueOrigin, name: &str, value: &str) -> String {
    let bare = value.trim_matches('"');
    match origin {
        ValueOrigin::Environment { variable } => format!("{variable}={bare}"),
        ValueOrigin::Flag { flag } => format!("{flag} {bare}"),
        ValueOrigin::Default | ValueOrigin::File { .. } => format!("{name} = {value}"),
    }
}

/// In characters: enough to recognise the value, on one line.
const FOUND_CHARS_MAX: usize = 60;

pub(super) fn truncated(text: &str) -> String {
    let line: String = text
        .chars()
        .take(FOUND_CHARS_MAX)
        .flat_map(escape_control)
        .collect();
    if text.chars().nth(FOUND_CHARS_MAX).is_some() {
        line + "…"
    } else {
        line
    }
}

/// Escapes control characters, so that a message stays on one line and cannot control the terminal.
fn escape_control(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}

/// Returns the name with the smallest edit distance to `typed`, if it is small for the length of the name.
pub(super) fn nearest<'a>(
    typed: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = typed.to_lowercase();
    let slips = |name: &str| strsim::osa_distance(&folded, &name.to_lowercase());
    let near = names
        .into_iter()
        .map(|name| (slips(name), name))
        .min_by_key(|(slips, _)| *slips);
    near.filter(|(slips, name)| *slips <= (name.chars().count() / 3).max(1))
        .map(|(_, name)| name)
}

/// The remedy for an unknown name: the nearest name, or a list of all.
pub(super) fn did_you_mean<'a>(
    typed: &str,
    names: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match nearest(typed, names.clone()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.clone().next().is_none() => "no keys are allowed here; remove it".to_owned(),
        None => format!("use one of {}", code_list(names)),
    }
}

pub(super) fn code_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The error for an invalid topic name.
pub(super) fn topic_name_error(typed: &str, error: TopicNameError) -> ValueError {
    match similar_topic_name(typed) {
        Some(name) => ValueError::with_replacement("not a topic name", quoted(name.as_str())),
        None => ValueError::with_remedy("not a topic name", topic_name_rules(error)),
    }
}

/// The valid topic name that an invalid one probably means; most often only its case is wrong.
pub(super) fn similar_topic_name(typed: &str) -> Option<TopicName> {
    typed.to_lowercase().replace([' ', '/'], "-").parse().ok()
}

/// The second half of the protocol's error message, the rules.
pub(super) fn topic_name_rules(error: TopicNameError) -> String {
    let message = error.to_string();
    message
        .split_once("; ")
        .map_or(message.clone(), |(_, remedy)| remedy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_the_name_and_an_unrelated_word_finds_none() {
        let names = ["port", "host", "max_viewers", "max_viewers_per_ip"];
        assert_eq!(nearest("prot", names), Some("port"));
        assert_eq!(nearest("PORT", names), Some("port"));
        assert_eq!(nearest("maxviewers", names), Some("max_viewers"));
        assert_eq!(nearest("colour", names), None);
        assert_eq!(nearest("x", []), None);
        assert_eq!(
            did_you_mean("x", ["a_b", "c_d"].into_iter()),
            "use one of `a_b`, `c_d`"
        );
    }
}
