//! `Kind`: what a key takes; reads a typed value strictly or says what is wrong with it.
//!
//! Nothing is coerced: a string never becomes a number, nor a float an integer.

use std::net::IpAddr;
use std::time::Duration;

use crate::protocol::{Rate, RateError, TopicName};

use super::complaint::Complaint;
use super::duration;
use super::host_name;
use super::nearest;
use super::network;
use super::origin::quoted;
use super::raw::Raw;
use super::size;
use super::start;
use super::web_origin;

/// What a key takes.
#[derive(Debug)]
pub(super) enum Kind {
    /// Any string.
    Text,
    /// Any string but the empty one.
    Filled,
    Address,
    Count {
        min: u64,
        max: u64,
    },
    Switch,
    Span {
        min: Duration,
        max: Duration,
    },
    /// A duration from zero, or `auto`.
    AutoSpan {
        max: Duration,
    },
    /// Bytes, with a unit.
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

/// A value that has been found good: its text is in the one form that the types parse again without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Switch(bool),
    List(Vec<String>),
    /// It was not good, and that has been reported; it still hides the values below it.
    Spoiled,
}

/// A year back is more than any backfill delivers.
const BACKFILL_MAX: Duration = Duration::from_secs(366 * 86_400);

impl Kind {
    /// Whether the kind takes several values; those are typed in the file only.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::WebOrigins | Self::Hosts | Self::Networks)
    }

    /// Whether text without quotes is unambiguous, as in an environment variable.
    pub(super) fn is_text(&self) -> bool {
        !matches!(
            self,
            Self::Count { .. }
                | Self::Switch
                | Self::Rate
                | Self::WebOrigins
                | Self::Hosts
                | Self::Networks
        )
    }

    /// Whether a number without quotes is a value of its own beside the strings.
    pub(super) fn takes_numbers(&self) -> bool {
        matches!(self, Self::Backfill)
    }

    /// Whether a value of this kind is spelled without quotes although it is held as text.
    pub(super) fn is_bare(&self) -> bool {
        matches!(self, Self::Rate)
    }

    /// What the kind takes, with its article.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Count { .. } => "an integer",
            Self::Switch => "a boolean",
            Self::Rate => "a number",
            Self::Span { .. } | Self::AutoSpan { .. } => "a duration in quotes",
            Self::Backfill => "a duration in quotes or an integer",
            Self::Size { .. } => "a size in quotes",
            Self::WebOrigins | Self::Hosts | Self::Networks => "an array of strings",
            Self::Text
            | Self::Filled
            | Self::Address
            | Self::Start
            | Self::OneOf(_)
            | Self::TopicName => "a string",
        }
    }

    /// Reads one value; of a list, one entry.
    pub(super) fn read(&self, raw: &Raw, text: &str) -> Result<Value, Complaint> {
        match (self, raw) {
            (Self::Switch, Raw::Switch(value)) => Ok(Value::Switch(*value)),
            (Self::Count { min, max }, Raw::Integer(number)) => count(*number, *min, *max),
            (Self::Backfill, Raw::Integer(number)) => count(*number, 0, i64::MAX.unsigned_abs()),
            (Self::Rate, Raw::Integer(number)) => rate(&number.to_string()),
            (Self::Rate, Raw::Float(digits)) => rate(digits),
            (Self::Span { .. } | Self::AutoSpan { .. }, Raw::Integer(_) | Raw::Float(_))
            | (Self::Backfill, Raw::Float(_)) => Err(duration::no_unit()),
            (Self::Size { .. }, Raw::Integer(_)) => Err(size::no_unit()),
            (Self::Start, Raw::Moment) => Err(Complaint::instead(
                "wants a string, not a bare date or time",
                quoted(text),
            )),
            (Self::Switch | Self::Count { .. } | Self::Rate, _) => Err(self.wrong_type(raw)),
            (_, Raw::Text(text)) => self.read_text(text).map(Value::Text),
            _ => Err(self.wrong_type(raw)),
        }
    }

    pub(super) fn wrong_type(&self, raw: &Raw) -> Complaint {
        Complaint::example(format!("wants {}, not {}", self.noun(), raw.noun()))
    }

    fn read_text(&self, text: &str) -> Result<String, Complaint> {
        let as_typed = || text.to_owned();
        match self {
            Self::Filled if text.is_empty() => Err(Complaint::example("empty")),
            Self::Address => match text.parse::<IpAddr>() {
                Ok(address) => Ok(address.to_string()),
                Err(_) => Err(Complaint::example("not an IP address")),
            },
            Self::Span { min, max } => within(text, *min, *max).map(|()| as_typed()),
            Self::AutoSpan { .. } if text == "auto" => Ok(as_typed()),
            Self::AutoSpan { max } => within(text, Duration::ZERO, *max).map(|()| as_typed()),
            Self::Size { min, max } => size_within(text, *min, *max).map(|()| as_typed()),
            Self::Backfill => within(text, Duration::ZERO, BACKFILL_MAX).map(|()| as_typed()),
            Self::Start => start::parse(text).map(|_| as_typed()),
            Self::OneOf(names) => one_of(names, text).map(|()| as_typed()),
            Self::TopicName => match text.parse::<TopicName>() {
                Ok(name) => Ok(name.to_string()),
                Err(error) => Err(nearest::topic_complaint(text, error)),
            },
            Self::WebOrigins => web_origin::normalised(text),
            Self::Hosts => host_name::normalised(text),
            Self::Networks => network::parse(text).map(|network| network.to_string()),
            Self::Text | Self::Filled | Self::Count { .. } | Self::Switch | Self::Rate => {
                Ok(as_typed())
            }
        }
    }
}

fn count(number: i128, min: u64, max: u64) -> Result<Value, Complaint> {
    u64::try_from(number)
        .ok()
        .filter(|number| (min..=max).contains(number))
        .map(Value::Number)
        .ok_or_else(|| Complaint::example(format!("out of range {min} to {max}")))
}

fn rate(digits: &str) -> Result<Value, Complaint> {
    let unsigned = digits.trim_start_matches(['+', '-']);
    // A negative number is out of range, unless it is no plain number to begin with.
    match (unsigned.parse::<Rate>(), digits.starts_with('-')) {
        (Err(RateError::Syntax), _) => Err(Complaint::example("not a plain decimal number")),
        (_, true) | (Err(RateError::Range), false) => {
            Err(Complaint::example("out of range 0.001 to 10000"))
        }
        (Err(RateError::Precision), false) => Err(Complaint::example("more than 6 decimal places")),
        (Ok(rate), false) => Ok(Value::Text(rate.to_string())),
    }
}

fn within(text: &str, min: Duration, max: Duration) -> Result<(), Complaint> {
    if (min..=max).contains(&duration::parse(text)?) {
        return Ok(());
    }
    let (min, max) = (duration::spell(min), duration::spell(max));
    Err(Complaint::example(format!("out of range {min} to {max}")))
}

fn size_within(text: &str, min: u64, max: u64) -> Result<(), Complaint> {
    if (min..=max).contains(&size::parse(text)?) {
        return Ok(());
    }
    let (min, max) = (size::spell(min), size::spell(max));
    Err(Complaint::example(format!("out of range {min} to {max}")))
}

fn one_of(names: &'static [&'static str], text: &str) -> Result<(), Complaint> {
    if names.contains(&text) {
        return Ok(());
    }
    let all = names
        .iter()
        .map(|name| format!("\"{name}\""))
        .collect::<Vec<_>>()
        .join(" or ");
    let problem = format!("not {all}");
    Err(match nearest::of(text, names.iter().copied()) {
        Some(name) => Complaint::instead(problem, quoted(name)),
        None => Complaint::example(problem),
    })
}
