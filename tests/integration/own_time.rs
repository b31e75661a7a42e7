//! Records that are played by their own time stamps: when they are due, on every hub, after a restart, at another speed,
//! and beside the other topics of a player.

use serde_json::{Value, json};

use super::support::viewer::unpack;
use super::support::{Hub, Project, RawClient, Viewer};

/// The stamps of a recording in milliseconds: irregular, with equal ones, and a gap between laps of 7 ms.
const STAMPS: [i64; 8] = [100, 103, 103, 103, 104, 120, 161, 161];
const LOOP_GAP: i64 = 7;
/// From the first stamp to the next lap.
const LAP: i64 = 61 + LOOP_GAP;

const TOPIC: &str = "[topics.demo]\ndataset = \"data.json\"\ntime = \"at\"\ntime_unit = \"ms\"\nloop_gap = \"7ms\"\n";

/// Records that contain their index and their stamp.
fn recording(stamps: &[i64]) -> String {
    let record = |(i, at): (usize, &i64)| json!({"i": i, "at": at});
    Value::from_iter(stamps.iter().enumerate().map(record)).to_string()
}

fn project(topic: &str) -> Project {
    Project::new("rate = 1", &recording(&STAMPS)).configure(&format!("{TOPIC}{topic}\n"))
}

/// A fixed start, a while ago.
const START: &str = "start = \"2026-01-01T00:00:00Z\"";
const T0: i64 = 1_767_225_600_000_000;

/// When publication `seq` is due, in microseconds after the first, at speed 1: found by going through the stamps.
fn offset(seq: u64) -> i64 {
    let index = seq - 1;
    let (lap, record) = (index / 8, usize::try_from(index % 8).unwrap());
    (i64::try_from(lap).unwrap() * LAP + STAMPS[record] - STAMPS[0]) * 1_000
}

/// The publications from the history, from `from` to `to`.
fn history(hub: &Hub, from: u64, to: u64) -> Vec<Value> {
    let path = format!("/api/v1/topics/demo/history?from={from}&to={to}");
    let page = RawClient::get(hub.public(), &path).json();
    page["items"].as_array().unwrap().clone()
}

/// Reads `hello` and at least `count` publications.
async fn watch(hub: &Hub, path: &str, count: usize) -> (Value, Vec<Value>) {
    let mut viewer = Viewer::v1_at(hub, path).await;
    let hello = viewer.until("hello").await;
    let mut data = Vec::new();
    while data.len() < count {
        let message = viewer.next_message().await;
        match message["type"].as_str() {
            Some("data") => data.push(message),
            Some("batch") => data.extend(unpack(&message)),
            _ => {}
        }
    }
    (hello, data)
}

fn seq(publication: &Value) -> u64 {
    publication["seq"].as_u64().unwrap()
}

fn t(publication: &Value) -> i64 {
    publication["t"].as_i64().unwrap()
}

/// Asserts that each publication is due when its stamp says.
fn assert_due(publications: &[Value], t0: i64) {
    assert!(!publications.is_empty());
    for publication in publications {
        let seq = seq(publication);
        assert_eq!(t(publication), t0 + offset(seq), "{publication}");
        assert_eq!(publication["data"]["i"], (seq - 1) % 8, "{publication}");
    }
}

#[tokio::test]
async fn each_record_is_due_as_long_after_the_first_as_it_was_recorded() {
    let hub = project("").start();
    let (hello, data) = watch(&hub, "/ws", 40).await;
    let timeline = &hello["timeline"];
    assert_eq!(
        *timeline,
        json!({
            "seq0": 1, "t0": timeline["t0"], "index0": 0, "position0": null, "rate": null, "speed": 1, "playing": true
        })
    );
    let t0 = timeline["t0"].as_i64().unwrap();
    assert_due(&data, t0);
    assert_due(&history(&hub, 1, 40), t0);
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    let pace = ["rate", "speed", "player"].map(|name| topic[name].clone());
    assert_eq!(pace, [Value::Null, json!(1), json!("demo")]);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn hubs_with_the_same_file_and_a_fixed_start_agree_about_every_byte() {
    for (speed, thousandths) in [("1", 1_000), ("0.1", 100), ("16", 16_000)] {
        let topic = format!("speed = {speed}\n{START}");
        let (one, other) = (project(&topic).start(), project(&topic).start());
        let newest = one.position().1;
        let path = format!(
            "/api/v1/topics/demo/history?from={}&to={newest}&format=ndjson",
            newest - 500
        );
        let [here, there] = [&one, &other].map(|hub| RawClient::get(hub.public(), &path));
        assert_eq!(here.text(), there.text());
        assert_eq!(one.position().0, other.position().0);
        for publication in history(&one, newest - 500, newest) {
            let due = i128::from(offset(seq(&publication))) * 1_000 / thousandths;
            assert_eq!(i128::from(t(&publication) - T0), due, "{publication}");
        }
        let query = format!("/ws?since={}:{}", one.position().0, newest - 100);
        let (first, second) = (
            watch(&one, &query, 100).await.1,
            watch(&other, &query, 100).await.1,
        );
        assert_eq!(first[..100], second[..100]);
    }
}

#[tokio::test]
async fn a_kill_changes_nothing() {
    let hub = project("").start();
    let (first, data) = watch(&hub, "/ws", 20).await;
    let before = history(&hub, 1, 20);
    assert_due(&data, first["timeline"]["t0"].as_i64().unwrap());
    let hub = hub.kill().start();
    let (second, data) = watch(&hub, "/ws", 20).await;
    assert_eq!(second["epoch"], first["epoch"]);
    assert_eq!(second["timeline"], first["timeline"]);
    assert_due(&data, first["timeline"]["t0"].as_i64().unwrap());
    assert_eq!(history(&hub, 1, 20), before);
    assert!(seq(&second) >= seq(&first));
    hub.stop_without_warnings();
}

#[tokio::test]
async fn other_settings_of_the_time_begin_a_new_epoch_and_another_speed_does_not() {
    let hub = project("").start();
    let (epoch, _) = hub.position();
    let hub = hub
        .stop()
        .configure(&format!("{TOPIC}speed = 2.0\n"))
        .start();
    assert_eq!(hub.position().0, epoch);
    let resumed = hub.last_event("timeline.resumed").unwrap();
    assert_eq!(resumed["rate_changed"], true);
    let hub = hub.stop().configure(&TOPIC.replace("7ms", "8ms")).start();
    assert_ne!(hub.position().0, epoch);
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "dataset"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_changes_the_speed_within_a_gap() {
    // Half an hour between the two records.
    let project = Project::new("rate = 1", &recording(&[0, 1_800_000]));
    let toml = |speed: &str| {
        format!(
            "[server]\nport = 0\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\ntime = \"at\"\n\
             time_unit = \"ms\"\nspeed = {speed}\n"
        )
    };
    project.write("tickcast.toml", &toml("1.0"));
    let mut hub = project.start();
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    let t0 = hello["timeline"]["t0"].as_i64().unwrap();
    let mut position = 0;
    let mut last = t0;
    // Each speed, and that before it in thousandths.
    for (speed, before) in [("16", 1_000), ("0.01", 16_000), ("1", 10)] {
        hub.project().write("tickcast.toml", &toml(speed));
        hub.signal("-HUP");
        assert_eq!(
            hub.event("config.reloaded")["changed_keys"],
            "topics.demo.speed"
        );
        let state = viewer.until("state").await;
        let timeline = &state["timeline"];
        let t = state["t"].as_i64().unwrap();
        // The position has moved on at the speed before.
        position += (t - last) * before / 1_000;
        last = t;
        assert_eq!(
            *timeline,
            json!({
                "seq0": 2, "t0": t, "index0": 1, "position0": position, "rate": null,
                "speed": serde_json::from_str::<Value>(speed).unwrap(), "playing": true
            })
        );
        // The same record is next.
        assert_eq!(hub.position().1, 1);
    }
    let (epoch, _) = hub.position();
    let hub = hub.kill().start();
    assert_eq!(hub.position(), (epoch, 1));
}

#[tokio::test]
async fn topics_of_a_player_stay_aligned_through_laps_and_restarts() {
    let toml = format!(
        "{TOPIC}player = \"flight\"\n[topics.late]\ndataset = \"late.json\"\ntime = \"at\"\ntime_unit = \"ms\"\n\
         player = \"flight\"\n"
    );
    let project = Project::new("rate = 1", &recording(&STAMPS)).configure(&toml);
    project.write("late.json", &recording(&[110, 130]));
    let mut hub = project.start();
    for _ in 0..2 {
        let (hello, demo) = watch(&hub, "/ws/demo?last=100", 30).await;
        let (late_hello, late) = watch(&hub, "/ws/late?last=100", 12).await;
        let t0 = hello["timeline"]["t0"].as_i64().unwrap();
        assert_eq!(late_hello["timeline"]["t0"], t0);
        // The origin lies before its first record.
        assert_eq!(late_hello["timeline"]["position0"], 0);
        assert_due(&demo, t0);
        for publication in late {
            let index = i64::try_from(seq(&publication)).unwrap() - 1;
            let due = index / 2 * LAP + [10, 30][usize::try_from(index % 2).unwrap()];
            assert_eq!(t(&publication), t0 + due * 1_000, "{publication}");
        }
        hub = hub.kill().start();
    }
    // If one of them begins a new epoch, so does the other.
    let project = hub.stop();
    project.write("late.json", &recording(&[110, 131]));
    let hub = project.start();
    let hello = watch(&hub, "/ws/demo", 0).await.0;
    let late = watch(&hub, "/ws/late", 0).await.0;
    assert_eq!(hello["timeline"]["t0"], late["timeline"]["t0"]);
}

#[test]
fn too_many_records_in_a_second_are_refused_with_their_place() {
    let stamps: Vec<i64> = (0..10_001).map(|n| n / 20).collect();
    let project = Project::new("rate = 1", &recording(&stamps));
    let toml = |speed: &str| format!("{TOPIC}loop = false\nspeed = {speed}\n");
    let check = |speed: &str| {
        let project = project.clone().configure(&toml(speed));
        let check = project.run(&["check"]);
        (
            check.status.code(),
            String::from_utf8(check.stderr).unwrap(),
        )
    };
    assert_eq!(check("0.999").0, Some(0));
    let (code, text) = check("1.0");
    assert_eq!(code, Some(2));
    let expected = "topics.demo.time: 10001 records fall into one second, which at speed 1 is more than 10000 per second; \
                    lower `speed`";
    assert!(text.contains(expected), "{text}");
    let serve = project.configure(&toml("1.0")).run(&["serve"]);
    assert_eq!(serve.status.code(), Some(2));
    let text = String::from_utf8(serve.stderr).unwrap();
    assert!(
        text.contains("10001 records fall into one second"),
        "{text}"
    );
}
