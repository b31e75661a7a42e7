//! Settings from environment variables and command-line flags.
//!
//! A text is parsed as a TOML value of the key's type; strings need no quotes.

use super::Overrides;
use super::key_names::{KeyNames, UnknownKey};
use super::layers::Assignment;
use super::schema::Key;
use super::settings_error::{SettingsError, SettingsErrors, ValueOrigin};
use super::toml_value::{self, LocatedValue, TomlValue, dotted_key};
use super::validate::{TopicTable, validate};
use super::value_error::ValueError;

/// The prefix of variables that hold settings. Names with a single underscore have other uses, as `TICKCAST_CONFIG`
/// does.
const PREFIX: &str = "TICKCAST__";

/// Reads the variables that begin with [`PREFIX`]; all others are ignored.
pub(super) fn assignments_from_environment(
    variables: &[(String, String)],
    topics: &[TopicTable],
    errors: &mut SettingsErrors,
) -> Vec<Assignment> {
    let names = KeyNames::for_variables(topics);
    let mut assignments: Vec<Assignment> = Vec::new();
    for (variable, text) in variables {
        let Some(name) = variable.strip_prefix(PREFIX) else {
            continue;
        };
        let origin = ValueOrigin::Environment {
            variable: variable.clone(),
        };
        let Some((path, key)) = report_unknown(names.resolve(name), &origin, errors) else {
            continue;
        };
        if path
            .get(1)
            .is_some_and(|topic| path.len() > 2 && topic.contains(['.', '-']))
        {
            let remedy = format!("set `{}` in the file", dotted_key(&path));
            errors.push(SettingsError::new(
                &origin,
                dotted_key(&path),
                "variables cannot set topics with `.` or `-` in their name",
                remedy,
            ));
            continue;
        }
        if let Some(first) = assignments
            .iter()
            .find(|assignment| assignment.path == path)
        {
            let problem = format!("also set by `{}`", first.origin);
            errors.push(SettingsError::new(
                &origin,
                dotted_key(&path),
                problem,
                "unset one of them",
            ));
            continue;
        }
        assignments.push(validate_text(path, key, text, origin, errors));
    }
    assignments
}

/// Reads the flags; if several set the same key, the last one wins.
pub(super) fn assignments_from_flags(
    overrides: &Overrides,
    topics: &[TopicTable],
    errors: &mut SettingsErrors,
) -> Vec<Assignment> {
    let names = KeyNames::for_flags(topics);
    let mut assignments = Vec::new();
    for (key, text, flag) in &overrides.values {
        let origin = ValueOrigin::Flag { flag: flag.clone() };
        if let Some((path, key)) = report_unknown(names.resolve(key), &origin, errors) {
            assignments.push(validate_text(path, key, text, origin, errors));
        }
    }
    assignments
}

fn report_unknown<T>(
    resolved: Result<T, UnknownKey>,
    origin: &ValueOrigin,
    errors: &mut SettingsErrors,
) -> Option<T> {
    resolved
        .map_err(|error| errors.push(SettingsError::new(origin, "", error.problem, error.remedy)))
        .ok()
}

fn validate_text(
    path: Vec<String>,
    key: &'static Key,
    text: &str,
    origin: ValueOrigin,
    errors: &mut SettingsErrors,
) -> Assignment {
    match parse_text(key, text, &origin) {
        Ok(value) => validate(
            path,
            key,
            &LocatedValue {
                value,
                text: text.to_owned(),
                origin,
            },
            errors,
        ),
        Err(error) => {
            errors.push(error.into_settings_error(&origin, &path, key.example, text));
            Assignment {
                path,
                value: None,
                toml: String::new(),
                origin,
            }
        }
    }
}

fn parse_text(key: &Key, text: &str, origin: &ValueOrigin) -> Result<TomlValue, ValueError> {
    if key.value_type.is_array() {
        let remedy = format!("set `{} = {}` in the file", key.name, key.example);
        return Err(ValueError::with_remedy(
            "an array can be set only in the file",
            remedy,
        ));
    }
    match toml_value::parse_value(text, origin).map(|typed| typed.value) {
        Some(TomlValue::Text(unquoted)) => Ok(TomlValue::Text(unquoted)),
        Some(number @ (TomlValue::Integer(_) | TomlValue::Float(_)))
            if key.value_type.takes_numbers() =>
        {
            Ok(number)
        }
        _ if key.value_type.is_unquoted_text() => Ok(TomlValue::Text(text.to_owned())),
        Some(other) => Ok(other),
        None => Err(ValueError::new(format!(
            "not {}",
            key.value_type.description()
        ))),
    }
}
