//! Links, FIFOs and other things in place of the journal's files, and a state folder that is replaced.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use super::super::support::Viewer;
use super::{epoch, project, refused};

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

#[test]
fn a_journal_path_that_is_not_a_regular_file_is_reported_and_not_replaced() {
    let project = project().start().stop();
    let elsewhere = project.path("elsewhere");
    for name in ["journal", "journal.entries", "lock"] {
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
    let journal = project.state("journal.entries");
    File::options()
        .write(true)
        .open(&journal)
        .and_then(|file| file.set_len(3 << 30))
        .unwrap();
    let hub = project.start();
    let event = hub.last_event("journal.damaged").unwrap();
    assert_eq!(
        event["problem"],
        "it is 3221225472 bytes long; the limit is 268435456"
    );
    let aside = hub.project().state("journal.damaged-1.entries");
    assert_eq!(fs::metadata(aside).unwrap().len(), 3 << 30);
    assert!(hub.memory_kib("VmHWM:") < 1 << 20);
}

#[tokio::test]
async fn links_at_the_temporary_journal_path_are_not_followed() {
    let mut hub = project().start();
    let next = hub.project().state("journal.new");
    let entries = hub.project().state("journal.entries");
    let others = hub.project().path("others");
    fs::write(&others, "other data").unwrap();
    let put: [&dyn Fn(); 3] = [
        &|| symlink(&others, &next).unwrap(),
        &|| symlink("/dev/full", &next).unwrap(),
        &|| fifo(&next),
    ];
    for put in put {
        put();
        // The next write notices that, and writes the whole file again.
        fs::remove_file(&entries).unwrap();
        while !entries.exists() {
            tokio::task::yield_now().await;
        }
        assert!(fs::symlink_metadata(&next).is_err());
        assert!(fs::symlink_metadata(&entries).unwrap().is_file());
    }
    assert_eq!(fs::read_to_string(others).unwrap(), "other data");
    assert_eq!(hub.logged_event("journal.failed"), None);
    // An obstacle that cannot be removed is logged.
    fs::create_dir(&next).unwrap();
    fs::remove_file(&entries).unwrap();
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
    let journal = fs::read_to_string(project.state("journal.entries")).unwrap();
    assert!(!journal.contains(before.as_str().unwrap()));
    assert_eq!(epoch(&second.kill().start()).await, after);
}
