//! A hub whose log goes where operators send it, and the viewers that give it something to count.

use std::fs::OpenOptions;
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;

use serde_json::Value;

use super::super::support::{Project, Raw, indexed};
use super::eventually;

/// A topic that goes on and on, one that has soon ended so that its numbers stand still, and few seats.
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
pub(super) struct Logged {
    child: Child,
    /// Where its lines come to be read.
    log: PathBuf,
    pub(super) public: String,
    pub(super) ops: String,
    viewers: Vec<TcpStream>,
}

/// The project that these hubs run on.
pub(super) fn project() -> Project {
    let project = Project::raw(CONFIGURATION);
    project.write("data.json", &indexed(100));
    project
}

/// Everything in the log `file`, whole lines of JSON.
pub(super) fn events(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

impl Logged {
    /// One whose standard error is appended to the file `log`, as a shell's `2>>log` does it. `ports`: of the hub
    /// that was there before.
    pub(super) fn append(project: &Project, log: &Path, ports: Option<(&str, &str)>) -> Self {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(log)
            .unwrap();
        Self::start(project, file.into(), log, ports)
    }

    /// One whose standard error is `sink`, by which its lines come to be in `log`.
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

    /// What it has logged that is still in the file.
    pub(super) fn events(&self) -> Vec<Value> {
        events(&self.log)
    }

    /// Waits until `lines` more lines `hub.process` are in the file than there are now; each ends a round of
    /// statistics.
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
            // Fewer: the file was emptied, and all in it are new.
            left = left.saturating_sub(if now < seen { now } else { now - seen });
            seen = now;
        }
    }

    /// Lets `count` viewers view `topic`, and read.
    pub(super) fn admit(&mut self, topic: &str, count: usize) {
        for _ in 0..count {
            let mut raw = Raw::connect(&self.public);
            self.viewers.push(raw.socket());
            let host = &self.public;
            raw.send(format!("GET /sse/{topic} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes());
            assert!(raw.head().starts_with("HTTP/1.1 200"));
            thread::spawn(move || raw.rest());
        }
    }

    /// Lets the viewer who came last leave.
    pub(super) fn dismiss(&mut self) {
        let viewer = self.viewers.pop().expect("a viewer");
        viewer.shutdown(Shutdown::Both).unwrap();
    }

    /// Asks to be a viewer with `headers`, and is refused.
    pub(super) fn refuse(&self, status: u16, headers: &str) {
        let (_, head) = Raw::upgrade(&self.public, headers);
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
    }

    /// Ends it as a power cut does.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends it as an operator does.
    pub(super) fn stop(&mut self) {
        let pid = self.child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-TERM", &pid])
            .status();
        assert!(kill.unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        // It may have ended already, as the test meant it to.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Where the hub that is the process `pid` listens.
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
