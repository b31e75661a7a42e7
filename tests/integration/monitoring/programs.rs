//! Monitoring programs from Debian, run for the duration of a test.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;

use super::super::support::{RawClient, TIMEOUT, kill, tool};
use super::eventually;

/// A running program, killed when dropped.
pub(super) struct Program {
    child: Child,
}

impl Program {
    /// Starts `command` and ignores its output.
    pub(super) fn start(command: &mut Command) -> Self {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child }
    }

    /// Starts `command` and waits until it prints its address after `marker`.
    fn listening(command: &mut Command, marker: &'static str) -> (Self, String) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, addresses) = channel();
        // Reads to the end, because the program would block if the pipe were full.
        thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let address = line.split_once(marker).map(|(_, rest)| rest.to_owned());
                // After the address the receiver is gone, and sending fails.
                _ = sender.send(address.ok_or(line));
            }
        });
        let mut said = Vec::new();
        let address = loop {
            match addresses.recv_timeout(TIMEOUT) {
                Ok(Ok(address)) => break address.trim().to_owned(),
                Ok(Err(line)) => said.push(line),
                Err(_) => panic!("it does not listen: {said:#?}"),
            }
        };
        (Self { child }, address)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// mtail with the program of `deploy/monitoring`.
pub(super) struct Mtail {
    _program: Program,
    pub(super) address: String,
}

impl Mtail {
    /// Starts mtail on `log`, which must exist. mtail starts at the end of the file.
    pub(super) fn read(log: &Path) -> Self {
        std::fs::create_dir_all(log.parent().unwrap()).unwrap();
        std::fs::write(log, "").unwrap();
        let mut command = tool("mtail");
        command
            .arg("--progs")
            .arg(super::sample("mtail"))
            .arg("--logs")
            .arg(log)
            .args(["--emit_prog_label=false", "--logtostderr"])
            .args(["--address", "127.0.0.1", "--port", "0"])
            .args(["--poll_interval", "50ms", "--poll_log_interval", "50ms"]);
        let (program, address) = Program::listening(&mut command, "Listening on ");
        Self {
            _program: program,
            address,
        }
    }

    /// The metrics that it serves.
    pub(super) fn text(&self) -> String {
        RawClient::get(&self.address, "/metrics").text().to_owned()
    }
}

/// Prometheus with the configuration and rules of `deploy/monitoring`, but with an interval of 1 s instead of 15 s.
pub(super) struct Prometheus {
    program: Program,
    pub(super) address: String,
}

impl Prometheus {
    /// Starts Prometheus, which scrapes the operations listener at `ops` and mtail at `mtail` and stores data in
    /// `folder`.
    pub(super) fn scrape(ops: &str, mtail: &str, folder: &Path) -> Self {
        let configuration = super::sample_with(
            "prometheus/prometheus.yml",
            &[
                ("15s", "1s"),
                ("127.0.0.1:8001", ops),
                ("127.0.0.1:3903", mtail),
            ],
        );
        Self::start(&configuration, folder, str::to_owned)
    }

    /// Starts Prometheus, which scrapes only the operations listener at `ops`, and whose rules are fifteen times as fast as
    /// they say, as its interval is.
    pub(super) fn hurry(ops: &str, folder: &Path) -> Self {
        let changes = [("15s", "1s"), ("127.0.0.1:8001", ops)];
        let configuration = super::sample_with("prometheus/prometheus.yml", &changes);
        let (first_job, _) = configuration
            .split_once("  - job_name: tickcast-log")
            .unwrap();
        Self::start(first_job, folder, |rules| hurried(rules, 15))
    }

    /// Replaces the configuration with one without any job, or puts it back.
    pub(super) fn set_scraping(&self, folder: &Path, is_scraping: bool) {
        let [file, saved] = ["prometheus.yml", "prometheus.saved"].map(|name| folder.join(name));
        if is_scraping {
            std::fs::rename(saved, file).unwrap();
        } else {
            let text = std::fs::read_to_string(&file).unwrap();
            let (before, _) = text.split_once("scrape_configs:").unwrap();
            std::fs::rename(&file, saved).unwrap();
            std::fs::write(file, before).unwrap();
        }
        assert!(kill(&["-HUP", &self.program.pid().to_string()]));
    }

    fn start(configuration: &str, folder: &Path, rules_of: impl Fn(&str) -> String) -> Self {
        for name in ["tickcast.rules.yml", "tickcast.alerts.yml"] {
            let rules = std::fs::read_to_string(super::sample("prometheus").join(name)).unwrap();
            std::fs::write(folder.join(name), rules_of(&rules)).unwrap();
        }
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, configuration).unwrap();
        let mut command = tool("prometheus");
        command
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("tsdb").display()
            ))
            .arg("--web.listen-address=127.0.0.1:0");
        let marker = "msg=\"Listening on\" address=";
        let (program, address) = Program::listening(&mut command, marker);
        Self { program, address }
    }

    /// Waits until the alert `name` fires, or until it does not.
    pub(super) fn await_alert(&self, name: &str, is_firing: bool) {
        let query = format!("ALERTS{{alertname=\"{name}\", alertstate=\"firing\"}}");
        eventually(|| match self.query(&query)? {
            alerts if alerts.is_empty() != is_firing => Ok(()),
            alerts => Err(format!("{name}: {alerts:?}")),
        });
    }

    /// Runs an instant query; returns the labels and value of each sample.
    pub(super) fn query(&self, query: &str) -> Result<Vec<(serde_json::Value, f64)>, String> {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let answer = RawClient::get(&self.address, &format!("/api/v1/query?query={encoded}"));
        if answer.status != 200 {
            return Err(String::from_utf8_lossy(&answer.body).into_owned());
        }
        let json = answer.json();
        let samples = json["data"]["result"].as_array().unwrap().iter();
        Ok(samples
            .map(|sample| {
                let value = sample["value"][1].as_str().unwrap().parse().unwrap();
                (sample["metric"].clone(), value)
            })
            .collect())
    }
}

/// The `rules` with every window, offset and `for` shortened by `factor`.
fn hurried(rules: &str, factor: u64) -> String {
    let mut rest = rules;
    let mut text = String::new();
    while let Some((at, marker)) = ["[", "for: ", "offset "]
        .iter()
        .filter_map(|marker| Some((rest.find(marker)?, marker)))
        .min()
    {
        let (before, after) = rest.split_at(at + marker.len());
        text += before;
        let digits = after.find(|char: char| !char.is_ascii_digit()).unwrap();
        let unit = after[digits..].chars().next().unwrap();
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => 0,
        };
        rest = after;
        // Otherwise it is a word of a sentence.
        if let Ok(number) = after[..digits].parse::<u64>()
            && seconds > 0
        {
            text += &format!("{}s", (number * seconds).div_ceil(factor));
            rest = &after[digits + 1..];
        }
    }
    text + rest
}

#[test]
fn rules_are_hurried_in_windows_offsets_and_delays() {
    let rules = "rate(a[2m]) > 1 unless a offset 1h\nfor: 30s # for 3 viewers";
    let expected = "rate(a[8s]) > 1 unless a offset 240s\nfor: 2s # for 3 viewers";
    assert_eq!(hurried(rules, 15), expected);
}
