//! The format of the journal: older versions are continued, later ones are left alone, and an interrupted append is not
//! damage. The entries are encoded here independently of the program.

use std::fs;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::support::{Hub, Project, Viewer};
use super::{epoch, project, refused};

/// A file `journal` of `version` with `body` and a valid checksum.
fn sealed(version: u32, body: &str) -> String {
    let checksum = HEXLOWER.encode(&Sha256::digest(body));
    format!("tickcast-journal {version} {checksum}\n{body}")
}

/// The lines of the entries: the number and the content of each.
pub(super) fn entries(project: &Project) -> Vec<(u64, Value)> {
    let text = fs::read_to_string(project.state("journal.entries")).unwrap();
    let entry = |line: &str| {
        let mut words = line.splitn(3, ' ').skip(1);
        let number = words.next().unwrap().parse().unwrap();
        (number, serde_json::from_str(words.next().unwrap()).unwrap())
    };
    text.lines().map(entry).collect()
}

/// Appends `entry` to the journal of a hub that is not running.
pub(super) fn append(project: &Project, entry: &Value) -> u64 {
    let path = project.state("journal.entries");
    let all = entries(project);
    let salt = all[0].1["salt"].as_str().unwrap();
    let number = all.last().unwrap().0 + 1;
    let digest = Sha256::digest(format!("{salt}{number} {entry}"));
    let line = format!("{} {number} {entry}\n", HEXLOWER.encode(&digest[..16]));
    fs::write(&path, fs::read_to_string(&path).unwrap() + &line).unwrap();
    number
}

/// The segment of the topic `demo` that a hub which was stopped would continue with, with some members changed. The hub
/// publishes a record every 5 ms, and has one segment.
pub(super) fn next_segment(project: &Project, changed: &Value) -> Value {
    let all = entries(project);
    let topic = &all[1].1["topics"][0];
    let first = &topic["segments"][0];
    let seqs = all.iter().map(|(_, entry)| &entry["seq"]["demo"]);
    let last = seqs.filter_map(Value::as_u64).next_back();
    let seq0 = last.or(topic["seq"].as_u64()).unwrap() + 1;
    let mut segment = first.clone();
    segment["seq0"] = json!(seq0);
    segment["t0"] = json!(first["t0"].as_u64().unwrap() + (seq0 - 1) * 5_000);
    segment["index0"] = json!((seq0 - 1) % topic["records"].as_u64().unwrap());
    for (name, value) in changed.as_object().unwrap() {
        segment[name] = value.clone();
    }
    segment
}

/// Journals `segment` as the second one of the topic `demo`.
pub(super) fn change(project: &Project, segment: &Value) {
    let topic = json!({"name": "demo", "version": 2, "dropped": 0, "segments": [segment]});
    let proposal = append(project, &json!({ "propose": [topic] }));
    append(project, &json!({ "commit": proposal }));
}

#[tokio::test]
async fn a_damaged_version_number_is_treated_as_damage_and_not_as_a_later_version() {
    let mut hub = project().start();
    for (number, version) in (1..).zip(["4", "0", "9", "1", "x"]) {
        let before = epoch(&hub).await;
        let project = hub.stop();
        let own = fs::read_to_string(project.state("journal")).unwrap();
        let flipped = own.replacen(
            "tickcast-journal 3 ",
            &format!("tickcast-journal {version} "),
            1,
        );
        assert_ne!(flipped, own);
        fs::write(project.state("journal"), &flipped).unwrap();
        let entries = fs::read(project.state("journal.entries")).unwrap();
        hub = project.start();
        let event = hub.last_event("journal.damaged").unwrap();
        let aside = format!("journal.damaged-{number}");
        assert!(event["moved_to"].as_str().unwrap().ends_with(&aside));
        let aside = hub.project().state(&aside);
        assert_eq!(fs::read_to_string(&aside).unwrap(), flipped);
        // What it would have referred to is kept as well.
        assert_eq!(
            fs::read(aside.with_extension(format!("damaged-{number}.entries"))).unwrap(),
            entries
        );
        assert_ne!(epoch(&hub).await, before);
    }
}

#[tokio::test]
async fn a_journal_of_a_later_version_is_left_unchanged_and_the_hub_does_not_start() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let project = hub.stop();
    let own = fs::read_to_string(project.state("journal")).unwrap();
    let newer = sealed(4, "{\"version\": 4, \"players\": []}\n");
    fs::write(project.state("journal"), &newer).unwrap();
    let (code, message, key) = refused(&project);
    assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
    assert!(
        message.contains("a later version of tickcast wrote the journal")
            && message.contains("restore an older copy"),
        "{message}"
    );
    assert_eq!(fs::read_to_string(project.state("journal")).unwrap(), newer);
    // After restoring a copy of the state, the timeline continues.
    fs::write(project.state("journal"), own).unwrap();
    assert_eq!(epoch(&project.start()).await, before);
}

/// Starts a hub on a journal that an earlier commit of this project has written, with a change of the rate from 200 to
/// 59.94 after publication `seq0` − 1.
async fn continue_old(journal: &str, epochs: [&str; 2], seq0: u64) {
    let dataset = "[{\"i\":0},{\"i\":1},{\"i\":2},{\"i\":3},{\"i\":4},{\"i\":5},{\"i\":6}]\n";
    let project = Project::new("", dataset).configure(
        "[topics.demo]\ndataset = \"data.json\"\nrate = 59.94\n\
         [topics.once]\ndataset = \"data.json\"\nrate = 0.5\nloop = false\n",
    );
    fs::create_dir(project.state("")).unwrap();
    fs::write(project.state("journal"), journal).unwrap();
    let mut hub = project.start();
    // The second time from what the first one has written.
    for _ in 0..2 {
        assert_eq!(hub.last_event("journal.damaged"), None);
        assert_eq!(hub.last_event("timeline.begun"), None);
        let mut viewer = Viewer::v1(&hub).await;
        let hello = viewer.until("hello").await;
        assert_eq!(hello["epoch"], epochs[0]);
        assert_eq!(hello["timeline"]["seq0"], seq0);
        assert_eq!(hello["timeline"]["rate"], 59.94);
        let once = Viewer::v1_at(&hub, "/ws/once").await.until("hello").await;
        assert_eq!(once["epoch"], epochs[1]);
        let format = fs::read_to_string(hub.project().state("journal")).unwrap();
        assert!(format.starts_with("tickcast-journal 3 "), "{format}");
        hub = hub.kill().start();
    }
    let project = hub.stop();
    let all = entries(&project);
    let versions = all[1].1["topics"].as_array().unwrap().iter();
    let versions: Vec<_> = versions.map(|topic| &topic["version"]).collect();
    assert_eq!(versions, [2, 1]);
}

#[tokio::test]
async fn a_journal_of_version_1_is_continued_and_written_as_version_3() {
    let journal = include_str!("fixtures/journal-version-1");
    continue_old(journal, ["m4s6xk46sr6ggusj", "iisum6tw3vvjjr3h"], 450).await;
}

#[tokio::test]
async fn a_journal_of_version_2_is_continued_and_written_as_version_3() {
    let journal = include_str!("fixtures/journal-version-2");
    continue_old(journal, ["mtl34rcac6ojdb6d", "3mqdevd24rdrlrqh"], 448).await;
}

#[tokio::test]
async fn an_older_journal_that_is_restored_counts_instead_of_newer_entries() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let project = hub.stop();
    let all = entries(&project);
    let topic = all[1].1["topics"][0].clone();
    let segment = &topic["segments"][0];
    let old = json!({"version": 2, "topics": {"demo": {
        "sha256": topic["sha256"], "records": topic["records"], "loop": topic["loop"],
        "epoch": topic["epoch"], "seq": topic["seq"],
        "segments": [{
            "seq0": segment["seq0"], "t0": segment["t0"], "index0": 0, "rate": segment["rate"],
        }],
    }}});
    change(
        &project,
        &next_segment(&project, &json!({"playing": false})),
    );
    fs::write(project.state("journal"), sealed(2, &format!("{old:#}\n"))).unwrap();
    let hub = project.start();
    let hello = Viewer::v1(&hub).await.until("hello").await;
    assert_eq!(hello["epoch"], before);
    assert_eq!(hello["timeline"]["playing"], true);
}

#[tokio::test]
async fn an_append_that_a_crash_has_interrupted_is_ignored() {
    let mut hub = project().start();
    let before = epoch(&hub).await;
    let end: [&[u8]; 4] = [b"0", b"no entry\n", &[0; 5_000], b"\xff\n\n\n"];
    for end in end {
        let project = hub.stop();
        let path = project.state("journal.entries");
        fs::write(&path, [&fs::read(&path).unwrap(), end].concat()).unwrap();
        hub = project.start();
        assert_eq!(hub.last_event("journal.damaged"), None);
        assert_eq!(epoch(&hub).await, before);
    }
    // Neither does half of the last entry count.
    let project = hub.stop();
    let segment = next_segment(&project, &json!({"playing": false}));
    change(&project, &segment);
    let path = project.state("journal.entries");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let hub = project.start();
    let hello = Viewer::v1(&hub).await.until("hello").await;
    assert_eq!(
        (&hello["epoch"], &hello["timeline"]["playing"]),
        (&before, &json!(true))
    );
}

#[tokio::test]
async fn a_timeline_that_only_a_later_version_can_play_is_left_unchanged() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let project = hub.stop();
    let path = project.state("journal.entries");
    let own = fs::read(&path).unwrap();
    for (changed, problem) in [
        (json!({"speed": "-1"}), "its speed is -1"),
        (
            json!({"range": {"from": 0, "to": 9}}),
            "it plays only the range from 0 to 9 µs",
        ),
        (
            json!({"playing": false, "show": true}),
            "it shows a record while it is paused",
        ),
    ] {
        change(&project, &next_segment(&project, &changed));
        let written = fs::read(&path).unwrap();
        let (code, message, key) = refused(&project);
        assert_eq!((code, key.as_str()), (Some(1), "state.dir"));
        assert!(
            message.contains("only a later version of tickcast can continue")
                && message.contains(&format!("topic `demo`: segment 2: {problem}"))
                && message.contains("run the later version"),
            "{message}"
        );
        assert_eq!(fs::read(&path).unwrap(), written);
        fs::write(&path, &own).unwrap();
    }
    assert_eq!(epoch(&project.start()).await, before);
}

#[tokio::test]
async fn a_write_appends_one_entry_and_leaves_the_others() {
    use std::os::unix::fs::MetadataExt;
    let hub: Hub = project().start();
    let path = hub.project().state("journal.entries");
    let first = fs::read(&path).unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    let mut had = first.len();
    for _ in 0..3 {
        let bytes = loop {
            let bytes = fs::read(&path).unwrap();
            if bytes.len() > had && bytes.ends_with(b"\n") {
                break bytes;
            }
            tokio::task::yield_now().await;
        };
        assert!(bytes.len() - had < 200);
        assert!(bytes.starts_with(&first));
        had = bytes.len();
    }
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
}
