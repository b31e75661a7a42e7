//! [`ValueType`]: the type of a key, and the strict parsing of a value of that type.
//!
//! Nothing is coerced: a string never becomes a number, nor a float an integer.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::protocol::{Rate, RateError, Speed, SpeedError, TopicName};

use super::addresses::{normalize_origin, parse_host, parse_network};
use super::quantity::{
    format_duration, format_size, missing_duration_unit, missing_size_unit, parse_duration,
    parse_size,
};
use super::setting_value::{AutoDuration, SettingValue};
use super::start;
use super::toml_value::{TomlValue, quoted};
use super::value_error::{ValueError, nearest, topic_name_error};

/// The type and range of the values that a key accepts.
#[derive(Debug)]
pub(super) enum ValueType {
    /// Any string.
    Text,
    /// Any string except the empty one.
    NonEmpty,
    Address,
    Count(RangeInclusive<u64>),
    Bool,
    Duration(RangeInclusive<Duration>),
    /// A duration from zero to this one, or `auto`.
    DurationOrAuto(Duration),
    /// A size in bytes, written with a unit.
    Size(RangeInclusive<u64>),
    Rate,
    Speed,
    /// A finite number.
    Number,
    /// One finite number, or an array of two.
    NumberOrPair,
    Start,
    /// A duration or a number of records.
    Backfill,
    /// One of these names, each of which stands for a value.
    OneOf(&'static [(&'static str, SettingValue)]),
    TopicName,
    WebOrigins,
    Hosts,
    Networks,
    /// Any strings except the empty one.
    Names,
}

/// One year, more than any backfill can deliver.
const BACKFILL_MAX: Duration = Duration::from_secs(366 * 86_400);

impl ValueType {
    /// Whether the value is an array; arrays can be set only in the file.
    pub(super) fn is_array(&self) -> bool {
        matches!(
            self,
            Self::WebOrigins | Self::Hosts | Self::Networks | Self::Names
        )
    }

    /// The length that an array must have where one is accepted in place of a single value.
    pub(super) fn array_len(&self) -> Option<usize> {
        matches!(self, Self::NumberOrPair).then_some(2)
    }

    /// Whether an environment variable or a flag may give the value as plain text, without TOML quotes.
    pub(super) fn is_unquoted_text(&self) -> bool {
        !matches!(
            self,
            Self::Count(_)
                | Self::Bool
                | Self::Rate
                | Self::Speed
                | Self::Number
                | Self::NumberOrPair
                | Self::WebOrigins
                | Self::Hosts
                | Self::Networks
                | Self::Names
        )
    }

    /// Whether the key accepts a plain number as well as a string.
    pub(super) fn takes_numbers(&self) -> bool {
        matches!(self, Self::Backfill)
    }

    /// The name of the type with its article, for error messages.
    pub(super) fn description(&self) -> &'static str {
        match self {
            Self::Count(_) => "an integer",
            Self::Bool => "a boolean",
            Self::Rate | Self::Speed | Self::Number => "a number",
            Self::NumberOrPair => "a number or an array of two",
            Self::Duration(_) | Self::DurationOrAuto(_) => "a duration in quotes",
            Self::Backfill => "a duration in quotes or an integer",
            Self::Size(_) => "a size in quotes",
            Self::WebOrigins | Self::Hosts | Self::Networks | Self::Names => "an array of strings",
            Self::Text
            | Self::NonEmpty
            | Self::Address
            | Self::Start
            | Self::OneOf(_)
            | Self::TopicName => "a string",
        }
    }

    /// Parses one value or, for an array type, one element; `text` is its source text.
    pub(super) fn parse(&self, value: &TomlValue, text: &str) -> Result<SettingValue, ValueError> {
        match (self, value) {
            (Self::Bool, TomlValue::Bool(value)) => Ok(SettingValue::Bool(*value)),
            (Self::Count(range), TomlValue::Integer(number)) => parse_count(*number, range),
            (Self::Backfill, TomlValue::Integer(number)) => {
                parse_count(*number, &(0..=i64::MAX.unsigned_abs()))
            }
            (Self::Rate, TomlValue::Integer(number)) => parse_rate(&number.to_string()),
            (Self::Rate, TomlValue::Float(digits)) => parse_rate(digits),
            (Self::Speed, TomlValue::Integer(number)) => parse_speed(&number.to_string()),
            (Self::Speed, TomlValue::Float(digits)) => parse_speed(digits),
            (Self::Number | Self::NumberOrPair, TomlValue::Integer(number)) => {
                parse_number(&number.to_string())
            }
            (Self::Number | Self::NumberOrPair, TomlValue::Float(digits)) => parse_number(digits),
            (
                Self::Duration(_) | Self::DurationOrAuto(_),
                TomlValue::Integer(_) | TomlValue::Float(_),
            )
            | (Self::Backfill, TomlValue::Float(_)) => Err(missing_duration_unit()),
            (Self::Size(_), TomlValue::Integer(_)) => Err(missing_size_unit()),
            (Self::Start, TomlValue::Datetime) => Err(ValueError::with_replacement(
                "expected a string, not a bare date or time",
                quoted(text),
            )),
            (
                Self::Bool
                | Self::Count(_)
                | Self::Rate
                | Self::Speed
                | Self::Number
                | Self::NumberOrPair,
                _,
            ) => Err(self.wrong_type(value)),
            (_, TomlValue::Text(text)) => self.parse_text(text),
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

    fn parse_text(&self, text: &str) -> Result<SettingValue, ValueError> {
        match self {
            Self::NonEmpty | Self::Names if text.is_empty() => Err(ValueError::new("empty")),
            Self::Address => match text.parse::<IpAddr>() {
                Ok(address) => Ok(SettingValue::Address(address)),
                Err(_) => Err(ValueError::new("not an IP address")),
            },
            Self::Duration(range) => parse_duration_within(text, range).map(SettingValue::Duration),
            Self::Backfill => parse_duration_within(text, &(Duration::ZERO..=BACKFILL_MAX))
                .map(SettingValue::Duration),
            Self::DurationOrAuto(max) => parse_auto_duration(text, *max),
            Self::Size(range) => parse_size_within(text, range),
            Self::Start => start::parse(text).map(SettingValue::Start),
            Self::OneOf(choices) => parse_choice(choices, text),
            Self::TopicName => match text.parse::<TopicName>() {
                Ok(name) => Ok(SettingValue::TopicName(name)),
                Err(error) => Err(topic_name_error(text, error)),
            },
            Self::WebOrigins => normalize_origin(text).map(SettingValue::Text),
            Self::Hosts => parse_host(text).map(SettingValue::Host),
            Self::Networks => parse_network(text).map(SettingValue::Network),
            Self::Text
            | Self::NonEmpty
            | Self::Names
            | Self::Count(_)
            | Self::Bool
            | Self::Rate
            | Self::Speed
            | Self::Number
            | Self::NumberOrPair => Ok(SettingValue::Text(text.to_owned())),
        }
    }
}

fn parse_count(number: i128, range: &RangeInclusive<u64>) -> Result<SettingValue, ValueError> {
    u64::try_from(number)
        .ok()
        .filter(|number| range.contains(number))
        .map(SettingValue::Count)
        .ok_or_else(|| out_of_range(range, |number| number.to_string()))
}

fn parse_rate(digits: &str) -> Result<SettingValue, ValueError> {
    let unsigned = digits.trim_start_matches(['+', '-']);
    // A negative number is out of range, unless it is malformed as well.
    match (unsigned.parse::<Rate>(), digits.starts_with('-')) {
        (Err(RateError::Syntax), _) => Err(ValueError::new("not a plain decimal number")),
        (_, true) | (Err(RateError::Range), false) => {
            Err(ValueError::new("out of range 0.001 to 10000"))
        }
        (Err(RateError::Precision), false) => Err(ValueError::new("more than 6 decimal places")),
        (Ok(rate), false) => Ok(SettingValue::Rate(rate)),
    }
}

fn parse_speed(digits: &str) -> Result<SettingValue, ValueError> {
    let unsigned = digits.trim_start_matches(['+', '-']);
    match (unsigned.parse::<Speed>(), digits.starts_with('-')) {
        (Err(SpeedError::Syntax), _) => Err(ValueError::new("not a plain decimal number")),
        (_, true) | (Err(SpeedError::Range), false) => {
            Err(ValueError::new("out of range 0.01 to 16"))
        }
        (Err(SpeedError::Precision), false) => Err(ValueError::new("more than 3 decimal places")),
        (Ok(speed), false) => Ok(SettingValue::Speed(speed)),
    }
}

fn parse_number(digits: &str) -> Result<SettingValue, ValueError> {
    match digits.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(SettingValue::Number(number)),
        _ => Err(ValueError::new("not a finite number")),
    }
}

fn parse_auto_duration(text: &str, max: Duration) -> Result<SettingValue, ValueError> {
    let duration = match text {
        "auto" => AutoDuration::Auto,
        text => AutoDuration::Fixed(parse_duration_within(text, &(Duration::ZERO..=max))?),
    };
    Ok(SettingValue::AutoDuration(duration))
}

fn parse_duration_within(
    text: &str,
    range: &RangeInclusive<Duration>,
) -> Result<Duration, ValueError> {
    let duration = parse_duration(text)?;
    if range.contains(&duration) {
        Ok(duration)
    } else {
        Err(out_of_range(range, format_duration))
    }
}

fn parse_size_within(text: &str, range: &RangeInclusive<u64>) -> Result<SettingValue, ValueError> {
    let size = parse_size(text)?;
    if range.contains(&size) {
        Ok(SettingValue::Size(size))
    } else {
        Err(out_of_range(range, format_size))
    }
}

fn out_of_range<T: Copy>(range: &RangeInclusive<T>, format: impl Fn(T) -> String) -> ValueError {
    let (min, max) = (format(*range.start()), format(*range.end()));
    ValueError::new(format!("out of range {min} to {max}"))
}

fn parse_choice(
    choices: &'static [(&'static str, SettingValue)],
    text: &str,
) -> Result<SettingValue, ValueError> {
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text) {
        return Ok(value.clone());
    }
    let names = choices.iter().map(|(name, _)| *name);
    let all: Vec<_> = names.clone().map(quoted).collect();
    let problem = match all.split_last() {
        Some((last, [])) => format!("not {last}"),
        Some((last, others)) => format!("not {} or {last}", others.join(", ")),
        None => "not a choice".to_owned(),
    };
    Err(match nearest(text, names) {
        Some(name) => ValueError::with_replacement(problem, quoted(name)),
        None => ValueError::new(problem),
    })
}
