//! Restarts: the timeline continues as if the hub had never stopped.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::support::{Hub, Project, Viewer};

/// A dataset of numbers, so that each record is its index.
fn numbers(len: u64) -> String {
    json!((0..len).collect::<Vec<_>>()).to_string()
}

/// Reads `hello` and `count` publications after it.
async fn watch(hub: &Hub, count: usize) -> (Value, Vec<Value>) {
    let mut viewer = Viewer::v1(hub).await;
    let hello = viewer.until("hello").await;
    let mut data = Vec::new();
    while data.len() < count {
        data.push(viewer.until("data").await);
    }
    (hello, data)
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

/// Asserts that the hub resumed at the publication that was due at the time, with one every millisecond since `t0`: due
/// between its first log line and the event `timeline.resumed`.
fn expect_place(hub: &Hub, t0: i64) {
    let elapsed_ms = |event: &Value| {
        let timestamp: jiff::Timestamp = event["timestamp"].as_str().unwrap().parse().unwrap();
        (timestamp.as_microsecond() - 1 - t0).div_euclid(1_000)
    };
    let resumed = hub.last_event("timeline.resumed").unwrap();
    let seq = number(&resumed["seq"]);
    let (begin, end) = (
        elapsed_ms(hub.last_event("start").unwrap()),
        elapsed_ms(resumed),
    );
    assert!((begin + 1..=end + 1).contains(&seq), "{resumed}");
}

#[tokio::test]
async fn a_restart_keeps_the_epoch_and_the_position_follows_the_clock() {
    let hub = Project::new("rate = 1000.0", &numbers(700)).start();
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "first_run"
    );
    let (first, data) = watch(&hub, 20).await;
    let last = data.last().unwrap();
    let hub = hub.stop().start();
    let resumed = hub.last_event("timeline.resumed").unwrap();
    assert_eq!(resumed["epoch"], first["epoch"]);
    // A hub that was stopped has journalled everything it sent.
    assert!(number(&resumed["remembered_seq"]) >= number(&last["seq"]));
    assert!(number(&resumed["seq"]) > number(&resumed["remembered_seq"]));
    assert_eq!(resumed["wait_seconds"], 0.0);
    assert_eq!(resumed["rate_changed"], false);
    let (second, data) = watch(&hub, 20).await;
    assert_eq!(second["epoch"], first["epoch"]);
    assert_eq!(second["timeline"], first["timeline"]);
    expect_place(&hub, number(&first["timeline"]["t0"]));
    for data in data {
        assert_eq!(
            number(&data["t"]) - number(&first["timeline"]["t0"]),
            (number(&data["seq"]) - 1) * 1_000
        );
        assert_eq!(number(&data["data"]), (number(&data["seq"]) - 1) % 700);
    }
    hub.stop_without_warnings();
}

/// Starts the hub and kills it after `lines` lines of its log, at some point of its startup.
fn kill_while_it_starts(project: &Project, lines: usize) {
    let mut command = project.command(&[]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    for line in log.lines().take(lines) {
        assert!(!line.unwrap().contains("journal.damaged"));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn the_epoch_survives_thirty_kills_at_random_moments() {
    let hub = Project::new("rate = 1000.0", &numbers(700)).start();
    let (first, _) = watch(&hub, 1).await;
    let mut project = hub.kill();
    let (mut last, mut random) = (0, fastrand::Rng::with_seed(7));
    for _ in 0..15 {
        kill_while_it_starts(&project, random.usize(0..5));
        let hub = project.start();
        assert_eq!(hub.last_event("journal.damaged"), None);
        // Up to a second and a half, in which the journal may or may not be written.
        let (hello, data) = watch(&hub, random.usize(0..1_500)).await;
        assert_eq!(hello["epoch"], first["epoch"]);
        assert_eq!(hello["timeline"], first["timeline"]);
        assert!(number(&hello["seq"]) >= last, "{hello} after {last}");
        last = number(&data.last().unwrap_or(&hello)["seq"]);
        project = hub.kill();
    }
}

#[tokio::test]
async fn a_changed_rate_keeps_the_epoch_and_times_increase() {
    let with_rate = |rate: &str| format!("[topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n");
    let project = Project::new("rate = 500.0", &numbers(70));
    let hub = project.start();
    let (first, data) = watch(&hub, 10).await;
    let mut last = data.last().unwrap().clone();
    let mut project = hub.kill();
    for rate in ["20.0", "59.94", "1000.0"] {
        let hub = project.configure(&with_rate(rate)).start();
        assert_eq!(
            hub.last_event("timeline.resumed").unwrap()["rate_changed"],
            true
        );
        let (hello, data) = watch(&hub, 10).await;
        assert_eq!(hello["epoch"], first["epoch"]);
        let timeline = &hello["timeline"];
        assert_eq!(timeline["rate"].as_f64(), rate.parse().ok());
        let seq0 = number(&timeline["seq0"]);
        assert!(seq0 > number(&last["seq"]));
        assert_eq!(number(&timeline["index0"]), (seq0 - 1) % 70);
        for next in data {
            assert!(next["seq"].as_i64() > last["seq"].as_i64());
            assert!(next["t"].as_i64() > last["t"].as_i64());
            assert_eq!(number(&next["data"]), (number(&next["seq"]) - 1) % 70);
            last = next;
        }
        project = hub.kill();
    }
    // Without a further change there is no new segment.
    let hub = project.start();
    assert_eq!(
        hub.last_event("timeline.resumed").unwrap()["rate_changed"],
        false
    );
}

#[tokio::test]
async fn a_changed_dataset_or_loop_starts_a_new_epoch() {
    let hub = Project::new("rate = 100.0", "[1,2,3]").start();
    let (mut before, _) = watch(&hub, 3).await;
    let project = hub.kill();
    project.write("data.json", "[1,2,4]");
    let hub = project.start();
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "dataset"
    );
    let (hello, _) = watch(&hub, 3).await;
    assert_ne!(hello["epoch"], before["epoch"]);
    assert!(hello["timeline"]["t0"].as_i64() > before["now"].as_i64());
    before = hello;
    let once = "[topics.demo]\ndataset = \"data.json\"\nrate = 100.0\nloop = false\n";
    let hub = hub.kill().configure(once).start();
    assert_eq!(hub.last_event("timeline.begun").unwrap()["reason"], "loop");
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    assert_ne!(hello["epoch"], before["epoch"]);
    assert_eq!(viewer.until("end").await["seq"], 3);
    // A topic that has ended stays ended in the same epoch.
    let hub = hub.kill().start();
    let mut viewer = Viewer::v1(&hub).await;
    let again = viewer.until("hello").await;
    assert_eq!(
        (&again["epoch"], &again["seq"]),
        (&hello["epoch"], &json!(3))
    );
    assert_eq!(viewer.until("end").await["seq"], 3);
}

#[tokio::test]
async fn a_topic_that_is_temporarily_removed_keeps_its_timeline() {
    let topic = |name: &str| format!("[topics.{name}]\ndataset = \"data.json\"\nrate = 100.0\n");
    let both = topic("one") + &topic("other");
    let epoch = |hub: &Hub| {
        let path = "/api/v1/topics/other";
        super::support::RawClient::get(hub.public(), path).json()["epoch"].clone()
    };
    let hub = Project::new("rate = 1.0", "[1]").configure(&both).start();
    let before = epoch(&hub);
    let hub = hub.kill().configure(&topic("one")).start();
    assert_eq!(epoch(&hub), Value::Null);
    let hub = hub.stop().configure(&both).start();
    assert_eq!(epoch(&hub), before);
}

#[tokio::test]
async fn without_a_state_folder_every_start_is_a_first_run() {
    let toml = "[state]\ndir = \"\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n";
    let hub = Project::new("rate = 1.0", "[1,2,3]")
        .configure(toml)
        .start();
    let (before, _) = watch(&hub, 1).await;
    let hub = hub.kill().start();
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "first_run"
    );
    let (after, _) = watch(&hub, 1).await;
    assert_ne!(before["epoch"], after["epoch"]);
    assert!(!hub.project().state("").exists());
    hub.stop_without_warnings();
}
