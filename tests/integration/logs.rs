//! The log as an interface: which events there are, with which fields, in which order, and where each is seen to happen.
//!
//! Every line of every hub that a test starts is held against the table of the handbook: see `support/log.rs`.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::support::hub::{program, root};
use super::support::log::{self, Row};
use super::support::{Hub, Project, Raw, Viewer};

/// Each event with a test in which it happens, or a step that several tests take: the file, and the function that fails
/// if it does not. Its fields are compared wherever it happens.
const SEEN: &[(&str, &str, &str)] = &[
    ("start", "logs", "events_come_in_the_order_of_a_life"),
    (
        "timeline.begun",
        "restart",
        "another_dataset_and_another_loop_begin_a_new_epoch",
    ),
    (
        "timeline.resumed",
        "restart",
        "a_restart_keeps_the_epoch_and_stands_where_the_clock_says",
    ),
    (
        "timeline.clock_back",
        "clock_steps",
        "a_clock_set_back_by_more_begins_a_new_epoch_and_is_told",
    ),
    ("topic.ready", "logs", "events_come_in_the_order_of_a_life"),
    ("listening", "logs", "events_come_in_the_order_of_a_life"),
    (
        "listening.plain",
        "logs",
        "serving_others_names_the_address_and_warns_that_there_is_no_tls",
    ),
    ("hub.stats", "logs", "events_come_in_the_order_of_a_life"),
    ("hub.process", "logs", "events_come_in_the_order_of_a_life"),
    (
        "topic.ended",
        "viewers",
        "a_viewer_that_slept_through_the_end_is_told_the_gap_and_the_end",
    ),
    (
        "viewer.joined",
        "logs",
        "events_come_in_the_order_of_a_life",
    ),
    ("viewer.left", "logs", "events_come_in_the_order_of_a_life"),
    (
        "http.failed",
        "logs",
        "what_clients_bring_about_is_told_a_few_times_a_second_and_counted_beyond",
    ),
    (
        "accept.failed",
        "hostile",
        "when_descriptors_run_out_the_stream_goes_on_and_newcomers_wait",
    ),
    (
        "clock.differs",
        "clock_steps",
        "steps_of_the_wall_clock_while_running_move_nothing",
    ),
    (
        "clock.agrees",
        "clock_steps",
        "steps_of_the_wall_clock_while_running_move_nothing",
    ),
    (
        "log.level",
        "logs",
        "a_signal_shows_more_and_another_one_less_and_libraries_stay_quiet",
    ),
    ("config.reloaded", "reload", "read_again"),
    ("config.refused", "reload", "read_again"),
    ("config.failed", "reload", "fail"),
    (
        "topic.added",
        "reload",
        "a_topic_that_is_new_is_served_and_goes_on_where_it_was_after_a_restart",
    ),
    (
        "timeline.segment",
        "reload",
        "a_rate_that_was_changed_outlives_a_kill",
    ),
    (
        "files.limit",
        "activation",
        "as_many_files_may_be_open_as_the_system_allows_and_no_more_viewers_than_those_are_enough_for",
    ),
    (
        "journal.damaged",
        "journal",
        "a_damaged_journal_is_set_aside_and_told_and_a_new_epoch_begins",
    ),
    (
        "journal.failed",
        "journal",
        "a_full_disk_is_told_once_and_stops_nothing",
    ),
    (
        "journal.recovered",
        "journal",
        "a_full_disk_is_told_once_and_stops_nothing",
    ),
    (
        "lane.failed",
        "lanes",
        "a_lane_that_fails_loses_its_viewers_and_the_others_miss_nothing",
    ),
    ("drain", "logs", "events_come_in_the_order_of_a_life"),
    ("stop", "logs", "events_come_in_the_order_of_a_life"),
    ("stop.forced", "drain", "a_second_signal_exits_at_once"),
    (
        "start.failed",
        "logs",
        "a_hub_that_cannot_start_says_what_of_its_configuration_is_in_the_way",
    ),
];

/// Every event that the code tells, as it stands there.
fn told() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, text) in super::layout::code() {
        for (at, _) in text.match_indices("event = \"") {
            let begin = text[..at].rfind("tracing::").unwrap();
            let (level, rest) = text[begin..].split_once("!(").unwrap();
            let arguments = arguments(rest);
            let name_of = |argument: &String| {
                let name = argument
                    .split_once(" = ")
                    .map_or(argument.as_str(), |pair| pair.0);
                name.trim_start_matches(['%', '?'])
                    .trim_start_matches("r#")
                    .to_owned()
            };
            let (event, rest) = arguments.split_first().unwrap();
            let event = event
                .strip_prefix("event = \"")
                .unwrap_or_else(|| panic!("{name}: the event is the first field: {event}"));
            let fields = rest
                .iter()
                .take_while(|argument| !argument.starts_with('"'));
            let fields: Vec<_> = fields.map(name_of).collect();
            assert!(fields.len() < rest.len(), "{name}: {event} has no message");
            rows.push(Row {
                event: event.trim_end_matches('"').to_owned(),
                level: level.trim_start_matches("tracing::").to_owned(),
                fields,
            });
        }
    }
    rows.sort();
    rows.dedup();
    rows
}

/// The arguments of a macro, up to the parenthesis that closes it.
fn arguments(text: &str) -> Vec<String> {
    let (mut arguments, mut argument) = (Vec::new(), String::new());
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    for char in text.chars() {
        if is_quoted {
            is_quoted = char != '"' || is_escaped;
            is_escaped = char == '\\' && !is_escaped;
        } else {
            match char {
                '"' => is_quoted = true,
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(std::mem::take(&mut argument));
                    continue;
                }
                _ => {}
            }
        }
        argument.push(char);
    }
    arguments.push(argument);
    let trimmed = arguments.iter().map(|argument| argument.trim().to_owned());
    trimmed.filter(|argument| !argument.is_empty()).collect()
}

#[test]
fn the_handbook_has_every_event_of_the_code_with_its_fields_in_order_and_no_other() {
    let mut table: Vec<_> = log::table().iter().collect();
    table.sort();
    let told = told();
    assert_eq!(table, told.iter().collect::<Vec<_>>());
}

#[test]
fn every_event_of_the_handbook_is_seen_to_happen_in_a_test() {
    let mut seen: Vec<_> = SEEN.iter().map(|(event, ..)| *event).collect();
    let mut table: Vec<_> = log::table().iter().map(|row| row.event.as_str()).collect();
    seen.sort_unstable();
    table.sort_unstable();
    assert_eq!(seen, table);
    for (event, file, test) in SEEN {
        let path = root()
            .join("tests/integration")
            .join(file)
            .with_extension("rs");
        let text = fs::read_to_string(path).unwrap();
        let (_, rest) = text
            .split_once(&format!("fn {test}("))
            .unwrap_or_else(|| panic!("{file} has no {test}"));
        let body = rest.split("\n}\n").next().unwrap();
        assert!(body.contains(&format!("\"{event}\"")), "{test}: {event}");
    }
}

#[test]
fn the_handbook_says_what_each_number_is() {
    let page = fs::read_to_string(root().join("docs/handbook/events.md")).unwrap();
    for event in ["hub.stats", "hub.process"] {
        let (_, section) = page
            .split_once(&format!("## The numbers of `{event}`"))
            .unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let row = log::table().iter().find(|row| row.event == event).unwrap();
        let fields = row.fields.iter().map(String::as_str);
        let numbers: Vec<_> = fields
            .filter(|field| !["topic", "epoch"].contains(field))
            .collect();
        assert_eq!(rows.collect::<Vec<_>>(), numbers);
    }
}

#[tokio::test]
async fn events_come_in_the_order_of_a_life() {
    let project = Project::new("", "[1,2]").configure("[log]\nlevel = \"debug\"\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n");
    let mut hub = project.start();
    let mut viewer = Viewer::bare(&hub).await;
    viewer.text().await;
    hub.event("hub.stats");
    hub.event("hub.process");
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
    for name in ["viewer.joined", "drain", "viewer.left"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    // The last numbers are those of the whole life.
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

#[test]
fn a_hub_that_cannot_start_says_what_of_its_configuration_is_in_the_way() {
    let first = Hub::start("rate = 1.0", "[1]");
    let port = first.public().rsplit_once(':').unwrap().1;
    let output = Project::new("rate = 1.0", "[1]").run(&["--port", port]);
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8(output.stderr).unwrap();
    log.lines().for_each(log::check);
    let told: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let (event, key, origin) = (&told["event"], &told["key"], &told["origin"]);
    assert_eq!(
        (event, key, origin),
        (
            &"start.failed".into(),
            &"server.port".into(),
            &"--port".into()
        )
    );
}

/// A hub that says everything, and its numbers ten times a second.
fn talkative() -> Project {
    let toml = "[log]\nlevel = \"debug\"\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 50.0\n";
    Project::new("", "[1,2]").configure(toml)
}

#[test]
fn what_clients_bring_about_is_told_a_few_times_a_second_and_counted_beyond() {
    const BROKEN: u64 = 200;
    let mut hub = talkative().start();
    let break_one = |hub: &Hub| assert_eq!(Raw::raw(hub.public(), b"nonsense\r\n\r\n").status, 400);
    for _ in 0..BROKEN {
        break_one(&hub);
    }
    // A second passes, and one more is told, with the number of those that were not.
    let mut process = Value::Null;
    for _ in 0..12 {
        process = hub.event("hub.process");
    }
    break_one(&hub);
    hub.event("hub.process");
    let total = process["log_suppressed_total"].as_u64().unwrap();
    hub.signal("-TERM");
    let (_, events) = hub.end();
    let told = || {
        events
            .iter()
            .filter(|event| event["event"] == "http.failed")
    };
    let suppressed = told().map(|event| event["suppressed"].as_u64().unwrap());
    assert!(total > 0);
    assert_eq!(suppressed.sum::<u64>(), total);
    assert_eq!(told().count() as u64 + total, BROKEN + 1);
}

#[tokio::test]
async fn a_signal_shows_more_and_another_one_less_and_libraries_stay_quiet() {
    let mut hub = Project::new("rate = 100.0", "[1,2]").start();
    for level in ["debug", "info"] {
        hub.signal("-USR1");
        let told = hub.event("log.level");
        assert_eq!(
            (&told["log_level"], &told["level"]),
            (&level.into(), &"INFO".into())
        );
        let mut viewer = Viewer::bare(&hub).await;
        viewer.text().await;
        drop(viewer);
        if level == "debug" {
            hub.event("viewer.joined");
            hub.event("viewer.left");
        }
    }
    hub.signal("-TERM");
    let (code, events) = hub.end();
    assert_eq!(code, Some(0));
    let names = events.iter().map(|event| event["event"].as_str().unwrap());
    let (ours, others): (Vec<_>, Vec<_>) =
        names.partition(|name| log::table().iter().any(|row| row.event == *name));
    assert_eq!(others, [""; 0]);
    let joined = ours.iter().filter(|name| **name == "viewer.joined").count();
    assert_eq!(joined, 1);
}

#[test]
fn a_log_that_shows_nothing_shows_all_at_a_signal() {
    let toml = "[log]\nlevel = \"error\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 50.0\n";
    let project = Project::new("", "[1]").configure(toml);
    let mut child = project.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
    // It hears the signal from its first moments on; before, it would end it.
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
    let kill = |signal: &str| {
        let killed = Command::new("kill").args([signal, &pid]).status();
        assert!(killed.unwrap().success());
    };
    let mut reader = std::io::BufReader::new(child.stderr.take().unwrap());
    for _ in 0..2 {
        kill("-USR1");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
        log::check(line.trim_end());
        assert!(line.contains("\"event\":\"log.level\""), "{line}");
    }
    kill("-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_clients_send_gets_into_no_line() {
    const EVIL: &str = "INJECTED\r\n{\"event\":\"forged\"}\u{1b}[31m\"\\\u{2028}";
    let mut hub = talkative().start_with(&["--log-level", "trace"]);
    let encoded: String = EVIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let lines = EVIL.replace("\r\n", " ");
    for path in [&encoded, EVIL, &lines] {
        for request in [
            format!("GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            format!("GET /ws/{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            format!("GET /ws?since={path} HTTP/1.1\r\nhost: {path}\r\nconnection: close\r\n\r\n"),
            format!(
                "GET /sse/{path} HTTP/1.1\r\nhost: x\r\nlast-event-id: {path}\r\nconnection: close\r\n\r\n"
            ),
            format!(
                "GET / HTTP/1.1\r\nhost: x\r\nuser-agent: {path}\r\norigin: {path}\r\nconnection: close\r\n\r\n"
            ),
            format!("{path} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        ] {
            Raw::connect(hub.public()).send(request.as_bytes()).rest();
        }
    }
    hub.event("hub.process");
    hub.signal("-TERM");
    let (_, events) = hub.end();
    // That each line is one object, and without a character that steers, is looked at with every line.
    assert!(
        events
            .iter()
            .all(|event| !event.to_string().contains("INJECTED"))
    );
    assert!(events.iter().any(|event| event["event"] == "http.failed"));
}

#[test]
fn a_name_with_line_ends_and_quotes_makes_one_valid_line() {
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
    let config = &hub.told("start").unwrap()["config"];
    assert_eq!(config.as_str(), file.to_str());
    assert_eq!(hub.told("forged"), None);
}
