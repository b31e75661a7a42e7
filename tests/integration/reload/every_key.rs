//! Each key takes effect when the schema says: a reload applies its change, or reports it until the hub is restarted.

use tickcast::settings::{Key, Reload, SCHEMA};

use super::super::support::{Project, RawClient, Viewer};
use super::{Watched, indexed_dataset, toml};

/// A configuration as its tables: each a header and the lines below it.
type Tables = Vec<(&'static str, Vec<(&'static str, &'static str)>)>;

fn unchanged() -> Tables {
    vec![
        ("server", vec![("port", "0")]),
        ("ops", vec![("port", "0")]),
        ("log", vec![]),
        ("state", vec![]),
        (
            "topics.demo",
            vec![("dataset", "\"data.json\""), ("rate", "200.0")],
        ),
        (
            "topics.demo.about",
            vec![("title", "\"Demo\""), ("origin", "\"here\"")],
        ),
        (
            "topics.demo.next",
            vec![
                ("dataset", "\"data.json\""),
                ("at", "\"2099-01-01T00:00:00Z\""),
            ],
        ),
        (
            "topics.demo.fields.i",
            vec![("label", "\"index\""), ("unit", "\"V\"")],
        ),
        (
            "topics.other",
            vec![("dataset", "\"data.json\""), ("rate", "1.0")],
        ),
    ]
}

/// The tables with `key` set to `value` in the one called `header`.
fn with(mut tables: Tables, header: &str, key: &'static str, value: &'static str) -> Tables {
    let (_, lines) = tables.iter_mut().find(|(name, _)| *name == header).unwrap();
    lines.retain(|(name, _)| *name != key);
    lines.push((key, value));
    tables
}

fn text(tables: &Tables) -> String {
    let table = |(header, lines): &(&str, Vec<(&str, &str)>)| {
        let lines = lines
            .iter()
            .map(|(key, value)| format!("{key} = {value}\n"));
        format!("[{header}]\n{}", lines.collect::<String>())
    };
    tables.iter().map(table).collect()
}

/// A valid value that is neither that of [`unchanged`] nor the default.
fn other_value(header: &str, key: &str) -> &'static str {
    match (header, key) {
        ("server" | "ops", "host") => "\"127.0.0.2\"",
        ("server" | "ops", "port") => "1",
        ("server", "default_topic") => "\"other\"",
        ("server", "max_viewers" | "history_max" | "recover_max") => "99",
        ("server", "max_viewers_per_ip" | "max_connections_per_ip") => "50",
        ("server", "allowed_origins") => "[\"https://a.example\"]",
        ("server", "hosts") => "[\"hub.example\"]",
        ("server", "trusted_proxies") => "[\"10.0.0.0/8\"]",
        ("server", "header_timeout") | ("topics.demo", "max_lag") => "\"9s\"",
        ("server", "drain") | ("topics.demo", "delay") => "\"1s\"",
        ("ops", "enabled") | ("topics.demo", "loop") => "false",
        ("log", "format") => "\"text\"",
        ("log", "level") => "\"debug\"",
        ("log", "stats_every") => "\"1h\"",
        ("state", "dir") => "\"elsewhere\"",
        ("topics.demo.next", "at") => "\"2098-01-01T00:00:00Z\"",
        ("topics.demo.next", "format") => "\"json\"",
        ("topics.demo" | "topics.demo.next", "dataset") => "\"same.json\"",
        ("topics.demo", "format") => "\"ndjson\"",
        ("topics.demo" | "topics.demo.next", "columns") => "[\"i\"]",
        ("topics.demo" | "topics.demo.next", "rate") => "300.0",
        ("topics.demo", "speed") => "2.0",
        ("topics.demo", "player") => "\"together\"",
        ("topics.demo", "start") => "\"2024-05-06T07:08:09Z\"",
        ("topics.demo", "backfill") => "7",
        ("topics.demo", "coalesce") => "\"20ms\"",
        ("topics.demo", "slow") => "\"disconnect\"",
        ("topics.demo", "record_max") => "\"1MiB\"",
        ("topics.demo.about", "title" | "origin" | "licence")
        | ("topics.demo.fields.i", "label" | "unit") => "\"x\"",
        ("topics.demo.fields.i", "min") => "-1",
        ("topics.demo.fields.i", "max") => "1e3",
        ("topics.demo.fields.i", "warn") => "[0, 60.5]",
        _ => panic!("name another value of `{header}.{key}`, so that this test can change it"),
    }
}

/// Keys of which no value goes together with those of [`unchanged`]: those of recordings, and of records that are played
/// by their own time.
const OTHER_DATASETS: [&str; 5] = ["channel", "time", "time_unit", "max_gap", "loop_gap"];

/// The tables of the schema with the headers that they have in [`unchanged`].
fn schema() -> impl Iterator<Item = (String, &'static Key)> {
    SCHEMA.into_iter().flat_map(|(header, keys)| {
        let header = header.replace("NAME", "demo").replace("FIELD", "i");
        let keys = keys
            .iter()
            .filter(|key| !OTHER_DATASETS.contains(&key.name));
        keys.map(move |key| (header.clone(), key))
    })
}

async fn watch_unchanged() -> Watched {
    let watched = Watched::start(&text(&unchanged())).await;
    watched
        .hub
        .project()
        .write("same.json", &indexed_dataset(70));
    watched
}

#[tokio::test(flavor = "multi_thread")]
async fn each_key_takes_effect_when_the_schema_says() {
    let mut watched = watch_unchanged().await;
    for (header, key) in schema() {
        let value = other_value(&header, key.name);
        let changed = with(unchanged(), &header, key.name, value);
        let dotted = format!("{header}.{}", key.name);
        let reload = watched.reload(&text(&changed));
        // What is in effect is no change at the next reload; what waits for a restart still is one.
        let again = watched.read_again();
        let back = watched.reload(&text(&unchanged()));
        match key.reload {
            Reload::Live | Reload::LiveInNewSegment => {
                assert_eq!(reload, (vec![], 1), "{dotted}");
                assert_eq!(again, (vec![], 0), "{dotted}");
                assert_eq!(back, (vec![], 1), "{dotted}");
            }
            Reload::Restart => {
                assert_eq!(reload, (vec![dotted.clone()], 0));
                assert_eq!(again, (vec![dotted.clone()], 0));
                assert_eq!(back, (vec![], 0), "{dotted}");
            }
        }
    }
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_needs_a_new_segment_waits_for_those_that_need_a_restart() {
    let mut watched = watch_unchanged().await;
    let of_topic = || schema().filter(|(header, _)| header == "topics.demo");
    let segments = of_topic().filter(|(_, key)| key.reload == Reload::LiveInNewSegment);
    let mut count = 0;
    for (header, segment) in segments {
        let changed = with(
            unchanged(),
            &header,
            segment.name,
            other_value(&header, segment.name),
        );
        for (_, key) in of_topic().filter(|(_, key)| key.reload == Reload::Restart) {
            let both = with(
                changed.clone(),
                &header,
                key.name,
                other_value(&header, key.name),
            );
            let (mut refused, applied) = watched.reload(&text(&both));
            refused.sort();
            let mut expected = [key, segment].map(|key| format!("{header}.{}", key.name));
            expected.sort();
            assert_eq!((refused, applied), (expected.to_vec(), 0));
            count += 1;
        }
    }
    assert!(count > 0);
    assert_eq!(watched.reload(&text(&unchanged())), (vec![], 0));
    watched.stop_and_check().await;
}

#[tokio::test]
async fn a_changed_lag_limit_and_policy_apply_to_viewers_that_are_connected() {
    let topic = |lines: &str| {
        let topic = format!("[topics.demo]\ndataset = \"data.json\"\nrate = 1000.0\n{lines}\n");
        toml("", &format!("[log]\nlevel = \"debug\"\n{topic}"))
    };
    let project = Project::new("", &format!("[\"{}\"]", "x".repeat(1_000)));
    project.write("tickcast.toml", &topic("max_lag = \"1h\""));
    let mut hub = project.start();
    let mut stuck = RawClient::connect(hub.public());
    stuck.shrink_receive_buffer();
    stuck.send(RawClient::handshake(hub.public(), "").as_bytes());
    let mut steady = Viewer::bare(&hub).await;
    // Further behind than any viewer may be under the new limit, which is never less than 1000 records.
    for _ in 0..2_000 {
        steady.next_text().await;
    }
    assert!(hub.logged_event("viewer.left").is_none());
    let strict = topic("max_lag = \"100ms\"\nslow = \"disconnect\"");
    hub.project().write("tickcast.toml", &strict);
    hub.signal("-HUP");
    let left = loop {
        steady.next_text().await;
        if let Some(event) = hub.logged_event("viewer.left") {
            break event;
        }
    };
    assert_eq!(left["reason"], "slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_record_limit_applies_to_the_datasets_of_the_same_reload() {
    let mut watched = watch_unchanged().await;
    let strict = with(unchanged(), "topics.demo", "record_max", "\"7B\"");
    let error = watched.fail(&text(&strict));
    assert!(error.contains("more than the 7 of `record_max`"), "{error}");
    assert_eq!(watched.reload(&text(&unchanged())), (vec![], 0));
    watched.stop_and_check().await;
}
