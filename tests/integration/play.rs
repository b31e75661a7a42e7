//! `tickcast play FILE`: plays a file without a configuration, and `tickcast check FILE`: says what would be played.

mod described;
#[cfg(feature = "formats")]
mod recording;
mod time;
mod time_options;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::support::hub::program;
use super::support::terminal::run_at_a_terminal;
use super::support::{Hub, Project, RawClient, kill, lacks, wait_for_end};

/// The options with which a test finds the hub.
const ANY_PORTS: [&str; 4] = ["--port", "0", "--ops-port", "0"];

/// A folder with two files.
fn project() -> Project {
    let project = Project::raw("");
    std::fs::remove_file(project.path("tickcast.toml")).unwrap();
    project.write("Room 1.csv", "temp_C,ok\n20.5,true\n,false\n21,true\n");
    project.write("steps.ndjson", "{\"i\":0}\n{\"i\":1}\n");
    project
}

/// The program in the folder of `project`.
fn command(project: &Project, arguments: &[&str]) -> Command {
    let mut command = program();
    command
        .current_dir(project.path(""))
        .env("XDG_STATE_HOME", project.path("state-home"))
        .args(arguments);
    command
}

fn run(project: &Project, arguments: &[&str]) -> Output {
    command(project, arguments).output().unwrap()
}

fn play(project: &Project, arguments: &[&str]) -> Hub {
    let arguments = [arguments, &ANY_PORTS].concat();
    Hub::spawn(command(project, &arguments), project.clone())
}

fn topics(hub: &Hub) -> Vec<Value> {
    let topics = RawClient::get(hub.public(), "/api/v1/topics").json();
    topics["topics"].as_array().unwrap().clone()
}

/// Asserts that the program refuses `arguments` with an error that contains everything in `named`.
fn refused(project: &Project, arguments: &[&str], named: &[&str]) {
    let output = run(project, arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    for name in named {
        assert!(error.contains(name), "`{name}` is not in\n{error}");
    }
}

#[test]
fn a_file_plays_without_a_configuration() {
    let project = project();
    for arguments in [
        &["play", "Room 1.csv"][..],
        &["Room 1.csv"],
        &["--log-level", "info", "Room 1.csv"],
    ] {
        let hub = play(&project, arguments);
        let topics = topics(&hub);
        assert_eq!(topics.len(), 1, "{topics:#?}");
        assert_eq!(topics[0]["name"], "room-1");
        assert_eq!(topics[0]["rate"], 10.0);
        assert_eq!(topics[0]["dataset"]["len"], 3);
        hub.stop_without_warnings();
        assert!(!project.path("state-home").exists(), "a state was written");
        assert!(!project.state("").exists(), "a state was written");
    }
}

#[test]
fn several_files_play_once_at_a_rate_with_some_columns() {
    let project = project();
    let files = [
        "Room 1.csv",
        "./Room 1.csv",
        "--once",
        "--rate",
        "500",
        "--columns",
        "temp_C",
    ];
    let hub = play(&project, &[&["play"], &files[..]].concat());
    wait_for_end(&hub, "room-1");
    wait_for_end(&hub, "room-1-2");
    let names: Vec<_> = topics(&hub)
        .into_iter()
        .map(|topic| topic["name"].clone())
        .collect();
    assert_eq!(names, ["room-1", "room-1-2"]);
    let history = RawClient::get(hub.public(), "/api/v1/topics/room-1-2/history?last=9");
    for record in [
        r#"{"temp_C":20.5}"#,
        r#"{"temp_C":null}"#,
        r#"{"temp_C":21}"#,
    ] {
        assert!(history.text().contains(record), "{}", history.text());
    }
}

#[test]
fn a_taken_port_is_replaced_by_the_next_free_one_which_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (project, port) = (project(), port.to_string());
    let arguments = ["steps.ndjson", "--port", &port, "--ops-port", &port];
    // The two listeners cannot share a port, whether it is taken or not.
    refused(&project, &arguments, &["--ops-port", "choose another port"]);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let ops = other.local_addr().unwrap().port().to_string();
    let arguments = ["steps.ndjson", "--port", &port, "--ops-port", &ops];
    let hub = Hub::spawn(command(&project, &arguments), project.clone());
    assert_eq!(RawClient::get(hub.public(), "/healthz").status, 200);
    assert_eq!(RawClient::get(hub.ops(), "/readyz").status, 200);
    assert_ne!(hub.public(), format!("127.0.0.1:{port}"));
    assert_ne!(hub.ops(), format!("127.0.0.1:{ops}"));
}

#[test]
fn there_is_no_operations_listener_unless_its_port_is_named() {
    let project = project();
    let mut command = command(&project, &["steps.ndjson", "--port", "0"]);
    let command = command.stdin(Stdio::null()).stderr(Stdio::piped());
    let mut hub = command.spawn().unwrap();
    let lines = BufReader::new(hub.stderr.take().unwrap()).lines();
    let mut listeners = Vec::new();
    for line in lines {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if event["event"] == "listening" {
            listeners.push(event["listener"].clone());
            // What else listens is logged before it stops.
            assert!(kill(&["-TERM", &hub.id().to_string()]));
        }
    }
    assert_eq!(hub.wait().unwrap().code(), Some(0));
    assert_eq!(listeners, ["public"]);
}

#[test]
fn the_saved_configuration_plays_the_same() {
    let project = project();
    let more = [
        "--once",
        "--rate",
        "59.94",
        "--columns",
        "temp_C",
        "--save",
        "room.toml",
    ];
    let hub = play(&project, &[&["play", "Room 1.csv"], &more[..]].concat());
    let description = |hub: &Hub| {
        let topic = topics(hub).remove(0);
        ["name", "rate", "dataset"].map(|field| topic[field].clone())
    };
    let played = description(&hub);
    hub.stop();
    let text = std::fs::read_to_string(project.path("room.toml")).unwrap();
    assert!(text.contains("dataset = \"Room 1.csv\""), "{text}");
    // From another folder, to which its paths are not relative.
    let mut command = program();
    command.arg("--config").arg(project.path("room.toml"));
    let saved = Hub::spawn(command, project.clone());
    assert_eq!(description(&saved), played);
    saved.stop();
    let again = ["play", "steps.ndjson", "--save", "room.toml"];
    refused(
        &project,
        &again,
        &["room.toml", "exists", "choose another name"],
    );
    assert_eq!(
        std::fs::read_to_string(project.path("room.toml")).unwrap(),
        text
    );
}

#[test]
fn what_cannot_be_played_is_refused_with_the_place_and_the_remedy() {
    let project = project();
    project.write("bad.csv", "a,b\n1,2\n3\n");
    project.write("hub.toml", "");
    for (arguments, named) in [
        (
            &["play", "bad.csv"][..],
            &["bad.csv:3:1", "row 2 has 1 cell", ";"][..],
        ),
        (
            &["bad.csv", "nowhere.csv"],
            &["bad.csv:3:1", "`nowhere.csv`", "check the path"],
        ),
        (&["nowhere.csv"], &["`nowhere.csv`", "check the path"]),
        (&["hub.toml"], &["hub.toml", "`tickcast --config hub.toml`"]),
        (&["play"], &["FILE", "--help"]),
        (
            &["play", "steps.ndjson", "--columns", "i,"],
            &["--columns", "empty"],
        ),
        (&["play", "steps.ndjson", "--rate", "0"], &["--rate"]),
        (
            &["play", "steps.ndjson", "--format", "xml"],
            &["--format", "ndjson"],
        ),
        (
            &["play", "steps.ndjson", "--columns", "j"],
            &["no record has the column `j`", "`i`"],
        ),
        (
            &["play", "steps.ndjson", "--host", "nowhere"],
            &["--host", "not an IP address"],
        ),
        (&["swerve"], &["unrecognized subcommand 'swerve'", "serve"]),
    ] {
        refused(&project, arguments, named);
    }
}

#[test]
fn the_page_is_opened_in_a_browser() {
    let project = project();
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else {
        "xdg-open"
    };
    project.write(
        opener,
        "#!/bin/sh\necho \"$1\" > \"$OPENED.new\"\nmv \"$OPENED.new\" \"$OPENED\"\n",
    );
    let script = project.path(opener);
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let opened = project.path("opened");
    let path = format!(
        "{}:{}",
        project.path("").display(),
        std::env::var("PATH").unwrap()
    );
    let arguments = [&["play", "steps.ndjson", "--open"], &ANY_PORTS[..]].concat();
    let mut command = command(&project, &arguments);
    command.env("PATH", path).env("OPENED", &opened);
    let hub = Hub::spawn(command, project.clone());
    while !opened.exists() {
        std::thread::yield_now();
    }
    let address = std::fs::read_to_string(opened).unwrap();
    assert_eq!(address.trim(), format!("http://{}/", hub.public()));
}

#[test]
fn without_a_browser_the_hub_goes_on() {
    let project = project();
    let arguments = [&["play", "steps.ndjson", "--open"], &ANY_PORTS[..]].concat();
    let mut command = command(&project, &arguments);
    command.env("PATH", "/nonexistent");
    let mut hub = Hub::spawn(command, project.clone());
    let failed = hub.event("browser.failed");
    assert_eq!(failed["url"], format!("http://{}/", hub.public()));
    assert_eq!(RawClient::get(hub.public(), "/healthz").status, 200);
}

/// What a terminal shows of a hub that plays a file with `more`, up to the line that contains `mark`.
fn shown_until(project: &Project, more: &str, mark: &str) -> Vec<String> {
    let mut script = run_at_a_terminal(&command(project, &[]), more);
    let lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let mut shown = Vec::new();
    for line in lines {
        shown.push(line.unwrap().trim_end().to_owned());
        if shown[shown.len() - 1].contains(mark) {
            break;
        }
    }
    script.kill().unwrap();
    script.wait().unwrap();
    assert!(
        shown.last().is_some_and(|last| last.contains(mark)),
        "{shown:#?}"
    );
    shown
}

#[test]
fn a_terminal_shows_the_address_for_others_as_a_code_too() {
    if lacks(&["script"]) {
        return;
    }
    let project = project();
    let shown = shown_until(&project, "steps.ndjson --host 0.0.0.0 --port 0", "▀▀▀▀▀▀▀▀");
    let text = shown.join("\n");
    assert!(
        text.contains("plays steps (2 records, 10 per second)"),
        "{text}"
    );
    assert!(text.contains("for others: http://"), "{text}");
    assert!(text.contains("████"), "{text}");
}

#[test]
fn a_terminal_shows_which_port_replaces_a_taken_one() {
    if lacks(&["script"]) {
        return;
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = project();
    let shown = shown_until(&project, &format!("steps.ndjson --port {port}"), "is taken");
    let text = shown.join("\n");
    assert!(text.contains(&format!("port {port} is taken")), "{text}");
    assert!(!text.contains("████"), "{text}");
}

#[test]
fn the_help_of_play_has_its_own_options_only() {
    let project = project();
    let output = run(&project, &["play", "--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    for option in [
        "--rate",
        "--once",
        "--columns",
        "--format",
        "--open",
        "--save",
        "--host",
        "--ops-port",
    ] {
        assert!(help.contains(option), "{help}");
    }
    assert!(!help.contains("--config <"), "{help}");
}
