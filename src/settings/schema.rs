//! The schema: for every key its type and range, its default, an example for error messages, and when a changed value
//! takes effect; in the order of the reference file `config/tickcast.toml`, which says what the key means.
//!
//! How a value is parsed is up to its [`ValueType`]. Tests compare the reference file, the handbook and the reload of a
//! running hub with what each key says here.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::setting_value::{DatasetFormat, LogFormat, SettingValue, SlowPolicy, TimeUnit};
use super::value_type::ValueType;

/// A key of a table.
#[derive(Debug)]
pub struct Key {
    /// Its name in the table.
    pub name: &'static str,
    pub(super) value_type: ValueType,
    /// In TOML; `None` if the key is required or its default depends on other values.
    pub(super) default: Option<&'static str>,
    /// A valid value in TOML.
    pub(super) example: &'static str,
    /// When a changed value takes effect.
    pub reload: Reload,
}

/// When a value that was changed in the file takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reload {
    /// At the reload.
    Live,
    /// At the reload, in a new segment of the topic's timeline; but at the next start if the topic has a fixed start,
    /// because its epoch depends on the value, or if a key of the topic that needs a restart changes as well.
    LiveInNewSegment,
    /// At the next start.
    Restart,
}

impl Key {
    /// A key without a default.
    const fn new(name: &'static str, value_type: ValueType, reload: Reload) -> Self {
        Self {
            name,
            value_type,
            default: None,
            example: "",
            reload,
        }
    }

    /// Sets the default, which is also the example.
    const fn default(self, toml: &'static str) -> Self {
        Self {
            default: Some(toml),
            example: toml,
            ..self
        }
    }

    const fn example(self, toml: &'static str) -> Self {
        Self {
            example: toml,
            ..self
        }
    }
}

const fn count(range: RangeInclusive<u64>) -> ValueType {
    ValueType::Count(range)
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

const ANY_PORT: ValueType = count(0..=65_535);
const HEADER_TIMEOUT: ValueType =
    ValueType::Duration(Duration::from_millis(1)..=Duration::from_secs(300));
const DRAIN: ValueType = ValueType::Duration(Duration::ZERO..=HOUR);
const STATS_INTERVAL: ValueType = ValueType::Duration(TENTH_OF_SECOND..=DAY);
const MAX_LAG: ValueType = ValueType::Duration(TENTH_OF_SECOND..=HOUR);
const RECORD_MAX: ValueType = ValueType::Size(1..=RECORD_LEN_MAX);
const COALESCE: ValueType = ValueType::DurationOrAuto(Duration::from_secs(30));
const LOG_FORMAT: ValueType = ValueType::OneOf(&[
    ("auto", SettingValue::LogFormat(LogFormat::Auto)),
    ("json", SettingValue::LogFormat(LogFormat::Json)),
    ("text", SettingValue::LogFormat(LogFormat::Text)),
]);
const DATASET_FORMAT: ValueType = ValueType::OneOf(&[
    ("json", SettingValue::DatasetFormat(DatasetFormat::Json)),
    ("ndjson", SettingValue::DatasetFormat(DatasetFormat::Ndjson)),
    ("csv", SettingValue::DatasetFormat(DatasetFormat::Csv)),
    ("tsv", SettingValue::DatasetFormat(DatasetFormat::Tsv)),
    (
        "parquet",
        SettingValue::DatasetFormat(DatasetFormat::Parquet),
    ),
    ("arrow", SettingValue::DatasetFormat(DatasetFormat::Arrow)),
    ("mcap", SettingValue::DatasetFormat(DatasetFormat::Mcap)),
]);
const TIME_UNIT: ValueType = ValueType::OneOf(&[
    ("s", SettingValue::TimeUnit(TimeUnit::Seconds)),
    ("ms", SettingValue::TimeUnit(TimeUnit::Millis)),
    ("us", SettingValue::TimeUnit(TimeUnit::Micros)),
    ("ns", SettingValue::TimeUnit(TimeUnit::Nanos)),
    ("rfc3339", SettingValue::TimeUnit(TimeUnit::Rfc3339)),
]);
/// Between two records.
const GAP: ValueType = ValueType::Duration(Duration::from_millis(1)..=DAY);
const SLOW_POLICY: ValueType = ValueType::OneOf(&[
    ("skip", SettingValue::SlowPolicy(SlowPolicy::Skip)),
    (
        "disconnect",
        SettingValue::SlowPolicy(SlowPolicy::Disconnect),
    ),
]);

/// All tables by their header, in which NAME and FIELD stand for any name, with their keys.
pub const SCHEMA: [(&str, &[Key]); 8] = [
    SECTIONS[0],
    SECTIONS[1],
    SECTIONS[2],
    SECTIONS[3],
    ("topics.NAME", TOPIC),
    ("topics.NAME.about", ABOUT),
    ("topics.NAME.next", NEXT),
    ("topics.NAME.fields.FIELD", FIELD),
];

/// The tables with a fixed name.
pub(super) const SECTIONS: [(&str, &[Key]); 4] = [
    ("server", SERVER),
    ("ops", OPS),
    ("log", LOG),
    ("state", STATE),
];

const SERVER: &[Key] = &[
    Key::new("host", ValueType::Address, Reload::Restart).default("\"127.0.0.1\""),
    Key::new("port", ANY_PORT, Reload::Restart).default("8000"),
    Key::new("default_topic", ValueType::TopicName, Reload::Live).example("\"ecg\""),
    Key::new("max_viewers", count(1..=VIEWERS_MAX), Reload::Live).default("15000"),
    Key::new("max_viewers_per_ip", count(0..=VIEWERS_MAX), Reload::Live).default("0"),
    Key::new(
        "max_connections_per_ip",
        count(0..=VIEWERS_MAX),
        Reload::Live,
    )
    .default("1024"),
    Key::new("allowed_origins", ValueType::WebOrigins, Reload::Live)
        .default("[]")
        .example("[\"https://example.org\"]"),
    Key::new("hosts", ValueType::Hosts, Reload::Live)
        .default("[]")
        .example("[\"hub.example.org\"]"),
    Key::new("trusted_proxies", ValueType::Networks, Reload::Live)
        .default("[]")
        .example("[\"10.0.0.0/8\"]"),
    Key::new("header_timeout", HEADER_TIMEOUT, Reload::Live).default("\"10s\""),
    Key::new("history_max", count(1..=RECORDS_MAX), Reload::Live).default("100000"),
    Key::new("recover_max", count(0..=RECORDS_MAX), Reload::Live).default("100000"),
    Key::new("drain", DRAIN, Reload::Live).default("\"10s\""),
];

const OPS: &[Key] = &[
    Key::new("enabled", ValueType::Bool, Reload::Restart).default("true"),
    Key::new("host", ValueType::Address, Reload::Restart).default("\"127.0.0.1\""),
    Key::new("port", ANY_PORT, Reload::Restart).default("8001"),
];

const LOG: &[Key] = &[
    Key::new("format", LOG_FORMAT, Reload::Restart).default("\"auto\""),
    Key::new("level", ValueType::NonEmpty, Reload::Live).default("\"info\""),
    Key::new("stats_every", STATS_INTERVAL, Reload::Live).default("\"10s\""),
];

const STATE: &[Key] =
    &[Key::new("dir", ValueType::Text, Reload::Restart).example("\"/srv/hub/state\"")];

/// The keys of every `[topics.NAME]`, not including the tables `about`, `next` and `fields`.
pub(super) const TOPIC: &[Key] = &[
    Key::new("dataset", ValueType::NonEmpty, Reload::Restart).example("\"../measurements.json\""),
    Key::new("format", DATASET_FORMAT, Reload::Restart).example("\"csv\""),
    Key::new("columns", ValueType::Names, Reload::Restart)
        .default("[]")
        .example("[\"temperature\"]"),
    Key::new("channel", ValueType::NonEmpty, Reload::Restart).example("\"/imu\""),
    Key::new("rate", ValueType::Rate, Reload::LiveInNewSegment).example("10.0"),
    Key::new("time", ValueType::NonEmpty, Reload::Restart).example("\"timestamp\""),
    Key::new("time_unit", TIME_UNIT, Reload::Restart).example("\"ms\""),
    Key::new("max_gap", GAP, Reload::Restart).example("\"10s\""),
    Key::new("loop_gap", GAP, Reload::Restart).example("\"1s\""),
    Key::new("speed", ValueType::Speed, Reload::LiveInNewSegment)
        .default("1.0")
        .example("2.0"),
    Key::new("player", ValueType::TopicName, Reload::Restart).example("\"flight\""),
    Key::new("loop", ValueType::Bool, Reload::Restart).default("true"),
    Key::new("start", ValueType::Start, Reload::Restart)
        .default("\"first-run\"")
        .example("\"2026-01-01T00:00:00Z\""),
    Key::new("backfill", ValueType::Backfill, Reload::Live).default("\"30s\""),
    Key::new("delay", ValueType::DurationOrAuto(MINUTE), Reload::Restart)
        .default("\"auto\"")
        .example("\"300ms\""),
    Key::new("coalesce", COALESCE, Reload::Restart)
        .default("\"auto\"")
        .example("\"100ms\""),
    Key::new("slow", SLOW_POLICY, Reload::Live).default("\"skip\""),
    Key::new("max_lag", MAX_LAG, Reload::Live).default("\"10s\""),
    Key::new("record_max", RECORD_MAX, Reload::Live).default("\"16MiB\""),
];

/// The keys of every `[topics.NAME.about]`.
pub(super) const ABOUT: &[Key] = &[
    Key::new("title", ValueType::NonEmpty, Reload::Live).example("\"Electrocardiogram\""),
    Key::new("origin", ValueType::NonEmpty, Reload::Live)
        .example("\"PhysioNet, https://doi.org/10.13026/C2F305\""),
    Key::new("licence", ValueType::NonEmpty, Reload::Live).example("\"CC BY 4.0\""),
];

/// The keys of every `[topics.NAME.next]`.
pub(super) const NEXT: &[Key] = &[
    Key::new("dataset", ValueType::NonEmpty, Reload::Live).example("\"tomorrow.csv\""),
    Key::new("at", ValueType::Start, Reload::Live).example("\"2026-12-24T18:00:00Z\""),
    Key::new("format", DATASET_FORMAT, Reload::Live).example("\"csv\""),
    Key::new("columns", ValueType::Names, Reload::Live).example("[\"temperature\"]"),
    Key::new("rate", ValueType::Rate, Reload::Live).example("10.0"),
];

/// The keys of every `[topics.NAME.fields.FIELD]`.
pub(super) const FIELD: &[Key] = &[
    Key::new("label", ValueType::Text, Reload::Live).example("\"ECG, lead II\""),
    Key::new("unit", ValueType::Text, Reload::Live).example("\"mV\""),
    Key::new("min", ValueType::Number, Reload::Live).example("0.0"),
    Key::new("max", ValueType::Number, Reload::Live).example("100.0"),
    Key::new("warn", ValueType::NumberOrPair, Reload::Live).example("[10.0, 90.0]"),
];
