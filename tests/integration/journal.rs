//! The state folder: one hub's alone, and what is damaged in it is set aside and told.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use serde_json::Value;

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
    let mut child = project.command(&[]).stderr(Stdio::piped()).spawn().unwrap();
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
async fn a_journal_of_a_later_version_is_left_as_it_is_and_the_hub_does_not_start() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let project = hub.stop();
    let own = fs::read_to_string(project.state("journal")).unwrap();
    let newer = own.replacen("tickcast-journal 1 ", "tickcast-journal 2 ", 1);
    fs::write(project.state("journal"), &newer).unwrap();
    let (code, message, key) = refused(&project);
    assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
    assert!(
        message.contains("a later version of tickcast wrote the journal")
            && message.contains("put back a copy"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(project.state("journal")).unwrap(), newer);
    // Whoever has a copy of the state goes on with it.
    fs::write(project.state("journal"), own).unwrap();
    assert_eq!(epoch(&project.start()).await, before);
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
    // The device takes no byte, as a full disk does.
    let next = hub.project().state("journal.new");
    symlink("/dev/full", &next).unwrap();
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
    fs::remove_file(next).unwrap();
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
    // It can be opened when somebody reads it, and until then whoever writes there waits.
    let next = hub.project().state("journal.new");
    while !Command::new("mkfifo")
        .arg(&next)
        .status()
        .unwrap()
        .success()
    {}
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
    assert_eq!(hub.event("timeline.segment")["rate"], 50.0);
    assert_eq!(hub.event("config.reloaded")["changed"], 1);
    // The disk answers again.
    let mut waiting = File::open(&next).unwrap();
    fs::remove_file(&next).unwrap();
    waiting.read_to_end(&mut Vec::new()).unwrap();
    hub.event("journal.recovered");
    // It stands still once more, and the hub ends all the same.
    while !Command::new("mkfifo")
        .arg(&next)
        .status()
        .unwrap()
        .success()
    {}
    hub.stop();
}

#[test]
fn a_disk_that_is_full_at_the_start_is_told_before_anything_is_served() {
    let project = project().start().stop();
    symlink("/dev/full", project.state("journal.new")).unwrap();
    let (code, message, key) = refused(&project);
    assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
    assert!(message.contains("No space left"), "{message}");
}
