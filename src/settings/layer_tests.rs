//! Precedence of default, file, environment and flag, and parsing of the last two, through `Settings::load`.

use std::time::Duration;

use super::test_support::{MINIMAL, assert_each_error, errors, errors_of_variable, load};
use super::*;
use crate::protocol::Micros;

#[test]
fn a_flag_overrides_the_environment_which_overrides_the_file_which_overrides_the_default() {
    let port = |toml: &str, env: &[(&str, &str)], flags: &[(&str, &str, &str)]| {
        let settings = load(&format!("{toml}{MINIMAL}"), env, flags).unwrap();
        let origin = settings.origins.origin_of("server.port").to_string();
        (
            settings.server.port,
            origin.rsplit('/').next().unwrap_or_default().to_owned(),
        )
    };
    let (file, env) = ("[server]\nport = 1\n", [("TICKCAST__SERVER__PORT", "2")]);
    let flag = [("server.port", "3", "--port")];
    assert_eq!(port("", &[], &[]), (8000, "default".into()));
    assert_eq!(port(file, &[], &[]), (1, "x.toml:2:8".into()));
    assert_eq!(port(file, &env, &[]), (2, "TICKCAST__SERVER__PORT".into()));
    assert_eq!(port(file, &env, &flag), (3, "--port".into()));
    assert_eq!(port("", &env, &[]), (2, "TICKCAST__SERVER__PORT".into()));
    assert_eq!(port("", &[], &flag), (3, "--port".into()));
}

#[test]
fn a_layer_overrides_one_key_and_keeps_the_others() {
    let toml = format!("[server]\nport = 1\nhost = \"127.0.0.2\"\n{MINIMAL}loop = false\n");
    let env = [
        ("TICKCAST__SERVER__PORT", "2"),
        ("TICKCAST__TOPICS__ECG__RATE", "50"),
    ];
    let settings = load(&toml, &env, &[]).unwrap();
    assert_eq!(
        (
            settings.server.port,
            settings.server.host.to_string().as_str()
        ),
        (2, "127.0.0.2")
    );
    assert_eq!(
        (
            settings.topics[0].pace.rate().unwrap().to_string().as_str(),
            settings.topics[0].looping
        ),
        ("50", false)
    );
}

#[test]
fn variables_are_parsed_by_the_type_of_their_key() {
    let env = [
        ("TICKCAST__SERVER__HOST", "::1"),
        ("TICKCAST__OPS__ENABLED", "false"),
        ("TICKCAST__LOG__LEVEL", "\"debug\""),
        ("TICKCAST__SERVER__DRAIN", "2s"),
        ("TICKCAST__TOPICS__ECG__BACKFILL", "7"),
        ("TICKCAST__TOPICS__ECG__RATE", "59.94"),
        ("TICKCAST__TOPICS__ECG__START", "2026-01-01T00:00:00Z"),
        ("TICKCAST__TOPICS__ECG__FIELDS__VALUE__UNIT", "5"),
    ];
    let settings = load(
        &format!("{MINIMAL}[topics.ecg.fields.Value]\nunit = \"mV\"\n"),
        &env,
        &[],
    )
    .unwrap();
    assert_eq!(
        (
            settings.server.host.to_string().as_str(),
            settings.ops.enabled
        ),
        ("::1", false)
    );
    assert_eq!(
        (settings.log.level.as_str(), settings.server.drain),
        ("debug", Duration::from_secs(2))
    );
    let topic = &settings.topics[0];
    assert_eq!(
        (
            topic.backfill,
            topic.pace.rate().unwrap().to_string().as_str()
        ),
        (Backfill::Records(7), "59.94")
    );
    assert_eq!(topic.start, Start::At(Micros::new(1_767_225_600_000_000)));
    assert_eq!(topic.fields[0].unit.as_deref(), Some("5"));
}

#[test]
fn a_variable_can_set_a_topic_whose_name_ends_in_an_underscore() {
    let toml = "[topics.a]\ndataset = \"d\"\nrate = 1\n[topics.a_]\ndataset = \"d\"\nrate = 1\n";
    let settings = load(toml, &[("TICKCAST__TOPICS__A___RATE", "2")], &[]).unwrap();
    assert_eq!(
        (
            settings.topics[0].pace.rate().unwrap().to_string(),
            settings.topics[1].pace.rate().unwrap().to_string()
        ),
        ("1".into(), "2".into())
    );
}

#[test]
fn variables_without_the_prefix_are_ignored() {
    let env = [
        ("TICKCAST_CONFIG", "y.toml"),
        ("TICKCAST_LOG", "x"),
        ("TICKCAST", "x"),
        ("PORT", "x"),
    ];
    assert_eq!(load(MINIMAL, &env, &[]).unwrap().server.port, 8000);
}

#[test]
fn the_environment_can_set_a_key_that_the_file_lacks() {
    let env = [
        ("TICKCAST__TOPICS__ECG__DATASET", "d"),
        ("TICKCAST__TOPICS__ECG__RATE", "1"),
    ];
    assert!(load("[topics.ecg]\n", &env, &[]).is_ok());
}

#[test]
fn an_invalid_value_is_reported_even_if_a_higher_layer_overrides_it() {
    let toml = format!("[server]\nport = -1\n{MINIMAL}");
    assert_eq!(
        errors(&toml, &[("TICKCAST__SERVER__PORT", "1")], &[]).len(),
        1
    );
}

#[test]
fn an_invalid_variable_is_rejected_by_name() {
    let table = r#"
TICKCAST__SERVER__PORT=9000.7
    TICKCAST__SERVER__PORT: server.port: expected an integer, not a float, found `9000.7`; use for example `TICKCAST__SERVER__PORT=8000`
TICKCAST__SERVER__PORT=007
    TICKCAST__SERVER__PORT: server.port: not an integer, found `007`; use for example `TICKCAST__SERVER__PORT=8000`
TICKCAST__SERVER__PORT="9000"
    TICKCAST__SERVER__PORT: server.port: expected an integer, not a string, found `"9000"`; use for example `TICKCAST__SERVER__PORT=8000`
TICKCAST__SERVER__PORT=
    TICKCAST__SERVER__PORT: server.port: not an integer, found ``; use for example `TICKCAST__SERVER__PORT=8000`
TICKCAST__SERVER__PORT=70000
    TICKCAST__SERVER__PORT: server.port: out of range 0 to 65535, found `70000`; use for example `TICKCAST__SERVER__PORT=8000`
TICKCAST__SERVER__HOST=localhost
    TICKCAST__SERVER__HOST: server.host: not an IP address, found `localhost`; use for example `TICKCAST__SERVER__HOST=127.0.0.1`
TICKCAST__OPS__ENABLED=yes
    TICKCAST__OPS__ENABLED: ops.enabled: not a boolean, found `yes`; use for example `TICKCAST__OPS__ENABLED=true`
TICKCAST__SERVER__DRAIN=30
    TICKCAST__SERVER__DRAIN: server.drain: a duration without a unit, found `30`; add one, for example `TICKCAST__SERVER__DRAIN=10s`
TICKCAST__TOPICS__ECG__RATE=1e3
    TICKCAST__TOPICS__ECG__RATE: topics.ecg.rate: not a plain decimal number, found `1e3`; use for example `TICKCAST__TOPICS__ECG__RATE=10.0`
TICKCAST__SERVER__ALLOWED_ORIGINS=*
    TICKCAST__SERVER__ALLOWED_ORIGINS: server.allowed_origins: an array can be set only in the file, found `*`; set `allowed_origins = ["https://example.org"]` in the file
"#;
    assert_each_error(errors_of_variable, table);
}

#[test]
fn a_variable_with_an_unknown_key_is_rejected() {
    let table = r#"
TICKCAST__SERVER__PROT=1
    TICKCAST__SERVER__PROT: unknown key `prot`; did you mean `port`?
TICKCAST__SERVR__PORT=1
    TICKCAST__SERVR__PORT: unknown key `servr`; did you mean `server`?
TICKCAST__OPS=1
    TICKCAST__OPS: `ops` is a table; name one of its keys: `enabled`, `host`, `port`
TICKCAST__SERVER__PORT__X=1
    TICKCAST__SERVER__PORT__X: `server.port` has no keys below it; use `server.port` itself
TICKCAST__TOPICS__EEG__RATE=1
    TICKCAST__TOPICS__EEG__RATE: no topic `eeg` in the file; did you mean `ecg`?
TICKCAST__TOPICS__BLOOD__RATE=1
    TICKCAST__TOPICS__BLOOD__RATE: no topic `blood` in the file; add `[topics.blood]` to the file first
TICKCAST__TOPICS__ECG__RAET=1
    TICKCAST__TOPICS__ECG__RAET: unknown key `raet`; did you mean `rate`?
TICKCAST__=1
    TICKCAST__: unknown key ``; use one of `server`, `ops`, `log`, `state`, `topics`
"#;
    assert_each_error(errors_of_variable, table);
}

#[test]
fn variables_cannot_set_topics_with_dots_or_hyphens() {
    let toml = "[topics.\"a.b-c\"]\ndataset = \"d\"\nrate = 1\n";
    let errors_of = |name: &str| errors(toml, &[(name, "2")], &[]);
    assert_eq!(
        errors_of("TICKCAST__TOPICS__A_B_C__RATE"),
        [
            "TICKCAST__TOPICS__A_B_C__RATE: no topic `a_b_c` in the file; set it in the file: a variable cannot name topic `a.b-c`, whose name has `.` or `-`"
        ]
    );
    assert_eq!(
        errors_of("TICKCAST__TOPICS__A.B-C__RATE"),
        [
            "TICKCAST__TOPICS__A.B-C__RATE: topics.\"a.b-c\".rate: variables cannot set topics with `.` or `-` in their name; set `topics.\"a.b-c\".rate` in the file"
        ]
    );
}

#[test]
fn two_spellings_of_one_variable_are_rejected() {
    assert_eq!(
        errors(
            MINIMAL,
            &[
                ("TICKCAST__SERVER__PORT", "1"),
                ("TICKCAST__server__port", "2")
            ],
            &[]
        ),
        [
            "TICKCAST__server__port: server.port: also set by `TICKCAST__SERVER__PORT`; unset one of them"
        ]
    );
}

#[test]
fn errors_name_the_flag_as_typed() {
    assert_eq!(
        errors(MINIMAL, &[], &[("server.port", "x", "--port")]),
        ["--port: server.port: not an integer, found `x`; use for example `--port 8000`"]
    );
}
