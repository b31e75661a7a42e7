//! The state folder: it belongs to one hub, and a damaged journal is moved aside and logged.

mod changes;
mod edge_cases;
mod format;
mod full_disk;
mod paused;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::support::disk::{SmallDisk, SyscallFault};
use super::support::{Hub, Project, Viewer};

fn project() -> Project {
    Project::new("rate = 200.0", "[1,2,3]")
}

async fn epoch(hub: &Hub) -> Value {
    Viewer::v1(hub).await.until("hello").await["epoch"].clone()
}

/// Starts a hub that must fail to start; returns its exit code, and the message and key of `start.failed`.
fn refused(project: &Project) -> (Option<i32>, String, String) {
    refused_by(project.command(&[]))
}

/// The same for a hub started by `command`.
fn refused_by(mut command: Command) -> (Option<i32>, String, String) {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut events = log.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    // A hub that serves would not exit, so this stops at either event.
    let event = events
        .find(|event| event["event"] == "start.failed" || event["event"] == "listening")
        .unwrap();
    if event["event"] == "listening" {
        child.kill().unwrap();
    }
    let code = child.wait().unwrap().code();
    let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
    (code, text("message"), text("key"))
}

/// The start and the middle of the first entry, which has all topics.
fn first_entry(bytes: &[u8]) -> (usize, usize) {
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let (begin, end) = (ends.next().unwrap().0 + 1, ends.next().unwrap().0);
    (begin, usize::midpoint(begin, end))
}

#[tokio::test]
async fn a_damaged_journal_is_moved_aside_and_logged_and_a_new_epoch_begins() {
    let mut hub = project().start();
    let mut known = vec![epoch(&hub).await];
    let flipped = |mut bytes: Vec<u8>| {
        let (_, middle) = first_entry(&bytes);
        bytes[middle] ^= 0x10;
        bytes
    };
    let damages: [&dyn Fn(Vec<u8>) -> Vec<u8>; 6] = [
        &|bytes| bytes[..first_entry(&bytes).1].to_vec(),
        &|bytes| bytes[..first_entry(&bytes).0].to_vec(),
        &flipped,
        &|bytes| [&bytes[..first_entry(&bytes).0], b"no entry\n", &bytes].concat(),
        &|_| Vec::new(),
        &|_| b"\0\xffnothing\nlike a journal".to_vec(),
    ];
    let mut kept = Vec::new();
    for (number, damage) in (1..).zip(damages) {
        let project = hub.stop();
        let damaged = damage(fs::read(project.state("journal.entries")).unwrap());
        fs::write(project.state("journal.entries"), &damaged).unwrap();
        kept.push(damaged);
        hub = project.start();
        let event = hub.last_event("journal.damaged").unwrap();
        assert_eq!(event["level"], "ERROR");
        // Paths are shown as configured.
        let path = event["path"].as_str().unwrap();
        assert!(path.ends_with("/state/journal.entries"), "{path}");
        let name = format!("journal.damaged-{number}.entries");
        assert!(event["moved_to"].as_str().unwrap().ends_with(&name));
        assert!(!event["problem"].as_str().unwrap().is_empty());
        assert_eq!(
            hub.last_event("timeline.begun").unwrap()["reason"],
            "first_run"
        );
        let new = epoch(&hub).await;
        assert!(!known.contains(&new));
        known.push(new);
        for (number, bytes) in (1..).zip(&kept) {
            let name = format!("journal.damaged-{number}.entries");
            assert_eq!(&fs::read(hub.project().state(&name)).unwrap(), bytes);
        }
    }
    // The new timeline is persisted like any other.
    let hub = hub.kill().start();
    assert_eq!(hub.last_event("journal.damaged"), None);
    assert_eq!(Some(&epoch(&hub).await), known.last());
}

#[tokio::test]
async fn a_second_hub_on_the_same_folder_does_not_start_and_the_first_continues() {
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
    // The lock is released when the hub is killed.
    let hub = hub.kill().start();
    assert_eq!(epoch(&hub).await, before);
}

#[test]
fn an_unusable_state_folder_is_reported_and_the_hub_does_not_start() {
    // A file instead of a folder, and a folder in which not even root can create files.
    for dir in ["data.json", "/proc"] {
        let toml = format!(
            "[state]\ndir = \"{dir}\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n"
        );
        let (code, message, key) = refused(&project().configure(&toml));
        assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
        assert!(
            message.contains("cannot use the state folder `")
                && message.contains(dir)
                && message.contains("set another folder"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_full_disk_is_logged_once_and_does_not_affect_streams() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = project().start();
    let before = epoch(&hub).await;
    let mut viewer = Viewer::v1(&hub).await;
    let full = SyscallFault::fail(&hub, "write", "ENOSPC");
    let failed = hub.event("journal.failed");
    assert_eq!(failed["level"], "ERROR");
    assert!(failed["error"].as_str().unwrap().contains("No space left"));
    // Streams continue over several further attempts to write.
    let mut last = viewer.until("data").await;
    for _ in 0..500 {
        let data = viewer.until("data").await;
        assert_eq!(
            data["seq"].as_i64(),
            last["seq"].as_i64().map(|seq| seq + 1)
        );
        last = data;
    }
    assert_eq!(hub.logged_event("journal.failed"), None);
    drop(full);
    hub.event("journal.recovered");
    drop(viewer);
    let hub = hub.stop().start();
    assert_eq!(epoch(&hub).await, before);
    let resumed = hub.last_event("timeline.resumed").unwrap();
    assert!(resumed["remembered_seq"].as_i64() >= last["seq"].as_i64());
}

#[tokio::test]
async fn a_blocked_disk_prevents_neither_a_reload_nor_the_stop() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = project().start();
    let toml = fs::read_to_string(hub.project().path("tickcast.toml")).unwrap();
    let still = SyscallFault::block(&hub, SyscallFault::SYNC);
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
    // The disk works again.
    drop(still);
    hub.event("journal.recovered");
    // The rejected change has left no trace.
    let journal = fs::read_to_string(hub.project().state("journal.entries")).unwrap();
    assert!(!journal.contains("\"new\""), "{journal}");
    assert!(!journal.contains("\"50\""), "{journal}");
    // The disk blocks again, and the hub stops nevertheless.
    let still = SyscallFault::block(&hub, SyscallFault::SYNC);
    hub.signal("-TERM");
    hub.event("stop");
    drop(still);
    assert_eq!(hub.wait().0, Some(0));
}

#[tokio::test]
async fn opening_a_journal_while_the_hub_runs_times_out() {
    if SyscallFault::is_impossible() {
        return;
    }
    let fixed =
        "[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\nstart = \"2024-05-06T07:08:09Z\"\n";
    let mut hub = project().configure(fixed).start();
    let toml = fs::read_to_string(hub.project().path("tickcast.toml")).unwrap();
    let more = format!("{toml}[topics.new]\ndataset = \"data.json\"\nrate = 1.0\n");
    hub.project().write("tickcast.toml", &more);
    // Blocks every thread, because the one that opens the journal does not exist yet.
    let still = SyscallFault::block_all_threads(&hub, "fsync");
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
    assert_eq!(hub.last_event("timeline.resumed").unwrap()["topic"], "new");
}

#[test]
fn a_disk_that_is_full_at_startup_is_reported_before_anything_is_served() {
    let project = project();
    let Some(disk) = SmallDisk::mount(&project.state(""), "64k") else {
        return;
    };
    disk.fill();
    let command = disk.command_inside(&project.command(&[]));
    let (code, message, key) = refused_by(command);
    assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
    assert!(message.contains("No space left"), "{message}");
}
