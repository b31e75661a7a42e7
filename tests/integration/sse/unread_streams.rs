//! Streams that are not read.

use serde_json::json;

use super::super::support::event_stream::EventStream;
use super::super::support::viewer::unpack;
use super::super::support::{Hub, Project, RawClient, Viewer};

/// A hub with long records and a small `max_lag`, a stream that is not read, and a viewer that keeps up.
async fn stuck(policy: &str) -> (Hub, RawClient, Viewer) {
    let record = format!("\"{}\"", "x".repeat(1_000));
    let topic = format!("rate = 2000.0\nmax_lag = \"100ms\"\nslow = \"{policy}\"");
    let hub = Project::new(&topic, &format!("[{record}]")).start_with(&["--log-level", "debug"]);
    let mut raw = RawClient::connect(hub.public());
    raw.shrink_receive_buffer();
    raw.send(b"GET /sse?last=0 HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let steady = Viewer::v1(&hub).await;
    (hub, raw, steady)
}

#[tokio::test]
async fn a_stream_that_is_not_read_gets_a_gap_and_others_miss_nothing() {
    let (hub, raw, mut steady) = stuck("skip").await;
    let mut seq = steady.until("hello").await["seq"].as_u64().unwrap();
    // Far more than the socket buffers and the log hold.
    for _ in 0..10_000 {
        seq += 1;
        assert_eq!(steady.until("data").await["seq"], seq);
    }
    let mut events = EventStream::from(raw);
    let mut last = events.next_event_except_viewers().1["seq"]
        .as_u64()
        .unwrap();
    let gap = loop {
        let (kind, message) = events.next_event_except_viewers();
        if kind == "gap" {
            break message;
        }
        let data = if message["type"] == "batch" {
            unpack(&message)
        } else {
            vec![message]
        };
        assert_eq!(data[0]["seq"], last + 1);
        last += data.len() as u64;
    };
    assert_eq!(
        (&gap["reason"], &gap["from"]),
        (&json!("slow"), &json!(last + 1))
    );
    let next = events.next_event_except_viewers().1;
    // Reading byte by byte, as here, the stream may fall behind again at once.
    let first = if next["type"] == "gap" { "from" } else { "seq" };
    assert_eq!(gap["to"], next[first].as_u64().unwrap() - 1);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_closed_if_the_policy_is_disconnect() {
    let (mut hub, _raw, mut steady) = stuck("disconnect").await;
    loop {
        steady.next_text().await;
        if let Some(left) = hub.logged_event("viewer.left") {
            assert_eq!(left["reason"], "slow");
            return;
        }
    }
}
