//! [`LoggedHub`]: a hub that logs to a file or a pipe, with viewers that change its counters.

use std::fs::OpenOptions;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use serde_json::Value;

use super::super::support::{Project, RawClient, indexed_dataset, kill};
use super::eventually;

/// A topic that loops, one that ends soon so that its statistics stop changing, and a low viewer limit.
const CONFIGURATION: &str = "\
[server]
port = 0
max_viewers = 6
[ops]
port = 0
[log]
stats_every = \"100ms\"
[topics.demo]
dataset = \"data.json\"
rate = 200.0
[topics.short]
dataset = \"data.json\"
rate = 500.0
loop = false
";

/// A hub that does not log to the test.
pub(super) struct LoggedHub {
    child: Child,
    /// The file in which its lines arrive.
    log: PathBuf,
    pub(super) public: String,
    pub(super) ops: String,
    viewers: Vec<TcpStream>,
}

/// The project that these hubs run on.
pub(super) fn project() -> Project {
    let project = Project::raw(CONFIGURATION);
    project.write("data.json", &indexed_dataset(100));
    project
}

/// All complete lines of the log `file`, as JSON.
pub(super) fn events(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

impl LoggedHub {
    /// Starts a hub whose standard error is appended to the file `log`, like `2>>log` in a shell. `ports` are those of
    /// the previous hub, if there was one.
    pub(super) fn append(project: &Project, log: &Path, ports: Option<(&str, &str)>) -> Self {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        Self::start(project, file.into(), log, ports)
    }

    /// Starts a hub whose standard error is `sink`, which writes the lines to `log`.
    pub(super) fn start(
        project: &Project,
        sink: Stdio,
        log: &Path,
        ports: Option<(&str, &str)>,
    ) -> Self {
        let mut command = project.command(&[]);
        if let Some((public, ops)) = ports {
            let port = |address: &str| address.rsplit_once(':').unwrap().1.to_owned();
            command.args(["--port", &port(public)]);
            command.env("TICKCAST__OPS__PORT", port(ops));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(sink)
            .spawn()
            .unwrap();
        let pid = child.id();
        let [public, ops] = eventually(|| addresses(&events(log), pid));
        Self {
            child,
            log: log.to_owned(),
            public,
            ops,
            viewers: Vec::new(),
        }
    }

    /// The events that are in the log file now.
    pub(super) fn events(&self) -> Vec<Value> {
        events(&self.log)
    }

    /// Waits for `lines` further `hub.process` events; each one ends a round of statistics.
    pub(super) fn rounds(&self, lines: usize) {
        let count = || {
            let events = self.events();
            let process = events
                .iter()
                .filter(|event| event["event"] == "hub.process");
            process.count()
        };
        let mut seen = count();
        let mut left = lines;
        while left > 0 {
            let now = eventually(|| match count() {
                now if now == seen => Err("no line `hub.process` comes".to_owned()),
                now => Ok(now),
            });
            // If there are fewer, the file has been truncated, and all of them are new.
            left = left.saturating_sub(if now < seen { now } else { now - seen });
            seen = now;
        }
    }

    /// Connects `count` viewers to `topic` and keeps reading.
    pub(super) fn admit(&mut self, topic: &str, count: usize) {
        for _ in 0..count {
            let mut raw = RawClient::connect(&self.public);
            self.viewers.push(raw.socket());
            let host = &self.public;
            raw.send(format!("GET /sse/{topic} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes());
            assert!(raw.read_head().starts_with("HTTP/1.1 200"));
            thread::spawn(move || raw.read_to_end());
        }
    }

    /// Disconnects the newest viewer.
    pub(super) fn dismiss(&mut self) {
        let viewer = self.viewers.pop().expect("a viewer");
        viewer.shutdown(Shutdown::Both).unwrap();
    }

    /// Tries to join with `headers`; asserts that the hub rejects it with `status`.
    pub(super) fn refuse(&self, status: u16, headers: &str) {
        let (_, head) = RawClient::upgrade(&self.public, headers);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
    }

    /// Kills the hub, as a power failure would.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops the hub, as an operator would.
    pub(super) fn stop(&mut self) {
        assert!(kill(&["-TERM", &self.child.id().to_string()]));
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for LoggedHub {
    fn drop(&mut self) {
        // The test may have ended it already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The addresses on which the hub with process id `pid` listens.
fn addresses(events: &[Value], pid: u32) -> Result<[String; 2], String> {
    let since_start = events
        .iter()
        .skip_while(|event| event["event"] != "start" || event["pid"] != pid);
    let addresses: Vec<_> = since_start
        .filter(|event| event["event"] == "listening")
        .map(|event| event["address"].as_str().unwrap().to_owned())
        .collect();
    addresses
        .try_into()
        .map_err(|_| "the hub does not listen".to_owned())
}
