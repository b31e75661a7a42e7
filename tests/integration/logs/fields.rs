//! The fields of events that say who and why, for programs that read the log.

use std::net::Shutdown;
use std::time::Duration;

use serde_json::Value;

use super::super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};

/// A hub with one topic that logs at debug, with statistics ten times a second.
fn verbose(topic: &str) -> Hub {
    let toml = format!(
        "[log]\nlevel = \"debug\"\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\n{topic}\n"
    );
    Project::new("", &indexed_dataset(700))
        .configure(&toml)
        .start()
}

fn event_stream(hub: &Hub) -> RawClient {
    let mut raw = RawClient::connect(hub.public());
    let request = format!("GET /sse HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
    let head = raw.send(request.as_bytes()).read_head();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    raw
}

#[tokio::test]
async fn viewers_have_a_number_and_an_encoding_from_joining_to_leaving() {
    let mut hub = verbose("rate = 50.0");
    let mut bare = Viewer::bare(&hub).await;
    let first = hub.event("viewer.joined");
    let mut v1 = Viewer::v1(&hub).await;
    let second = hub.event("viewer.joined");
    assert_eq!(
        (&first["id"], &first["encoding"]),
        (&1.into(), &"bare".into())
    );
    assert_eq!(
        (&second["id"], &second["encoding"]),
        (&2.into(), &"v1".into())
    );
    v1.until("data").await;
    v1.send_message(tokio_tungstenite::tungstenite::Message::Close(None))
        .await;
    v1.wait_for_disconnect().await;
    let left = hub.event("viewer.left");
    for field in ["id", "encoding", "topic", "remote"] {
        assert_eq!(left[field], second[field], "{field}");
    }
    assert_eq!(
        (&left["reason"], &left["missed"]),
        (&"normal".into(), &0.into())
    );
    assert!(left["seconds"].as_f64().unwrap() > 0.0, "{left}");
    bare.next_text().await;
}

#[test]
fn an_event_stream_that_its_viewer_closes_is_normal_and_one_that_is_reset_is_lost() {
    let mut hub = verbose("rate = 0.001");
    let closed = event_stream(&hub);
    closed.socket().shutdown(Shutdown::Write).unwrap();
    let left = hub.event("viewer.left");
    assert_eq!(
        (&left["reason"], &left["encoding"]),
        (&"normal".into(), &"sse".into())
    );
    let reset = event_stream(&hub);
    let socket = reset.socket();
    socket2::SockRef::from(&socket)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop((reset, socket));
    assert_eq!(hub.event("viewer.left")["reason"], "lost");
}

#[tokio::test]
async fn a_viewer_that_leaves_is_logged_with_what_it_missed() {
    let mut hub = verbose("rate = 2000.0\nmax_lag = \"100ms\"");
    let mut slow = RawClient::connect(hub.public());
    slow.shrink_receive_buffer();
    let handshake = RawClient::handshake(hub.public(), "sec-websocket-protocol: tickcast.v1\r\n");
    slow.send(handshake.replace("/ws ", "/ws?last=0 ").as_bytes());
    hub.event("viewer.joined");
    let mut steady = Viewer::v1(&hub).await;
    // Two seconds, in which the slow viewer reads nothing.
    for _ in 0..4_000 {
        steady.until("data").await;
    }
    slow.read_head();
    let gap: Value = loop {
        let (first, payload) = slow.read_frame();
        let text = String::from_utf8_lossy(&payload);
        if first == 0x81 && text.starts_with("{\"type\":\"gap\"") {
            break serde_json::from_str(&text).unwrap();
        }
    };
    let missing = gap["to"].as_u64().unwrap() - gap["from"].as_u64().unwrap() + 1;
    drop(slow);
    let left = hub.event("viewer.left");
    assert_eq!(left["id"], 1);
    assert!(left["missed"].as_u64().unwrap() >= missing, "{left}");
    drop(steady);
    assert_eq!(hub.event("viewer.left")["missed"], 0);
}

#[test]
fn a_refused_viewer_is_logged_with_its_address_reason_and_origin() {
    let mut hub = verbose("rate = 1.0");
    let fields = |event: &Value| {
        ["topic", "remote", "reason", "origin"]
            .map(|field| event[field].as_str().unwrap().to_owned())
    };
    let mut refused = |path: &str, headers: &str| {
        let request = RawClient::handshake(hub.public(), headers).replace("/ws ", path);
        RawClient::connect(hub.public())
            .send(request.as_bytes())
            .read_head();
        fields(&hub.event("viewer.refused"))
    };
    let evil = "origin: https://EVIL.example:443\r\n";
    assert_eq!(
        refused("/ws ", evil),
        ["demo", "127.0.0.1", "forbidden", "https://evil.example"]
    );
    assert_eq!(
        refused("/ws/unknown ", ""),
        ["", "127.0.0.1", "not_found", ""]
    );
    assert_eq!(
        refused("/ws?last=x ", "origin: null\r\n"),
        ["demo", "127.0.0.1", "forbidden", "null"]
    );
    assert_eq!(
        refused("/sse?last=x ", ""),
        ["demo", "127.0.0.1", "bad_request", ""]
    );
    hub.stop_without_warnings();
}

#[test]
fn a_flood_of_refused_viewers_is_counted_and_logged_at_a_limited_rate() {
    const REFUSED: u64 = 40;
    let toml =
        "[log]\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 1.0\n";
    let mut hub = Project::new("", "[1]").configure(toml).start();
    for _ in 0..REFUSED {
        let answer = RawClient::request(hub.public(), "GET", "/ws", "");
        assert_eq!(answer.status, 426);
    }
    let process = loop {
        let process = hub.event("hub.process");
        if process["refused_total"] == REFUSED {
            break process;
        }
    };
    hub.signal("-TERM");
    let (_, events) = hub.wait();
    let logged = events
        .iter()
        .filter(|event| event["event"] == "viewer.refused")
        .count() as u64;
    assert!((5..REFUSED).contains(&logged), "{logged}");
    assert_eq!(
        logged + process["log_suppressed_total"].as_u64().unwrap(),
        REFUSED
    );
}

#[test]
fn a_reload_names_the_keys_that_changed_and_those_that_wait() {
    let toml = |server: &str, topic: &str| {
        format!(
            "[server]\nport = 0\n{server}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n{topic}\n"
        )
    };
    let project = Project::new("", "[1,2]");
    project.write("tickcast.toml", &toml("", ""));
    let mut hub = project.start();
    let changed = toml("max_viewers = 7\nhistory_max = 9", "loop = false");
    hub.project().write("tickcast.toml", &changed);
    hub.signal("-HUP");
    let refused = hub.event("config.refused");
    assert_eq!(
        (&refused["key"], &refused["reason"]),
        (&"topics.demo.loop".into(), &"only_at_start".into())
    );
    let reloaded = hub.event("config.reloaded");
    assert_eq!(reloaded["changed"], 2);
    assert_eq!(
        reloaded["changed_keys"],
        "server.max_viewers,server.history_max"
    );
    assert_eq!(reloaded["pending_keys"], "topics.demo.loop");
    // What waits is named again at every reload, what has changed is not.
    hub.signal("-HUP");
    let again = hub.event("config.reloaded");
    assert_eq!(
        (&again["changed"], &again["changed_keys"]),
        (&0.into(), &"".into())
    );
    assert_eq!(again["pending_keys"], "topics.demo.loop");
}
