//! The keys of the file: their order, kinds, defaults and the example that a remedy shows.
//!
//! The order is that of the reference file; the meaning of a value is `kind`'s business.

use std::time::Duration;

use super::kind::Kind;

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// In TOML; `None` where the key must be given or its default follows from elsewhere.
    pub(super) default: Option<&'static str>,
    /// A good value in TOML.
    pub(super) example: &'static str,
}

const fn key(name: &'static str, kind: Kind, default: &'static str) -> Key {
    Key {
        name,
        kind,
        default: Some(default),
        example: default,
    }
}

const fn without_default(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        kind,
        default: None,
        example,
    }
}

const fn with_example(key: Key, example: &'static str) -> Key {
    Key { example, ..key }
}

const fn span(min: Duration, max: Duration) -> Kind {
    Kind::Span { min, max }
}

const TENTH: Duration = Duration::from_millis(100);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// More viewers than one process can have sockets for.
const VIEWERS_MAX: u64 = 1_000_000;
/// More records than one answer should ever hold in memory.
const RECORDS_MAX: u64 = 10_000_000;
/// Bytes. A viewer gets a record as one message, which a browser holds as a whole, twice over.
const RECORD_LEN_MAX: u64 = 64 << 20;
const ANY_PORT: Kind = Kind::Count {
    min: 0,
    max: 65_535,
};

/// The tables whose keys are fixed.
pub(super) const SECTIONS: [(&str, &[Key]); 4] = [
    ("server", SERVER),
    ("ops", OPS),
    ("log", LOG),
    ("state", STATE),
];

pub(super) const SERVER: &[Key] = &[
    key("host", Kind::Address, "\"127.0.0.1\""),
    key("port", ANY_PORT, "8000"),
    without_default("default_topic", Kind::TopicName, "\"ecg\""),
    key(
        "max_viewers",
        Kind::Count {
            min: 1,
            max: VIEWERS_MAX,
        },
        "15000",
    ),
    key(
        "max_viewers_per_ip",
        Kind::Count {
            min: 0,
            max: VIEWERS_MAX,
        },
        "0",
    ),
    key(
        "max_connections_per_ip",
        Kind::Count {
            min: 0,
            max: VIEWERS_MAX,
        },
        "1024",
    ),
    with_example(
        key("allowed_origins", Kind::WebOrigins, "[]"),
        "[\"https://example.org\"]",
    ),
    with_example(key("hosts", Kind::Hosts, "[]"), "[\"hub.example.org\"]"),
    with_example(
        key("trusted_proxies", Kind::Networks, "[]"),
        "[\"10.0.0.0/8\"]",
    ),
    key(
        "header_timeout",
        span(Duration::from_millis(1), Duration::from_secs(300)),
        "\"10s\"",
    ),
    key(
        "history_max",
        Kind::Count {
            min: 1,
            max: RECORDS_MAX,
        },
        "100000",
    ),
    key(
        "recover_max",
        Kind::Count {
            min: 0,
            max: RECORDS_MAX,
        },
        "100000",
    ),
    key("drain", span(Duration::ZERO, HOUR), "\"10s\""),
];

pub(super) const OPS: &[Key] = &[
    key("enabled", Kind::Switch, "true"),
    key("host", Kind::Address, "\"127.0.0.1\""),
    key("port", ANY_PORT, "8001"),
];

pub(super) const LOG: &[Key] = &[
    key("format", Kind::OneOf(&["json", "text"]), "\"json\""),
    key("level", Kind::Filled, "\"info\""),
    key("stats_every", span(TENTH, DAY), "\"10s\""),
];

pub(super) const STATE: &[Key] = &[without_default("dir", Kind::Text, "\"../state\"")];

/// The keys of every `[topics.NAME]`, beside the table `fields`.
pub(super) const TOPIC: &[Key] = &[
    without_default("dataset", Kind::Filled, "\"../measurements.json\""),
    without_default("rate", Kind::Rate, "10.0"),
    key("loop", Kind::Switch, "true"),
    with_example(
        key("start", Kind::Start, "\"first-run\""),
        "\"2026-01-01T00:00:00Z\"",
    ),
    key("backfill", Kind::Backfill, "\"30s\""),
    with_example(
        key("delay", Kind::AutoSpan { max: MINUTE }, "\"auto\""),
        "\"300ms\"",
    ),
    with_example(
        key(
            "coalesce",
            Kind::AutoSpan {
                max: Duration::from_secs(30),
            },
            "\"auto\"",
        ),
        "\"100ms\"",
    ),
    key("slow", Kind::OneOf(&["skip", "disconnect"]), "\"skip\""),
    key("max_lag", span(TENTH, HOUR), "\"10s\""),
    key(
        "record_max",
        Kind::Size {
            min: 1,
            max: RECORD_LEN_MAX,
        },
        "\"16MiB\"",
    ),
];

/// The keys of every `[topics.NAME.fields.FIELD]`.
pub(super) const FIELD: &[Key] = &[
    without_default("label", Kind::Text, "\"ECG, lead II\""),
    without_default("unit", Kind::Text, "\"mV\""),
];
