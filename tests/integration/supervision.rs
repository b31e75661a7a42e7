//! Notifications to the service manager over a real notification socket, and signals at startup and from a terminal.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::support::terminal::at_a_terminal;
use super::support::{Hub, Project, RawClient, TIMEOUT, Viewer, kill, lacks};

/// Starts a hub under a service manager; returns it and the manager's notification socket.
pub(crate) fn supervised(project: Project, watchdog: Option<Duration>) -> (Hub, UnixDatagram) {
    let path = project.path("notify");
    // An earlier hub of the project may have had one.
    _ = fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut command = project.command(&[]);
    command.env("NOTIFY_SOCKET", &path);
    if let Some(period) = watchdog {
        command.env("WATCHDOG_USEC", period.as_micros().to_string());
    }
    (Hub::spawn(command, project), socket)
}

/// Receives the next notification.
pub(crate) fn notification(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1_024];
    let len = socket.recv(&mut buffer).expect("a notification");
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

#[test]
fn readiness_reloads_and_shutdown_are_notified() {
    let (mut hub, socket) = supervised(Project::new("rate = 10.0", "[1]"), None);
    assert_eq!(notification(&socket), "READY=1\nSTATUS=serving 1 topics\n");
    hub.signal("-HUP");
    let reloading = notification(&socket);
    let since = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let since: u64 = since.unwrap().trim_end().parse().unwrap();
    assert!(since > 0);
    let ready = "READY=1\nSTATUS=reloaded: 0 keys changed, 0 need a restart\n";
    assert_eq!(notification(&socket), ready);
    hub.event("config.reloaded");
    hub.project().write("tickcast.toml", "");
    hub.signal("-HUP");
    assert!(notification(&socket).starts_with("RELOADING=1\n"));
    let status = notification(&socket);
    let failed = "READY=1\nSTATUS=reload failed, the old configuration stays active: ";
    let cause = status
        .strip_prefix(failed)
        .unwrap_or_else(|| panic!("{status}"));
    assert!(
        cause.contains("tickcast.toml") && cause.lines().count() == 1,
        "{cause}"
    );
    let event = hub.event("config.failed");
    let message = event["message"].as_str().unwrap();
    assert_eq!(cause.trim_end(), message.lines().next().unwrap());
    hub.signal("-TERM");
    assert_eq!(notification(&socket), "STOPPING=1\nSTATUS=draining\n");
    assert_eq!(hub.wait().0, Some(0));
}

#[test]
fn a_service_manager_with_an_abstract_socket_is_notified() {
    let project = Project::new("rate = 10.0", "[1]");
    let name = format!("tickcast-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    let mut command = project.command(&[]);
    command.env("NOTIFY_SOCKET", format!("@{name}"));
    let _hub = Hub::spawn(command, project);
    assert_eq!(notification(&socket), "READY=1\nSTATUS=serving 1 topics\n");
}

#[test]
fn a_service_manager_that_does_not_read_does_not_block_the_hub() {
    let project = Project::new("rate = 10.0", "[1]");
    let path = project.path("notify");
    let _socket = UnixDatagram::bind(&path).unwrap();
    // Fills the receive queue of the socket.
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    while sender.send_to(b"STATUS=", &path).is_ok() {}
    let mut command = project.command(&[]);
    command
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "2000");
    let mut hub = Hub::spawn(command, project);
    for _ in 0..20 {
        assert_eq!(RawClient::get(hub.public(), "/healthz").status, 200);
    }
    hub.signal("-HUP");
    hub.event("config.reloaded");
    hub.stop_without_warnings();
}

#[test]
fn a_hub_with_a_watchdog_sends_keep_alive_notifications() {
    let period = Duration::from_millis(400);
    let (hub, socket) = supervised(Project::new("rate = 10.0", "[1]"), Some(period));
    assert!(notification(&socket).starts_with("READY=1\n"));
    for _ in 0..5 {
        assert_eq!(notification(&socket), "WATCHDOG=1\n");
    }
    // A suspended hub sends none; the service manager decides how long that may last.
    hub.signal("-STOP");
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    while socket.recv(&mut buffer).is_ok() {}
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(period * 3)).unwrap();
    assert!(socket.recv(&mut buffer).is_err());
    socket.set_read_timeout(Some(TIMEOUT)).unwrap();
    hub.signal("-CONT");
    assert_eq!(notification(&socket), "WATCHDOG=1\n");
    hub.stop_without_warnings();
}

#[test]
fn the_watchdog_is_served_with_topics_that_are_slow_ended_or_not_started() {
    let topic =
        |name: &str, more: &str| format!("[topics.{name}]\ndataset = \"data.json\"\n{more}\n");
    let toml = topic("slow", "rate = 0.001")
        + &topic("over", "rate = 1000.0\nloop = false")
        + &topic("later", "rate = 1.0\nstart = \"2099-01-01T00:00:00Z\"");
    let project = Project::new("rate = 1.0", "[1]").configure(&toml);
    let (hub, socket) = supervised(project, Some(Duration::from_millis(200)));
    assert!(notification(&socket).starts_with("READY=1\n"));
    for _ in 0..20 {
        assert_eq!(notification(&socket), "WATCHDOG=1\n");
    }
    hub.stop_without_warnings();
}

#[test]
fn signals_during_startup_are_handled_after_startup() {
    let project = Project::new("rate = 10.0", "[1]");
    let path = project.path("tickcast.toml");
    let toml = fs::read_to_string(&path).unwrap();
    // A FIFO, so that reading the configuration takes as long as the test needs.
    fs::remove_file(&path).unwrap();
    assert!(
        Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    let mut command = project.command(&[]);
    let command = command.stdin(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // Opening it succeeds once the hub has started to read it.
    let mut slow = File::options().write(true).open(&path).unwrap();
    for signal in ["-HUP", "-USR1"] {
        assert!(kill(&[signal, &child.id().to_string()]));
    }
    // A reload then reads an ordinary file.
    fs::remove_file(&path).unwrap();
    fs::write(&path, &toml).unwrap();
    slow.write_all(toml.as_bytes()).unwrap();
    drop(slow);
    let mut hub = Hub::from_child(child, project);
    let (mut was_reloaded, mut was_shown_more) = (false, false);
    while !(was_reloaded && was_shown_more) {
        let event = hub.next_event();
        was_reloaded |= event["event"] == "config.reloaded";
        was_shown_more |= event["event"] == "log.level";
    }
    hub.stop_without_warnings();
}

/// The first of `events` called `name`.
fn first(mut events: impl Iterator<Item = Value>, name: &str) -> Value {
    events.find(|event| event["event"] == name).unwrap()
}

/// Waits until the log at `path` contains an event called one of `names`; returns the first one.
fn await_event(path: &Path, names: &[&str]) -> Value {
    let begin = tokio::time::Instant::now();
    loop {
        let text = fs::read_to_string(path).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut events = whole
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        if let Some(event) = events.find(|event| names.iter().any(|name| event["event"] == *name)) {
            return event;
        }
        assert!(begin.elapsed() < TIMEOUT, "none of {names:?}: {text}");
        std::thread::yield_now();
    }
}

#[test]
fn closing_the_terminal_stops_the_hub_instead_of_reloading() {
    if lacks(&["script"]) {
        return;
    }
    let project = Project::new("rate = 10.0", "[1]");
    let mut script = at_a_terminal(&project, "--log-format json");
    let lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let listening = first(events, "listening");
    let address = listening["address"].as_str().unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    script.kill().unwrap();
    script.wait().unwrap();
    let begin = tokio::time::Instant::now();
    while TcpStream::connect(&address).is_ok() {
        assert!(begin.elapsed() < TIMEOUT, "the hub is still running");
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn repeated_hangups_of_a_closed_terminal_do_not_force_the_stop() {
    if lacks(&["script"]) {
        return;
    }
    let project =
        Project::new("", "[1]").configure("[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n");
    project.write(
        "tickcast.toml",
        &fs::read_to_string(project.path("tickcast.toml"))
            .unwrap()
            .replacen("drain = \"200ms\"", "drain = \"2s\"", 1),
    );
    let log = project.path("log");
    let mut script = at_a_terminal(&project, &format!("2>{}", log.display()));
    let pid = await_event(&log, &["start"])["pid"].to_string();
    let listening = await_event(&log, &["listening"]);
    let address = listening["address"].as_str().unwrap().to_owned();
    let mut viewers = Vec::new();
    for _ in 0..10 {
        let mut viewer = Viewer::try_connect(&address, "/ws").await.unwrap();
        viewer.until("hello").await;
        viewers.push(tokio::spawn(async move { viewer.wait_for_close().await }));
    }
    script.kill().unwrap();
    script.wait().unwrap();
    await_event(&log, &["drain"]);
    // The shell sends SIGHUP, too, when its terminal is closed.
    assert!(kill(&["-HUP", &pid]));
    for viewer in viewers {
        assert_eq!(u16::from(viewer.await.unwrap().code), 1012);
    }
    let end = await_event(&log, &["stop", "stop.forced"]);
    assert_eq!(
        (&end["event"], &end["remaining"]),
        (&"stop".into(), &0.into())
    );
}
