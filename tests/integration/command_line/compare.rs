//! `health --compare` between two real hubs: what it measures, what it finds different, and what it cannot use.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::super::clock_steps;
use super::super::support::{Hub, Project, RawClient};
use super::run;

/// A topic that hubs with the same dataset agree about.
const FIXED: &str =
    "[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\nstart = \"2026-01-01T00:00:00Z\"\n";

fn project(topics: &str) -> Project {
    Project::new("", "[1,2,3]").configure(topics)
}

/// Compares `one` with `other` with further `arguments`; returns exit code, output and error.
fn compare(one: &Hub, other: &Hub, arguments: &[&str]) -> (Option<i32>, String, String) {
    let [one, other] = [one, other].map(|hub| format!("http://{}", hub.public()));
    run(&[
        &["health", "--url", &one, "--compare", &other][..],
        arguments,
    ]
    .concat())
}

/// The distance and its uncertainty in the line of `output` that begins with `subject`, in milliseconds.
fn distance(output: &str, subject: &str) -> (f64, f64) {
    let line = output.lines().find(|line| line.starts_with(subject));
    let line = line.unwrap_or_else(|| panic!("no {subject} in {output}"));
    let (before, after) = line.split_once(" ms (± ").unwrap();
    let distance = before.rsplit(' ').next().unwrap().parse().unwrap();
    let (uncertainty, _) = after.split_once(" ms)").unwrap();
    (distance, uncertainty.parse().unwrap())
}

#[test]
fn hubs_with_the_same_dataset_and_start_agree() {
    let topics = format!(
        "{FIXED}[topics.later]\ndataset = \"data.json\"\nrate = 1.0\nstart = \"2099-01-01T00:00:00Z\"\n"
    );
    let (one, other) = (project(&topics).start(), project(&topics).start());
    let (code, out, error) = compare(&one, &other, &["--within", "5s"]);
    assert_eq!(code, Some(0), "{out}{error}");
    for subject in ["clocks", "topic demo"] {
        let (distance, uncertainty) = distance(&out, subject);
        // Both hubs read the clock of this machine.
        assert!(distance <= uncertainty + 1.0, "{out}");
    }
    assert!(
        out.contains("topic later: has not begun at either hub"),
        "{out}"
    );
    assert!(
        out.ends_with("the hubs agree within 5000.000 ms\n"),
        "{out}"
    );
    // The configured hub is the first one unless `--url` names another.
    let port = one.public().rsplit_once(':').unwrap().1;
    let other_url = format!("http://{}", other.public());
    let output = one.project().run(&[
        "health",
        "--port",
        port,
        "--within",
        "5s",
        "--compare",
        &other_url,
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    one.stop_without_warnings();
    other.stop_without_warnings();
}

#[test]
fn a_clock_that_is_ahead_is_measured_and_shows_its_records_earlier() {
    let Some(library) = clock_steps::library() else {
        return;
    };
    let (one, other) = (
        project(FIXED).start(),
        clock_steps::start(project(FIXED), &library, 3),
    );
    let (code, out, error) = compare(&one, &other, &[]);
    assert_eq!(code, Some(1), "{out}{error}");
    assert!(
        error.contains("are more than 20.000 ms apart: clocks, topic demo"),
        "{error}"
    );
    assert!(
        out.contains(" ahead of ") && out.contains(" earlier at "),
        "{out}"
    );
    for subject in ["clocks", "topic demo"] {
        let (distance, uncertainty) = distance(&out, subject);
        assert!((distance - 3_000.0).abs() <= uncertainty + 5.0, "{out}");
    }
    let (code, out, _) = compare(&other, &one, &["--within", "10s"]);
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains(" behind ") && out.contains(" later at "),
        "{out}"
    );
}

#[test]
fn topics_that_are_not_the_same_are_named_with_the_difference() {
    let topics = |own: &str, rate: &str| {
        format!(
            "{FIXED}[topics.{own}]\ndataset = \"data.json\"\nrate = 1.0\n\
             [topics.own]\ndataset = \"data.json\"\nrate = 10.0\n\
             [topics.rated]\ndataset = \"data.json\"\nrate = {rate}\nstart = \"2026-01-01T00:00:00Z\"\n"
        )
    };
    let (one, other) = (
        project(&topics("left", "1.0")).start(),
        project(&topics("right", "2.0")).start(),
    );
    let (code, out, error) = compare(&one, &other, &["--within", "5s"]);
    assert_eq!(code, Some(1), "{out}");
    for line in [
        format!("topic left: only at `http://{}`\n", one.public()),
        format!("topic right: only at `http://{}`\n", other.public()),
        "topic own: different epochs, `".to_owned(),
        "topic rated: different epochs, `".to_owned(),
    ] {
        assert!(out.contains(&line), "{line} is not in {out}");
    }
    assert!(
        error.ends_with("apart: topic left, topic own, topic rated, topic right\n"),
        "{error}"
    );
}

#[tokio::test]
async fn a_rate_that_was_changed_at_another_instant_moves_the_timelines_apart() {
    let toml = |rate: &str| format!("[topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n");
    let first = project(&toml("100.0")).start().kill();
    let copy = project(&toml("100.0"));
    fs::create_dir(copy.state("")).unwrap();
    for file in ["journal", "journal.entries"] {
        fs::copy(first.state(file), copy.state(file)).unwrap();
    }
    let (mut one, mut other) = (first.start(), copy.start());
    let faster = |hub: &mut Hub| {
        _ = hub.project().clone().configure(&toml("200.0"));
        hub.signal("-HUP");
        hub.event("timeline.segment");
        // It takes effect a quarter of a second later.
        let rate =
            |hub: &Hub| RawClient::get(hub.public(), "/api/v1/topics/demo").json()["rate"].as_f64();
        while rate(hub) != Some(200.0) {}
    };
    faster(&mut one);
    let (code, out, _) = compare(&one, &other, &["--within", "5s"]);
    assert_eq!(code, Some(1));
    assert!(
        out.contains("topic demo: different rates, 200 and 100\n"),
        "{out}"
    );
    // At least half a second.
    let (_, from) = one.position();
    while one.position().1 < from + 100 {
        tokio::task::yield_now().await;
    }
    faster(&mut other);
    // Both positions are in the new segments then.
    let (_, from) = other.position();
    while other.position().1 < from + 200 {
        tokio::task::yield_now().await;
    }
    let (code, out, error) = compare(&one, &other, &["--within", "100ms"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(error.ends_with("apart: topic demo\n"), "{error}");
    assert!(out.contains("topic demo: the same epoch; record "), "{out}");
}

#[test]
fn a_comparison_that_is_not_possible_says_why_and_what_to_do() {
    let hub = project(FIXED).start();
    let named = project(FIXED);
    named.write(
        "tickcast.toml",
        &format!("[server]\nhost = \"0.0.0.0\"\nport = 0\nhosts = [\"hub.example.org\"]\n[ops]\nport = 0\n{FIXED}"),
    );
    let named = named.start();
    let url = |address: &str| format!("http://{address}");
    let (public, ops) = (url(hub.public()), url(hub.ops()));
    let port = named.public().rsplit_once(':').unwrap().1.to_owned();
    let by_address = format!("http://127.0.0.1:{port}");
    for (arguments, code, says) in [
        (
            ["--url", &public, "--compare", "http://127.0.0.1:1"],
            1,
            "`http://127.0.0.1:1`: ",
        ),
        (
            ["--url", &public, "--compare", &ops],
            1,
            "the address at which the hub serves its page",
        ),
        (
            ["--url", &public, "--compare", &by_address],
            1,
            "server.hosts",
        ),
        (
            ["--url", &public, "--compare", "https://hub.example.org"],
            2,
            "TLS is not supported",
        ),
        (
            ["--url", "127.0.0.1:8000", "--compare", &public],
            2,
            "http://127.0.0.1:8000",
        ),
        (["--url", &public, "--within", "20ms"], 2, "--compare"),
        (["--compare", &public, "--within", "20"], 2, "unit"),
        (["--port", "0", "--compare", &public], 2, "--url"),
    ] {
        let output = hub.project().run(&[&["health"][..], &arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
    // From its own configuration, the name that the hub answers to is known.
    let output = named.project().run(&[
        "health",
        "--port",
        &port,
        "--compare",
        &public,
        "--within",
        "5s",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_server_that_is_not_a_hub_is_recognized() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            _ = stream.read(&mut [0; 1_024]);
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        }
    });
    let (code, _, error) = run(&["health", "--url", &url, "--compare", &url]);
    assert_eq!(code, Some(1));
    assert!(error.contains("does not answer like a hub"), "{error}");
}
