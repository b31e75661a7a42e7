//! [`SettingValue`]: a valid value in its own type, parsed once; [`FromSetting`]: the types of [`Settings`] that it can
//! become.
//!
//! Which values a key accepts is up to its `ValueType`.
//!
//! [`Settings`]: super::Settings

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;

use super::start::Start;
use super::toml_value::quoted;
use crate::protocol::{Host, Rate, Speed, TopicName};

/// A valid value of a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SettingValue {
    /// A text without a type of its own, or a web origin in canonical form.
    Text(String),
    Count(u64),
    Bool(bool),
    Duration(Duration),
    AutoDuration(AutoDuration),
    /// In bytes.
    Size(u64),
    Rate(Rate),
    Speed(Speed),
    Number(f64),
    Start(Start),
    LogFormat(LogFormat),
    DatasetFormat(DatasetFormat),
    TimeUnit(TimeUnit),
    SlowPolicy(SlowPolicy),
    TopicName(TopicName),
    Address(IpAddr),
    Host(Host),
    Network(IpNet),
    List(Vec<Self>),
}

/// The format of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text if standard error is a terminal, else JSON.
    Auto,
    /// One JSON object a line.
    Json,
    /// Human-readable text.
    Text,
}

/// How the records are written in a dataset's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatasetFormat {
    /// One JSON array of records.
    Json,
    /// One JSON value per line.
    Ndjson,
    /// Rows of cells, with a header.
    Csv,
    /// The same, with tabs between the cells.
    Tsv,
    /// Apache Parquet, one record per row.
    Parquet,
    /// Apache Arrow IPC, a file or a stream, one record per row.
    Arrow,
    /// A recording of several channels, one of which is played.
    Mcap,
}

impl DatasetFormat {
    /// All formats by name.
    pub const ALL: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("ndjson", Self::Ndjson),
        ("csv", Self::Csv),
        ("tsv", Self::Tsv),
        ("parquet", Self::Parquet),
        ("arrow", Self::Arrow),
        ("mcap", Self::Mcap),
    ];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Mcap => "mcap",
        }
    }

    /// Whether its files are text, which may be compressed as a whole.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson | Self::Csv | Self::Tsv)
    }
}

/// How the time stamps of records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TimeUnit {
    /// A number of seconds.
    Seconds,
    /// A number of milliseconds.
    Millis,
    /// A number of microseconds.
    Micros,
    /// A number of nanoseconds.
    Nanos,
    /// A date and time such as `2026-01-01T00:00:00Z`.
    Rfc3339,
}

impl TimeUnit {
    /// All units by name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("s", Self::Seconds),
        ("ms", Self::Millis),
        ("us", Self::Micros),
        ("ns", Self::Nanos),
        ("rfc3339", Self::Rfc3339),
    ];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "s",
            Self::Millis => "ms",
            Self::Micros => "us",
            Self::Nanos => "ns",
            Self::Rfc3339 => "rfc3339",
        }
    }

    /// The stamps in it, for people.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "milliseconds",
            Self::Micros => "microseconds",
            Self::Nanos => "nanoseconds",
            Self::Rfc3339 => "dates",
        }
    }
}

/// The backfill that a viewer receives when its request names neither a position nor a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    /// All publications due within this time before the newest one.
    Duration(Duration),
    /// This many of the newest records.
    Records(u64),
}

/// What happens to a viewer that lags too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowPolicy {
    /// Send a gap and continue with live publications.
    Skip,
    /// Close the connection.
    Disconnect,
}

/// A duration that the hub may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AutoDuration {
    /// `auto`: derived from the rate or the time stamps.
    Auto,
    Fixed(Duration),
}

impl SettingValue {
    /// Formats the value as TOML: in canonical form if it has one, otherwise as `typed`, the string in the file.
    pub(super) fn to_toml(&self, typed: &str) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::TopicName(name) => quoted(name.as_str()),
            Self::Address(address) => quoted(&address.to_string()),
            Self::Host(host) => quoted(&host.to_string()),
            Self::Network(network) => quoted(&network.to_string()),
            Self::Count(count) => count.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Rate(rate) => rate.to_string(),
            Self::Speed(speed) => speed.to_string(),
            Self::Number(number) => format!("{number:?}"),
            Self::Duration(_)
            | Self::AutoDuration(_)
            | Self::Size(_)
            | Self::Start(_)
            | Self::LogFormat(_)
            | Self::DatasetFormat(_)
            | Self::TimeUnit(_)
            | Self::SlowPolicy(_) => quoted(typed),
            Self::List(values) => {
                let elements: Vec<_> = values.iter().map(|value| value.to_toml(typed)).collect();
                format!("[{}]", elements.join(", "))
            }
        }
    }
}

/// A type that a valid value can become.
pub(super) trait FromSetting: Sized {
    /// Returns the value, or `None` if it is of another type.
    fn from_setting(value: &SettingValue) -> Option<Self>;
}

/// Implements [`FromSetting`] for the type of each variant.
macro_rules! from_setting {
    ($($variant:ident => $type:ty,)+) => {
        $(impl FromSetting for $type {
            fn from_setting(value: &SettingValue) -> Option<Self> {
                match value {
                    SettingValue::$variant(value) => Some(Clone::clone(value)),
                    _ => None,
                }
            }
        })+
    };
}

from_setting! {
    Text => String,
    Count => u64,
    Bool => bool,
    Duration => Duration,
    AutoDuration => AutoDuration,
    Rate => Rate,
    Speed => Speed,
    Number => f64,
    Start => Start,
    LogFormat => LogFormat,
    DatasetFormat => DatasetFormat,
    TimeUnit => TimeUnit,
    SlowPolicy => SlowPolicy,
    TopicName => TopicName,
    Address => IpAddr,
    Host => Host,
    Network => IpNet,
}

impl FromSetting for u16 {
    fn from_setting(value: &SettingValue) -> Option<Self> {
        u64::from_setting(value)?.try_into().ok()
    }
}

impl FromSetting for usize {
    fn from_setting(value: &SettingValue) -> Option<Self> {
        match value {
            SettingValue::Count(number) | SettingValue::Size(number) => (*number).try_into().ok(),
            _ => None,
        }
    }
}

impl FromSetting for Backfill {
    fn from_setting(value: &SettingValue) -> Option<Self> {
        match value {
            SettingValue::Count(count) => Some(Self::Records(*count)),
            SettingValue::Duration(duration) => Some(Self::Duration(*duration)),
            _ => None,
        }
    }
}

impl<T: FromSetting> FromSetting for Vec<T> {
    fn from_setting(value: &SettingValue) -> Option<Self> {
        match value {
            SettingValue::List(values) => values.iter().map(T::from_setting).collect(),
            _ => None,
        }
    }
}
