//! A log that nobody takes: the stream goes on, and what is lost is counted.

use std::fs::{self, File, OpenOptions};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::support::metrics::Metrics;
use super::support::{Project, Raw, Viewer, log};

/// A hub whose log is not read from a pipe, and so cannot say where it listens: it has an address of its own.
struct Silent {
    child: Child,
    project: Project,
    host: String,
}

impl Silent {
    fn place() -> (Project, String) {
        static HUBS: AtomicUsize = AtomicUsize::new(0);
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        // Each is another address of this machine, in which nobody else has a port.
        let hub = HUBS.fetch_add(1, Ordering::Relaxed) % 4;
        let host = format!(
            "127.{}.{middle}.{low}",
            64 + 4 * (usize::from(high) % 16) + hub
        );
        let project = Project::new("", "[1,2,3]");
        project.write(
            "tickcast.toml",
            &format!(
                "[server]\nhost = \"{host}\"\n[ops]\nhost = \"{host}\"\n[log]\nstats_every = \"100ms\"\n\
                 [topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n"
            ),
        );
        (project, host)
    }

    /// The hub as `prepare` makes it from its command; it listens when this returns.
    fn start(prepare: impl FnOnce(&Project, Command) -> Command) -> Self {
        let (project, host) = Self::place();
        let mut command = project.command(&[]);
        command.stdout(Stdio::null());
        let mut command = prepare(&project, command);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let silent = Self {
            child,
            project,
            host,
        };
        // There is nothing to wait for that would say it.
        while TcpStream::connect(silent.ops()).is_err() {
            thread::yield_now();
        }
        silent
    }

    fn public(&self) -> String {
        format!("{}:8000", self.host)
    }

    fn ops(&self) -> String {
        format!("{}:8001", self.host)
    }

    fn dropped(&self) -> f64 {
        Metrics::at(&self.ops()).value("tickcast_log_dropped_total")
    }

    /// Gives it to tell, at level `debug`, until it has lost a line: lines wait for a reader that pauses.
    fn fill_the_log(&self) {
        // Each who comes and goes makes two of them.
        while self.dropped() == 0.0 {
            for _ in 0..100 {
                let mut raw = Raw::connect(&self.public());
                raw.send(b"GET /sse?last=0 HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    .head();
            }
        }
    }

    /// Asserts that a viewer gets every record while lines are lost.
    async fn expect_records_and_losses(&self) {
        let mut viewer = Viewer::try_at(&self.public(), "/ws?last=0").await.unwrap();
        let mut last = viewer.until("hello").await["seq"].as_u64().unwrap();
        let before = self.dropped();
        while self.dropped() < before + 3.0 {
            last += 1;
            assert_eq!(viewer.until("data").await["seq"], last);
        }
    }

    /// Asks it to end.
    fn signal(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
    }

    /// Ends it as an operator does.
    fn stop(mut self) {
        self.signal();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        // It may have ended already, as the test meant it to.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// `command` by way of a shell called by `shell`, which does `script` first.
fn by_shell(shell: &[&str], script: &str, command: &Command) -> Command {
    let (program, arguments) = shell.split_first().unwrap();
    let mut shell = Command::new(program);
    shell
        .args(arguments)
        .arg("-c")
        .arg(format!("{script} exec \"$0\" \"$@\""))
        .arg(command.get_program())
        .args(command.get_args())
        .stdout(Stdio::null());
    shell
}

#[tokio::test]
async fn a_full_device_stops_nothing_and_is_counted() {
    let hub = Silent::start(|_, mut command| {
        command.stderr(OpenOptions::new().write(true).open("/dev/full").unwrap());
        command
    });
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn a_closed_standard_error_stops_nothing_and_is_counted() {
    let hub = Silent::start(|_, command| by_shell(&["sh"], "exec 2>&-;", &command));
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn a_log_that_is_thrown_away_on_purpose_is_not_missed() {
    let hub = Silent::start(|_, mut command| {
        command.stderr(OpenOptions::new().write(true).open("/dev/null").unwrap());
        command
    });
    let mut viewer = Viewer::try_at(&hub.public(), "/ws?last=0").await.unwrap();
    for _ in 0..50 {
        viewer.until("data").await;
    }
    drop(viewer);
    assert_eq!(hub.dropped(), 0.0);
    hub.stop();
}

#[tokio::test]
async fn a_reader_that_is_gone_stops_nothing_and_is_counted() {
    let mut hub = Silent::start(|_, mut command| {
        command.stderr(Stdio::piped());
        command
    });
    drop(hub.child.stderr.take());
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn a_reader_that_does_not_read_stops_nothing_and_is_counted() {
    let mut hub = Silent::start(|_, mut command| {
        command.args(["--log-level", "debug"]);
        // As in `tickcast 2>&1 | reader`: there is no other place to complain to either.
        let mut shell = by_shell(&["sh"], "exec 2>&1;", &command);
        shell.stdout(Stdio::piped());
        shell
    });
    let _unread = hub.child.stdout.take();
    hub.fill_the_log();
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn a_reader_that_does_not_read_does_not_hold_up_the_end_either() {
    let mut hub = Silent::start(|_, mut command| {
        command
            .args(["--log-level", "debug"])
            .env("TICKCAST__SERVER__DRAIN", "1h")
            .stderr(Stdio::piped());
        command
    });
    let _unread = hub.child.stderr.take();
    hub.fill_the_log();
    let _viewer = Viewer::try_at(&hub.public(), "/ws?last=0").await.unwrap();
    hub.signal();
    while Raw::get(&hub.ops(), "/readyz").status != 503 {}
    // The second one asks for the end at once, of which the log is told.
    hub.signal();
    assert_eq!(hub.child.wait().unwrap().code(), Some(1));
}

/// Whether a folder in memory can be mounted here, for one process alone.
fn can_mount() -> bool {
    let tried = Command::new("unshare")
        .args(["--mount", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn a_full_disk_stops_nothing_and_spoils_no_line_that_comes_when_it_has_room_again() {
    let hub = Silent::start(|project, command| {
        let logs = project.path("logs");
        fs::create_dir(&logs).unwrap();
        let append = format!("exec 2>>'{}/log';", logs.display());
        if can_mount() {
            let mount = format!("mount -t tmpfs -o size=16k none '{}';", logs.display());
            by_shell(&["unshare", "--mount", "sh"], &(mount + &append), &command)
        } else {
            // Who may not mount has a file that cannot grow: it fails in the same place, with another error.
            let limit = "trap '' XFSZ; ulimit -f 32;".to_owned();
            by_shell(&["sh"], &(limit + &append), &command)
        }
    });
    hub.expect_records_and_losses().await;
    // As the hub sees it, whose folder nobody else may see.
    let path = hub.project.path("logs/log");
    let seen = format!("/proc/{}/root{}", hub.child.id(), path.display());
    let seen = PathBuf::from(seen);
    let full = fs::read_to_string(&seen).unwrap();
    let whole = full.rsplit_once('\n').unwrap().0;
    whole.lines().for_each(log::check);
    // An operator makes room.
    File::options()
        .write(true)
        .open(&seen)
        .unwrap()
        .set_len(0)
        .unwrap();
    let again = loop {
        let text = fs::read_to_string(&seen).unwrap();
        if text.matches("hub.process").count() > 2 {
            break text;
        }
    };
    let whole = again.rsplit_once('\n').unwrap().0;
    whole.lines().for_each(log::check);
    hub.stop();
}
