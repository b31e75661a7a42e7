//! The `viewers` message: sent to v1 and SSE viewers together with flushes that are due anyway.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::event_stream::EventStream;
use super::support::viewer::unpack;
use super::support::{Hub, RawClient, Viewer, indexed_dataset};

/// Settings of a topic that sends several records per flush.
const TOPIC: &str = "rate = 100.0\nbackfill = 10";

/// A viewer that receives `viewers` messages.
enum Watcher {
    V1(Box<Viewer>),
    Sse(EventStream),
}

/// A `viewers` message, and the time of the last publication before it.
#[derive(Debug, PartialEq)]
struct ViewersMessage {
    n: u64,
    t: i64,
}

impl Watcher {
    async fn next(&mut self) -> Value {
        match self {
            Self::V1(viewer) => viewer.next_message().await,
            Self::Sse(events) => {
                let (kind, data) = events.next_event();
                let is_plain = kind == "message";
                assert!(is_plain || data["type"] == kind, "{kind}: {data}");
                data
            }
        }
    }

    /// Reads until the count is `n`; returns all `viewers` messages up to then.
    async fn counts_until(&mut self, n: u64) -> Vec<ViewersMessage> {
        let (mut all, mut flush) = (Vec::new(), None);
        loop {
            let message = self.next().await;
            match message["type"].as_str().unwrap() {
                "viewers" => {
                    let t = flush.expect("it follows a flush");
                    assert_eq!(message, json!({"type": "viewers", "n": message["n"]}));
                    let count = message["n"].as_u64().unwrap();
                    all.push(ViewersMessage { n: count, t });
                    if count == n {
                        return all;
                    }
                }
                _ => flush = last_instant(&message).or(flush),
            }
        }
    }

    /// Reads `records` records; returns the number of `viewers` messages among them.
    async fn counts_within(&mut self, mut records: usize) -> usize {
        let mut count = 0;
        while records > 0 {
            let message = self.next().await;
            count += usize::from(message["type"] == "viewers");
            records = records.saturating_sub(publications(&message).len());
        }
        count
    }
}

fn publications(message: &Value) -> Vec<Value> {
    match message["type"].as_str().unwrap() {
        "batch" => unpack(message),
        "data" => vec![message.clone()],
        _ => Vec::new(),
    }
}

/// When the last publication of `message` is due.
fn last_instant(message: &Value) -> Option<i64> {
    publications(message).last()?["t"].as_i64()
}

async fn leave(mut viewer: Viewer) {
    viewer.send_message(Message::Close(None)).await;
    viewer.wait_for_disconnect().await;
}

async fn expect_counts_as_viewers_come_and_go(hub: &Hub, mut watcher: Watcher) {
    assert_eq!(watcher.next().await["viewers"], 1);
    let (first, mut second) = (Viewer::bare(hub).await, Viewer::bare(hub).await);
    let mut messages = watcher.counts_until(3).await;
    leave(first).await;
    messages.extend(watcher.counts_until(2).await);
    assert!(
        messages.iter().all(|message| (2..=3).contains(&message.n)),
        "{messages:?}"
    );
    for pair in messages.windows(2) {
        assert!(pair[1].t - pair[0].t >= 2_000_000, "{messages:?}");
    }
    // Longer than a change would be delayed.
    assert_eq!(watcher.counts_within(250).await, 0);
    // The bare viewer has received records only.
    for _ in 0..300 {
        let record: u64 = second.next_text().await.parse().unwrap();
        assert!((1..=3).contains(&record));
    }
}

#[tokio::test]
async fn a_v1_viewer_receives_the_number_of_viewers() {
    let hub = Hub::start(TOPIC, "[1,2,3]");
    let viewer = Viewer::v1_at(&hub, "/ws").await;
    expect_counts_as_viewers_come_and_go(&hub, Watcher::V1(viewer.into())).await;
    hub.stop_without_warnings();
}

#[tokio::test]
async fn an_event_source_receives_the_number_of_viewers() {
    let hub = Hub::start(TOPIC, "[1,2,3]");
    let events = EventStream::connect(&hub, "/sse", "");
    expect_counts_as_viewers_come_and_go(&hub, Watcher::Sse(events)).await;
    hub.stop_without_warnings();
}

/// Eight viewers join in turn; asserts that all but the last are sent the final count.
async fn expect_all_to_receive_the_count_of_eight(hub: &Hub, path: &str) {
    const VIEWERS: u64 = 8;
    let mut watchers = Vec::new();
    for n in 1..=VIEWERS {
        let viewer = Viewer::v1_at(hub, path).await;
        let mut watcher = Watcher::V1(viewer.into());
        assert_eq!(watcher.next().await["viewers"], n);
        watchers.push(watcher);
    }
    // The last one has the count from its `hello`.
    let (_last, others) = watchers.split_last_mut().unwrap();
    for watcher in others {
        watcher.counts_until(VIEWERS).await;
    }
}

#[tokio::test]
async fn viewers_of_all_lanes_are_counted_and_receive_the_count() {
    let hub = Hub::start(TOPIC, "[1,2,3]");
    expect_all_to_receive_the_count_of_eight(&hub, "/ws").await;
}

#[tokio::test]
async fn viewers_that_join_in_the_middle_of_a_flush_receive_the_count_with_a_later_one() {
    let topic = "rate = 100.0\ndelay = \"2s\"\ncoalesce = \"1s\"";
    let hub = Hub::start(topic, &indexed_dataset(1_000));
    expect_all_to_receive_the_count_of_eight(&hub, "/ws?last=0").await;
}

#[tokio::test]
async fn the_count_is_not_compressed_even_after_a_compressed_flush() {
    const OFFER: &str =
        "sec-websocket-protocol: tickcast.v1\r\nsec-websocket-extensions: permessage-deflate\r\n";
    let hub = Hub::start("rate = 1000.0\nbackfill = 10", &indexed_dataset(1_000));
    let (mut raw, _) = RawClient::upgrade(hub.public(), OFFER);
    let (_, hello) = raw.read_frame();
    let hello: Value = serde_json::from_slice(&hello).unwrap();
    assert_eq!(hello["viewers"], 1);
    let _other = Viewer::bare(&hub).await;
    let mut before = 0;
    loop {
        let (first, payload) = raw.read_frame();
        if payload == br#"{"type":"viewers","n":2}"# {
            assert_eq!((before, first), (0xC1, 0x81));
            return;
        }
        before = first;
    }
}
