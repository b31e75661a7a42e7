//! The log as an interface: which events there are, with which fields, in which order.

use std::process::Stdio;

use super::support::{Project, Viewer};

/// The fields of each line called `event` in the raw log, in order.
fn fields_of(log: &str, event: &str) -> Vec<String> {
    let needle = format!("\"event\":\"{event}\"");
    let line = log
        .lines()
        .find(|line| line.contains(&needle))
        .unwrap_or_else(|| panic!("no {event} in {log}"));
    let mut fields = Vec::new();
    // Values of these events hold no quote, comma or colon before a key, so keys are what stands before `":`.
    for part in line.split("\":").filter_map(|part| part.rsplit('"').next()) {
        fields.push(part.to_owned());
    }
    fields.pop();
    fields
}

#[tokio::test]
async fn events_have_their_fields_in_their_order() {
    let project = Project::new("rate = 200.0", "[1,2]").configure("[log]\nlevel = \"debug\"\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n");
    let mut hub = project.start();
    let mut viewer = Viewer::bare(&hub).await;
    viewer.text().await;
    hub.event("hub.stats");
    hub.signal("-TERM");
    viewer.gone().await;
    let (_, events) = hub.end();
    let names: Vec<_> = events
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect();
    let first: Vec<_> = names.iter().take(5).collect();
    assert_eq!(
        first,
        [
            &"start",
            &"timeline.begun",
            &"topic.ready",
            &"listening",
            &"listening"
        ]
    );
    for name in ["viewer.joined", "hub.stats", "drain", "viewer.left"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert_eq!(names.last(), Some(&"stop"));
}

/// Runs the hub until its first statistics, and kills it.
fn log_until_stats(project: &Project) -> String {
    let mut child = project.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = String::new();
    let mut reader = std::io::BufReader::new(child.stderr.take().unwrap());
    while !log.contains("hub.stats") {
        std::io::BufRead::read_line(&mut reader, &mut log).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    log
}

#[test]
fn each_line_begins_and_ends_as_scrapers_expect() {
    let project = Project::new("rate = 200.0", "[1,2]").configure(
        "[log]\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n",
    );
    let log = log_until_stats(&project) + &log_until_stats(&project);
    for (event, expected) in [
        (
            "start",
            "timestamp level event version commit pid config topics message",
        ),
        (
            "timeline.begun",
            "timestamp level event topic epoch t0 reason message",
        ),
        (
            "timeline.resumed",
            "timestamp level event topic epoch seq remembered_seq wait_seconds rate_changed message",
        ),
        (
            "topic.ready",
            "timestamp level event topic epoch seq t0 rate records loop sha256 message",
        ),
        (
            "listening",
            "timestamp level event listener address url message",
        ),
        (
            "hub.stats",
            "timestamp level event topic epoch seq viewers published_total delivered_total delivered_bytes_total joined_total left_total gaps_total lateness_p50_seconds lateness_p99_seconds lateness_max_seconds timeline_minus_wall_seconds log_dropped_total message",
        ),
    ] {
        assert_eq!(fields_of(&log, event).join(" "), expected);
    }
}

#[test]
fn text_is_for_people() {
    let project = Project::new("rate = 200.0", "[1,2]");
    let mut child = project
        .command(&["--log-format", "text"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = String::new();
    let mut reader = std::io::BufReader::new(child.stderr.take().unwrap());
    while !log.contains("listening") {
        std::io::BufRead::read_line(&mut reader, &mut log).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(log.contains(" INFO  listening: tickcast "), "{log}");
}

#[test]
fn serving_others_names_the_address_and_warns_that_there_is_no_tls() {
    let mut hub = Project::new("rate = 200.0", "[1]").start_with(&["--host", "0.0.0.0"]);
    hub.signal("-TERM");
    assert_eq!(hub.event("stop")["event"], "stop");
    let (_, events) = hub.end();
    let find = |name: &str| events.iter().find(|event| event["event"] == name).unwrap();
    assert!(
        find("listening.plain")["message"]
            .as_str()
            .unwrap()
            .contains("TLS")
    );
    assert!(
        !find("listening")["url"]
            .as_str()
            .unwrap()
            .contains("0.0.0.0")
    );
}
