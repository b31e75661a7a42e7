//! [`Project`], a folder with a configuration and a dataset, and [`Hub`], the program running on it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::{RawClient, TIMEOUT, event_table, kill};

/// A temporary folder, deleted when the test ends. Clones refer to the same folder.
#[derive(Clone)]
pub(crate) struct Project {
    folder: Arc<TempDir>,
}

impl Project {
    /// A configuration on free ports with one topic, `demo`, that replays `dataset` with the settings in `topic`.
    pub(crate) fn new(topic: &str, dataset: &str) -> Self {
        let project = Self::empty();
        project.write("data.json", dataset);
        project.configure(&format!(
            "[topics.demo]\ndataset = \"data.json\"\n{topic}\n"
        ))
    }

    /// Replaces the configuration with free ports, a short drain (tests may keep viewers connected) and `toml`.
    pub(crate) fn configure(self, toml: &str) -> Self {
        let server = "[server]\nport = 0\ndrain = \"200ms\"\n[ops]\nport = 0\n";
        self.write("tickcast.toml", &format!("{server}{toml}"));
        self
    }

    /// A project whose configuration is exactly `toml`, with a dataset of three records.
    pub(crate) fn raw(toml: &str) -> Self {
        let project = Self::empty();
        project.write("data.json", "[1,2,3]");
        project.write("tickcast.toml", toml);
        project
    }

    fn empty() -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let project = Self { folder };
        std::fs::create_dir(project.path("")).unwrap();
        project
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// The path of a file next to the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("config").join(name)
    }

    /// The path of a file in the state folder, if the configuration names no other.
    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.folder.path().join("state").join(name)
    }

    /// A command that runs the program with this configuration and `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .env("STATE_DIRECTORY", self.folder.path().join("state"))
            .arg("--config")
            .arg(self.path("tickcast.toml"))
            .args(arguments);
        command
    }

    /// Runs the program until it exits.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the hub and waits until it listens.
    pub(crate) fn start(self) -> Hub {
        self.start_with(&[])
    }

    pub(crate) fn start_with(self, arguments: &[&str]) -> Hub {
        let command = self.command(arguments);
        Hub::spawn(command, self)
    }
}

/// A command for the program under test, without environment variables that would configure it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickcast"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TICKCAST")) {
        command.env_remove(name);
    }
    command.env_remove("STATE_DIRECTORY");
    // Not among the developer's own hubs.
    command.env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A running hub, killed when dropped. Every line of its log is checked against the handbook.
pub(crate) struct Hub {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<Value>,
    public: String,
    ops: String,
    /// Keeps the folder for as long as the hub runs.
    project: Project,
}

impl Hub {
    /// Starts a hub with one topic that replays `dataset` with the settings in `topic`.
    pub(crate) fn start(topic: &str, dataset: &str) -> Self {
        Project::new(topic, dataset).start()
    }

    pub(crate) fn spawn(mut command: Command, project: Project) -> Self {
        command.stdin(Stdio::null());
        Self::spawn_on_stdin(command, project)
    }

    /// Starts a hub with the standard input that `command` already has.
    pub(crate) fn spawn_on_stdin(mut command: Command, project: Project) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        Self::from_child(command.spawn().unwrap(), project)
    }

    /// The hub that runs as `child`, whose standard error is a pipe; waits until it listens.
    pub(crate) fn from_child(mut child: Child, project: Project) -> Self {
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut hub = Self {
            child,
            lines,
            seen: Vec::new(),
            public: String::new(),
            ops: String::new(),
            project,
        };
        hub.public = hub.wait_for_listener();
        hub.ops = hub.wait_for_listener();
        hub
    }

    fn wait_for_listener(&mut self) -> String {
        self.event("listening")["address"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// `host:port` of the public listener.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The epoch of the topic `demo`, and its current `seq`.
    pub(crate) fn position(&self) -> (String, u64) {
        let topic = RawClient::get(self.public(), "/api/v1/topics/demo").json();
        let epoch = topic["epoch"].as_str().unwrap().to_owned();
        (epoch, topic["seq"].as_u64().unwrap())
    }

    /// `host:port` of the operations listener.
    pub(crate) fn ops(&self) -> &str {
        &self.ops
    }

    /// Waits for the next event called `name`.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        self.events_until(name).pop().unwrap()
    }

    /// Waits for the next event.
    pub(crate) fn next_event(&mut self) -> Value {
        let Ok(line) = self.lines.recv_timeout(TIMEOUT) else {
            panic!("no further event; there were {:#?}", self.seen)
        };
        self.record_line(line)
    }

    /// Waits for the next event called `name`; returns all events up to and including it.
    pub(crate) fn events_until(&mut self, name: &str) -> Vec<Value> {
        let before = self.seen.len();
        loop {
            let Ok(line) = self.lines.recv_timeout(TIMEOUT) else {
                panic!("no event `{name}`; there were {:#?}", self.seen)
            };
            let event = self.record_line(line);
            if event["event"] == name {
                return self.seen[before..].to_vec();
            }
        }
    }

    /// The last event called `name` among those read so far.
    pub(crate) fn last_event(&self, name: &str) -> Option<&Value> {
        self.seen.iter().rfind(|event| event["event"] == name)
    }

    /// Records a line of the log, which must match the handbook.
    fn record_line(&mut self, line: String) -> Value {
        event_table::assert_documented(&line);
        let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
        self.seen.push(event.clone());
        event
    }

    /// The next event called `name` among those logged so far; does not wait.
    pub(crate) fn logged_event(&mut self, name: &str) -> Option<Value> {
        loop {
            let line = self.lines.try_recv().ok()?;
            let event = self.record_line(line);
            if event["event"] == name {
                return Some(event);
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A memory value from `/proc/PID/status`, such as `VmRSS:`.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(kill(&[signal, &self.pid().to_string()]));
    }

    /// Waits until the hub exits; returns the exit code and all events.
    pub(crate) fn wait(mut self) -> (Option<i32>, Vec<Value>) {
        let status = self.child.wait().unwrap();
        while let Ok(line) = self.lines.recv() {
            self.record_line(line);
        }
        (status.code(), std::mem::take(&mut self.seen))
    }

    /// The hub's project.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Kills the hub, as a power failure would; returns its project, to start it again.
    pub(crate) fn kill(mut self) -> Project {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.project.clone()
    }

    /// Stops the hub, as an operator would; returns its project, to start it again.
    pub(crate) fn stop(mut self) -> Project {
        self.signal("-TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        self.project.clone()
    }

    /// Stops the hub and asserts that it logged no warnings or errors.
    pub(crate) fn stop_without_warnings(self) {
        self.signal("-TERM");
        let (code, events) = self.wait();
        assert_eq!(code, Some(0));
        let warnings: Vec<_> = events
            .iter()
            .filter(|event| !matches!(event["level"].as_str(), Some("INFO" | "DEBUG")))
            .collect();
        assert!(warnings.is_empty(), "{warnings:#?}");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The test may have ended it already.
        _ = self.child.kill();
        _ = self.child.wait();
        if !thread::panicking() {
            // Lines that the test has not read must match the handbook, too.
            while let Ok(line) = self.lines.recv() {
                event_table::assert_documented(&line);
            }
        }
    }
}
