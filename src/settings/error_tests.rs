//! Error messages for a file: keys, tables, syntax, and combinations of values.

use super::test_support::{MINIMAL, errors, errors_in_section, errors_in_topic, load};
use super::*;

#[test]
fn an_error_shows_the_line_and_a_caret() {
    let error = load("[topics.ecg]\ndataset = \"d\"\nrate = 0\n", &[], &[]).unwrap_err();
    let wanted = "x.toml:3:8: topics.ecg.rate: out of range 0.001 to 10000, found `0`; use for example `rate = 10.0`
    rate = 0
           ^";
    assert_eq!(error, wanted);
}

#[test]
fn an_unknown_key_is_reported_with_a_suggestion() {
    assert_eq!(
        errors_in_section("server", "prot = 1"),
        ["x.toml:5:1: server.prot: unknown key; did you mean `port`?"]
    );
    assert_eq!(
        errors_in_section("servr", "port = 1"),
        ["x.toml:4:2: servr: unknown key; did you mean `server`?"]
    );
    assert_eq!(
        errors_in_section("Server", "port = 1"),
        ["x.toml:4:2: Server: unknown key; did you mean `server`?"]
    );
    assert_eq!(
        errors_in_topic("lopp = true"),
        ["x.toml:4:1: topics.ecg.lopp: unknown key; did you mean `loop`?"]
    );
    assert_eq!(
        errors_in_section("topics.ecg.fields.value", "\"lab el\" = \"x\""),
        ["x.toml:5:1: topics.ecg.fields.value.\"lab el\": unknown key; did you mean `label`?"]
    );
    assert_eq!(
        errors_in_section("state", "colour = 1"),
        ["x.toml:5:1: state.colour: unknown key; use one of `dir`"]
    );
    assert_eq!(
        errors(&format!("port = 1\n{MINIMAL}"), &[], &[]),
        ["x.toml:1:1: port: unknown key; move it below `[server]`"]
    );
}

#[test]
fn columns_count_characters() {
    assert_eq!(
        errors(
            &format!("{MINIMAL}fields = {{ \"µµ\" = {{ label = 5 }} }}\n"),
            &[],
            &[]
        ),
        [
            "x.toml:4:29: topics.ecg.fields.\"µµ\".label: expected a string, not an integer, found `5`; use for example `label = \"ECG, lead II\"`"
        ]
    );
    assert_eq!(
        errors(
            &format!("\u{feff}x = 1\r\n{MINIMAL}\t\ty = 1\r\n"),
            &[],
            &[]
        ),
        [
            "x.toml:1:1: x: unknown key; use one of `server`, `ops`, `log`, `state`, `topics`",
            "x.toml:5:3: topics.ecg.y: unknown key; use one of `dataset`, `format`, `columns`, `channel`, `rate`, `time`, `time_unit`, \
             `max_gap`, `loop_gap`, `speed`, `player`, `loop`, `start`, `backfill`, `delay`, `coalesce`, `slow`, `max_lag`, `record_max`, `about`, `next`, `fields`"
        ]
    );
}

#[test]
fn the_coalescing_window_is_at_most_half_the_delay() {
    assert_eq!(
        errors_in_topic("delay = \"300ms\"\ncoalesce = \"151ms\""),
        [
            "x.toml:5:12: topics.ecg.coalesce: `151ms` is more than half the delay of 300ms; use at most \"150ms\", or \"auto\""
        ]
    );
    assert_eq!(
        errors_in_topic("coalesce = \"100ms\""),
        [
            "x.toml:4:12: topics.ecg.coalesce: `100ms` is more than half the delay of 150ms; use at most \"75ms\", or \"auto\""
        ]
    );
    let settings = load(
        &format!("{MINIMAL}delay = \"0s\"\ncoalesce = \"0ms\"\n"),
        &[],
        &[],
    )
    .unwrap();
    let playout = settings.topics[0].playout(None);
    assert!(playout.coalesce.is_zero() && playout.delay.is_zero());
}

#[test]
fn the_ends_of_a_range_are_in_order() {
    assert_eq!(
        errors_in_topic("fields.i = { min = 5, max = 5 }\nfields.j = { warn = [2, 1.5] }"),
        [
            "x.toml:4:29: topics.ecg.fields.i.max: 5.0 is not above 5.0; write the lower end first",
            "x.toml:5:21: topics.ecg.fields.j.warn: 1.5 is not above 2.0; write the lower end first",
        ]
    );
}

#[test]
fn two_listeners_cannot_share_a_port_on_one_host() {
    let same = "`8001` is also";
    let public = errors_in_section("server", "port = 8001");
    assert_eq!(
        public,
        [format!(
            "x.toml:5:8: server.port: {same} `ops.port`, on the same host; choose another port for one of them"
        )]
    );
    let both = errors_in_section("server", "port = 9\n[ops]\nport = 9");
    assert_eq!(
        both,
        [
            "x.toml:7:8: ops.port: `9` is also `server.port`, on the same host; choose another port for one of them"
        ]
    );
    assert_eq!(
        errors_in_section("server", "host = \"::\"\nport = 8001").len(),
        1
    );
    for apart in [
        "port = 0\n[ops]\nport = 0",
        "port = 8001\n[ops]\nenabled = false",
        "port = 8001\nhost = \"127.0.0.2\"",
    ] {
        assert!(
            load(&format!("{MINIMAL}[server]\n{apart}\n"), &[], &[]).is_ok(),
            "{apart}"
        );
    }
}

#[test]
fn a_file_without_topics_is_an_error() {
    let none =
        "topics: no topics; add a `[topics.NAME]` table with `dataset`, and `rate` or `time`";
    for empty in ["", "\n", "# nothing\n", "[server]\nport = 1\n"] {
        assert_eq!(errors(empty, &[], &[]), [format!("x.toml: {none}")]);
    }
    assert_eq!(
        errors("\n[topics]\n", &[], &[]),
        [format!("x.toml:2:2: {none}")]
    );
    assert_eq!(
        errors("topics = 5\n", &[], &[]),
        ["x.toml:1:1: topics: expected a table, not an integer; write `[topics.NAME]`"]
    );
    assert_eq!(
        errors("[[topics]]\nrate = 1\n", &[], &[]),
        ["x.toml:1:3: topics: expected a table, not an array; write `[topics.NAME]`"]
    );
}

#[test]
fn a_topic_needs_a_valid_name_a_dataset_and_a_pace() {
    assert_eq!(
        errors("[topics.ecg]\n", &[], &[]),
        [
            "x.toml:1:9: topics.ecg.dataset: missing; add for example `dataset = \"../measurements.json\"`",
            "x.toml:1:9: topics.ecg.rate: missing; add for example `rate = 10.0`, or `time = \"timestamp\"` to play the records by their own time"
        ]
    );
    assert_eq!(
        errors(
            &format!("{MINIMAL}[topics.EEG]\ndataset = \"d\"\nrate = 1\n"),
            &[],
            &[]
        ),
        ["x.toml:4:9: topics: `EEG` is not a topic name; did you mean `[topics.eeg]`?"]
    );
    assert_eq!(
        errors(
            &format!("{MINIMAL}[topics.a__b]\ndataset = \"d\"\nrate = 1\n"),
            &[],
            &[]
        ),
        [
            "x.toml:4:9: topics: `a__b` is not a topic name; use 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit, without `__`"
        ]
    );
    assert_eq!(errors("[topics]\necg = 5\n", &[], &[]).len(), 3);
}

#[test]
fn syntax_errors_are_reported_with_their_location() {
    let first = |toml: &str| errors(toml, &[], &[])[0].clone();
    assert_eq!(
        first(&format!("{MINIMAL}{MINIMAL}")),
        "x.toml:4:9: not TOML: duplicate key; keep one of the two"
    );
    assert!(
        first("[server]\nport = 1\nport = 2\n").starts_with("x.toml:3:1: not TOML: duplicate key")
    );
    assert!(first("[server]\nport =\n").starts_with("x.toml:2:"));
    assert!(first("[server\n").starts_with("x.toml:1:"));
    assert!(first("[server]\nport = 007\n").starts_with("x.toml:2:8: not TOML: "));
}

#[test]
fn errors_are_sorted_by_file_location_before_variables_and_flags() {
    let toml = "[topics.ecg]\nrate = 0\n[server]\nport = -1\nprot = 1\nhost = \"h\"\n";
    let reported = errors(
        toml,
        &[("TICKCAST__OPS__PORT", "x")],
        &[("log.format", "x", "--log-format")],
    );
    let heads: Vec<&str> = reported
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        heads,
        [
            "x.toml:1:9",
            "x.toml:2:8",
            "x.toml:4:8",
            "x.toml:5:1",
            "x.toml:6:8",
            "TICKCAST__OPS__PORT",
            "--log-format"
        ]
    );
}

#[test]
fn each_reason_a_file_cannot_be_read_has_its_own_error() {
    let load = |path: &Path| {
        Settings::load(path, [], &Overrides::default())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        load(Path::new("no/x.toml")),
        "no/x.toml: configuration file not found; give one with --config or TICKCAST_CONFIG"
    );
    let folder = tempfile::tempdir().unwrap();
    assert!(load(folder.path()).contains(": cannot read the configuration file: "));
    let file = folder.path().join("x.toml");
    std::fs::write(&file, b"# \xc2\xb5\nx = \"\xff\"\n").unwrap();
    let error = load(&file);
    assert!(
        error.contains(
            "x.toml:2:6: not UTF-8; save the file as UTF-8\n    x = \"\u{fffd}\"\n         ^"
        ),
        "{error}"
    );
    std::fs::write(&file, "#".repeat((1 << 20) + 1)).unwrap();
    assert!(load(&file).contains("longer than 1 MiB"));
}

#[test]
fn an_error_from_another_module_points_at_the_value() {
    let settings = load(MINIMAL, &[], &[]).unwrap();
    let key = settings.topics[0].key("dataset");
    let error = SettingsError::new(
        settings.origins.origin_of(&key),
        key,
        "no such file",
        "correct the path",
    )
    .to_string();
    assert!(error.contains("x.toml:2:11: topics.ecg.dataset: no such file; correct the path\n    dataset = \"d.json\"\n              ^"), "{error}");
    assert!(
        settings
            .origins
            .origin_of("topics.ecg")
            .to_string()
            .ends_with("x.toml:1:9")
    );
}
