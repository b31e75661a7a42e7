use super::super::test_support::load;
use super::*;

const BEFORE: &str = "[server]\nport = 1\n[log]\nlevel = \"info\"\n\
    [topics.a]\ndataset = \"a.json\"\nrate = 1.0\n[topics.a.fields.x]\nunit = \"V\"\n\
    [topics.\"a.b\"]\ndataset = \"a.json\"\nrate = 1.0\nstart = \"2026-01-01T00:00:00Z\"\n";

fn settings(toml: &str) -> Settings {
    // Each of the temporary files would have another state folder by default.
    load(toml, &[("STATE_DIRECTORY", "/s")], &[]).unwrap()
}

/// The changed keys, as `+key` if applied and `-key` if a restart is needed.
fn changed_keys(active: &ActiveConfig, after: &Settings) -> Vec<String> {
    let changes = active.diff(after, |topic| topic.dataset.ends_with("other.json"));
    let applied = changes.applied.iter().map(|key| format!("+{key}"));
    let needs_restart = changes
        .needs_restart
        .iter()
        .map(|change| format!("-{}", change.key));
    applied.chain(needs_restart).collect()
}

/// The changed keys after replacing `from` by `to` in `BEFORE`.
fn replaced(from: &str, to: &str) -> Vec<String> {
    assert!(BEFORE.contains(from), "{from}");
    let active = ActiveConfig::new(&settings(BEFORE));
    changed_keys(&active, &settings(&BEFORE.replace(from, to)))
}

#[test]
fn each_changed_key_is_applied_or_needs_a_restart() {
    assert_eq!(replaced("port = 1", "port = 1"), [""; 0]);
    assert_eq!(replaced("port = 1", "port = 2"), ["-server.port"]);
    assert_eq!(
        replaced("port = 1", "port = 1\ndrain = \"1s\"\nmax_viewers = 7"),
        ["+server.max_viewers", "+server.drain"]
    );
    assert_eq!(
        replaced("level = \"info\"", "level = \"warn\""),
        ["+log.level"]
    );
    assert_eq!(
        replaced("[log]", "[log]\nformat = \"text\""),
        ["-log.format"]
    );
    assert_eq!(replaced("[log]", "[ops]\nport = 2\n[log]"), ["-ops.port"]);
    assert_eq!(
        replaced("unit = \"V\"", "label = \"V\""),
        ["+topics.a.fields.x.label", "+topics.a.fields.x.unit"]
    );
    assert_eq!(
        replaced(
            "rate = 1.0\n[topics.a.f",
            "rate = 2.0\nslow = \"disconnect\"\n[topics.a.f"
        ),
        ["+topics.a.rate", "+topics.a.slow"]
    );
    assert_eq!(
        replaced(
            "rate = 1.0\n[topics.a.f",
            "rate = 1.0\nloop = false\n[topics.a.f"
        ),
        ["-topics.a.loop"]
    );
}

#[test]
fn a_rate_needs_a_restart_with_a_fixed_start_or_beside_a_key_that_needs_one() {
    assert_eq!(
        replaced("rate = 1.0\nstart", "rate = 2.0\nstart"),
        ["-topics.\"a.b\".rate"]
    );
    assert_eq!(
        replaced(
            "rate = 1.0\n[topics.a.f",
            "rate = 2.0\ndelay = \"2s\"\n[topics.a.f"
        ),
        ["-topics.a.rate", "-topics.a.delay"]
    );
}

#[test]
fn a_topic_is_added_at_once_and_removed_at_a_restart() {
    let mut active = ActiveConfig::new(&settings(BEFORE));
    let more = settings(&format!(
        "{BEFORE}[topics.c]\ndataset = \"a.json\"\nrate = 1.0\n"
    ));
    assert_eq!(changed_keys(&active, &more), ["+topics.c"]);
    active.apply(&active.diff(&more, |_| false), &more);
    assert_eq!(changed_keys(&active, &more), [""; 0]);
    assert_eq!(changed_keys(&active, &settings(BEFORE)), ["-topics.c"]);
}

#[test]
fn a_change_that_needs_a_restart_is_reported_at_every_reload() {
    let mut active = ActiveConfig::new(&settings(BEFORE));
    let after = settings(&BEFORE.replace("port = 1", "port = 2\ndrain = \"1s\""));
    active.apply(&active.diff(&after, |_| false), &after);
    assert_eq!(changed_keys(&active, &after), ["-server.port"]);
    assert_eq!(changed_keys(&active, &settings(BEFORE)), ["+server.drain"]);
}

#[test]
fn a_dataset_with_other_records_is_reported_once() {
    let before = BEFORE.replace("a.json\"\nrate = 1.0\n[", "other.json\"\nrate = 1.0\n[");
    let active = ActiveConfig::new(&settings(&before));
    let after = before.replace("rate = 1.0\n[", "rate = 3.0\n[");
    assert_eq!(
        changed_keys(&active, &settings(&before)),
        ["-topics.a.dataset"]
    );
    assert_eq!(
        changed_keys(&active, &settings(&after)),
        ["-topics.a.dataset", "-topics.a.rate"]
    );
    let active = ActiveConfig::new(&settings(BEFORE));
    assert_eq!(
        changed_keys(&active, &settings(&before)),
        ["-topics.a.dataset"]
    );
}
