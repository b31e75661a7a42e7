//! The state folder: one hub's alone, and what is damaged in it is set aside and told.

mod changes;
mod edges;
mod full_disk;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::support::disk::{Obstacle, SmallDisk};
use super::support::{Hub, Project, Viewer};

fn project() -> Project {
    Project::new("rate = 200.0", "[1,2,3]")
}

async fn epoch(hub: &Hub) -> Value {
    Viewer::v1(hub).await.until("hello").await["epoch"].clone()
}

/// Starts a hub that must not serve; returns its exit code, what it said in `start.failed`, and the key that it is
/// about.
fn refused(project: &Project) -> (Option<i32>, String, String) {
    refused_by(project.command(&[]))
}

/// The same of a hub that `command` starts.
fn refused_by(mut command: Command) -> (Option<i32>, String, String) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut events = log.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    // A hub that serves does not end by itself.
    let told = events
        .find(|event| event["event"] == "start.failed" || event["event"] == "listening")
        .unwrap();
    if told["event"] == "listening" {
        child.kill().unwrap();
    }
    let code = child.wait().unwrap().code();
    let text = |field: &str| told[field].as_str().unwrap_or_default().to_owned();
    (code, text("message"), text("key"))
}

#[tokio::test]
async fn a_damaged_journal_is_set_aside_and_told_and_a_new_epoch_begins() {
    let mut hub = project().start();
    let mut known = vec![epoch(&hub).await];
    let flipped = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        bytes
    };
    let damages: [&dyn Fn(Vec<u8>) -> Vec<u8>; 4] = [
        &|bytes| bytes[..bytes.len() / 2].to_vec(),
        &flipped,
        &|_| Vec::new(),
        &|_| b"\0\xffnothing\nlike a journal".to_vec(),
    ];
    let mut kept = Vec::new();
    for (number, damage) in (1..).zip(damages) {
        let project = hub.stop();
        let damaged = damage(fs::read(project.state("journal")).unwrap());
        fs::write(project.state("journal"), &damaged).unwrap();
        kept.push(damaged);
        hub = project.start();
        let told = hub.told("journal.damaged").unwrap();
        assert_eq!(told["level"], "ERROR");
        // The paths as the configuration leads to them.
        assert!(told["path"].as_str().unwrap().ends_with("/state/journal"));
        let name = format!("journal.damaged-{number}");
        assert!(told["moved_to"].as_str().unwrap().ends_with(&name));
        assert!(!told["problem"].as_str().unwrap().is_empty());
        assert_eq!(hub.told("timeline.begun").unwrap()["reason"], "first_run");
        let new = epoch(&hub).await;
        assert!(!known.contains(&new));
        known.push(new);
        for (number, bytes) in (1..).zip(&kept) {
            let aside = hub.project().state(&format!("journal.damaged-{number}"));
            assert_eq!(&fs::read(aside).unwrap(), bytes);
        }
    }
    // What was begun in its place is remembered like any other.
    let hub = hub.kill().start();
    assert_eq!(hub.told("journal.damaged"), None);
    assert_eq!(Some(&epoch(&hub).await), known.last());
}

#[tokio::test]
async fn a_second_hub_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let (code, message, key) = refused(hub.project());
    assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
    assert!(
        message.contains("another hub uses the state folder")
            && message.contains("/state`")
            && message.contains("stop the other hub"),
        "{message}"
    );
    assert_eq!(epoch(&hub).await, before);
    // Nothing is left behind that would keep the next one out.
    let hub = hub.kill().start();
    assert_eq!(epoch(&hub).await, before);
}

#[test]
fn a_folder_that_cannot_be_used_is_named_and_nothing_is_served() {
    // A file is in the way; a folder in which nobody may create a file, root included.
    for dir in ["data.json", "/proc"] {
        let toml = format!(
            "[state]\ndir = \"{dir}\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n"
        );
        let (code, message, key) = refused(&project().configure(&toml));
        assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
        assert!(
            message.contains("cannot use the state folder `")
                && message.contains(dir)
                && message.contains("name another folder"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_full_disk_is_told_once_and_stops_nothing() {
    let mut hub = project().start();
    let before = epoch(&hub).await;
    let mut viewer = Viewer::v1(&hub).await;
    let full = Obstacle::fail(&hub, "write", "ENOSPC");
    let failed = hub.event("journal.failed");
    assert_eq!(failed["level"], "ERROR");
    assert!(failed["error"].as_str().unwrap().contains("No space left"));
    // It goes on, over more than one further attempt to write.
    let mut last = viewer.until("data").await;
    for _ in 0..500 {
        let data = viewer.until("data").await;
        assert_eq!(
            data["seq"].as_i64(),
            last["seq"].as_i64().map(|seq| seq + 1)
        );
        last = data;
    }
    assert_eq!(hub.past_event("journal.failed"), None);
    drop(full);
    hub.event("journal.recovered");
    drop(viewer);
    let hub = hub.stop().start();
    assert_eq!(epoch(&hub).await, before);
    let resumed = hub.told("timeline.resumed").unwrap();
    assert!(resumed["remembered_seq"].as_i64() >= last["seq"].as_i64());
}

#[tokio::test]
async fn a_disk_that_stands_still_keeps_nobody_from_a_reload_nor_the_hub_from_its_end() {
    let mut hub = project().start();
    let toml = fs::read_to_string(hub.project().path("tickcast.toml")).unwrap();
    let still = Obstacle::stop(&hub, "fsync");
    let more = format!("{toml}[topics.new]\ndataset = \"data.json\"\nrate = 1.0\n");
    hub.project().write("tickcast.toml", &more);
    hub.signal("-HUP");
    let failed = hub.event("config.failed");
    assert_eq!(failed["key"], "state.dir");
    assert!(failed["message"].as_str().unwrap().contains("timed out"));
    let other = toml.replace("rate = 200.0", "rate = 50.0");
    assert_ne!(other, toml);
    hub.project().write("tickcast.toml", &other);
    hub.signal("-HUP");
    let failed = hub.event("journal.failed");
    assert_eq!(failed["error"], "timed out");
    assert_eq!(hub.event("config.postponed")["error"], "timed out");
    assert_eq!(hub.event("config.reloaded")["changed"], 0);
    // The disk answers again.
    drop(still);
    hub.event("journal.recovered");
    // What was refused has left nothing behind.
    let journal = fs::read_to_string(hub.project().state("journal")).unwrap();
    assert!(!journal.contains("\"new\""), "{journal}");
    assert!(!journal.contains("\"50\""), "{journal}");
    // It stands still once more, and the hub ends all the same.
    let still = Obstacle::stop(&hub, "fsync");
    hub.signal("-TERM");
    hub.event("stop");
    drop(still);
    assert_eq!(hub.end().0, Some(0));
}

#[tokio::test]
async fn a_journal_that_is_opened_while_the_hub_runs_is_waited_for_only_so_long() {
    let fixed =
        "[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\nstart = \"2024-05-06T07:08:09Z\"\n";
    let mut hub = project().configure(fixed).start();
    let toml = fs::read_to_string(hub.project().path("tickcast.toml")).unwrap();
    let more = format!("{toml}[topics.new]\ndataset = \"data.json\"\nrate = 1.0\n");
    hub.project().write("tickcast.toml", &more);
    // Every thread of the hub, as the one that opens the journal is not there yet.
    let still = Obstacle::stop_everywhere(&hub, "fsync");
    for _ in 0..2 {
        hub.signal("-HUP");
        let failed = hub.event("config.failed");
        assert_eq!(failed["key"], "state.dir");
        assert!(failed["message"].as_str().unwrap().contains("timed out"));
    }
    drop(still);
    hub.signal("-HUP");
    assert_eq!(hub.event("config.reloaded")["changed"], 1);
    let hub = hub.kill().start();
    assert_eq!(hub.told("timeline.resumed").unwrap()["topic"], "new");
}

#[test]
fn a_disk_that_is_full_at_the_start_is_told_before_anything_is_served() {
    let project = project();
    let Some(disk) = SmallDisk::at(&project.state(""), "64k") else {
        return;
    };
    disk.fill();
    let command = disk.seen_by(&project.command(&[]));
    let (code, message, key) = refused_by(command);
    assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
    assert!(message.contains("No space left"), "{message}");
}
