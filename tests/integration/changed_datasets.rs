//! A dataset that is changed while it plays: its topic stops and says so to everybody, and the other topics go on.

use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::support::embedded::{Disk, EmbeddedHub, LEN, capture_log, logged, read_all_up_to};
use super::support::event_stream::{Block, EventStream};
use super::support::{RawClient, Viewer};

/// Answered only after a read that has found the change.
async fn have_the_change_noticed(hub: &EmbeddedHub) {
    let (status, problem) = hub
        .get("/api/v1/topics/disk/history?points=9&field=i")
        .await;
    assert_eq!(status, 503, "{problem}");
    assert!(problem.contains("\"code\":\"topic_stopped\""), "{problem}");
}

/// Reads the stream of `disk` to its end, and checks every record. Returns the last message before the close, and the
/// close code.
async fn read_to_the_end(viewer: &mut Viewer) -> (Value, u16) {
    let (texts, close) = viewer.text_until_close().await;
    let messages = texts.iter().map(|text| serde_json::from_str(text).unwrap());
    let mut last = Value::Null;
    for message in messages {
        check_records(&message);
        last = message;
    }
    (last, close.code.into())
}

/// Checks that every record in a `data` or `batch` is the one that its `seq` has in the original dataset.
fn check_records(message: &Value) {
    let records = match message["type"].as_str().unwrap() {
        "data" => vec![message.clone()],
        "batch" => super::support::viewer::unpack(message),
        _ => Vec::new(),
    };
    for record in records {
        let seq = record["seq"].as_u64().unwrap();
        assert_eq!(record["data"]["i"], (seq - 1) % LEN, "{record}");
    }
}

/// A viewer of bare records, which has received the first one.
async fn bare_viewer(hub: &EmbeddedHub, path: &str) -> Viewer {
    let connection = std::net::TcpStream::connect(hub.address()).unwrap();
    let url = format!("ws://{}{path}", hub.address());
    let viewer = Viewer::connect_over(connection, &url, &[]).await;
    viewer.ok().expect("the hub admits the viewer")
}

fn event_stream(hub: &EmbeddedHub, path: &str) -> EventStream {
    let mut raw = RawClient::connect(&hub.address());
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.address());
    raw.send(request.as_bytes());
    EventStream::from(raw)
}

/// Reads an event stream to its end, and checks every record. Returns the last `retry` and the last event.
fn read_events_to_the_end(events: &mut EventStream) -> (u64, Value) {
    let (mut retry, mut last) = (0, Value::Null);
    while let Some(block) = events.next_block() {
        match block {
            Block::Retry(ms) => retry = ms,
            Block::Event { data, .. } => {
                check_records(&data);
                last = data;
            }
            Block::Comment => {}
        }
    }
    (retry, last)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_whose_dataset_was_changed_stops_and_its_viewers_are_sent_the_reason() {
    capture_log();
    let hub = EmbeddedHub::start(Disk::Working);
    let mut v1 = hub.viewer("/ws/disk?last=0").await;
    let mut bare = bare_viewer(&hub, "/ws/disk").await;
    let mut events = event_stream(&hub, "/sse/disk");
    while v1.until("data").await["seq"].as_u64().unwrap() < 20 {}
    hub.disk.set(Disk::Changed);
    have_the_change_noticed(&hub).await;

    let (bye, code) = read_to_the_end(&mut v1).await;
    assert_eq!(
        (&bye["type"], &bye["reason"]),
        (&"bye".into(), &"stopped".into())
    );
    assert_eq!(bye["retry_ms"], serde_json::json!([15_000, 30_000]));
    assert_eq!(code, 1012);
    let (texts, close) = bare.text_until_close().await;
    let indexes: Vec<u64> = texts
        .iter()
        .map(|text| {
            serde_json::from_str::<Value>(text).unwrap()["i"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert!(
        indexes.windows(2).all(|two| two[1] == two[0] + 1),
        "{indexes:?}"
    );
    assert_eq!(
        (close.code, close.reason.as_str()),
        (CloseCode::Restart, "dataset changed")
    );
    let (retry, bye) = tokio::task::spawn_blocking(move || read_events_to_the_end(&mut events))
        .await
        .unwrap();
    assert!((15_000..=30_000).contains(&retry), "{retry}");
    assert_eq!(
        (&bye["type"], &bye["reason"]),
        (&"bye".into(), &"stopped".into())
    );
    assert_eq!(logged("topic.stopped"), 1);
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_topic_refuses_viewers_and_history_until_the_hub_is_restarted() {
    let hub = EmbeddedHub::start(Disk::Working);
    let mut live = hub.viewer("/ws/disk?last=0").await;
    while live.until("data").await["seq"].as_u64().unwrap() < 5 {}
    hub.disk.set(Disk::Changed);
    have_the_change_noticed(&hub).await;
    // What the file holds now may be right or wrong: it has not been compared with what was played.
    hub.disk.set(Disk::Working);
    for path in ["/api/v1/topics/disk/history?last=1", "/ws/disk"] {
        let upgrade = "upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
        let (status, problem) = hub
            .get(&format!("{path} HTTP/1.1\r\n{upgrade}\r\nx: "))
            .await;
        assert_eq!(status, 503, "{problem}");
        assert!(problem.contains("\"code\":\"topic_stopped\""), "{problem}");
        assert!(problem.contains("retry-after: 30\r\n"), "{problem}");
    }
    let mut events = event_stream(&hub, "/sse/disk");
    assert!(events.head.starts_with("HTTP/1.1 200"), "{}", events.head);
    let (_, bye) = tokio::task::spawn_blocking(move || read_events_to_the_end(&mut events))
        .await
        .unwrap();
    assert_eq!(bye["reason"], "stopped");
    let (_, listed) = hub.get("/api/v1/topics/disk").await;
    assert!(listed.contains("\"stopped\":true"), "{listed}");
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_other_topics_go_on_without_a_hole_and_the_hub_stays_ready() {
    let hub = EmbeddedHub::start(Disk::Working);
    let mut live = hub.viewer("/ws/disk?last=0").await;
    let mut other = hub.viewer("/ws/memory?last=0").await;
    let first = other.until("data").await["seq"].as_u64().unwrap();
    while live.until("data").await["seq"].as_u64().unwrap() < 5 {}
    hub.disk.set(Disk::Changed);
    have_the_change_noticed(&hub).await;
    read_all_up_to(&mut other, first + 1, first + 200).await;
    assert_eq!(hub.get_ops("/readyz").await.0, 200);
    let (_, metrics) = hub.get_ops("/metrics").await;
    for line in [
        "tickcast_stopped{topic=\"disk\"} 1",
        "tickcast_stopped{topic=\"memory\"} 0",
        "tickcast_rate{topic=\"disk\"} 0",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    let (_, listed) = hub.get("/api/v1/topics/memory").await;
    assert!(listed.contains("\"stopped\":false"), "{listed}");
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_only_the_producer_notices_stops_the_topic() {
    let hub = EmbeddedHub::start_at(Disk::Working, 5_000);
    let mut v1 = hub.viewer("/ws/disk?last=0").await;
    v1.until("data").await;
    hub.disk.set(Disk::Changed);
    let (bye, code) = read_to_the_end(&mut v1).await;
    assert_eq!((&bye["reason"], code), (&"stopped".into(), 1012));
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_a_joining_viewer_notices_stops_the_topic() {
    let hub = EmbeddedHub::start(Disk::Working);
    let mut live = hub.viewer("/ws/disk?last=0").await;
    while live.until("data").await["seq"].as_u64().unwrap() < 20 {}
    hub.disk.set(Disk::Changed);
    let mut bare = bare_viewer(&hub, "/ws/disk?last=15").await;
    // Not 4409: it is not the viewer that is too slow.
    match bare.next_frame().await {
        Message::Close(Some(close)) => assert_eq!(close.code, CloseCode::Restart),
        other => panic!("expected a close, got {other:?}"),
    }
    let (bye, code) = read_to_the_end(&mut live).await;
    assert_eq!((&bye["reason"], code), (&"stopped".into(), 1012));
    hub.server.drain().await;
}
