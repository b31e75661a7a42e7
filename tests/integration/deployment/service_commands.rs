//! A reload and an upgrade of the running service: the commands of the unit and the script of the package, run as systemd
//! and dpkg run them. A wrong configuration makes both fail, and does not reach the hub.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::super::supervision::{notification, supervised};
use super::super::support::hub::{program, root};
use super::super::support::{Hub, Project, kill, lacks};
use super::read;

const RIGHT: &str =
    "[server]\nport = 0\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";

/// Wrong configurations and datasets, each with a part of the message.
const WRONG: [(&str, &str, &str); 5] = [
    ("tickcast.toml", "[topics.demo", "tickcast.toml:1:"),
    (
        "tickcast.toml",
        "[topics.demo]\ndataset = \"data.json\"\nrate = \"fast\"\n",
        "tickcast.toml:3:8: topics.demo.rate",
    ),
    (
        "tickcast.toml",
        "[sever]\nport = 1\n",
        "tickcast.toml:1:2: sever",
    ),
    ("data.json", "[1,", "data.json"),
    ("data.json", "[]", "data.json"),
];

fn project() -> Project {
    let project = Project::raw(RIGHT);
    project.write("data.json", "[1]");
    project
}

/// Writes the `index`th wrong file; returns a part of the message that it causes.
fn spoil(project: &Project, index: usize) -> &'static str {
    restore(project);
    let (file, text, message) = WRONG[index];
    project.write(file, text);
    message
}

fn restore(project: &Project) {
    project.write("tickcast.toml", RIGHT);
    project.write("data.json", "[1]");
}

/// Runs the `ExecReload=` commands of the unit for `hub`, in order and up to the first that fails, like systemd; returns
/// the output of that one.
fn systemctl_reload(hub: &Hub) -> Result<(), String> {
    let unit = read("deploy/systemd/tickcast.service");
    let commands = unit
        .lines()
        .filter_map(|line| line.strip_prefix("ExecReload="));
    for command in commands {
        let words: Vec<_> = command
            .split(' ')
            .map(|word| match word {
                "$MAINPID" => hub.pid().to_string(),
                "/etc/tickcast/tickcast.toml" => {
                    hub.project().path("tickcast.toml").display().to_string()
                }
                other => other.to_owned(),
            })
            .collect();
        let arguments: Vec<_> = words[1..].iter().map(String::as_str).collect();
        match words[0].as_str() {
            "/bin/kill" => assert!(kill(&arguments)),
            "/usr/bin/tickcast" => {
                let output = program().args(arguments).output().unwrap();
                if !output.status.success() {
                    return Err(String::from_utf8(output.stderr).unwrap());
                }
            }
            other => panic!("{other}"),
        }
    }
    Ok(())
}

/// Asserts that `hub` was not reloaded before now, and that a reload works.
fn assert_reloads_only_now(hub: &mut Hub, socket: &UnixDatagram) {
    assert_eq!(systemctl_reload(hub), Ok(()));
    assert!(notification(socket).starts_with("RELOADING=1\n"));
    assert_eq!(
        notification(socket),
        "READY=1\nSTATUS=reloaded: 0 keys changed, 0 need a restart\n"
    );
    let events = hub.events_until("config.reloaded");
    assert!(
        events.iter().all(|event| event["event"] != "config.failed"),
        "{events:#?}"
    );
}

#[test]
fn systemctl_reload_fails_with_the_reason_and_does_not_reach_the_hub_if_the_configuration_is_wrong()
{
    let (mut hub, socket) = supervised(project(), None);
    assert!(notification(&socket).starts_with("READY=1\n"));
    for index in 0..WRONG.len() {
        let expected = spoil(hub.project(), index);
        let error = systemctl_reload(&hub).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    restore(hub.project());
    assert_reloads_only_now(&mut hub, &socket);
    hub.stop_without_warnings();
}

#[test]
fn the_unit_checks_the_file_that_it_serves() {
    let unit = read("deploy/systemd/tickcast.service");
    let command = |name: &str| {
        let lines = unit.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(str::to_owned).next().unwrap()
    };
    assert_eq!(
        command("ExecReload="),
        command("ExecStart=").replace(" serve ", " check ")
    );
    // Debian 12 has systemd 252, which does not know the later type notify-reload.
    assert_eq!(command("Type="), "notify");
}

/// A machine on which the package is installed: the program, and `systemctl` and `deb-systemd-invoke` that log their calls.
struct Machine {
    folder: TempDir,
}

impl Machine {
    /// `hub` is the process that systemd reports as the service's, 0 if it is not running; `restarts` is whether the
    /// restart succeeds.
    fn new(hub: u32, restarts: bool) -> Self {
        let machine = Self {
            folder: TempDir::new().unwrap(),
        };
        for folder in ["run/systemd/system", "usr/bin", "bin"] {
            fs::create_dir_all(machine.path(folder)).unwrap();
        }
        symlink(
            env!("CARGO_BIN_EXE_tickcast"),
            machine.path("usr/bin/tickcast"),
        )
        .unwrap();
        let log = machine.path("log").display().to_string();
        let status = i32::from(!restarts);
        machine.script(
            "systemctl",
            &format!("case \"$*\" in *MainPID*) echo {hub};; *) echo \"$@\" >>{log};; esac"),
        );
        machine.script(
            "deb-systemd-invoke",
            &format!("echo \"$@\" >>{log}; exit {status}"),
        );
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs the script of the package as dpkg does after it has unpacked a new version.
    fn configure(&self) -> Output {
        let script = root().join("deploy/debian/scripts/postinst");
        let path = format!(
            "{}:{}",
            self.path("bin").display(),
            std::env::var("PATH").unwrap()
        );
        let mut shell = Command::new("sh");
        shell.arg(script).args(["configure", "0.0.1-1"]);
        shell.env("PATH", path).env("DPKG_ROOT", self.folder.path());
        shell.output().unwrap()
    }

    /// Whether the service was restarted, with `daemon-reload` before it.
    fn has_restarted(&self) -> bool {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log == "--system daemon-reload\ntry-restart tickcast.service\n"
    }
}

fn lacks_tools() -> bool {
    lacks(&["sh", "xargs", "nsenter", "setpriv"])
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_upgrade_with_a_wrong_configuration_fails_and_leaves_the_running_hub_alone() {
    if lacks_tools() {
        return;
    }
    let (mut hub, socket) = supervised(project(), None);
    assert!(notification(&socket).starts_with("READY=1\n"));
    let (epoch, _) = hub.position();
    for index in 0..WRONG.len() {
        let expected = spoil(hub.project(), index);
        let machine = Machine::new(hub.pid(), true);
        let output = machine.configure();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for part in [expected, "keeps running", "dpkg --configure tickcast"] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!machine.has_restarted());
    }
    restore(hub.project());
    let machine = Machine::new(hub.pid(), true);
    let output = machine.configure();
    assert!(
        output.status.success() && machine.has_restarted(),
        "{}",
        said(&output)
    );
    assert_eq!(hub.position().0, epoch);
    assert_reloads_only_now(&mut hub, &socket);
    hub.stop_without_warnings();
}

#[test]
fn an_upgrade_checks_the_configuration_with_the_environment_and_the_arguments_of_the_hub() {
    if lacks_tools() {
        return;
    }
    let project = project();
    let mut command = project.command(&["serve", "--log-level", "info"]);
    command.env("TICKCAST__TOPICS__DEMO__RATE", "20.0");
    let hub = Hub::spawn(command, project);
    let machine = Machine::new(hub.pid(), true);
    assert!(machine.configure().status.success());
    // The variable now names a topic that the file does not have.
    hub.project()
        .write("tickcast.toml", &RIGHT.replace("demo", "other"));
    let machine = Machine::new(hub.pid(), true);
    let output = machine.configure();
    let said = said(&output);
    assert!(said.contains("TICKCAST__TOPICS__DEMO__RATE"), "{said}");
    assert!(
        !output.status.success() && !machine.has_restarted(),
        "{said}"
    );
    hub.stop_without_warnings();
}

#[test]
fn an_upgrade_reports_that_the_new_version_does_not_start() {
    if lacks_tools() {
        return;
    }
    let machine = Machine::new(0, false);
    let output = machine.configure();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("journalctl -u tickcast"),
        "{}",
        said(&output)
    );
    assert!(machine.has_restarted());
    // A service that is not running is left alone by systemd, and its configuration may be incomplete.
    let machine = Machine::new(0, true);
    assert!(machine.configure().status.success() && machine.has_restarted());
}

#[test]
fn an_installation_restarts_nothing() {
    let machine = Machine::new(0, true);
    let script = root().join("deploy/debian/scripts/postinst");
    let installed = |folder: &Path| {
        let mut shell = Command::new("sh");
        shell
            .arg(&script)
            .args(["configure", ""])
            .env("DPKG_ROOT", folder);
        shell.status().unwrap().success()
    };
    assert!(installed(machine.folder.path()) && !machine.has_restarted());
}
