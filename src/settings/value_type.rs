//! [`ValueType`]: the type of a key, and the strict check of a value against it.
//!
//! Nothing is coerced: a string never becomes a number, nor a float an integer.

use std::net::IpAddr;
use std::time::Duration;

use crate::protocol::{Rate, RateError, TopicName};

use super::addresses::{normalize_host, normalize_origin, parse_network};
use super::quantity::{
    format_duration, format_size, missing_duration_unit, missing_size_unit, parse_duration,
    parse_size,
};
use super::start;
use super::toml_value::TomlValue;
use super::value_error::{ValueError, nearest, topic_name_error};
use super::value_origin::quoted;

/// The type and range of the values that a key accepts.
#[derive(Debug)]
pub(super) enum ValueType {
    /// Any string.
    Text,
    /// Any string except the empty one.
    NonEmpty,
    Address,
    Count {
        min: u64,
        max: u64,
    },
    Bool,
    Duration {
        min: Duration,
        max: Duration,
    },
    /// A duration from zero to `max`, or `auto`.
    DurationOrAuto {
        max: Duration,
    },
    /// A size in bytes, written with a unit.
    Size {
        min: u64,
        max: u64,
    },
    Rate,
    Start,
    /// A duration or a number of records.
    Backfill,
    OneOf(&'static [&'static str]),
    TopicName,
    WebOrigins,
    Hosts,
    Networks,
}

/// The result of checking a value. A valid text is in canonical form, so parsing it again cannot fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SettingValue {
    Text(String),
    Number(u64),
    Bool(bool),
    Array(Vec<String>),
    /// Invalid, and already reported. It still overrides the values of lower layers.
    Invalid,
}

/// One year, more than any backfill can deliver.
const BACKFILL_MAX: Duration = Duration::from_secs(366 * 86_400);

impl ValueType {
    /// Whether the value is an array; arrays can be set only in the file.
    pub(super) fn is_array(&self) -> bool {
        matches!(self, Self::WebOrigins | Self::Hosts | Self::Networks)
    }

    /// Whether an environment variable or a flag may give the value as plain text, without TOML quotes.
    pub(super) fn is_unquoted_text(&self) -> bool {
        !matches!(
            self,
            Self::Count { .. }
                | Self::Bool
                | Self::Rate
                | Self::WebOrigins
                | Self::Hosts
                | Self::Networks
        )
    }

    /// Whether the key accepts a plain number as well as a string.
    pub(super) fn takes_numbers(&self) -> bool {
        matches!(self, Self::Backfill)
    }

    /// Whether the value is a TOML number that is stored as text, to keep its digits.
    pub(super) fn is_number_held_as_text(&self) -> bool {
        matches!(self, Self::Rate)
    }

    /// The name of the type with its article, for error messages.
    pub(super) fn description(&self) -> &'static str {
        match self {
            Self::Count { .. } => "an integer",
            Self::Bool => "a boolean",
            Self::Rate => "a number",
            Self::Duration { .. } | Self::DurationOrAuto { .. } => "a duration in quotes",
            Self::Backfill => "a duration in quotes or an integer",
            Self::Size { .. } => "a size in quotes",
            Self::WebOrigins | Self::Hosts | Self::Networks => "an array of strings",
            Self::Text
            | Self::NonEmpty
            | Self::Address
            | Self::Start
            | Self::OneOf(_)
            | Self::TopicName => "a string",
        }
    }

    /// Checks one value or, for an array type, one element.
    pub(super) fn validate(
        &self,
        value: &TomlValue,
        text: &str,
    ) -> Result<SettingValue, ValueError> {
        match (self, value) {
            (Self::Bool, TomlValue::Bool(value)) => Ok(SettingValue::Bool(*value)),
            (Self::Count { min, max }, TomlValue::Integer(number)) => {
                validate_count(*number, *min, *max)
            }
            (Self::Backfill, TomlValue::Integer(number)) => {
                validate_count(*number, 0, i64::MAX.unsigned_abs())
            }
            (Self::Rate, TomlValue::Integer(number)) => validate_rate(&number.to_string()),
            (Self::Rate, TomlValue::Float(digits)) => validate_rate(digits),
            (
                Self::Duration { .. } | Self::DurationOrAuto { .. },
                TomlValue::Integer(_) | TomlValue::Float(_),
            )
            | (Self::Backfill, TomlValue::Float(_)) => Err(missing_duration_unit()),
            (Self::Size { .. }, TomlValue::Integer(_)) => Err(missing_size_unit()),
            (Self::Start, TomlValue::Datetime) => Err(ValueError::with_replacement(
                "expected a string, not a bare date or time",
                quoted(text),
            )),
            (Self::Bool | Self::Count { .. } | Self::Rate, _) => Err(self.wrong_type(value)),
            (_, TomlValue::Text(text)) => self.validate_text(text).map(SettingValue::Text),
            _ => Err(self.wrong_type(value)),
        }
    }

    pub(super) fn wrong_type(&self, value: &TomlValue) -> ValueError {
        ValueError::new(format!(
            "expected {}, not {}",
            self.description(),
            value.description()
        ))
    }

    fn validate_text(&self, text: &str) -> Result<String, ValueError> {
        let as_typed = || text.to_owned();
        match self {
            Self::NonEmpty if text.is_empty() => Err(ValueError::new("empty")),
            Self::Address => match text.parse::<IpAddr>() {
                Ok(address) => Ok(address.to_string()),
                Err(_) => Err(ValueError::new("not an IP address")),
            },
            Self::Duration { min, max } => validate_duration(text, *min, *max).map(|()| as_typed()),
            Self::DurationOrAuto { .. } if text == "auto" => Ok(as_typed()),
            Self::DurationOrAuto { max } => {
                validate_duration(text, Duration::ZERO, *max).map(|()| as_typed())
            }
            Self::Size { min, max } => validate_size(text, *min, *max).map(|()| as_typed()),
            Self::Backfill => {
                validate_duration(text, Duration::ZERO, BACKFILL_MAX).map(|()| as_typed())
            }
            Self::Start => start::parse(text).map(|_| as_typed()),
            Self::OneOf(names) => validate_choice(names, text).map(|()| as_typed()),
            Self::TopicName => match text.parse::<TopicName>() {
                Ok(name) => Ok(name.to_string()),
                Err(error) => Err(topic_name_error(text, error)),
            },
            Self::WebOrigins => normalize_origin(text),
            Self::Hosts => normalize_host(text),
            Self::Networks => parse_network(text).map(|network| network.to_string()),
            Self::Text | Self::NonEmpty | Self::Count { .. } | Self::Bool | Self::Rate => {
                Ok(as_typed())
            }
        }
    }
}

fn validate_count(number: i128, min: u64, max: u64) -> Result<SettingValue, ValueError> {
    u64::try_from(number)
        .ok()
        .filter(|number| (min..=max).contains(number))
        .map(SettingValue::Number)
        .ok_or_else(|| ValueError::new(format!("out of range {min} to {max}")))
}

fn validate_rate(digits: &str) -> Result<SettingValue, ValueError> {
    let unsigned = digits.trim_start_matches(['+', '-']);
    // A negative number is out of range, unless it is malformed as well.
    match (unsigned.parse::<Rate>(), digits.starts_with('-')) {
        (Err(RateError::Syntax), _) => Err(ValueError::new("not a plain decimal number")),
        (_, true) | (Err(RateError::Range), false) => {
            Err(ValueError::new("out of range 0.001 to 10000"))
        }
        (Err(RateError::Precision), false) => Err(ValueError::new("more than 6 decimal places")),
        (Ok(rate), false) => Ok(SettingValue::Text(rate.to_string())),
    }
}

fn validate_duration(text: &str, min: Duration, max: Duration) -> Result<(), ValueError> {
    if (min..=max).contains(&parse_duration(text)?) {
        return Ok(());
    }
    let (min, max) = (format_duration(min), format_duration(max));
    Err(ValueError::new(format!("out of range {min} to {max}")))
}

fn validate_size(text: &str, min: u64, max: u64) -> Result<(), ValueError> {
    if (min..=max).contains(&parse_size(text)?) {
        return Ok(());
    }
    let (min, max) = (format_size(min), format_size(max));
    Err(ValueError::new(format!("out of range {min} to {max}")))
}

fn validate_choice(names: &'static [&'static str], text: &str) -> Result<(), ValueError> {
    if names.contains(&text) {
        return Ok(());
    }
    let all = names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(" or ");
    let problem = format!("not {all}");
    Err(match nearest(text, names.iter().copied()) {
        Some(name) => ValueError::with_replacement(problem, quoted(name)),
        None => ValueError::new(problem),
    })
}
