//! Sockets that are passed on, so that a restart refuses nobody; and how many files may be open.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tokio::task::JoinSet;

use super::support::viewer::unpack;
use super::support::{Hub, PATIENCE, Project, Raw, Viewer};

/// A socket at a free port.
fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&address.into()).unwrap();
    socket
}

/// One that listens, as a service manager opens it.
fn listener() -> TcpListener {
    let socket = bound();
    socket.listen(4_096).unwrap();
    socket.into()
}

/// `command` by way of a shell that first does `preparation`.
fn after(preparation: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{preparation}; exec \"$0\" \"$@\""))
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// `command` with `listener` passed on under `name`: descriptor 3, as the protocol has it.
fn passed_on(command: &Command, listener: &TcpListener, name: &str) -> Command {
    let preparation =
        format!("exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name}");
    let mut command = after(&preparation, command);
    command.stdin(OwnedFd::from(listener.try_clone().unwrap()));
    command
}

fn start_on(listener: &TcpListener, project: Project) -> Hub {
    let command = passed_on(&project.command(&[]), listener, "public");
    Hub::spawn_on_stdin(command, project)
}

#[test]
fn the_public_listener_is_the_socket_that_is_passed_on_and_the_address_in_the_file_is_not_bound() {
    let listener = listener();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = Project::raw(&format!(
        "[server]\nport = {port}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"
    ));
    let hub = start_on(&listener, project);
    assert_eq!(hub.public(), listener.local_addr().unwrap().to_string());
    assert_eq!(Raw::get(hub.public(), "/healthz").status, 200);
    assert_eq!(Raw::get(hub.ops(), "/readyz").status, 200);
    hub.end_without_complaint();
}

#[test]
fn a_socket_that_is_passed_on_for_a_listener_that_is_not_wanted_is_refused() {
    let project = Project::raw(
        "[ops]\nenabled = false\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n",
    );
    let output = passed_on(&project.command(&[]), &listener(), "ops")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.contains("`ops`") && error.contains("`ops.enabled`"),
        "{error}"
    );
}

#[test]
fn a_socket_that_is_passed_on_and_does_not_listen_is_refused() {
    let project = Project::raw("[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n");
    let listener = listener();
    // What `Accept=yes` passes on.
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (connection, _) = listener.accept().unwrap();
    for socket in [bound().into(), TcpListener::from(OwnedFd::from(connection))] {
        let command = passed_on(&project.command(&[]), &socket, "public");
        let output = { command }.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.contains("`public`") && error.contains("it does not listen"),
            "{error}"
        );
    }
}

/// What the end of a test ends as well.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// An address that was free a moment ago: the launcher takes no port 0.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Waits until `address` is listened on.
fn await_listener(address: &str) {
    let begin = tokio::time::Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begin.elapsed() < PATIENCE, "nothing listens on {address}");
        std::thread::yield_now();
    }
}

#[test]
fn systemds_own_launcher_passes_its_socket_on() {
    let project = Project::new("rate = 10.0", "[1]");
    let (program, address) = (project.command(&[]), free_address());
    let child = Command::new("systemd-socket-activate")
        .args(["--listen", &address, "--fdname", "public"])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("systemd-socket-activate is needed; it is in Debian's package systemd");
    let mut child = Ended(child);
    // It starts the hub when somebody comes, who then is served.
    await_listener(&address);
    assert_eq!(Raw::get(&address, "/healthz").status, 200);
    let terminated = Command::new("kill").arg(child.0.id().to_string()).status();
    assert!(terminated.unwrap().success());
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

/// A viewer that comes back at once whenever it is sent away, until it has `count` records; returns how often it came
/// back. It fails when it is not let in, and when a record is missing or comes twice.
async fn come_back_until(address: String, count: u64, joined: Arc<AtomicU32>) -> u32 {
    let (mut epoch, mut last, mut got, mut returns) = (String::new(), 0, 0, 0);
    loop {
        let path = if epoch.is_empty() {
            "/ws?last=0".to_owned()
        } else {
            format!("/ws?since={epoch}:{last}")
        };
        let viewer = Viewer::try_at(&address, &path).await;
        let mut viewer = viewer.expect("nobody is refused, neither a connection nor a seat");
        let hello = viewer.try_whole().await.expect("the greeting");
        assert_eq!(hello["type"], "hello");
        if epoch.is_empty() {
            hello["epoch"].as_str().unwrap().clone_into(&mut epoch);
            last = hello["seq"].as_u64().unwrap();
            joined.fetch_add(1, Ordering::Relaxed);
        } else {
            assert_eq!(
                (&hello["recovered"], &hello["epoch"]),
                (&Value::Bool(true), &Value::from(&*epoch))
            );
            returns += 1;
        }
        while let Some(message) = viewer.try_whole().await {
            let records = match message["type"].as_str().unwrap() {
                "data" => vec![message],
                "batch" => unpack(&message),
                "gap" => panic!("{message}"),
                _ => Vec::new(),
            };
            for record in records {
                assert_eq!(record["seq"], last + 1);
                assert_eq!(record["data"], last % 70);
                (last, got) = (last + 1, got + 1);
            }
            if returns > 0 && got >= count {
                return returns;
            }
        }
    }
}

/// Somebody who comes and goes all the time until it `is_over`, and fails when it is not let in.
async fn come_and_go(address: String, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::Relaxed) {
        let viewer = Viewer::try_at(&address, "/ws?last=0").await;
        let mut viewer = viewer.expect("nobody is refused, at no moment of a restart");
        // Until it has been sent something, or is sent away.
        while viewer
            .try_whole()
            .await
            .is_some_and(|message| message["type"] == "hello")
        {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_under_five_hundred_viewers_refuses_no_connection_and_loses_no_record() {
    let listener = listener();
    let numbers = serde_json::json!((0..70).collect::<Vec<_>>()).to_string();
    let project = Project::new("", &numbers);
    project.write("tickcast.toml", "[server]\nport = 0\ndrain = \"2s\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 50.0\n");
    let hub = start_on(&listener, project);
    let address = hub.public().to_owned();
    let mut viewers = JoinSet::new();
    let joined = Arc::new(AtomicU32::new(0));
    for _ in 0..500 {
        viewers.spawn(come_back_until(address.clone(), 200, Arc::clone(&joined)));
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let mut others = JoinSet::new();
    for _ in 0..20 {
        others.spawn(come_and_go(address.clone(), Arc::clone(&is_over)));
    }
    let restarted = tokio::task::spawn_blocking(move || {
        while joined.load(Ordering::Relaxed) < 500 {
            std::thread::yield_now();
        }
        // As the service manager does it: the next one when the last one has ended, and not before.
        start_on(&listener, hub.stop())
    });
    let hub = restarted.await.unwrap();
    let mut returns = 0;
    while let Some(viewer) = viewers.join_next().await {
        returns += viewer.unwrap();
    }
    assert_eq!(returns, 500);
    is_over.store(true, Ordering::Relaxed);
    while let Some(other) = others.join_next().await {
        other.unwrap();
    }
    hub.end_without_complaint();
}

/// What the system says of the open files of `hub`: the limit in force, and the one up to which it may be raised.
fn open_files(hub: &Hub) -> (u64, u64) {
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", hub.pid())).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let mut numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[tokio::test]
async fn as_many_files_may_be_open_as_the_system_allows_and_no_more_viewers_than_those_are_enough_for()
 {
    let project = Project::new("rate = 10.0", "[1]");
    let command = after("ulimit -S -n 256", &project.command(&[]));
    let hub = Hub::spawn(command, project);
    let (current, most) = open_files(&hub);
    assert_eq!(current, most);
    assert!(current > 256);
    let project = hub.stop();
    let command = after("ulimit -n 100", &project.command(&[]));
    let hub = Hub::spawn(command, project);
    let limit = hub.told("files.limit").unwrap();
    assert_eq!(
        (&limit["open_files_max"], &limit["viewers_max"]),
        (&100.into(), &50.into())
    );
    let mut viewers = Vec::new();
    for _ in 0..50 {
        viewers.push(Viewer::bare(&hub).await);
    }
    let refused = Viewer::connect(&hub, "/ws", &[]).await.err().unwrap();
    assert_eq!(refused.status, 503);
}
