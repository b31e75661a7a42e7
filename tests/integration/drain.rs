//! Draining: viewers receive `bye` and are closed spread over the drain, while their streams continue.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;

use super::support::viewer::unpack;
use super::support::{Project, RawClient, Viewer};

fn project(drain: &str) -> Project {
    let project = Project::new("", "[1,2,3,4,5,6,7]");
    let toml = format!(
        "[server]\nport = 0\ndrain = \"{drain}\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n"
    );
    project.write("tickcast.toml", &toml);
    project
}

/// What one viewer received during the drain.
struct DrainResult {
    code: u16,
    /// The range in `retry_ms` of each `bye`, in order.
    ranges: Vec<[u64; 2]>,
    /// Number of records between the first `bye` and the close.
    records: usize,
    /// Whether a `bye` was the last message.
    ends_with_bye: bool,
}

/// The `seq` of each record in a message.
fn seqs_of(message: &serde_json::Value) -> Vec<u64> {
    let records = match message["type"].as_str().unwrap() {
        "data" => vec![message.clone()],
        "batch" => unpack(message),
        _ => Vec::new(),
    };
    let seq = |record: &serde_json::Value| record["seq"].as_u64().unwrap();
    records.iter().map(seq).collect()
}

fn range_of(bye: &serde_json::Value) -> [u64; 2] {
    serde_json::from_value(bye["retry_ms"].clone()).unwrap()
}

/// Reads until the hub closes the connection.
async fn stay(mut viewer: Viewer) -> DrainResult {
    let hello = viewer.until("hello").await;
    let (texts, close) = viewer.text_until_close().await;
    viewer.wait_for_disconnect().await;
    let messages: Vec<serde_json::Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let is_bye = |message: &&serde_json::Value| message["type"] == "bye";
    let first_bye = messages.iter().position(|message| is_bye(&message));
    let (before, after) = messages.split_at(first_bye.unwrap_or(messages.len()));
    let seqs = |messages: &[serde_json::Value]| -> Vec<u64> {
        messages.iter().flat_map(seqs_of).collect()
    };
    let (before, records) = (seqs(before), seqs(after));
    let first = hello["seq"].as_u64().unwrap() + 1;
    let all: Vec<u64> = before.iter().chain(&records).copied().collect();
    let expected: Vec<u64> = (first..).take(all.len()).collect();
    assert_eq!(all, expected, "no record is missing or repeated");
    DrainResult {
        code: close.code.into(),
        ranges: messages.iter().filter(is_bye).map(range_of).collect(),
        records: records.len(),
        ends_with_bye: messages.last().as_ref().is_some_and(is_bye),
    }
}

#[tokio::test]
async fn two_hundred_viewers_receive_bye_keep_their_streams_and_are_closed_within_the_drain() {
    let mut hub = project("3s").start();
    let mut viewers = Vec::new();
    for _ in 0..199 {
        viewers.push(tokio::spawn(stay(Viewer::v1(&hub).await)));
    }
    let mut bare = Viewer::bare(&hub).await;
    bare.next_text().await;
    hub.signal("-TERM");
    assert_eq!(hub.event("drain")["viewers"], 200);
    assert_eq!(RawClient::get(hub.ops(), "/readyz").status, 503);
    assert_eq!(RawClient::get(hub.ops(), "/healthz").status, 200);
    let late = Viewer::connect(&hub, "/ws", &[]).await;
    assert_eq!(late.err().unwrap().status, 503);
    assert_eq!(u16::from(bare.wait_for_close().await.code), 1012);
    bare.wait_for_disconnect().await;
    for viewer in viewers {
        let result = viewer.await.unwrap();
        assert_eq!((result.code, result.ends_with_bye), (1012, true));
        // With only 200 viewers the range of the first `bye` starts at zero; that of the last one allows for a restart.
        assert_eq!(result.ranges, [[0, 100], [100, 200]]);
        // More than two seconds at 200 records a second.
        assert!(result.records >= 200, "{}", result.records);
    }
    let (code, events) = hub.wait();
    assert_eq!(code, Some(0));
    assert_eq!(events.last().unwrap()["event"], "stop");
    assert_eq!(events.last().unwrap()["remaining"], 0);
}

#[tokio::test]
async fn with_a_drain_of_zero_viewers_still_receive_bye_and_are_closed() {
    let hub = project("0s").start();
    let mut viewers = Vec::new();
    for _ in 0..50 {
        let mut viewer = Viewer::v1(&hub).await;
        viewer.until("data").await;
        viewers.push(viewer);
    }
    let mut bare = Viewer::bare(&hub).await;
    bare.next_text().await;
    hub.signal("-TERM");
    for mut viewer in viewers {
        let (texts, close) = viewer.text_until_close().await;
        let last: serde_json::Value = serde_json::from_str(texts.last().unwrap()).unwrap();
        assert_eq!(
            (&last["type"], &last["reason"]),
            (&"bye".into(), &"draining".into())
        );
        assert_eq!(u16::from(close.code), 1012);
        viewer.wait_for_disconnect().await;
    }
    assert_eq!(u16::from(bare.wait_for_close().await.code), 1012);
    bare.wait_for_disconnect().await;
    assert_eq!(hub.wait().0, Some(0));
}

#[tokio::test]
async fn a_hub_stops_as_soon_as_its_viewers_have_left() {
    let hub = project("1h").start();
    let mut viewers = Vec::new();
    for _ in 0..5 {
        viewers.push(Viewer::v1(&hub).await);
    }
    hub.signal("-TERM");
    for mut viewer in viewers {
        assert_eq!(viewer.until("bye").await["reason"], "draining");
        // The stream continues until the viewer has joined elsewhere.
        viewer.until("data").await;
        viewer.send_message(Message::Close(None)).await;
        viewer.wait_for_disconnect().await;
    }
    let (code, events) = hub.wait();
    assert_eq!(code, Some(0));
    assert_eq!(events.last().unwrap()["remaining"], 0);
}

#[tokio::test]
async fn a_hub_does_not_use_up_a_long_drain_if_no_viewer_leaves() {
    let hub = project("1h").start();
    let viewer = Viewer::v1(&hub).await;
    hub.signal("-TERM");
    assert_eq!(stay(viewer).await.code, 1012);
    assert_eq!(hub.wait().0, Some(0));
}

#[tokio::test]
async fn a_hub_without_viewers_stops_at_once() {
    for signal in ["-TERM", "-INT"] {
        let hub = project("1h").start();
        hub.signal(signal);
        let (code, events) = hub.wait();
        assert_eq!(
            (code, &events.last().unwrap()["event"]),
            (Some(0), &"stop".into())
        );
    }
}

#[tokio::test]
async fn a_second_signal_exits_at_once() {
    let mut hub = project("1h").start();
    let _viewers = [Viewer::v1(&hub).await, Viewer::v1(&hub).await];
    hub.signal("-TERM");
    hub.event("drain");
    hub.signal("-TERM");
    let (code, events) = hub.wait();
    assert_eq!(
        (code, &events.last().unwrap()["event"]),
        (Some(1), &"stop.forced".into())
    );
}

#[tokio::test]
async fn a_viewer_that_does_not_answer_the_close_does_not_delay_the_stop() {
    let mut hub = project("1s").start();
    let mut raw = RawClient::connect(hub.public());
    raw.send(RawClient::handshake(hub.public(), "").as_bytes());
    let mut other = Viewer::v1(&hub).await;
    other.until("data").await;
    hub.signal("-TERM");
    hub.event("drain");
    let before = tokio::time::Instant::now();
    let (code, _) = tokio::task::spawn_blocking(|| hub.wait()).await.unwrap();
    assert_eq!(code, Some(0));
    assert!(before.elapsed() < Duration::from_secs(20));
}
