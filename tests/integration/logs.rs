//! The log as an interface: its events, their fields and order, and the test in which each event occurs.
//!
//! Every log line of every hub in these tests is checked against the handbook's table by `support/event_table.rs`.

mod contract;
mod fields;
mod terminal;

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use super::support::event_table;
use super::support::hub::program;
use super::support::{Hub, Project, RawClient, Viewer, kill};

#[tokio::test]
async fn events_follow_the_life_cycle_of_a_hub() {
    let project = Project::new("", "[1,2]").configure("[log]\nlevel = \"debug\"\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n");
    let mut hub = project.start();
    let mut viewer = Viewer::bare(&hub).await;
    viewer.next_text().await;
    hub.event("hub.stats");
    hub.event("hub.process");
    hub.signal("-TERM");
    viewer.wait_for_disconnect().await;
    let (_, events) = hub.wait();
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
    for name in ["viewer.joined", "drain", "viewer.left"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    // The last statistics are the totals.
    let last: Vec<_> = names.iter().rev().take(3).collect();
    assert_eq!(last, [&"stop", &"hub.process", &"hub.stats"]);
    let stats = &events[events.len() - 3];
    assert_eq!(
        (
            &stats["joined_total"],
            &stats["left_total"],
            &stats["left_draining_total"]
        ),
        (&1.into(), &1.into(), &1.into())
    );
}

#[test]
fn the_text_format_is_readable_for_people() {
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
fn listening_on_a_public_address_warns_that_there_is_no_tls() {
    let mut hub = Project::new("rate = 200.0", "[1]").start_with(&["--host", "0.0.0.0"]);
    hub.signal("-TERM");
    assert_eq!(hub.event("stop")["event"], "stop");
    let (_, events) = hub.wait();
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

#[test]
fn a_hub_that_cannot_start_logs_the_responsible_key() {
    let first = Hub::start("rate = 1.0", "[1]");
    let port = first.public().rsplit_once(':').unwrap().1;
    let output = Project::new("rate = 1.0", "[1]").run(&["--port", port]);
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    log.lines().for_each(event_table::assert_documented);
    let failed: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let (event, key, origin) = (&failed["event"], &failed["key"], &failed["origin"]);
    assert_eq!(
        (event, key, origin),
        (
            &"start.failed".into(),
            &"server.port".into(),
            &"--port".into()
        )
    );
}

/// A project with the log level `debug` and statistics ten times a second.
fn verbose_project() -> Project {
    let toml = "[log]\nlevel = \"debug\"\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 50.0\n";
    Project::new("", "[1,2]").configure(toml)
}

#[test]
fn events_caused_by_clients_are_rate_limited_and_suppressed_ones_are_counted() {
    const BROKEN: u64 = 200;
    let mut hub = verbose_project().start();
    let break_one = |hub: &Hub| {
        assert_eq!(
            RawClient::request_raw(hub.public(), b"nonsense\r\n\r\n").status,
            400
        );
    };
    for _ in 0..BROKEN {
        break_one(&hub);
    }
    // After a second the next event is logged, with the number of suppressed ones.
    let mut process = Value::Null;
    for _ in 0..12 {
        process = hub.event("hub.process");
    }
    break_one(&hub);
    hub.event("hub.process");
    let total = process["log_suppressed_total"].as_u64().unwrap();
    hub.signal("-TERM");
    let (_, events) = hub.wait();
    let logged = || {
        events
            .iter()
            .filter(|event| event["event"] == "http.failed")
    };
    let suppressed = logged().map(|event| event["suppressed"].as_u64().unwrap());
    assert!(total > 0);
    assert_eq!(suppressed.sum::<u64>(), total);
    assert_eq!(logged().count() as u64 + total, BROKEN + 1);
}

#[tokio::test]
async fn signals_raise_and_lower_the_log_level_and_libraries_stay_quiet() {
    let mut hub = Project::new("rate = 100.0", "[1,2]").start();
    for level in ["debug", "info"] {
        hub.signal("-USR1");
        let event = hub.event("log.level");
        assert_eq!(
            (&event["log_level"], &event["level"]),
            (&level.into(), &"INFO".into())
        );
        let mut viewer = Viewer::bare(&hub).await;
        viewer.next_text().await;
        drop(viewer);
        if level == "debug" {
            hub.event("viewer.joined");
            hub.event("viewer.left");
        }
    }
    hub.signal("-TERM");
    let (code, events) = hub.wait();
    assert_eq!(code, Some(0));
    let names = events.iter().map(|event| event["event"].as_str().unwrap());
    let (ours, others): (Vec<_>, Vec<_>) =
        names.partition(|name| event_table::rows().iter().any(|row| row.event == *name));
    assert_eq!(others, [""; 0]);
    let joined = ours.iter().filter(|name| **name == "viewer.joined").count();
    assert_eq!(joined, 1);
}

#[test]
fn a_log_that_is_off_can_be_turned_on_by_a_signal() {
    let toml = "[log]\nlevel = \"error\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 50.0\n";
    let project = Project::new("", "[1]").configure(toml);
    let mut child = project.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
    // The hub handles the signal from its first moments on; before that, the signal would kill it.
    let status = format!("/proc/{}/status", child.id());
    let hears = |status: &str| {
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        caught & (1 << (10 - 1)) != 0
    };
    while !hears(&fs::read_to_string(&status).unwrap()) {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    let send = |signal: &str| assert!(kill(&[signal, &pid]));
    let mut reader = std::io::BufReader::new(child.stderr.take().unwrap());
    for _ in 0..2 {
        send("-USR1");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
        event_table::assert_documented(line.trim_end());
        assert!(line.contains("\"event\":\"log.level\""), "{line}");
    }
    send("-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn input_of_clients_cannot_forge_log_lines() {
    const EVIL: &str = "INJECTED\r\n{\"event\":\"forged\"}\u{1b}[31m\"\\\u{2028}";
    let mut hub = verbose_project().start_with(&["--log-level", "trace"]);
    let encoded: String = EVIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let lines = EVIL.replace("\r\n", " ");
    for path in [&encoded, EVIL, &lines] {
        for request in [
            format!("GET /{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
            format!("GET /ws/{path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
            format!("GET /ws?since={path} HTTP/1.1\r\nhost: {path}\r\nconnection: close\r\n\r\n"),
            format!(
                "GET /sse/{path} HTTP/1.1\r\nhost: localhost\r\nlast-event-id: {path}\r\nconnection: close\r\n\r\n"
            ),
            format!(
                "GET / HTTP/1.1\r\nhost: localhost\r\nuser-agent: {path}\r\norigin: {path}\r\nconnection: close\r\n\r\n"
            ),
            format!("{path} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
        ] {
            RawClient::connect(hub.public())
                .send(request.as_bytes())
                .read_to_end();
        }
    }
    hub.event("hub.process");
    hub.signal("-TERM");
    let (_, events) = hub.wait();
    // `assert_documented` checks for every line that it is one JSON object without control characters.
    assert!(
        events
            .iter()
            .all(|event| !event.to_string().contains("INJECTED"))
    );
    assert!(events.iter().any(|event| event["event"] == "http.failed"));
}

#[test]
fn a_name_with_line_breaks_and_quotes_is_logged_as_one_valid_line() {
    const NAME: &str =
        "a\r\n{\"event\":\"forged\"}\u{1b}[31m\"\u{85}\u{202e}\u{2028}\u{2029}\u{7f}é";
    let project = Project::new("rate = 1.0", "[1]");
    let folder = project.path(NAME);
    fs::create_dir(&folder).unwrap();
    let file = folder.join("tickcast.toml");
    let toml = "[server]\nport = 0\n[ops]\nport = 0\n[topics.demo]\ndataset = \"../data.json\"\nrate = 1.0\n";
    fs::write(&file, toml).unwrap();
    let mut command = program();
    command.arg("--config").arg(&file);
    let hub = Hub::spawn(command, project);
    let config = &hub.last_event("start").unwrap()["config"];
    assert_eq!(config.as_str(), file.to_str());
    assert_eq!(hub.last_event("forged"), None);
}
