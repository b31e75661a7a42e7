//! Where the state of a configuration is by default, and the state that earlier versions kept beside its folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::support::hub::program;
use super::support::{Hub, Project};

/// A project, and a place where a user keeps state.
struct Home {
    project: Project,
}

impl Home {
    fn new() -> Self {
        Self {
            project: Project::new("rate = 200.0", "[1,2,3]"),
        }
    }

    /// The user's `XDG_STATE_HOME`.
    fn states(&self) -> PathBuf {
        self.project.path("states")
    }

    /// The default folders of the configurations that have one.
    fn folders(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.states().join("tickcast")) else {
            return Vec::new();
        };
        let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders
    }

    /// A command with the configuration `name` that leaves the state folder to the default.
    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .env("XDG_STATE_HOME", self.states())
            .arg("--config")
            .arg(self.project.path(name))
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command("tickcast.toml", arguments).output().unwrap()
    }

    fn start(&self) -> Hub {
        let command = self.command("tickcast.toml", &[]);
        Hub::spawn(command, self.project.clone())
    }

    /// Runs a hub on the state that earlier versions had by default, and stops it. Returns the epoch.
    fn run_as_before(&self) -> Value {
        let hub = self.project.clone().start();
        let begun = epoch(&hub, "timeline.begun");
        hub.stop();
        begun
    }

    /// Why a hub does not start: the exit code and `start.failed`.
    fn refused(&self, name: &str) -> (Option<i32>, Value) {
        let output = self.command(name, &[]).output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        let failed = log.lines().last().unwrap();
        (output.status.code(), serde_json::from_str(failed).unwrap())
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn epoch(hub: &Hub, event: &str) -> Value {
    hub.last_event(event).unwrap()["epoch"].clone()
}

#[test]
fn state_is_kept_in_a_folder_of_the_configuration_where_the_user_keeps_state() {
    let home = Home::new();
    let hub = home.start();
    let begun = epoch(&hub, "timeline.begun");
    hub.stop();
    let folders = home.folders();
    assert_eq!(folders.len(), 1, "{folders:?}");
    let name = folders[0].file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("tickcast-"), "{name}");
    assert!(folders[0].join("journal").exists());
    assert!(!home.project.state("").exists());
    let hub = home.start();
    assert_eq!(epoch(&hub, "timeline.resumed"), begun);
    assert!(hub.last_event("state.former").is_none());
}

#[test]
fn without_a_variable_for_state_it_is_kept_below_the_home_folder() {
    let home = Home::new();
    let mut command = home.command("tickcast.toml", &[]);
    command
        .env_remove("XDG_STATE_HOME")
        .env("HOME", home.project.path("home"));
    let hub = Hub::spawn(command, home.project.clone());
    assert!(hub.last_event("timeline.begun").is_some());
    let states = home.project.path("home/.local/state/tickcast");
    assert_eq!(fs::read_dir(states).unwrap().count(), 1);
}

#[test]
fn configurations_in_one_folder_run_side_by_side_and_one_configuration_runs_once() {
    let home = Home::new();
    let toml = fs::read_to_string(home.project.path("tickcast.toml")).unwrap();
    home.project.write("sibling.toml", &toml);
    let _hub = home.start();
    let sibling = home.command("sibling.toml", &[]);
    let _sibling = Hub::spawn(sibling, home.project.clone());
    assert_eq!(home.folders().len(), 2);
    let (code, failed) = home.refused("../config/tickcast.toml");
    assert_eq!((code, &failed["key"]), (Some(1), &"state.dir".into()));
    let message = failed["message"].as_str().unwrap();
    assert!(
        message.contains("another hub uses the state folder"),
        "{message}"
    );
}

#[test]
fn state_of_an_earlier_version_is_still_used_and_reported() {
    let home = Home::new();
    let begun = home.run_as_before();
    let check = home.run(&["check"]);
    let out = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.success(), "{out}");
    assert!(
        out.contains("../state, the default of earlier versions"),
        "{out}"
    );
    let hub = home.start();
    assert_eq!(epoch(&hub, "timeline.resumed"), begun);
    let event = hub.last_event("state.former").unwrap().clone();
    let path = event["path"].as_str().unwrap();
    assert!(path.ends_with("config/../state"), "{path}");
    let default = event["default"].as_str().unwrap();
    assert!(
        default.starts_with(home.states().to_str().unwrap()),
        "{default}"
    );
    assert_eq!(home.folders().len(), 0);
    // Once the folder has been moved to where the event says, the state is there.
    hub.stop();
    fs::create_dir_all(home.states().join("tickcast")).unwrap();
    fs::rename(home.project.state(""), default).unwrap();
    let hub = home.start();
    assert_eq!(epoch(&hub, "timeline.resumed"), begun);
    assert!(hub.last_event("state.former").is_none());
}

#[test]
fn state_of_other_topics_or_records_in_the_former_folder_is_left_alone() {
    let home = Home::new();
    home.run_as_before();
    let before = files(&home.project.state(""));
    home.project.write("data.json", "[4,5,6]");
    let hub = home.start();
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "first_run"
    );
    assert!(hub.last_event("state.former").is_none());
    hub.stop();
    // From now on the configuration has its own folder, also with the records from before.
    home.project.write("data.json", "[1,2,3]");
    let hub = home.start();
    assert_eq!(
        hub.last_event("timeline.begun").unwrap()["reason"],
        "dataset"
    );
    hub.stop();
    assert_eq!(files(&home.project.state("")), before);
}

#[test]
fn a_file_that_only_has_the_name_of_a_journal_is_left_alone() {
    let home = Home::new();
    fs::create_dir(home.project.state("")).unwrap();
    fs::write(home.project.state("journal"), "Dear diary,\n").unwrap();
    let before = files(&home.project.state(""));
    let hub = home.start();
    assert_eq!(home.folders().len(), 1);
    hub.stop_without_warnings();
    assert_eq!(files(&home.project.state("")), before);
}

#[test]
fn a_damaged_journal_of_an_earlier_version_is_set_aside_and_reported() {
    let home = Home::new();
    home.run_as_before();
    let entries = home.project.state("journal.entries");
    fs::write(&entries, "damaged").unwrap();
    let hub = home.start();
    let damaged = hub.last_event("journal.damaged").unwrap();
    assert!(
        damaged["path"]
            .as_str()
            .unwrap()
            .ends_with("/state/journal.entries")
    );
}

#[test]
fn check_reports_a_state_folder_that_cannot_be_used_and_creates_none() {
    let home = Home::new();
    let check = home.run(&["check"]);
    let out = String::from_utf8(check.stdout).unwrap();
    let state = format!("state in {}/tickcast/tickcast-", home.states().display());
    assert!(check.status.success() && out.contains(&state), "{out}");
    assert!(!home.states().exists());
    // A file in the place of the folder, and of one above it.
    for dir in ["data.json", "data.json/below"] {
        let toml = format!(
            "[state]\ndir = \"{dir}\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n"
        );
        let check = home.project.clone().configure(&toml).run(&["check"]);
        let error = String::from_utf8(check.stderr).unwrap();
        assert_eq!(check.status.code(), Some(1), "{error}");
        assert!(
            error.contains("tickcast.toml:7:7: state.dir: cannot use the state folder `"),
            "{error}"
        );
    }
}

#[test]
fn check_succeeds_while_the_hub_runs_and_fails_on_a_journal_that_no_hub_could_open() {
    let home = Home::new();
    let hub = home.start();
    let check = home.run(&["check"]);
    assert!(check.status.success(), "{check:?}");
    hub.stop();
    let entries = home.folders()[0].join("journal.entries");
    fs::remove_file(&entries).unwrap();
    fs::create_dir(&entries).unwrap();
    let check = home.run(&["check"]);
    let error = String::from_utf8(check.stderr).unwrap();
    assert_eq!(check.status.code(), Some(1), "{error}");
    assert!(
        error.contains("is a folder and must be a regular file"),
        "{error}"
    );
}

#[test]
fn state_that_no_topic_needs_is_not_looked_for() {
    let home = Home::new();
    let fixed = "rate = 200.0\nstart = \"2024-05-06T07:08:09Z\"";
    let toml =
        format!("[state]\ndir = \"data.json\"\n[topics.demo]\ndataset = \"data.json\"\n{fixed}\n");
    let project = home.project.clone().configure(&toml);
    let check = project.run(&["check"]);
    let out = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.success() && !out.contains("state in"), "{out}");
}
