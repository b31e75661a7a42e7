//! The command line, as used by a new user and by scripts.

mod compare;
mod front_door;

use std::process::Stdio;

use super::support::{Hub, Project, Viewer, hub};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = hub::program().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn the_version_names_the_program_and_the_commit() {
    let (code, out, _) = run(&["--version"]);
    assert_eq!(code, Some(0));
    assert!(
        out.starts_with(&format!("tickcast {} (", env!("CARGO_PKG_VERSION"))),
        "{out}"
    );
}

#[test]
fn wrong_use_exits_2_and_shows_the_usage() {
    for arguments in [
        &["--prot", "1"][..],
        &["swerve"],
        &["watch", "--count", "many"],
    ] {
        let (code, _, error) = run(arguments);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("--help"), "{error}");
    }
}

#[test]
fn completions_and_the_manual_page_name_every_command() {
    for (arguments, marks) in [
        (&["completions", "bash"][..], "_tickcast"),
        (&["completions", "zsh"], "#compdef tickcast"),
        (&["man"], ".TH tickcast"),
    ] {
        let (code, out, _) = run(arguments);
        assert_eq!(code, Some(0));
        assert!(out.contains(marks), "{out}");
        for command in [
            "serve",
            "play",
            "check",
            "config",
            "health",
            "watch",
            "bench",
            "completions",
            "man",
        ] {
            assert!(out.contains(command), "{command} in {out}");
        }
    }
}

#[test]
fn check_reports_what_it_has_read() {
    let output =
        Project::raw("[topics.demo]\ndataset = \"data.json\"\nrate = 59.94\n").run(&["check"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(
        out.starts_with("topic demo: 3 records at 59.94 per second"),
        "{out}"
    );
}

#[test]
fn a_missing_configuration_explains_how_to_give_one() {
    let (code, _, error) = run(&["check", "--config", "/nonexistent/x.toml"]);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("/nonexistent/x.toml") && error.contains("--config"),
        "{error}"
    );
}

#[test]
fn watch_prints_a_record_of_the_maximum_length() {
    let record = format!("\"{}\"", "x".repeat((64 << 20) - 2));
    let hub = Hub::start("rate = 1\nrecord_max = \"64MiB\"", &format!("[{record}]"));
    let url = format!("http://{}", hub.public());
    let (code, out, error) = run(&["watch", "-n", "1", "--url", &url]);
    assert_eq!((code, out.len()), (Some(0), record.len() + 1), "{error}");
}

#[test]
fn watch_prints_one_record_per_line() {
    let hub = Hub::start("rate = 100.0", "[{\"value\": 1},{\"value\": 2}]");
    let url = format!("http://{}", hub.public());
    for arguments in [
        &["watch", "-n", "4", "--url", &url][..],
        &["watch", "demo", "-n", "4", "--url", &url],
    ] {
        let (code, out, error) = run(arguments);
        assert_eq!(code, Some(0), "{error}");
        let records: Vec<_> = out.lines().collect();
        assert_eq!(records.len(), 4);
        assert!(
            records
                .windows(2)
                .all(|pair| pair[0] != pair[1] && pair[0].starts_with("{\"value\":")),
            "{out}"
        );
    }
    hub.stop_without_warnings();
}

#[test]
fn watch_begins_where_it_is_asked_to() {
    let hub = Hub::start(
        "rate = 1000.0\nloop = false\nstart = \"2024-05-06T07:08:09Z\"",
        "[1,2,3,4,5]",
    );
    let url = format!("http://{}", hub.public());
    let (epoch, seq) = hub.position();
    assert_eq!(seq, 5);
    for (position, count, expected) in [
        (&["--last", "2"][..], "2", "4\n5\n"),
        (&["--since", &format!("{epoch}:2")], "3", "3\n4\n5\n"),
        (
            &["demo", "--since", &format!("{epoch}:0"), "--port", "1"],
            "1",
            "1\n",
        ),
    ] {
        let arguments = [&["watch", "-n", count, "--url", &url], position].concat();
        let (code, out, error) = run(&arguments);
        assert_eq!((code, out.as_str()), (Some(0), expected), "{error}");
    }
    for (arguments, code, says) in [
        (&["--since", "here"][..], 2, "<epoch>:<seq>"),
        (&["--since", "a:1", "--last", "1"], 2, "cannot be used with"),
        (&["--since", "a:1"], 1, "410"),
    ] {
        let (found, _, error) = run(&[&["watch", "--url", &url], arguments].concat());
        assert_eq!(found, Some(code), "{error}");
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn watch_reports_why_it_fails() {
    let hub = Hub::start("rate = 100.0", "[1]");
    let url = format!("http://{}", hub.public());
    let (code, _, error) = run(&["watch", "unknown", "--url", &url]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("404") && error.contains("/api/v1/topics"),
        "{error}"
    );
    let (code, _, error) = run(&["watch", "--url", "ftp://x"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("http://127.0.0.1:8000"), "{error}");
}

#[test]
fn health_reports_whether_a_hub_is_ready() {
    let hub = Hub::start("rate = 100.0", "[1]");
    let ops = hub.ops();
    let config = hub.project().path("own.toml");
    let port = ops.rsplit_once(':').unwrap().1;
    hub.project().write(
        "own.toml",
        &format!("[ops]\nport = {port}\n[topics.demo]\ndataset = \"data.json\"\nrate = 1.0\n"),
    );
    for arguments in [
        &["health", "--url", &format!("http://{ops}")][..],
        &["health", "--url", &format!("http://{ops}/healthz")],
        &["health", "--config", config.to_str().unwrap()],
    ] {
        let (code, out, error) = run(arguments);
        assert_eq!((code, out.as_str()), (Some(0), "ready\n"), "{error}");
    }
    for (arguments, code, says) in [
        (
            ["--url", "https://127.0.0.1:8001"],
            2,
            "TLS is not supported",
        ),
        (["--url", "127.0.0.1:8001"], 2, "http://127.0.0.1:8001"),
        (["--port", "0"], 2, "--url"),
        (["--url", &format!("http://{}", hub.public())], 1, "404"),
        (["--url", "http://127.0.0.1:1"], 1, "is the hub running"),
    ] {
        let project = Project::new("rate = 1.0", "[1]");
        let output = project.run(&["health", arguments[0], arguments[1]]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(says), "{error}");
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn health_reports_that_a_hub_is_draining() {
    let project = Project::raw(
        "[server]\nport = 0\ndrain = \"30s\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n",
    );
    project.write("data.json", "[1]");
    let mut hub = project.start();
    let viewer = Viewer::v1(&hub).await;
    hub.signal("-TERM");
    hub.event("drain");
    let (code, _, error) = run(&["health", "--url", &format!("http://{}", hub.ops())]);
    assert_eq!(code, Some(1));
    assert!(error.contains("not ready"), "{error}");
    drop(viewer);
}

#[test]
fn watch_exits_0_when_its_reader_closes_the_pipe_and_1_when_the_hub_closes() {
    let hub = Hub::start("rate = 100.0", "[1]");
    let url = format!("http://{}", hub.public());
    let mut child = hub::program()
        .args(["watch", "--url", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let child = hub::program()
        .args(["watch", "--url", &url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = child;
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut reader, &mut line).unwrap();
    hub.signal("-TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("1012"),
        "{output:?}"
    );
}

#[test]
fn a_configured_field_that_no_record_has_is_reported_by_check_and_at_startup() {
    let topic = "rate = 1.0\n[topics.demo.fields.value]\nunit = \"V\"\n[topics.demo.fields.valeu]\nunit = \"V\"";
    let project = Project::new(topic, "[{\"other\":1},{\"value\":1}]");
    let output = project.run(&["check"]);
    let out = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{out}");
    let warnings: Vec<_> = out
        .lines()
        .filter(|line| line.starts_with("warning: "))
        .collect();
    assert_eq!(warnings.len(), 1, "{out}");
    assert!(
        warnings[0].contains("tickcast.toml:11:21: topics.demo.fields.valeu: no record"),
        "{out}"
    );
    let hub = project.start();
    let event = hub.last_event("field.unknown").unwrap();
    assert_eq!(
        (&event["level"], &event["topic"], &event["field"]),
        (&"WARN".into(), &"demo".into(), &"valeu".into())
    );
}
