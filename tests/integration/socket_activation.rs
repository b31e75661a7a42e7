//! Socket activation, with which a restart refuses no connection, and the limit of open files.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;
use socket2::{Domain, Socket, Type};
use tokio::task::JoinSet;

use super::support::viewer::unpack;
use super::support::{Hub, Project, RawClient, TIMEOUT, Viewer, kill, lacks, tool};

/// A socket bound to a free port.
fn bound() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let address: std::net::SocketAddr = ([127, 0, 0, 1], 0).into();
    socket.bind(&address.into()).unwrap();
    socket
}

/// A listening socket, as a service manager opens it.
fn listener() -> TcpListener {
    let socket = bound();
    socket.listen(4_096).unwrap();
    socket.into()
}

/// `command` run by a shell that first executes `preparation`.
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

/// `command` with `listener` passed to it under `name`, as descriptor 3 of the socket activation protocol.
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
fn a_passed_socket_replaces_the_configured_public_address() {
    let listener = listener();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let project = Project::raw(&format!(
        "[server]\nport = {port}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"
    ));
    let hub = start_on(&listener, project);
    assert_eq!(hub.public(), listener.local_addr().unwrap().to_string());
    assert_eq!(RawClient::get(hub.public(), "/healthz").status, 200);
    assert_eq!(RawClient::get(hub.ops(), "/readyz").status, 200);
    hub.stop_without_warnings();
}

#[test]
fn a_passed_socket_for_a_disabled_listener_is_rejected() {
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
fn a_passed_socket_that_does_not_listen_is_rejected() {
    let project = Project::raw("[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n");
    let listener = listener();
    // systemd passes an accepted connection if `Accept=yes` is set.
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

/// A child process that is killed when the test ends.
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// An address that was free a moment ago, because the launcher does not accept port 0.
fn free_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// Waits until `address` is listened on.
fn await_listener(address: &str) {
    let begin = tokio::time::Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(begin.elapsed() < TIMEOUT, "nothing listens on {address}");
        std::thread::yield_now();
    }
}

#[test]
fn systemd_socket_activate_passes_its_socket_to_the_hub() {
    if lacks(&["systemd-socket-activate"]) {
        return;
    }
    let project = Project::new("rate = 10.0", "[1]");
    let (program, address) = (project.command(&[]), free_address());
    let child = tool("systemd-socket-activate")
        .args(["--listen", &address, "--fdname", "public"])
        .arg(program.get_program())
        .args(program.get_args())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut child = KillOnDrop(child);
    // The launcher starts the hub on the first connection.
    await_listener(&address);
    assert_eq!(RawClient::get(&address, "/healthz").status, 200);
    assert!(kill(&[&child.0.id().to_string()]));
    assert_eq!(child.0.wait().unwrap().code(), Some(0));
}

/// Runs a viewer that reconnects at once whenever it is disconnected, until it has `count` records; returns how often
/// it reconnected. Panics if it is refused or if a record is missing or repeated.
async fn reconnect_until(address: String, count: u64, joined: Arc<AtomicU32>) -> u32 {
    let (mut epoch, mut last, mut got, mut returns) = (String::new(), 0, 0, 0);
    loop {
        let path = if epoch.is_empty() {
            "/ws?last=0".to_owned()
        } else {
            format!("/ws?since={epoch}:{last}")
        };
        let viewer = Viewer::try_connect(&address, &path).await;
        let mut viewer = viewer.expect("no connection and no viewer is refused");
        let hello = viewer.try_next_message().await.expect("a `hello`");
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
        while let Some(message) = viewer.try_next_message().await {
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

/// Runs a viewer that joins and leaves repeatedly until `is_over`. Panics if it is refused.
async fn join_and_leave(address: String, is_over: Arc<AtomicBool>) {
    while !is_over.load(Ordering::Relaxed) {
        let viewer = Viewer::try_connect(&address, "/ws?last=0").await;
        let mut viewer = viewer.expect("no viewer is refused at any moment of a restart");
        // Leaves after the first message that is not a `hello`, or when it is disconnected.
        while viewer
            .try_next_message()
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
        viewers.spawn(reconnect_until(address.clone(), 200, Arc::clone(&joined)));
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let mut others = JoinSet::new();
    for _ in 0..20 {
        others.spawn(join_and_leave(address.clone(), Arc::clone(&is_over)));
    }
    let restarted = tokio::task::spawn_blocking(move || {
        while joined.load(Ordering::Relaxed) < 500 {
            std::thread::yield_now();
        }
        // Like a service manager, starts the next process only after the last one has exited.
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
    hub.stop_without_warnings();
}

/// The soft and hard limits of open files of `hub`.
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
async fn the_limit_of_open_files_is_raised_to_the_maximum_and_limits_the_number_of_viewers() {
    let project = Project::new("rate = 10.0", "[1]");
    let command = after("ulimit -S -n 256", &project.command(&[]));
    let hub = Hub::spawn(command, project);
    let (current, most) = open_files(&hub);
    assert_eq!(current, most);
    assert!(current > 256);
    let project = hub.stop();
    let command = after("ulimit -n 100", &project.command(&[]));
    let hub = Hub::spawn(command, project);
    let limit = hub.last_event("files.limit").unwrap();
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
