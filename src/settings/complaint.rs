//! `Complaint`: what is wrong with a value, before it is known where the value stands.
//!
//! The place decides how the remedy is spelled: `port = 8000`, `TICKCAST__SERVER__PORT=8000` or `--port 8000`.

use super::error::Fault;
use super::origin::{Origin, dotted};

/// A problem and its remedy, still without a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) problem: String,
    remedy: Remedy,
}

#[derive(Debug, PartialEq, Eq)]
enum Remedy {
    /// These words, then the key with its example.
    Example(&'static str),
    /// The key with exactly this value.
    Use(String),
    /// Something else, in full.
    Plain(String),
}

impl Complaint {
    pub(super) fn example(problem: impl Into<String>) -> Self {
        Self::advice(problem, "use for example")
    }

    pub(super) fn advice(problem: impl Into<String>, words: &'static str) -> Self {
        Self {
            problem: problem.into(),
            remedy: Remedy::Example(words),
        }
    }

    /// `value` is what should have been written, in TOML.
    pub(super) fn instead(problem: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: Remedy::Use(value.into()),
        }
    }

    pub(super) fn plain(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
            remedy: Remedy::Plain(remedy.into()),
        }
    }

    /// The fault of `found`, which `origin` gave to the key at `path`, for which `example` is a good value.
    pub(super) fn at(self, origin: &Origin, path: &[String], example: &str, found: &str) -> Fault {
        let name = path.last().map_or("", String::as_str);
        let remedy = match self.remedy {
            Remedy::Example(words) => {
                format!("{words} `{}`", assignment(origin, name, example))
            }
            Remedy::Use(value) => format!("use `{}`", assignment(origin, name, &value)),
            Remedy::Plain(text) => text,
        };
        Fault::new(
            origin,
            dotted(path),
            format!("{}, found `{}`", self.problem, shortened(found)),
            remedy,
        )
    }
}

/// How the origin would give `value`, spelled in TOML, to the key.
fn assignment(origin: &Origin, name: &str, value: &str) -> String {
    let bare = value.trim_matches('"');
    match origin {
        Origin::Environment { variable } => format!("{variable}={bare}"),
        Origin::Flag { flag } => format!("{flag} {bare}"),
        Origin::Default | Origin::File { .. } => format!("{name} = {value}"),
    }
}

/// Enough of a value to recognise it, on one line.
const FOUND_CHARS: usize = 60;

pub(super) fn shortened(text: &str) -> String {
    let line: String = text.chars().take(FOUND_CHARS).flat_map(visible).collect();
    if text.chars().nth(FOUND_CHARS).is_some() {
        line + "…"
    } else {
        line
    }
}

/// A message is one line and never steers a terminal.
fn visible(character: char) -> impl Iterator<Item = char> {
    let escaped = character.is_control().then(|| character.escape_default());
    let plain = (!character.is_control()).then_some(character);
    escaped.into_iter().flatten().chain(plain)
}
