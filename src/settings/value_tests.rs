//! Error messages for single invalid values, through `Settings::load`.

use super::test_support::{
    MINIMAL, assert_each_error, errors, errors_in_section, errors_in_topic, load,
};

#[test]
fn values_of_the_wrong_type_are_rejected_not_converted() {
    let server = r#"
port = 9000.7
    x.toml:5:8: server.port: expected an integer, not a float, found `9000.7`; use for example `port = 8000`
port = "9000"
    x.toml:5:8: server.port: expected an integer, not a string, found `"9000"`; use for example `port = 8000`
port = true
    x.toml:5:8: server.port: expected an integer, not a boolean, found `true`; use for example `port = 8000`
host = 5
    x.toml:5:8: server.host: expected a string, not an integer, found `5`; use for example `host = "127.0.0.1"`
drain = 10
    x.toml:5:9: server.drain: a duration without a unit, found `10`; add one, for example `drain = "10s"`
drain = true
    x.toml:5:9: server.drain: expected a duration in quotes, not a boolean, found `true`; use for example `drain = "10s"`
allowed_origins = "*"
    x.toml:5:19: server.allowed_origins: expected an array of strings, not a string, found `"*"`; use for example `allowed_origins = ["https://example.org"]`
"#;
    assert_each_error(|line| errors_in_section("server", line), server);
    let ops = r#"
enabled = "true"
    x.toml:5:11: ops.enabled: expected a boolean, not a string, found `"true"`; use for example `enabled = true`
enabled = 1
    x.toml:5:11: ops.enabled: expected a boolean, not an integer, found `1`; use for example `enabled = true`
"#;
    assert_each_error(|line| errors_in_section("ops", line), ops);
    let topic = r#"
loop = "true"
    x.toml:4:8: topics.ecg.loop: expected a boolean, not a string, found `"true"`; use for example `loop = true`
backfill = 1.5
    x.toml:4:12: topics.ecg.backfill: a duration without a unit, found `1.5`; add one, for example `backfill = "30s"`
record_max = 16777216
    x.toml:4:14: topics.ecg.record_max: a size without a unit, found `16777216`; add one, for example `record_max = "16MiB"`
record_max = "16"
    x.toml:4:14: topics.ecg.record_max: a size without a unit, found `"16"`; add one, for example `record_max = "16MiB"`
record_max = 1.5
    x.toml:4:14: topics.ecg.record_max: expected a size in quotes, not a float, found `1.5`; use for example `record_max = "16MiB"`
backfill = []
    x.toml:4:12: topics.ecg.backfill: expected a duration in quotes or an integer, not an array, found `[]`; use for example `backfill = "30s"`
start = 2026-01-01T00:00:00Z
    x.toml:4:9: topics.ecg.start: expected a string, not a bare date or time, found `2026-01-01T00:00:00Z`; use `start = "2026-01-01T00:00:00Z"`
fields = 5
    x.toml:4:1: topics.ecg.fields: expected a table, not an integer; write `[topics.ecg.fields.NAME]`
fields.value = 5
    x.toml:4:8: topics.ecg.fields.value: expected a table, not an integer; write `[topics.ecg.fields.value]`
"#;
    assert_each_error(errors_in_topic, topic);
    let field = r#"
fields.i.min = "0"
    x.toml:4:16: topics.ecg.fields.i.min: expected a number, not a string, found `"0"`; use for example `min = 0.0`
fields.i.max = nan
    x.toml:4:16: topics.ecg.fields.i.max: not a finite number, found `nan`; use for example `max = 100.0`
fields.i.max = [1, 2]
    x.toml:4:16: topics.ecg.fields.i.max: expected a number, not an array, found `[1, 2]`; use for example `max = 100.0`
fields.i.warn = [1, 2, 3]
    x.toml:4:17: topics.ecg.fields.i.warn: expected a number or an array of two, not an array, found `[1, 2, 3]`; use for example `warn = [10.0, 90.0]`
fields.i.warn = [1, "2"]
    x.toml:4:21: topics.ecg.fields.i.warn: expected a number or an array of two, not a string, found `"2"`; use for example `warn = [10.0, 90.0]`
"#;
    assert_each_error(errors_in_topic, field);
}

#[test]
fn numbers_out_of_range_are_rejected() {
    for (line, range) in [
        ("port = 65536", "0 to 65535"),
        ("port = -1", "0 to 65535"),
        (
            "port = 99999999999999999999999999999999999999999999",
            "0 to 65535",
        ),
        ("max_viewers = 0", "1 to 1000000"),
        ("max_viewers_per_ip = 1000001", "0 to 1000000"),
        ("max_connections_per_ip = 1000001", "0 to 1000000"),
        ("max_connections_per_ip = -1", "0 to 1000000"),
        ("history_max = 0", "1 to 10000000"),
        ("recover_max = 10000001", "0 to 10000000"),
        ("header_timeout = \"0s\"", "1ms to 5m"),
        ("header_timeout = \"5.1m\"", "1ms to 5m"),
        ("drain = \"61m\"", "0s to 1h"),
    ] {
        let [error] = &errors_in_section("server", line)[..] else {
            panic!("expected one error for {line}")
        };
        assert!(
            error.contains(&format!(": out of range {range}, found `")),
            "{error}"
        );
    }
    assert!(
        errors_in_section("log", "stats_every = \"99ms\"")[0]
            .contains(": out of range 100ms to 24h, ")
    );
    for (line, range) in [
        ("backfill = -1", "0 to 9223372036854775807"),
        ("max_lag = \"99ms\"", "100ms to 1h"),
        ("delay = \"61s\"", "0s to 1m"),
        ("coalesce = \"31s\"", "0s to 30s"),
        ("record_max = \"65MiB\"", "1B to 64MiB"),
        ("record_max = \"0B\"", "1B to 64MiB"),
    ] {
        let [error] = &errors_in_topic(line)[..] else {
            panic!("expected one error for {line}")
        };
        assert!(
            error.contains(&format!(": out of range {range}, found `")),
            "{error}"
        );
    }
    let none = load(&format!("{MINIMAL}[server]\nrecover_max = 0\n"), &[], &[]);
    assert_eq!(none.unwrap().server.recover_max, 0);
}

#[test]
fn a_rate_is_checked_by_its_decimal_digits() {
    for (rate, problem) in [
        ("0", "out of range 0.001 to 10000"),
        ("-1", "out of range 0.001 to 10000"),
        ("-0.5", "out of range 0.001 to 10000"),
        ("10000.1", "out of range 0.001 to 10000"),
        ("0.0009", "out of range 0.001 to 10000"),
        ("1.0000001", "more than 6 decimal places"),
        ("1e2", "not a plain decimal number"),
        ("inf", "not a plain decimal number"),
        ("nan", "not a plain decimal number"),
        ("\"100\"", "expected a number, not a string"),
    ] {
        let toml = format!("[topics.ecg]\ndataset = \"d\"\nrate = {rate}\n");
        let wanted = format!(
            "x.toml:3:8: topics.ecg.rate: {problem}, found `{rate}`; use for example `rate = 10.0`"
        );
        assert_eq!(errors(&toml, &[], &[]), [wanted]);
    }
    for (rate, read) in [
        ("10", "10"),
        ("+10.0", "10"),
        ("1_000.5", "1000.5"),
        ("1.0000000", "1"),
    ] {
        let settings = load(
            &format!("[topics.ecg]\ndataset = \"d\"\nrate = {rate}\n"),
            &[],
            &[],
        )
        .unwrap();
        assert_eq!(settings.topics[0].pace.rate().unwrap().to_string(), read);
    }
}

#[test]
fn invalid_strings_are_rejected() {
    let server = r#"
host = "localhost"
    x.toml:5:8: server.host: not an IP address, found `"localhost"`; use for example `host = "127.0.0.1"`
drain = "-5s"
    x.toml:5:9: server.drain: negative, found `"-5s"`; use for example `drain = "10s"`
drain = "5"
    x.toml:5:9: server.drain: a duration without a unit, found `"5"`; add one, for example `drain = "10s"`
drain = "5sec"
    x.toml:5:9: server.drain: unknown unit `sec`, found `"5sec"`; use one of `us`, `ms`, `s`, `m`, `h`, without a space
drain = "soon"
    x.toml:5:9: server.drain: not a duration, found `"soon"`; use for example `drain = "10s"`
default_topic = "ECG"
    x.toml:5:17: server.default_topic: not a topic name, found `"ECG"`; use `default_topic = "ecg"`
default_topic = "eeg"
    x.toml:5:17: server.default_topic: no topic `eeg` in the file; did you mean `ecg`?
"#;
    assert_each_error(|line| errors_in_section("server", line), server);
    let log = r#"
format = "jsn"
    x.toml:5:10: log.format: not "auto", "json" or "text", found `"jsn"`; use `format = "json"`
level = ""
    x.toml:5:9: log.level: empty, found `""`; use for example `level = "info"`
"#;
    assert_each_error(|line| errors_in_section("log", line), log);
    let topic = r#"
start = "now"
    x.toml:4:9: topics.ecg.start: not `first-run` or an RFC 3339 instant with its offset, found `"now"`; use for example `start = "2026-01-01T00:00:00Z"`
start = "1969-12-31T23:59:59Z"
    x.toml:4:9: topics.ecg.start: outside 1970 to 2100, found `"1969-12-31T23:59:59Z"`; use for example `start = "2026-01-01T00:00:00Z"`
slow = "drop"
    x.toml:4:8: topics.ecg.slow: not "skip" or "disconnect", found `"drop"`; use for example `slow = "skip"`
delay = "Auto"
    x.toml:4:9: topics.ecg.delay: not a duration, found `"Auto"`; use for example `delay = "300ms"`
backfill = "all"
    x.toml:4:12: topics.ecg.backfill: not a duration, found `"all"`; use for example `backfill = "30s"`
"#;
    assert_each_error(errors_in_topic, topic);
}

#[test]
fn an_invalid_array_element_is_reported_at_its_own_location() {
    let server = r#"
allowed_origins = ["*", "https://a/"]
    x.toml:5:25: server.allowed_origins: an origin with a path, found `"https://a/"`; use `"https://a"`
allowed_origins = ["example.org"]
    x.toml:5:20: server.allowed_origins: an origin without a scheme, found `"example.org"`; use for example `"https://example.org"`
allowed_origins = [7]
    x.toml:5:20: server.allowed_origins: expected an array of strings, not an integer, found `7`; use for example `allowed_origins = ["https://example.org"]`
hosts = ["a", "hub.example.org:8000"]
    x.toml:5:15: server.hosts: more than a host name, found `"hub.example.org:8000"`; use `"hub.example.org"`
hosts = ["*.example.org"]
    x.toml:5:10: server.hosts: a host name with a wildcard, found `"*.example.org"`; list every host name of the hub
hosts = [""]
    x.toml:5:10: server.hosts: neither a host name nor an IP address, found `""`; use for example `"hub.example.org"`, ASCII only
trusted_proxies = ["::1", "10.0.0.0/40"]
    x.toml:5:27: server.trusted_proxies: not a CIDR range or an IP address, found `"10.0.0.0/40"`; use for example `trusted_proxies = ["10.0.0.0/8"]`
"#;
    assert_each_error(|line| errors_in_section("server", line), server);
}
