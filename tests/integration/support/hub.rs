//! A folder with a configuration and a dataset, and the real program run on it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

use super::{PATIENCE, Raw, log};

/// A folder of its own, gone when the test ends. Copies are of the same folder.
#[derive(Clone)]
pub(crate) struct Project {
    folder: Arc<TempDir>,
}

impl Project {
    /// A configuration that listens on free ports, with the lines of `topic` as its one topic over `dataset`.
    pub(crate) fn new(topic: &str, dataset: &str) -> Self {
        let project = Self::empty();
        project.write("data.json", dataset);
        project.configure(&format!(
            "[topics.demo]\ndataset = \"data.json\"\n{topic}\n"
        ))
    }

    /// The same, with `toml` after the ports. A hub that ends does not wait for viewers that the test still holds.
    pub(crate) fn configure(self, toml: &str) -> Self {
        let server = "[server]\nport = 0\ndrain = \"200ms\"\n[ops]\nport = 0\n";
        self.write("tickcast.toml", &format!("{server}{toml}"));
        self
    }

    /// Exactly `toml`, with a dataset of three records beside it.
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

    /// A file beside the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("config").join(name)
    }

    /// A file in the state folder, where it is unless the configuration says otherwise.
    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.folder.path().join("state").join(name)
    }

    /// The program on this configuration, with `arguments`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program();
        command
            .arg("--config")
            .arg(self.path("tickcast.toml"))
            .args(arguments);
        command
    }

    /// Runs the program to its end.
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

/// The program under test, without the variables of the machine that would configure it.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickcast"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TICKCAST")) {
        command.env_remove(name);
    }
    command.env_remove("STATE_DIRECTORY");
    command
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A hub that runs, killed when the test ends.
pub(crate) struct Hub {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<Value>,
    public: String,
    ops: String,
    /// Its folder is there for as long as the hub.
    project: Project,
}

impl Hub {
    /// A hub over `dataset` whose topic has the settings of `topic`.
    pub(crate) fn start(topic: &str, dataset: &str) -> Self {
        Project::new(topic, dataset).start()
    }

    pub(crate) fn spawn(mut command: Command, project: Project) -> Self {
        command.stdin(Stdio::null());
        Self::spawn_on_stdin(command, project)
    }

    /// The same with the standard input that `command` has already.
    pub(crate) fn spawn_on_stdin(mut command: Command, project: Project) -> Self {
        let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
        Self::of(command.spawn().unwrap(), project)
    }

    /// The one that runs as `child`, whose standard error is a pipe; it listens when this returns.
    pub(crate) fn of(mut child: Child, project: Project) -> Self {
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
        hub.public = hub.listening();
        hub.ops = hub.listening();
        hub
    }

    fn listening(&mut self) -> String {
        self.event("listening")["address"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// `host:port` of the public listener.
    pub(crate) fn public(&self) -> &str {
        &self.public
    }

    /// The epoch of the topic `demo`, and its place now.
    pub(crate) fn place(&self) -> (String, u64) {
        let topic = Raw::get(self.public(), "/api/v1/topics/demo").json();
        let epoch = topic["epoch"].as_str().unwrap().to_owned();
        (epoch, topic["seq"].as_u64().unwrap())
    }

    /// `host:port` of the operations listener.
    pub(crate) fn ops(&self) -> &str {
        &self.ops
    }

    /// Waits for the next event called `name`.
    pub(crate) fn event(&mut self, name: &str) -> Value {
        self.until(name).pop().unwrap()
    }

    /// Waits for the next event.
    pub(crate) fn any(&mut self) -> Value {
        let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
            panic!("no more events; there were {:#?}", self.seen)
        };
        self.see(line)
    }

    /// Waits for the next event called `name`; returns what there was up to it, and it.
    pub(crate) fn until(&mut self, name: &str) -> Vec<Value> {
        let before = self.seen.len();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no event `{name}`; there were {:#?}", self.seen)
            };
            let event = self.see(line);
            if event["event"] == name {
                return self.seen[before..].to_vec();
            }
        }
    }

    /// The last event called `name` before the hub listened, or before the last one that was waited for.
    pub(crate) fn told(&self, name: &str) -> Option<&Value> {
        self.seen.iter().rfind(|event| event["event"] == name)
    }

    /// Takes a line of the log, which must be as the handbook has it.
    fn see(&mut self, line: String) -> Value {
        log::check(&line);
        let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
        self.seen.push(event.clone());
        event
    }

    /// The next event called `name` among those that were logged until now.
    pub(crate) fn past_event(&mut self, name: &str) -> Option<Value> {
        loop {
            let line = self.lines.try_recv().ok()?;
            let event = self.see(line);
            if event["event"] == name {
                return Some(event);
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the system says of its memory under `name`, such as `VmRSS:`.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end; returns the exit code and everything that was logged.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let status = self.child.wait().unwrap();
        while let Ok(line) = self.lines.recv() {
            self.see(line);
        }
        (status.code(), std::mem::take(&mut self.seen))
    }

    /// What the hub runs on.
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Ends the hub as a power cut does; returns what it ran on, to be started again.
    pub(crate) fn kill(mut self) -> Project {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.project.clone()
    }

    /// Ends the hub as an operator does; returns what it ran on, to be started again.
    pub(crate) fn stop(mut self) -> Project {
        self.signal("-TERM");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        self.project.clone()
    }

    /// Ends the hub and asserts that it had nothing to complain about.
    pub(crate) fn end_without_complaint(self) {
        self.signal("-TERM");
        let (code, events) = self.end();
        assert_eq!(code, Some(0));
        let complaints: Vec<_> = events
            .iter()
            .filter(|event| !matches!(event["level"].as_str(), Some("INFO" | "DEBUG")))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may have ended already, as the test meant it to.
        _ = self.child.kill();
        _ = self.child.wait();
        if !thread::panicking() {
            // What no test has waited for is as the handbook has it as well.
            while let Ok(line) = self.lines.recv() {
                log::check(&line);
            }
        }
    }
}
