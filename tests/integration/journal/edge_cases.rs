//! Links, FIFOs and other things in place of the journal's files, and a state folder that is replaced.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use super::super::support::{Hub, Viewer};
use super::{epoch, project, refused};

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn a_damaged_version_number_is_treated_as_damage_and_not_as_a_later_version() {
    let mut hub = project().start();
    for (number, version) in (1..).zip(["3", "0", "9", "1", "x"]) {
        let before = epoch(&hub).await;
        let project = hub.stop();
        let own = fs::read_to_string(project.state("journal")).unwrap();
        let flipped = own.replacen(
            "tickcast-journal 2 ",
            &format!("tickcast-journal {version} "),
            1,
        );
        assert_ne!(flipped, own);
        fs::write(project.state("journal"), &flipped).unwrap();
        hub = project.start();
        let event = hub.last_event("journal.damaged").unwrap();
        let aside = format!("journal.damaged-{number}");
        assert!(event["moved_to"].as_str().unwrap().ends_with(&aside));
        assert_eq!(
            fs::read_to_string(hub.project().state(&aside)).unwrap(),
            flipped
        );
        assert_ne!(epoch(&hub).await, before);
    }
}

/// A journal of `version` with `body` and a valid checksum.
fn sealed(version: u32, body: &str) -> String {
    use sha2::Digest;
    let checksum = data_encoding::HEXLOWER.encode(&sha2::Sha256::digest(body));
    format!("tickcast-journal {version} {checksum}\n{body}")
}

#[tokio::test]
async fn a_journal_of_a_later_version_is_left_unchanged_and_the_hub_does_not_start() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let project = hub.stop();
    let own = fs::read_to_string(project.state("journal")).unwrap();
    let newer = sealed(3, "{\"version\": 3, \"players\": []}\n");
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

#[tokio::test]
async fn a_journal_of_version_1_is_continued_and_rewritten_as_version_2() {
    let hub = project().start();
    let before = epoch(&hub).await;
    let project = hub.stop();
    let own = fs::read_to_string(project.state("journal")).unwrap();
    let body: serde_json::Value = serde_json::from_str(own.split_once('\n').unwrap().1).unwrap();
    let first = sealed(1, &format!("{:#}\n", body["topics"]));
    fs::write(project.state("journal"), first).unwrap();
    let hub = project.start();
    assert_eq!(hub.last_event("journal.damaged"), None);
    assert_eq!(epoch(&hub).await, before);
    let now = fs::read_to_string(hub.project().state("journal")).unwrap();
    assert!(now.starts_with("tickcast-journal 2 "), "{now}");
}

#[test]
fn a_journal_path_that_is_not_a_regular_file_is_reported_and_not_replaced() {
    let project = project().start().stop();
    let elsewhere = project.path("elsewhere");
    for name in ["journal", "lock"] {
        let path = project.state(name);
        fs::rename(&path, &elsewhere).unwrap();
        let mut socket = None;
        let cases: [(&str, &mut dyn FnMut()); 5] = [
            ("a FIFO", &mut || fifo(&path)),
            ("a folder", &mut || fs::create_dir(&path).unwrap()),
            ("a socket", &mut || {
                socket = Some(UnixListener::bind(&path).unwrap());
            }),
            ("a symbolic link", &mut || {
                symlink(&elsewhere, &path).unwrap();
            }),
            ("a symbolic link", &mut || {
                symlink("/dev/zero", &path).unwrap();
            }),
        ];
        for (kind, make) in cases {
            make();
            let (code, message, key) = refused(&project);
            assert_eq!((code, key.as_str()), (Some(1), "state.dir"), "{kind}");
            let problem = format!("/state/{name}` is {kind} and must be a regular file");
            assert!(message.contains(&problem), "{message}");
            assert!(message.contains("move it away"), "{message}");
            assert!(fs::symlink_metadata(&path).is_ok());
            if fs::remove_file(&path).is_err() {
                fs::remove_dir(&path).unwrap();
            }
        }
        drop(socket);
        fs::rename(&elsewhere, &path).unwrap();
    }
    let hub = project.start();
    assert!(hub.last_event("timeline.resumed").is_some());
}

#[test]
fn an_oversized_journal_is_moved_aside_without_being_read() {
    let project = project().start().stop();
    let journal = project.state("journal");
    File::options()
        .write(true)
        .open(&journal)
        .and_then(|file| file.set_len(3 << 30))
        .unwrap();
    let hub = project.start();
    let event = hub.last_event("journal.damaged").unwrap();
    assert_eq!(
        event["problem"],
        "it is 3221225472 bytes long; the limit is 67108864"
    );
    let aside = hub.project().state("journal.damaged-1");
    assert_eq!(fs::metadata(aside).unwrap().len(), 3 << 30);
    assert!(hub.memory_kib("VmHWM:") < 1 << 20);
}

#[tokio::test]
async fn links_at_the_temporary_journal_path_are_not_followed() {
    let mut hub = project().start();
    let next = hub.project().state("journal.new");
    let others = hub.project().path("others");
    fs::write(&others, "other data").unwrap();
    let written = |hub: &Hub| {
        fs::metadata(hub.project().state("journal"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let put: [&dyn Fn() -> bool; 3] = [
        &|| symlink(&others, &next).is_ok(),
        &|| symlink("/dev/full", &next).is_ok(),
        &|| {
            Command::new("mkfifo")
                .arg(&next)
                .status()
                .unwrap()
                .success()
        },
    ];
    for put in put {
        // The temporary file of a write in progress may be there.
        while !put() {}
        let before = written(&hub);
        while written(&hub) == before {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(fs::read_to_string(others).unwrap(), "other data");
    assert_eq!(hub.logged_event("journal.failed"), None);
    // An obstacle that cannot be removed is logged.
    while fs::create_dir(&next).is_err() {}
    assert_eq!(
        hub.event("journal.failed")["error"],
        "Is a directory (os error 21)"
    );
    fs::remove_dir(&next).unwrap();
    hub.event("journal.recovered");
}

#[tokio::test]
async fn a_recreated_state_folder_is_detected_and_two_hubs_never_write_to_the_same_one() {
    let mut first = project().start();
    let before = epoch(&first).await;
    // Deleting the lock file does not release the lock.
    fs::remove_file(first.project().state("lock")).unwrap();
    let (code, message, _) = refused(first.project());
    assert_eq!(code, Some(1));
    assert!(
        message.contains("another hub uses the state folder"),
        "{message}"
    );
    let failed = first.event("journal.failed");
    let error = failed["error"].as_str().unwrap();
    assert!(
        error.contains("the file `lock` of the state folder was deleted or replaced"),
        "{error}"
    );
    // After the folder has been deleted, another hub creates and locks a new one.
    fs::remove_dir_all(first.project().state("")).unwrap();
    let second = first.project().clone().start();
    let after = epoch(&second).await;
    assert_ne!(after, before);
    // The first hub no longer writes to it, and makes no changes that it cannot journal.
    let toml = fs::read_to_string(first.project().path("tickcast.toml")).unwrap();
    first
        .project()
        .write("tickcast.toml", &toml.replace("200.0", "100.0"));
    first.signal("-HUP");
    let postponed = first.event("config.postponed");
    let error = postponed["error"].as_str().unwrap();
    assert!(
        error.contains("the state folder was deleted or replaced"),
        "{error}"
    );
    let mut viewer = Viewer::v1(&first).await;
    assert_eq!(viewer.until("hello").await["epoch"], before);
    viewer.until("data").await;
    drop(viewer);
    let project = first.stop();
    let journal = fs::read_to_string(project.state("journal")).unwrap();
    assert!(!journal.contains(before.as_str().unwrap()));
    assert_eq!(epoch(&second.kill().start()).await, after);
}
