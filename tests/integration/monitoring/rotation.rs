//! Totals through rotations and a kill: what was collected is what the hub said.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::super::support::tool;
use super::hub::{Logged, events, project};
use super::metrics::{Metrics, compare, name, of_events, of_log, of_mtail, series};
use super::programs::{Mtail, Program, Prometheus};
use super::{eventually, sample_with};

/// Lines of statistics, of which there are ten a second, between two things that happen: a little in every run of the
/// tests, and two minutes of them in each test with `SOAK=1` (`make soak`).
fn rounds() -> usize {
    if std::env::var_os("SOAK").is_some() {
        300
    } else {
        3
    }
}

/// Lets logrotate do what it does at night, by a sample of `deploy/monitoring`.
fn rotate(sample: &str, folder: &Path, changes: &[(&str, &str)]) {
    let file = folder.join("logrotate.conf");
    fs::write(&file, sample_with(sample, changes)).unwrap();
    // It reads no file that others may write.
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

/// Gives the hub's counters something to count, by each way there is.
fn bustle(hub: &mut Logged) {
    hub.admit("demo", 3);
    hub.admit("short", 2);
    hub.refuse(403, "origin: http://elsewhere.example\r\n");
    hub.admit("short", 1);
    hub.refuse(503, "");
    hub.dismiss();
}

/// What Prometheus has of `job` now, under the names that the hub gives.
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

/// Waits until mtail and Prometheus have what the last lines of statistics in `log` say.
fn expect_all_have(log: &Path, mtail: &Mtail, prometheus: &Prometheus) -> Metrics {
    let said = of_log(&events(log));
    eventually(|| compare(&said, &of_mtail(&mtail.text())));
    eventually(|| compare(&said, &collected(prometheus, "tickcast-log")?));
    said
}

/// Waits until both ways to Prometheus have brought the same of the topic whose numbers stand still, and the same
/// series of everything else.
fn expect_both_ways_agree(prometheus: &Prometheus) {
    let of_short = |metrics: &Metrics| -> Metrics {
        let short = metrics.iter();
        short
            .filter(|(series, _)| series.contains("topic=\"short\""))
            .map(|(series, value)| (series.clone(), *value))
            .collect()
    };
    let series = |metrics: &Metrics| metrics.keys().cloned().collect::<BTreeSet<_>>();
    eventually(|| {
        let mut served = collected(prometheus, "tickcast")?;
        let mut logged = collected(prometheus, "tickcast-log")?;
        // What only one of the two can know, as the handbook's table says.
        served.remove("tickcast_refused_total{reason=\"not_found\"}");
        logged.retain(|series, _| name(series) != "tickcast_log_events_total");
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
fn mtail_and_prometheus_have_the_totals_of_a_log_that_is_emptied_under_a_hub_that_is_killed() {
    let project = project();
    let (folder, log) = (project.path(""), project.path("hub.log"));
    let empty_the_log = || {
        let log = [("/var/log/tickcast/hub.log", log.to_str().unwrap())];
        rotate("logrotate/tickcast-copytruncate", &folder, &log);
    };
    let mtail = Mtail::read(&log);
    let mut hub = Logged::append(&project, &log, None);
    let prometheus = Prometheus::scrape(&hub.ops, &mtail.address, &folder);
    bustle(&mut hub);
    hub.rounds(rounds());
    empty_the_log();
    hub.rounds(rounds());
    expect_both_ways_agree(&prometheus);
    hub.kill();
    let before = expect_all_have(&log, &mtail, &prometheus);
    let of_short = |name| series(name, &[("topic", "short")]);
    assert!(before[&of_short("tickcast_published_total")] > 0.0);

    let mut next = Logged::append(&project, &log, Some((&hub.public, &hub.ops)));
    bustle(&mut next);
    next.rounds(rounds());
    empty_the_log();
    next.rounds(rounds());
    expect_both_ways_agree(&prometheus);
    next.stop();
    let after = expect_all_have(&log, &mtail, &prometheus);
    // It has ended: the hub that was started last has published nothing of it, and the total went back.
    assert_eq!(after[&of_short("tickcast_published_total")], 0.0);
    let query = r#"resets(tickcast_published_total{job="tickcast-log",topic="short"}[10m])"#;
    let [(_, resets)] = &prometheus.query(query).unwrap()[..] else {
        panic!("one series")
    };
    assert_eq!(*resets, 1.0);
}

/// rsyslog with the samples of `deploy/monitoring`, on a socket of its own in the place of the machine's.
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

    /// A file that it writes.
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join("logs").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// A way to it for a hub's standard error; every line is appended to `copy` as well.
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

    /// Everything that it wrote of the log, through two rotations.
    fn whole_log(&self) -> String {
        let oldest = Command::new("gzip")
            .arg("-dc")
            .arg(self.file("hub.log.2.gz"))
            .output()
            .unwrap();
        String::from_utf8(oldest.stdout).unwrap() + &self.text("hub.log.1") + &self.text("hub.log")
    }
}

/// A hub that logs through `pipe`, until it has had a rotation.
fn logged_by(
    rsyslog: &Rsyslog,
    project: &super::super::support::Project,
    copy: &Path,
) -> (Logged, Child) {
    let mut pipe = rsyslog.pipe(copy);
    let sink = pipe.stdin.take().unwrap();
    let mut hub = Logged::start(project, sink.into(), copy, None);
    bustle(&mut hub);
    hub.rounds(rounds());
    rsyslog.rename_the_log();
    hub.rounds(rounds());
    (hub, pipe)
}

/// The lines of the table of totals that rsyslog should have made of `log`.
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
fn no_line_is_lost_by_rsyslog_and_mtail_when_the_log_is_renamed_and_the_hub_killed() {
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
    // Nothing needed a person so far; what is no JSON does.
    assert_eq!(rsyslog.text("attention.log"), "");
    let alien = "tickcast: error while loading shared libraries";
    let sent = Command::new("logger")
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
