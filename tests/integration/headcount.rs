//! How many view a topic: told to those who get messages, in flushes that are due anyway.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::events::Events;
use super::support::viewer::unpack;
use super::support::{Hub, Raw, Viewer, indexed};

/// Of a topic that gathers several records for each flush.
const TOPIC: &str = "rate = 100.0\nbackfill = 10";

/// One that gets messages.
enum Watcher {
    V1(Box<Viewer>),
    Sse(Events),
}

/// A `viewers` message, and the instant of the flush that it came in.
#[derive(Debug, PartialEq)]
struct Told {
    n: u64,
    t: i64,
}

impl Watcher {
    async fn next(&mut self) -> Value {
        match self {
            Self::V1(viewer) => viewer.any().await,
            Self::Sse(events) => {
                let (kind, data) = events.any();
                let is_plain = kind == "message";
                assert!(is_plain || data["type"] == kind, "{kind}: {data}");
                data
            }
        }
    }

    /// Reads on until it was told `n`; everything it was told up to then.
    async fn told_until(&mut self, n: u64) -> Vec<Told> {
        let (mut all, mut flush) = (Vec::new(), None);
        loop {
            let message = self.next().await;
            match message["type"].as_str().unwrap() {
                "viewers" => {
                    let t = flush.expect("it rides behind a flush");
                    assert_eq!(message, json!({"type": "viewers", "n": message["n"]}));
                    let told = message["n"].as_u64().unwrap();
                    all.push(Told { n: told, t });
                    if told == n {
                        return all;
                    }
                }
                _ => flush = last_instant(&message).or(flush),
            }
        }
    }

    /// Reads on for so many records; how often it was told.
    async fn told_within(&mut self, mut records: usize) -> usize {
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
    viewer.gone().await;
}

async fn sees_others_come_and_go(hub: &Hub, mut watcher: Watcher) {
    assert_eq!(watcher.next().await["viewers"], 1);
    let (first, mut second) = (Viewer::bare(hub).await, Viewer::bare(hub).await);
    let mut told = watcher.told_until(3).await;
    leave(first).await;
    told.extend(watcher.told_until(2).await);
    assert!(
        told.iter().all(|told| (2..=3).contains(&told.n)),
        "{told:?}"
    );
    for pair in told.windows(2) {
        assert!(pair[1].t - pair[0].t >= 2_000_000, "{told:?}");
    }
    // For longer than it would wait with a change.
    assert_eq!(watcher.told_within(250).await, 0);
    // Whatever came to the bare viewer meanwhile.
    for _ in 0..300 {
        let record: u64 = second.text().await.parse().unwrap();
        assert!((1..=3).contains(&record));
    }
}

#[tokio::test]
async fn a_v1_viewer_is_told_how_many_there_are() {
    let hub = Hub::start(TOPIC, "[1,2,3]");
    let viewer = Viewer::v1_at(&hub, "/ws").await;
    sees_others_come_and_go(&hub, Watcher::V1(viewer.into())).await;
    hub.end_without_complaint();
}

#[tokio::test]
async fn an_event_source_is_told_how_many_there_are() {
    let hub = Hub::start(TOPIC, "[1,2,3]");
    let events = Events::connect(&hub, "/sse", "");
    sees_others_come_and_go(&hub, Watcher::Sse(events)).await;
    hub.end_without_complaint();
}

/// Eight join one after another, and all but the last have to be told so.
async fn eight_are_told(hub: &Hub, path: &str) {
    const VIEWERS: u64 = 8;
    let mut watchers = Vec::new();
    for n in 1..=VIEWERS {
        let viewer = Viewer::v1_at(hub, path).await;
        let mut watcher = Watcher::V1(viewer.into());
        assert_eq!(watcher.next().await["viewers"], n);
        watchers.push(watcher);
    }
    // The last one knows from its greeting.
    let (_last, others) = watchers.split_last_mut().unwrap();
    for watcher in others {
        watcher.told_until(VIEWERS).await;
    }
}

#[tokio::test]
async fn viewers_of_all_lanes_count_and_are_told() {
    let hub = Hub::start(TOPIC, "[1,2,3]");
    eight_are_told(&hub, "/ws").await;
}

#[tokio::test]
async fn those_who_join_in_the_middle_of_a_flush_are_told_with_a_later_one() {
    let topic = "rate = 100.0\ndelay = \"2s\"\ncoalesce = \"1s\"";
    let hub = Hub::start(topic, &indexed(1_000));
    eight_are_told(&hub, "/ws?last=0").await;
}

#[tokio::test]
async fn behind_a_compressed_flush_it_is_plain() {
    const OFFER: &str =
        "sec-websocket-protocol: tickcast.v1\r\nsec-websocket-extensions: permessage-deflate\r\n";
    let hub = Hub::start("rate = 1000.0\nbackfill = 10", &indexed(1_000));
    let (mut raw, _) = Raw::upgrade(hub.public(), OFFER);
    let (_, hello) = raw.frame();
    assert!(hello.ends_with(br#""viewers":1}"#));
    let _other = Viewer::bare(&hub).await;
    let mut before = 0;
    loop {
        let (first, payload) = raw.frame();
        if payload == br#"{"type":"viewers","n":2}"# {
            assert_eq!((before, first), (0xC1, 0x81));
            return;
        }
        before = first;
    }
}
