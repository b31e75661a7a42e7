//! What the service manager is told, on a real socket of its kind.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::support::{Hub, PATIENCE, Project};

/// A hub that is watched over, and the socket of whoever does.
fn watched(project: Project, watchdog: Option<Duration>) -> (Hub, UnixDatagram) {
    let path = project.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = project.command(&[]);
    command.env("NOTIFY_SOCKET", &path);
    if let Some(period) = watchdog {
        command.env("WATCHDOG_USEC", period.as_micros().to_string());
    }
    (Hub::spawn(command, project), socket)
}

/// What is told next.
fn told(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1_024];
    let len = socket.recv(&mut buffer).expect("something is told");
    String::from_utf8(buffer[..len].to_vec()).unwrap()
}

#[test]
fn readiness_reloads_and_the_end_are_told() {
    let (mut hub, socket) = watched(Project::new("rate = 10.0", "[1]"), None);
    assert_eq!(told(&socket), "READY=1\nSTATUS=serving 1 topics\n");
    hub.signal("-HUP");
    let reloading = told(&socket);
    let since = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=");
    let since: u64 = since.unwrap().trim_end().parse().unwrap();
    assert!(since > 0);
    let ready = "READY=1\nSTATUS=reloaded: 0 keys changed, 0 wait for a restart\n";
    assert_eq!(told(&socket), ready);
    hub.event("config.reloaded");
    hub.project().write("tickcast.toml", "");
    hub.signal("-HUP");
    assert!(told(&socket).starts_with("RELOADING=1\n"));
    let ready = "READY=1\nSTATUS=the configuration is wrong; the old one is in force\n";
    assert_eq!(told(&socket), ready);
    hub.signal("-TERM");
    assert_eq!(told(&socket), "STOPPING=1\nSTATUS=draining\n");
    assert_eq!(hub.end().0, Some(0));
}

#[test]
fn a_hub_that_is_watched_says_again_and_again_that_it_lives() {
    let period = Duration::from_millis(400);
    let (hub, socket) = watched(Project::new("rate = 10.0", "[1]"), Some(period));
    assert!(told(&socket).starts_with("READY=1\n"));
    for _ in 0..5 {
        assert_eq!(told(&socket), "WATCHDOG=1\n");
    }
    // One that stands still says nothing; how long that may last is the service manager's to judge.
    hub.signal("-STOP");
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 64];
    while socket.recv(&mut buffer).is_ok() {}
    socket.set_nonblocking(false).unwrap();
    socket.set_read_timeout(Some(period * 3)).unwrap();
    assert!(socket.recv(&mut buffer).is_err());
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    hub.signal("-CONT");
    assert_eq!(told(&socket), "WATCHDOG=1\n");
    hub.end_without_complaint();
}

#[test]
fn a_topic_that_is_slow_or_over_or_has_not_begun_is_alive() {
    let topic =
        |name: &str, more: &str| format!("[topics.{name}]\ndataset = \"data.json\"\n{more}\n");
    let toml = topic("slow", "rate = 0.001")
        + &topic("over", "rate = 1000.0\nloop = false")
        + &topic("later", "rate = 1.0\nstart = \"2099-01-01T00:00:00Z\"");
    let project = Project::new("rate = 1.0", "[1]").configure(&toml);
    let (hub, socket) = watched(project, Some(Duration::from_millis(200)));
    assert!(told(&socket).starts_with("READY=1\n"));
    for _ in 0..20 {
        assert_eq!(told(&socket), "WATCHDOG=1\n");
    }
    hub.end_without_complaint();
}

#[test]
fn a_terminal_that_is_closed_ends_the_hub_and_is_no_reload() {
    let project = Project::new("rate = 10.0", "[1]");
    let command = project.command(&[]);
    let line = format!(
        "{} --config {}",
        command.get_program().display(),
        project.path("tickcast.toml").display()
    );
    // It runs the line at a terminal of its own, and copies what is written there.
    let mut script = Command::new("script")
        .args(["--quiet", "--command", &line, "/dev/null"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    let listening = events.find(|event| event["event"] == "listening").unwrap();
    let address = listening["address"].as_str().unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    script.kill().unwrap();
    script.wait().unwrap();
    let begin = tokio::time::Instant::now();
    while TcpStream::connect(&address).is_ok() {
        assert!(begin.elapsed() < PATIENCE, "the hub goes on");
        std::thread::yield_now();
    }
}
