//! The schema: every key with its type, default and an example for error messages, in the order of the reference file.
//!
//! How a value of a type is checked is up to [`ValueType`].

use std::time::Duration;

use super::setting_value::{LogFormat, SettingValue, SlowPolicy};
use super::value_type::ValueType;

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) value_type: ValueType,
    /// In TOML; `None` if the key is required or its default depends on other values.
    pub(super) default: Option<&'static str>,
    /// A valid value in TOML.
    pub(super) example: &'static str,
}

const fn key(name: &'static str, kind: ValueType, default: &'static str) -> Key {
    Key {
        name,
        value_type: kind,
        default: Some(default),
        example: default,
    }
}

const fn without_default(name: &'static str, kind: ValueType, example: &'static str) -> Key {
    Key {
        name,
        value_type: kind,
        default: None,
        example,
    }
}

const fn with_example(key: Key, example: &'static str) -> Key {
    Key { example, ..key }
}

const TENTH_OF_SECOND: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// More viewers than one process can have sockets open.
const VIEWERS_MAX: u64 = 1_000_000;
/// More records than any response should contain.
const RECORDS_MAX: u64 = 10_000_000;
/// In bytes. A record is one message, and a browser holds two copies of it in memory.
const RECORD_LEN_MAX: u64 = 64 << 20;
const ANY_PORT: ValueType = ValueType::Count(0..=65_535);

const LOG_FORMATS: &[(&str, SettingValue)] = &[
    ("json", SettingValue::LogFormat(LogFormat::Json)),
    ("text", SettingValue::LogFormat(LogFormat::Text)),
];
const SLOW_POLICIES: &[(&str, SettingValue)] = &[
    ("skip", SettingValue::SlowPolicy(SlowPolicy::Skip)),
    (
        "disconnect",
        SettingValue::SlowPolicy(SlowPolicy::Disconnect),
    ),
];

/// The tables with a fixed name.
pub(super) const SECTIONS: [(&str, &[Key]); 4] = [
    ("server", SERVER),
    ("ops", OPS),
    ("log", LOG),
    ("state", STATE),
];

pub(super) const SERVER: &[Key] = &[
    key("host", ValueType::Address, "\"127.0.0.1\""),
    key("port", ANY_PORT, "8000"),
    without_default("default_topic", ValueType::TopicName, "\"ecg\""),
    key("max_viewers", ValueType::Count(1..=VIEWERS_MAX), "15000"),
    key("max_viewers_per_ip", ValueType::Count(0..=VIEWERS_MAX), "0"),
    key(
        "max_connections_per_ip",
        ValueType::Count(0..=VIEWERS_MAX),
        "1024",
    ),
    with_example(
        key("allowed_origins", ValueType::WebOrigins, "[]"),
        "[\"https://example.org\"]",
    ),
    with_example(
        key("hosts", ValueType::Hosts, "[]"),
        "[\"hub.example.org\"]",
    ),
    with_example(
        key("trusted_proxies", ValueType::Networks, "[]"),
        "[\"10.0.0.0/8\"]",
    ),
    key(
        "header_timeout",
        ValueType::Duration(Duration::from_millis(1)..=Duration::from_secs(300)),
        "\"10s\"",
    ),
    key("history_max", ValueType::Count(1..=RECORDS_MAX), "100000"),
    key("recover_max", ValueType::Count(0..=RECORDS_MAX), "100000"),
    key(
        "drain",
        ValueType::Duration(Duration::ZERO..=HOUR),
        "\"10s\"",
    ),
];

pub(super) const OPS: &[Key] = &[
    key("enabled", ValueType::Bool, "true"),
    key("host", ValueType::Address, "\"127.0.0.1\""),
    key("port", ANY_PORT, "8001"),
];

pub(super) const LOG: &[Key] = &[
    key("format", ValueType::OneOf(LOG_FORMATS), "\"json\""),
    key("level", ValueType::NonEmpty, "\"info\""),
    key(
        "stats_every",
        ValueType::Duration(TENTH_OF_SECOND..=DAY),
        "\"10s\"",
    ),
];

pub(super) const STATE: &[Key] = &[without_default("dir", ValueType::Text, "\"../state\"")];

/// The keys of every `[topics.NAME]`, not including the table `fields`.
pub(super) const TOPIC: &[Key] = &[
    without_default("dataset", ValueType::NonEmpty, "\"../measurements.json\""),
    without_default("rate", ValueType::Rate, "10.0"),
    key("loop", ValueType::Bool, "true"),
    with_example(
        key("start", ValueType::Start, "\"first-run\""),
        "\"2026-01-01T00:00:00Z\"",
    ),
    key("backfill", ValueType::Backfill, "\"30s\""),
    with_example(
        key("delay", ValueType::DurationOrAuto(MINUTE), "\"auto\""),
        "\"300ms\"",
    ),
    with_example(
        key(
            "coalesce",
            ValueType::DurationOrAuto(Duration::from_secs(30)),
            "\"auto\"",
        ),
        "\"100ms\"",
    ),
    key("slow", ValueType::OneOf(SLOW_POLICIES), "\"skip\""),
    key(
        "max_lag",
        ValueType::Duration(TENTH_OF_SECOND..=HOUR),
        "\"10s\"",
    ),
    key(
        "record_max",
        ValueType::Size(1..=RECORD_LEN_MAX),
        "\"16MiB\"",
    ),
];

/// The keys of every `[topics.NAME.fields.FIELD]`.
pub(super) const FIELD: &[Key] = &[
    without_default("label", ValueType::Text, "\"ECG, lead II\""),
    without_default("unit", ValueType::Text, "\"mV\""),
];
