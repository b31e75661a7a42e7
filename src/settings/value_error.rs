//! [`ValueError`]: why a value is invalid, without its key and location.
//!
//! The location decides how the remedy is written: `port = 8000`, `TICKCAST__SERVER__PORT=8000` or `--port 8000`.

use super::settings_error::SettingsError;
use super::value_origin::{ValueOrigin, dotted_key};

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
