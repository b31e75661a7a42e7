//! A log that cannot be written: streams continue, and lost lines are counted.

use std::fs::{self, File, OpenOptions};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::support::metrics::Scrape;
use super::support::{Project, RawClient, Viewer, event_table, kill};

/// A hub whose log the test cannot read, so it listens on an address that the test has chosen.
struct UnreadHub {
    child: Child,
    project: Project,
    host: String,
}

impl UnreadHub {
    fn configure() -> (Project, String) {
        static HUBS: AtomicUsize = AtomicUsize::new(0);
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        // Every hub gets a different loopback address, on which all ports are free.
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

    /// Starts the hub with the command that `prepare` returns, and waits until it listens.
    fn start(prepare: impl FnOnce(&Project, Command) -> Command) -> Self {
        let (project, host) = Self::configure();
        let mut command = project.command(&[]);
        command.stdout(Stdio::null());
        let mut command = prepare(&project, command);
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let unread = Self {
            child,
            project,
            host,
        };
        // Polls, because no log line announces it.
        while TcpStream::connect(unread.ops()).is_err() {
            thread::yield_now();
        }
        unread
    }

    fn public(&self) -> String {
        format!("{}:8000", self.host)
    }

    fn ops(&self) -> String {
        format!("{}:8001", self.host)
    }

    fn dropped(&self) -> f64 {
        Scrape::at(&self.ops()).value("tickcast_log_dropped_total")
    }

    /// Causes log lines at level `debug` until one is dropped; before that, lines are buffered.
    fn fill_the_log(&self) {
        // Each viewer that joins and leaves causes two lines.
        while self.dropped() == 0.0 {
            for _ in 0..100 {
                let mut raw = RawClient::connect(&self.public());
                raw.send(b"GET /sse?last=0 HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    .read_head();
            }
        }
    }

    /// Asserts that a viewer receives every record while lines are lost.
    async fn expect_records_and_losses(&self) {
        let mut viewer = Viewer::try_connect(&self.public(), "/ws?last=0")
            .await
            .unwrap();
        let mut last = viewer.until("hello").await["seq"].as_u64().unwrap();
        let before = self.dropped();
        while self.dropped() < before + 3.0 {
            last += 1;
            assert_eq!(viewer.until("data").await["seq"], last);
        }
    }

    /// Sends SIGTERM.
    fn signal(&self) {
        assert!(kill(&[&self.child.id().to_string()]));
    }

    /// Stops the hub as an operator would.
    fn stop(mut self) {
        self.signal();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for UnreadHub {
    fn drop(&mut self) {
        // The test may have ended it already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// `command` run by the shell `shell`, which executes `script` first.
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
async fn on_a_full_device_streams_continue_and_lost_lines_are_counted() {
    let hub = UnreadHub::start(|_, mut command| {
        command.stderr(OpenOptions::new().write(true).open("/dev/full").unwrap());
        command
    });
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn with_standard_error_closed_streams_continue_and_lost_lines_are_counted() {
    let hub = UnreadHub::start(|_, command| by_shell(&["sh"], "exec 2>&-;", &command));
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn lines_written_to_dev_null_do_not_count_as_lost() {
    let hub = UnreadHub::start(|_, mut command| {
        command.stderr(OpenOptions::new().write(true).open("/dev/null").unwrap());
        command
    });
    let mut viewer = Viewer::try_connect(&hub.public(), "/ws?last=0")
        .await
        .unwrap();
    for _ in 0..50 {
        viewer.until("data").await;
    }
    drop(viewer);
    assert_eq!(hub.dropped(), 0.0);
    hub.stop();
}

#[tokio::test]
async fn when_the_reader_has_exited_streams_continue_and_lost_lines_are_counted() {
    let mut hub = UnreadHub::start(|_, mut command| {
        command.stderr(Stdio::piped());
        command
    });
    drop(hub.child.stderr.take());
    hub.expect_records_and_losses().await;
    hub.stop();
}

#[tokio::test]
async fn when_the_reader_does_not_read_streams_continue_and_lost_lines_are_counted() {
    let mut hub = UnreadHub::start(|_, mut command| {
        command.args(["--log-level", "debug"]);
        // As in `tickcast 2>&1 | reader`, so the hub cannot report it on standard output either.
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
async fn a_reader_that_does_not_read_does_not_delay_the_stop() {
    let mut hub = UnreadHub::start(|_, mut command| {
        command
            .args(["--log-level", "debug"])
            .env("TICKCAST__SERVER__DRAIN", "1h")
            .stderr(Stdio::piped());
        command
    });
    let _unread = hub.child.stderr.take();
    hub.fill_the_log();
    let _viewer = Viewer::try_connect(&hub.public(), "/ws?last=0")
        .await
        .unwrap();
    hub.signal();
    while RawClient::get(&hub.ops(), "/readyz").status != 503 {}
    // The second signal forces the stop, which is logged.
    hub.signal();
    assert_eq!(hub.child.wait().unwrap().code(), Some(1));
}

/// Whether this process can mount an in-memory file system.
fn can_mount() -> bool {
    let tried = Command::new("unshare")
        .args(["--mount", "sh", "-c", "mount -t tmpfs none /mnt"])
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success())
}

#[tokio::test]
async fn on_a_full_disk_streams_continue_and_later_lines_are_intact() {
    let hub = UnreadHub::start(|project, command| {
        let logs = project.path("logs");
        fs::create_dir(&logs).unwrap();
        let append = format!("exec 2>>'{}/log';", logs.display());
        if can_mount() {
            let mount = format!("mount -t tmpfs -o size=16k none '{}';", logs.display());
            by_shell(&["unshare", "--mount", "sh"], &(mount + &append), &command)
        } else {
            // Without the right to mount, a limit on the file size makes the same write fail with another error.
            let limit = "trap '' XFSZ; ulimit -f 32;".to_owned();
            by_shell(&["sh"], &(limit + &append), &command)
        }
    });
    hub.expect_records_and_losses().await;
    // The path as seen from the hub's mount namespace.
    let path = hub.project.path("logs/log");
    let seen = format!("/proc/{}/root{}", hub.child.id(), path.display());
    let seen = PathBuf::from(seen);
    let full = fs::read_to_string(&seen).unwrap();
    let whole = full.rsplit_once('\n').unwrap().0;
    whole.lines().for_each(event_table::assert_documented);
    // Frees space, as an operator would.
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
    whole.lines().for_each(event_table::assert_documented);
    hub.stop();
}
