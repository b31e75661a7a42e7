//! Steps of the wall clock while the hub runs and between two runs; libfaketime changes the clock for the hub only.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::support::{Hub, Project, Viewer, skip};

/// The path of libfaketime; `None` if it is not installed, and the test is skipped.
pub(crate) fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib", "/usr/lib64"].map(PathBuf::from);
    // Debian has one folder for each architecture.
    let of_debian = fs::read_dir(&folders[0]).into_iter().flatten().flatten();
    let of_debian: Vec<_> = of_debian.map(|folder| folder.path()).collect();
    // The multi-threaded version.
    let found = of_debian
        .into_iter()
        .chain(folders)
        .map(|folder| folder.join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists());
    if found.is_none() {
        skip("`faketime` is missing");
    }
    found
}

/// Sets the hub's wall clock off by `seconds` from ours.
fn step(project: &Project, seconds: i64) {
    // Replaced atomically, because the hub reads the file whenever it reads the clock.
    project.write("offset.new", &format!("{seconds:+}\n"));
    fs::rename(project.path("offset.new"), project.path("offset")).unwrap();
}

/// Starts the hub with a wall clock that is `seconds` off.
pub(crate) fn start(project: Project, library: &Path, seconds: i64) -> Hub {
    step(&project, seconds);
    let mut command = project.command(&[]);
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", project.path("offset"))
        .env("FAKETIME_NO_CACHE", "1")
        // The same setting under two names; the version of libfaketime decides which one it reads.
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    Hub::spawn(command, project)
}

/// Ten records and ten statistics events a second.
fn project() -> Project {
    Project::new("", "[1,2,3,4,5]").configure(
        "[log]\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n",
    )
}

/// The test's own wall clock in microseconds, which is not changed.
fn ours() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

/// How far the timestamp of an event is ahead of our clock, in whole hours.
fn hours_ahead(event: &Value) -> i64 {
    let timestamp: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
    (timestamp.as_microsecond() - ours() + 1_800_000_000).div_euclid(3_600_000_000)
}

/// Reads `count` publications and asserts that they are dense, on schedule, and due by our own clock.
async fn expect_schedule(viewer: &mut Viewer, hello: &Value, last: &mut i64, count: usize) {
    for _ in 0..count {
        let data = viewer.until("data").await;
        *last += 1;
        assert_eq!(data["seq"].as_i64(), Some(*last));
        let t = data["t"].as_i64().unwrap();
        let timeline = &hello["timeline"];
        assert_eq!(
            t - timeline["t0"].as_i64().unwrap(),
            (*last - timeline["seq0"].as_i64().unwrap()) * 100_000
        );
        // More than the lateness on a busy machine, less than the step of an hour.
        assert!((t - ours()).abs() < 60_000_000, "due at {t}");
    }
}

#[tokio::test]
async fn steps_of_the_wall_clock_do_not_affect_a_running_hub() {
    let Some(library) = library() else { return };
    let mut hub = start(project(), &library, 0);
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    let mut last = hello["seq"].as_i64().unwrap();
    expect_schedule(&mut viewer, &hello, &mut last, 5).await;
    assert_eq!(hours_ahead(&hub.event("hub.stats")), 0);
    for hours in [1, -1] {
        step(hub.project(), hours * 3_600);
        let differs = hub.event("clock.differs");
        // The step is real: the log's own timestamps show it.
        assert_eq!(hours_ahead(&differs), hours);
        assert_eq!(differs["level"], "WARN");
        let process = hub.event("hub.process");
        for event in [differs, process] {
            let difference = event["timeline_minus_wall_seconds"].as_f64().unwrap();
            let expected = if hours > 0 { -3_600.0 } else { 3_600.0 };
            assert!((difference - expected).abs() < 60.0, "{event}");
        }
        expect_schedule(&mut viewer, &hello, &mut last, 15).await;
        assert_eq!(hub.logged_event("clock.differs"), None);
    }
    step(hub.project(), 0);
    assert_eq!(hours_ahead(&hub.event("clock.agrees")), 0);
    expect_schedule(&mut viewer, &hello, &mut last, 5).await;
}

/// Runs a hub until it has sent a few publications, stops it, and restarts it with the clock set back by `seconds`.
/// Returns the new hub and the `hello` of the old one.
async fn restart_back(library: &Path, seconds: i64) -> (Hub, Value) {
    let hub = start(project(), library, 0);
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    for _ in 0..5 {
        viewer.until("data").await;
    }
    drop(viewer);
    let project = hub.stop();
    (start(project, library, -seconds), hello)
}

#[tokio::test]
async fn a_hub_waits_if_the_clock_was_set_back_a_little_between_two_runs() {
    let Some(library) = library() else { return };
    for seconds in [30, 5] {
        let (hub, before) = restart_back(&library, seconds).await;
        let resumed = hub.last_event("timeline.resumed").unwrap();
        assert_eq!(resumed["seq"], resumed["remembered_seq"]);
        let wait = Duration::from_secs_f64(resumed["wait_seconds"].as_f64().unwrap());
        assert!(
            !wait.is_zero() && wait <= Duration::from_secs(30),
            "{wait:?}"
        );
        let mut viewer = Viewer::v1(&hub).await;
        let hello = viewer.until("hello").await;
        assert_eq!(hello["epoch"], before["epoch"]);
        assert_eq!(hello["timeline"], before["timeline"]);
        assert_eq!(hello["seq"], resumed["seq"]);
        if seconds == 5 {
            // Once the clock has caught up, the next publication follows.
            let data = viewer.until("data").await;
            let next = hello["seq"].as_i64().unwrap() + 1;
            assert_eq!(data["seq"].as_i64(), Some(next));
            assert_eq!(
                data["t"].as_i64().unwrap() - hello["timeline"]["t0"].as_i64().unwrap(),
                (next - 1) * 100_000
            );
        }
        drop(viewer);
        hub.stop_without_warnings();
    }
}

#[tokio::test]
async fn a_clock_set_back_by_more_starts_a_new_epoch_and_is_logged() {
    let Some(library) = library() else { return };
    let (hub, before) = restart_back(&library, 3_600).await;
    let event = hub.last_event("timeline.clock_back").unwrap();
    assert_eq!(event["level"], "WARN");
    assert_eq!(event["epoch"], before["epoch"]);
    let behind = event["behind_seconds"].as_f64().unwrap();
    assert!((3_500.0..=3_600.0).contains(&behind), "{behind}");
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "clock_back"
    );
    let hello = Viewer::v1(&hub).await.until("hello").await;
    assert_ne!(hello["epoch"], before["epoch"]);
    assert!(hello["timeline"]["t0"].as_i64() < before["timeline"]["t0"].as_i64());
}
