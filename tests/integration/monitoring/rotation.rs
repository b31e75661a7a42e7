//! Log rotation and a kill: the collected totals match what the hub logged.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::support::{lacks, tool};
use super::handbook::missing_in_the_log;
use super::hub::{LoggedHub, events, project};
use super::metrics::{Metrics, compare, name, of_events, of_log, of_mtail, series};
use super::programs::{Mtail, Program, Prometheus};
use super::{eventually, sample_with};

/// Rounds of statistics, at ten a second, between two steps of a test: few in a normal test run, two minutes per test
/// with `SOAK=1` (`make soak`).
fn rounds() -> usize {
    if std::env::var_os("SOAK").is_some() {
        300
    } else {
        3
    }
}

/// Runs logrotate with a sample of `deploy/monitoring`.
fn rotate(sample: &str, folder: &Path, changes: &[(&str, &str)]) {
    let file = folder.join("logrotate.conf");
    fs::write(&file, sample_with(sample, changes)).unwrap();
    // logrotate rejects configuration files that other users can write.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let output = tool("logrotate")
        .arg("--force")
        .arg("--state")
        .arg(folder.join("logrotate.state"))
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Changes the hub's counters in every way.
fn change_counters(hub: &mut LoggedHub) {
    hub.admit("demo", 3);
    hub.admit("short", 2);
    hub.refuse(403, "origin: http://elsewhere.example\r\n");
    hub.admit("short", 1);
    hub.refuse(503, "");
    hub.dismiss();
}

/// The current series of `job` in Prometheus, with the hub's metric names.
fn collected(prometheus: &Prometheus, job: &str) -> Result<Metrics, String> {
    let query = format!(r#"{{job="{job}",__name__=~"(tickcast|process)_.+"}}"#);
    let samples = prometheus.query(&query)?;
    let own = samples.into_iter().map(|(metric, value)| {
        let labels = metric.as_object().unwrap().iter();
        let labels: Vec<_> = labels
            .filter(|(label, _)| !matches!(label.as_str(), "job" | "instance" | "__name__"))
            .map(|(label, value)| (label.as_str(), value.as_str().unwrap()))
            .collect();
        (series(metric["__name__"].as_str().unwrap(), &labels), value)
    });
    Ok(own.collect())
}

/// Waits until mtail and Prometheus have the values of the last statistics in `log`.
fn expect_all_have(log: &Path, mtail: &Mtail, prometheus: &Prometheus) -> Metrics {
    let said = of_log(&events(log));
    eventually(|| compare(&said, &of_mtail(&mtail.text())));
    eventually(|| compare(&said, &collected(prometheus, "tickcast-log")?));
    said
}

/// Waits until scrape and log deliver the same values to Prometheus for the topic that has ended, and the same series
/// for everything else.
fn expect_both_ways_agree(prometheus: &Prometheus) {
    let of_short = |metrics: &Metrics| -> Metrics {
        let short = metrics.iter();
        short
            .filter(|(series, _)| series.contains("topic=\"short\""))
            .map(|(series, value)| (series.clone(), *value))
            .collect()
    };
    let series = |metrics: &Metrics| metrics.keys().cloned().collect::<BTreeSet<_>>();
    let only_served = missing_in_the_log();
    let is_only_served = |series: &str| {
        let name = name(series);
        let parts = ["_bucket", "_sum", "_count"].iter();
        let mut families = parts.filter_map(|part| name.strip_suffix(part));
        only_served.contains(name) || families.any(|family| only_served.contains(family))
    };
    eventually(|| {
        let mut served = collected(prometheus, "tickcast")?;
        let mut logged = collected(prometheus, "tickcast-log")?;
        // Series that only one of the two has, according to the handbook's table.
        served.remove("tickcast_refused_total{reason=\"not_found\"}");
        served.retain(|series, _| !is_only_served(series));
        // A hub counts its own events only, and mtail those of earlier hubs, too.
        for metrics in [&mut served, &mut logged] {
            metrics.retain(|series, _| name(series) != "tickcast_log_events_total");
        }
        compare(&of_short(&served), &of_short(&logged))?;
        compare(&of_short(&logged), &of_short(&served))?;
        let (served, logged) = (series(&served), series(&logged));
        let differing: Vec<_> = served.symmetric_difference(&logged).collect();
        differing
            .is_empty()
            .then_some(())
            .ok_or_else(|| format!("only one of the two has {differing:?}"))
    });
}

#[test]
fn totals_are_complete_when_the_log_is_truncated_and_the_hub_killed() {
    if lacks(&["mtail", "prometheus", "logrotate"]) {
        return;
    }
    let project = project();
    let (folder, log) = (project.path(""), project.path("hub.log"));
    let empty_the_log = || {
        let log = [("/var/log/tickcast/hub.log", log.to_str().unwrap())];
        rotate("logrotate/tickcast-copytruncate", &folder, &log);
    };
    let mtail = Mtail::read(&log);
    let mut hub = LoggedHub::append(&project, &log, None);
    let prometheus = Prometheus::scrape(&hub.ops, &mtail.address, &folder);
    change_counters(&mut hub);
    hub.rounds(rounds());
    empty_the_log();
    hub.rounds(rounds());
    expect_both_ways_agree(&prometheus);
    hub.kill();
    let before = expect_all_have(&log, &mtail, &prometheus);
    let of_short = |name| series(name, &[("topic", "short")]);
    assert!(before[&of_short("tickcast_published_total")] > 0.0);

    let mut next = LoggedHub::append(&project, &log, Some((&hub.public, &hub.ops)));
    change_counters(&mut next);
    next.rounds(rounds());
    empty_the_log();
    next.rounds(rounds());
    expect_both_ways_agree(&prometheus);
    next.stop();
    let after = expect_all_have(&log, &mtail, &prometheus);
    // The topic has ended: the last hub has published nothing of it, so the total was reset.
    assert_eq!(after[&of_short("tickcast_published_total")], 0.0);
    let query = r#"resets(tickcast_published_total{job="tickcast-log",topic="short"}[10m])"#;
    let [(_, resets)] = &prometheus.query(query).unwrap()[..] else {
        panic!("expected one series")
    };
    assert_eq!(*resets, 1.0);
}

/// rsyslog with the samples of `deploy/monitoring`, on a private socket.
struct Rsyslog {
    program: Program,
    socket: PathBuf,
    folder: PathBuf,
}

impl Rsyslog {
    fn start(folder: &Path) -> Self {
        let [socket, logs] = ["socket", "logs"].map(|name| folder.join(name));
        fs::create_dir(&logs).unwrap();
        let logs = [("/var/log/tickcast", logs.to_str().unwrap())];
        let configuration = format!(
            "global(workDirectory=\"{}\" maxMessageSize=\"64k\")\n\
             module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" socket=\"{}\")\n{}{}",
            folder.display(),
            socket.display(),
            sample_with("rsyslog/tickcast-json.conf", &logs),
            sample_with("rsyslog/tickcast-file.conf", &logs),
        );
        let file = folder.join("rsyslog.conf");
        fs::write(&file, configuration).unwrap();
        let mut command = tool("rsyslogd");
        command.arg("-n").arg("-f").arg(&file);
        command.arg("-i").arg(folder.join("rsyslog.pid"));
        let program = Program::start(&mut command);
        eventually(|| socket.exists().then_some(()).ok_or("no socket".to_owned()));
        Self {
            program,
            socket,
            folder: folder.to_owned(),
        }
    }

    /// The path of a file that rsyslog writes.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Starts a process that forwards a hub's standard error to rsyslog and appends every line to `copy`.
    fn pipe(&self, copy: &Path) -> Child {
        Command::new("sh")
            .args([
                "-c",
                "tee -a \"$0\" | logger -t tickcast --size 64KiB --socket \"$1\"",
            ])
            .args([copy, &self.socket])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn rename_the_log(&self) {
        let hang_up = format!("kill -HUP {}", self.program.pid());
        let changes = [
            ("/var/log/tickcast/hub.log", self.file("hub.log")),
            ("/usr/lib/rsyslog/rsyslog-rotate", PathBuf::from(hang_up)),
        ];
        let changes = changes
            .each_ref()
            .map(|(from, to)| (*from, to.to_str().unwrap()));
        rotate("logrotate/tickcast-rename", &self.folder, &changes);
    }

    /// The whole log as written by rsyslog, over two rotations.
    fn whole_log(&self) -> String {
        let oldest = tool("gzip")
            .arg("-dc")
            .arg(self.file("hub.log.2.gz"))
            .output()
            .unwrap();
        String::from_utf8(oldest.stdout).unwrap() + &self.text("hub.log.1") + &self.text("hub.log")
    }
}

/// Starts a hub that logs through `pipe`, and runs it over a rotation.
fn logged_by(
    rsyslog: &Rsyslog,
    project: &super::super::support::Project,
    copy: &Path,
) -> (LoggedHub, Child) {
    let mut pipe = rsyslog.pipe(copy);
    let sink = pipe.stdin.take().unwrap();
    let mut hub = LoggedHub::start(project, sink.into(), copy, None);
    change_counters(&mut hub);
    hub.rounds(rounds());
    rsyslog.rename_the_log();
    hub.rounds(rounds());
    (hub, pipe)
}

/// The table of totals that rsyslog should have derived from `log`.
fn totals(log: &Path) -> String {
    let fields = "timestamp topic epoch seq viewers published_total delivered_total joined_total \
                  left_total gaps_total refused_total";
    let events = events(log);
    let stats = events.iter().filter(|event| event["event"] == "hub.stats");
    stats
        .map(|event| {
            let cells = fields.split_whitespace().map(|field| match &event[field] {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            cells.collect::<Vec<_>>().join(",") + "\n"
        })
        .collect()
}

#[test]
fn rsyslog_and_mtail_lose_no_line_when_the_log_is_renamed_and_the_hub_killed() {
    if lacks(&["rsyslogd", "mtail", "logrotate", "logger", "gzip"]) {
        return;
    }
    let project = project();
    let (folder, copy) = (project.path(""), project.path("copy.log"));
    let rsyslog = Rsyslog::start(&folder);
    let mtail = Mtail::read(&rsyslog.file("hub.log"));
    let (mut hub, mut pipe) = logged_by(&rsyslog, &project, &copy);
    hub.kill();
    assert!(pipe.wait().unwrap().success());
    let before = events(&copy);
    eventually(|| compare(&of_log(&before), &of_mtail(&mtail.text())));

    let (mut next, mut pipe) = logged_by(&rsyslog, &project, &copy);
    next.stop();
    assert!(pipe.wait().unwrap().success());
    let (whole, said) = (fs::read_to_string(&copy).unwrap(), events(&copy));
    eventually(|| match rsyslog.whole_log() {
        written if written == whole => Ok(()),
        written => Err(format!("{} of {} bytes", written.len(), whole.len())),
    });
    eventually(|| compare(&of_log(&said), &of_mtail(&mtail.text())));
    eventually(|| compare(&of_events(&said), &of_mtail(&mtail.text())));
    let expected = totals(&copy);
    eventually(|| match rsyslog.text("totals.csv") {
        written if written == expected => Ok(()),
        written => Err(format!("{written}\nis not\n{expected}")),
    });
    // Nothing has raised an alert so far; a line that is not JSON does.
    assert_eq!(rsyslog.text("attention.log"), "");
    let alien = "tickcast: error while loading shared libraries";
    let sent = tool("logger")
        .args(["-t", "tickcast", "--socket"])
        .arg(&rsyslog.socket)
        .arg(alien)
        .status();
    assert!(sent.unwrap().success());
    eventually(|| match rsyslog.text("attention.log") {
        written if written == format!("{alien}\n") => Ok(()),
        written => Err(written),
    });
}
