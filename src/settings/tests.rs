//! The meaning of a valid configuration, through `Settings::load`.

use std::time::Duration;

use super::test_support::{MINIMAL, load};
use super::*;
use crate::protocol::{Micros, Threshold};

fn load_valid(toml: &str) -> Settings {
    load(toml, &[], &[]).unwrap()
}

const GIVEN: &str = r#"
[server]
host = "::"
port = 0
allowed_origins = ["HTTPS://Example.org:443", "*"]
hosts = ["Hub.Example.org.", "2001:DB8::1"]
trusted_proxies = ["10.0.0.0/8", "::1"]
drain = "0s"
[ops]
enabled = false
[log]
format = "text"
level = "info,hyper=warn"
[topics.ecg]
dataset = "d.json"
rate = 59.940001
loop = false
start = "2026-01-01T00:00:00Z"
backfill = 500
delay = "1s"
coalesce = "500ms"
slow = "disconnect"
max_lag = "1.5m"
record_max = "2MiB"
[topics.ecg.fields.value]
label = "ECG, lead MLII"
unit = "µV"
min = -3000
max = 4e3
warn = [-1_500, 2500.5]
[topics.ecg.fields."a b"]
warn = 7
"#;

#[test]
fn a_key_that_is_not_set_has_its_default() {
    let settings = load_valid(MINIMAL);
    let server = &settings.server;
    assert_eq!(
        (server.host.to_string().as_str(), server.port),
        ("127.0.0.1", 8000)
    );
    assert_eq!((server.max_viewers, server.max_viewers_per_ip), (15_000, 0));
    assert_eq!(server.max_connections_per_ip, 1_024);
    assert_eq!((server.history_max, server.recover_max), (100_000, 100_000));
    assert_eq!(
        (server.header_timeout, server.drain),
        (Duration::from_secs(10), Duration::from_secs(10))
    );
    assert!(server.allowed_origins.is_empty() && server.trusted_proxies.is_empty());
    assert!(server.hosts.is_empty());
    let ops = &settings.ops;
    assert_eq!(
        (ops.enabled, ops.host.to_string().as_str(), ops.port),
        (true, "127.0.0.1", 8001)
    );
    let log = &settings.log;
    assert_eq!(
        (log.format, log.level.as_str(), log.stats_every),
        (LogFormat::Auto, "info", Duration::from_secs(10))
    );
    let [topic] = &settings.topics[..] else {
        panic!("one topic")
    };
    assert_eq!(
        (
            topic.name.as_str(),
            topic.pace.rate().unwrap().millionths(),
            topic.looping
        ),
        ("ecg", 100_000_000, true)
    );
    assert_eq!(
        (topic.start, topic.backfill),
        (Start::FirstRun, Backfill::Duration(Duration::from_secs(30)))
    );
    assert_eq!(
        (topic.playout(None).delay, topic.playout(None).coalesce),
        (Duration::from_millis(150), Duration::from_millis(50))
    );
    assert_eq!(
        (topic.slow, topic.max_lag),
        (SlowPolicy::Skip, Duration::from_secs(10))
    );
    assert_eq!(topic.record_max, 16 << 20);
    assert!(topic.fields.is_empty());
}

#[test]
fn a_key_that_is_set_has_the_given_value() {
    let settings = load_valid(GIVEN);
    let server = &settings.server;
    assert_eq!(
        (server.host.to_string().as_str(), server.port, server.drain),
        ("::", 0, Duration::ZERO)
    );
    assert_eq!(server.allowed_origins, ["https://example.org", "*"]);
    let hosts: Vec<_> = server.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["hub.example.org", "[2001:db8::1]"]);
    assert_eq!(
        server
            .trusted_proxies
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["10.0.0.0/8", "::1/128"]
    );
    assert!(!settings.ops.enabled);
    assert_eq!(
        (settings.log.format, settings.log.level.as_str()),
        (LogFormat::Text, "info,hyper=warn")
    );
    let topic = &settings.topics[0];
    assert_eq!(
        (topic.pace.rate().unwrap().millionths(), topic.looping),
        (59_940_001, false)
    );
    assert_eq!(topic.start, Start::At(Micros::new(1_767_225_600_000_000)));
    assert_eq!(
        (topic.backfill, topic.slow),
        (Backfill::Records(500), SlowPolicy::Disconnect)
    );
    assert_eq!(
        (topic.playout(None).delay, topic.playout(None).coalesce),
        (Duration::from_secs(1), Duration::from_millis(500))
    );
    assert_eq!(topic.max_lag, Duration::from_secs(90));
    assert_eq!(topic.record_max, 2 << 20);
    let value = FieldSettings {
        name: "value".into(),
        label: Some("ECG, lead MLII".into()),
        unit: Some("µV".into()),
        min: Some(-3_000.0),
        max: Some(4e3),
        warn: Some(Threshold::Outside([-1_500.0, 2_500.5])),
    };
    let other = FieldSettings {
        name: "a b".into(),
        label: None,
        unit: None,
        min: None,
        max: None,
        warn: Some(Threshold::Above(7.0)),
    };
    assert_eq!(topic.fields, [value, other]);
}

#[test]
fn topics_keep_the_file_order_and_the_first_is_the_default() {
    let topic = |name: &str| format!("[topics.{name}]\ndataset = \"d\"\nrate = 1\n");
    let toml = format!("{}{}{}", topic("zz"), topic("aa"), topic("mm"));
    let settings = load_valid(&toml);
    let names: Vec<&str> = settings
        .topics
        .iter()
        .map(|topic| topic.name.as_str())
        .collect();
    assert_eq!(names, ["zz", "aa", "mm"]);
    assert_eq!(settings.server.default_topic.as_str(), "zz");
    let chosen = load_valid(&format!("[server]\ndefault_topic = \"mm\"\n{toml}"));
    assert_eq!(chosen.server.default_topic.as_str(), "mm");
}

#[test]
fn topic_names_may_contain_dots() {
    let settings = load_valid(
        "[topics.\"a.b-c\"]\ndataset = \"d\"\nrate = 1\n[topics.a]\ndataset = \"e\"\nrate = 2\n",
    );
    assert_eq!(settings.topics[0].name.as_str(), "a.b-c");
    assert_eq!(settings.topics[0].key("rate"), "topics.\"a.b-c\".rate");
    assert!(
        settings
            .origins
            .origin_of("topics.a.b-c.rate")
            .to_string()
            .ends_with("x.toml:3:8")
    );
    let flags = [
        ("topics.a.b-c.rate", "5", "--rate"),
        ("topics.a.rate", "6", "--other"),
    ];
    let settings = load(
        "[topics.\"a.b-c\"]\ndataset=\"d\"\nrate=1\n[topics.a]\ndataset=\"e\"\nrate=2\n",
        &[],
        &flags,
    );
    let rates: Vec<String> = settings
        .unwrap()
        .topics
        .iter()
        .map(|topic| topic.pace.rate().unwrap().to_string())
        .collect();
    assert_eq!(rates, ["5", "6"]);
}

#[test]
fn paths_in_the_file_are_relative_to_the_file_and_others_to_the_working_directory() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.toml");
    std::fs::write(&file, format!("[state]\ndir = \"s\"\n{MINIMAL}")).unwrap();
    let load = |env: &[(&str, &str)]| {
        let env = env
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::load(&file, env, &Overrides::default()).unwrap()
    };
    let settings = load(&[("STATE_DIRECTORY", "/var/lib/t")]);
    assert_eq!(settings.topics[0].dataset, folder.path().join("d.json"));
    assert_eq!(settings.state.dir, Some(folder.path().join("s")));
    let settings = load(&[
        ("TICKCAST__TOPICS__ECG__DATASET", "e.json"),
        ("TICKCAST__STATE__DIR", "t"),
    ]);
    assert_eq!(
        (settings.topics[0].dataset.clone(), settings.state.dir),
        ("e.json".into(), Some("t".into()))
    );
    assert_eq!(load(&[("TICKCAST__STATE__DIR", "")]).state.dir, None);

    std::fs::write(&file, MINIMAL).unwrap();
    let state = load(&[("XDG_STATE_HOME", "/s")]).state;
    let dir = state.dir.unwrap().display().to_string();
    assert!(dir.starts_with("/s/tickcast/x-"), "{dir}");
    assert_eq!(state.former_default, Some(folder.path().join("../state")));
    let settings = load(&[("STATE_DIRECTORY", "/var/lib/t:/var/lib/u")]);
    assert_eq!(settings.state.dir, Some("/var/lib/t".into()));
    assert_eq!(settings.state.former_default, None);
    assert_eq!(
        settings.origins.origin_of("state.dir").to_string(),
        "STATE_DIRECTORY"
    );
}

#[test]
fn an_empty_state_dir_disables_state() {
    assert_eq!(
        load_valid(&format!("[state]\ndir = \"\"\n{MINIMAL}"))
            .state
            .dir,
        None
    );
}

#[test]
fn effective_values_are_listed_in_the_order_of_the_reference_file() {
    let settings = load(
        &format!("{MINIMAL}[topics.ecg.fields.\"a b\"]\nunit = \"µ\\\"V\"\n[server]\nallowed_origins = [\"http://A\"]\n"),
        &[("STATE_DIRECTORY", "/s")],
        &[("log.level", "debug", "--log")],
    )
    .unwrap();
    let spell = |(key, value, origin): (String, String, ValueOrigin)| {
        let origin = origin.to_string();
        format!(
            "{key} = {value} # {}",
            origin.rsplit('/').next().unwrap_or_default()
        )
    };
    let lines: Vec<String> = settings.effective().into_iter().map(spell).collect();
    assert_eq!(
        lines[..3],
        [
            "server.host = \"127.0.0.1\" # default",
            "server.port = 8000 # default",
            "server.default_topic = \"ecg\" # default"
        ]
    );
    for line in [
        "server.allowed_origins = [\"http://a\"] # x.toml:7:19",
        "server.hosts = [] # default",
        "server.trusted_proxies = [] # default",
        "log.level = \"debug\" # --log",
        "state.dir = \"/s\" # STATE_DIRECTORY",
        "topics.ecg.dataset = \"d.json\" # x.toml:2:11",
        "topics.ecg.rate = 100 # x.toml:3:8",
        "topics.ecg.loop = true # default",
        "topics.ecg.delay = \"auto\" # default",
        "topics.ecg.fields.\"a b\".unit = \"µ\\\"V\" # x.toml:5:8",
    ] {
        assert!(
            lines.contains(&line.to_owned()),
            "{line}\nis not in\n{}",
            lines.join("\n")
        );
    }
    // 20 keys of the sections, 12 of the topic, 1 of its field.
    assert_eq!(lines.len(), 20 + 12 + 1);
}

#[test]
fn the_list_of_effective_values_is_an_equivalent_configuration() {
    let settings = load_valid(
        "[topics.\"a.b\"]\ndataset = \"d\"\nrate = 59.94\nbackfill = 3\nfields.\"x.y\" = { label = \"l\\n\" }\n",
    );
    let toml: Vec<String> = settings
        .effective()
        .iter()
        .map(|(key, value, _)| format!("{key} = {value}"))
        .collect();
    let again = load_valid(&toml.join("\n"));
    let plain = |settings: &Settings| {
        settings
            .effective()
            .into_iter()
            .map(|(key, value, _)| (key, value))
            .collect::<Vec<_>>()
    };
    assert_eq!(plain(&again), plain(&settings));
}

#[test]
fn the_file_is_located_by_flag_then_variable_then_default_path() {
    let env = || [("TICKCAST_CONFIG".to_owned(), "e.toml".to_owned())];
    assert_eq!(
        locate(Some("f.toml".into()), env()),
        PathBuf::from("f.toml")
    );
    assert_eq!(locate(None, env()), PathBuf::from("e.toml"));
    assert_eq!(
        locate(None, [("TICKCAST_CONFIG".to_owned(), String::new())]),
        PathBuf::from("config/tickcast.toml")
    );
    assert_eq!(locate(None, []), PathBuf::from("config/tickcast.toml"));
}
