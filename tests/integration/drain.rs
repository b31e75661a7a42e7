//! Leaving: everybody is told, one after another, while the stream goes on for the rest.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;

use super::support::viewer::unpack;
use super::support::{Project, Raw, Viewer};

fn project(drain: &str) -> Project {
    let project = Project::new("", "[1,2,3,4,5,6,7]");
    let toml = format!(
        "[server]\nport = 0\ndrain = \"{drain}\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n"
    );
    project.write("tickcast.toml", &toml);
    project
}

/// What one viewer was sent during the drain.
struct Farewell {
    code: u16,
    /// Of each `bye`, in their order.
    ranges: Vec<[u64; 2]>,
    /// How many records came after the first `bye` and before the close.
    records: usize,
    /// Whether a `bye` was the last message.
    ends_with_bye: bool,
}

/// The `seq` of the records of a message that holds any.
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

/// Stays until it is closed.
async fn stay(mut viewer: Viewer) -> Farewell {
    let hello = viewer.until("hello").await;
    let (texts, close) = viewer.text_until_close().await;
    viewer.gone().await;
    let messages: Vec<serde_json::Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let is_bye = |message: &&serde_json::Value| message["type"] == "bye";
    let told = messages.iter().position(|message| is_bye(&message));
    let (before, after) = messages.split_at(told.unwrap_or(messages.len()));
    let seqs = |messages: &[serde_json::Value]| -> Vec<u64> {
        messages.iter().flat_map(seqs_of).collect()
    };
    let (before, records) = (seqs(before), seqs(after));
    let first = hello["seq"].as_u64().unwrap() + 1;
    let all: Vec<u64> = before.iter().chain(&records).copied().collect();
    let expected: Vec<u64> = (first..).take(all.len()).collect();
    assert_eq!(all, expected, "no record is missing, and none comes twice");
    Farewell {
        code: close.code.into(),
        ranges: messages.iter().filter(is_bye).map(range_of).collect(),
        records: records.len(),
        ends_with_bye: messages.last().as_ref().is_some_and(is_bye),
    }
}

#[tokio::test]
async fn two_hundred_viewers_get_bye_keep_their_streams_and_are_closed_within_the_grace() {
    let mut hub = project("3s").start();
    let mut viewers = Vec::new();
    for _ in 0..199 {
        viewers.push(tokio::spawn(stay(Viewer::v1(&hub).await)));
    }
    let mut bare = Viewer::bare(&hub).await;
    bare.text().await;
    hub.signal("-TERM");
    assert_eq!(hub.event("drain")["viewers"], 200);
    assert_eq!(Raw::get(hub.ops(), "/readyz").status, 503);
    assert_eq!(Raw::get(hub.ops(), "/healthz").status, 200);
    let newcomer = Viewer::connect(&hub, "/ws", &[]).await;
    assert_eq!(newcomer.err().unwrap().status, 503);
    assert_eq!(u16::from(bare.closed().await.code), 1012);
    bare.gone().await;
    for viewer in viewers {
        let farewell = viewer.await.unwrap();
        assert_eq!((farewell.code, farewell.ends_with_bye), (1012, true));
        // 200 viewers are few: after the first `bye` they may reconnect at once, after the close when the hub may be
        // back.
        assert_eq!(farewell.ranges, [[0, 100], [100, 200]]);
        // 200 records a second over more than two seconds.
        assert!(farewell.records >= 200, "{}", farewell.records);
    }
    let (code, events) = hub.end();
    assert_eq!(code, Some(0));
    assert_eq!(events.last().unwrap()["event"], "stop");
    assert_eq!(events.last().unwrap()["remaining"], 0);
}

#[tokio::test]
async fn without_a_grace_viewers_still_get_bye_and_are_closed() {
    let hub = project("0s").start();
    let mut viewers = Vec::new();
    for _ in 0..50 {
        let mut viewer = Viewer::v1(&hub).await;
        viewer.until("data").await;
        viewers.push(viewer);
    }
    let mut bare = Viewer::bare(&hub).await;
    bare.text().await;
    hub.signal("-TERM");
    for mut viewer in viewers {
        let (texts, close) = viewer.text_until_close().await;
        let last: serde_json::Value = serde_json::from_str(texts.last().unwrap()).unwrap();
        assert_eq!(
            (&last["type"], &last["reason"]),
            (&"bye".into(), &"draining".into())
        );
        assert_eq!(u16::from(close.code), 1012);
        viewer.gone().await;
    }
    assert_eq!(u16::from(bare.closed().await.code), 1012);
    bare.gone().await;
    assert_eq!(hub.end().0, Some(0));
}

#[tokio::test]
async fn a_hub_whose_viewers_have_left_ends_long_before_its_grace() {
    let hub = project("1h").start();
    let mut viewers = Vec::new();
    for _ in 0..5 {
        viewers.push(Viewer::v1(&hub).await);
    }
    hub.signal("-TERM");
    for mut viewer in viewers {
        assert_eq!(viewer.until("bye").await["reason"], "draining");
        // The stream goes on until the viewer has what it waits for elsewhere.
        viewer.until("data").await;
        viewer.send_message(Message::Close(None)).await;
        viewer.gone().await;
    }
    let (code, events) = hub.end();
    assert_eq!(code, Some(0));
    assert_eq!(events.last().unwrap()["remaining"], 0);
}

#[tokio::test]
async fn a_hub_that_no_viewer_leaves_does_not_wait_for_the_end_of_a_long_grace() {
    let hub = project("1h").start();
    let viewer = Viewer::v1(&hub).await;
    hub.signal("-TERM");
    assert_eq!(stay(viewer).await.code, 1012);
    assert_eq!(hub.end().0, Some(0));
}

#[tokio::test]
async fn without_viewers_it_ends_at_once() {
    for signal in ["-TERM", "-INT"] {
        let hub = project("1h").start();
        hub.signal(signal);
        let (code, events) = hub.end();
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
    let (code, events) = hub.end();
    assert_eq!(
        (code, &events.last().unwrap()["event"]),
        (Some(1), &"stop.forced".into())
    );
}

#[tokio::test]
async fn a_viewer_that_does_not_answer_the_close_does_not_hold_up_the_end() {
    let mut hub = project("1s").start();
    let mut raw = Raw::connect(hub.public());
    raw.send(Raw::handshake(hub.public(), "").as_bytes());
    let mut other = Viewer::v1(&hub).await;
    other.until("data").await;
    hub.signal("-TERM");
    hub.event("drain");
    let before = tokio::time::Instant::now();
    let (code, _) = tokio::task::spawn_blocking(|| hub.end()).await.unwrap();
    assert_eq!(code, Some(0));
    assert!(before.elapsed() < Duration::from_secs(20));
}
