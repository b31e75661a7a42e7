//! The guarantees that the design documents, with one test each.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::support::event_stream::EventStream;
use super::support::{Hub, RawClient, Viewer};

/// Records of every JSON type whose exact text must be preserved: `1.0` is not `1`, and keys keep their order.
fn odd_records() -> Vec<String> {
    (0..997)
        .map(|n| match n % 7 {
            0 => format!(r#"{{"value":{n}.0}}"#),
            1 => format!(r#"{{"z":{n},"a":[1,"\u00e9 \\"]}}"#),
            2 => format!("{n}e-3"),
            3 => format!("\"text {n} \\\" [\""),
            4 => "null".to_owned(),
            5 => format!("[{n},{{}},[]]"),
            _ => format!(r#"{{"":{n},"":-0}}"#),
        })
        .collect()
}

#[derive(Deserialize)]
struct Typed {
    r#type: String,
}

/// A message with the exact text of its records.
#[derive(Deserialize)]
struct Message<'a> {
    seq: u64,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Adds the records in `text` to `records`, by `seq`.
fn collect(text: &str, records: &mut BTreeMap<u64, String>) {
    let Typed { r#type } = serde_json::from_str(text).unwrap();
    let mut add = |seq, record: &RawValue| {
        let is_new = records.insert(seq, record.get().to_owned()).is_none();
        assert!(is_new, "{seq} came twice");
    };
    if !["data", "batch"].contains(&r#type.as_str()) {
        return;
    }
    let Message { seq, data } = serde_json::from_str(text).unwrap();
    if r#type == "data" {
        return add(seq, data);
    }
    let data: Vec<&RawValue> = serde_json::from_str(data.get()).unwrap();
    (seq..).zip(data).for_each(|(seq, data)| add(seq, data));
}

/// Asserts that `records` are those of `dataset`, dense from `first` on.
fn expect_dense(records: &BTreeMap<u64, String>, first: u64, dataset: &[String]) {
    for ((seq, record), expected) in records.iter().zip(first..) {
        assert_eq!(*seq, expected, "the first was {first}");
        let index = usize::try_from((seq - 1) % dataset.len() as u64).unwrap();
        assert_eq!(*record, dataset[index], "{seq}");
    }
}

/// Every viewer receives the same publications in the same order, including those from before the process started.
#[tokio::test]
async fn any_position_of_the_epoch_is_replayed_byte_for_byte() {
    const RECOVER_MAX: u64 = 100_000;
    let dataset = odd_records();
    let hub = Hub::start(
        "rate = 200.0\nstart = \"2024-05-06T07:08:09Z\"",
        &format!("[{}]", dataset.join(" ,\n")),
    );
    let (epoch, now) = hub.position();
    let mut random = fastrand::Rng::with_seed(7);
    for n in 0..200 {
        // Half of the positions are anywhere, half within reach of a stream.
        let reach = if n % 2 == 0 { now } else { 3_000 };
        let after = now - random.u64(..reach);
        let first = after + 1;
        let path = format!("/api/v1/topics/demo/history?format=ndjson&limit=30&from={first}");
        let mut records = BTreeMap::new();
        for line in RawClient::get(hub.public(), &path).text().lines() {
            collect(&line.replacen('{', r#"{"type":"data","#, 1), &mut records);
        }
        expect_dense(&records, first, &dataset);
        assert!(records.len() == 30 || after + 30 > now);
        if n % 2 == 0 && after + RECOVER_MAX < now {
            expect_expired(&hub, &epoch, after).await;
        } else {
            expect_stream(&hub, &epoch, after, &dataset).await;
        }
    }
    hub.stop_without_warnings();
}

/// Asserts that both streams resume after `after` and continue without a hole into live publications.
async fn expect_stream(hub: &Hub, epoch: &str, after: u64, dataset: &[String]) {
    let mut viewer = Viewer::v1_at(hub, &format!("/ws?since={epoch}:{after}")).await;
    let hello = viewer.next_message_except_viewers().await;
    assert_eq!(hello["recovered"], true);
    let live = hello["seq"].as_u64().unwrap() + 20;
    let mut of_ws = BTreeMap::new();
    while of_ws.last_key_value().is_none_or(|(seq, _)| *seq < live) {
        collect(&viewer.next_text().await, &mut of_ws);
    }
    expect_dense(&of_ws, after + 1, dataset);
    let headers = format!("last-event-id: {epoch}:{after}\r\n");
    let mut events = EventStream::connect(hub, "/sse", &headers);
    let mut of_sse = BTreeMap::new();
    while of_sse.last_key_value().is_none_or(|(seq, _)| *seq < live) {
        collect(&events.next_data(), &mut of_sse);
    }
    expect_dense(&of_sse, after + 1, dataset);
}

/// Asserts that a position too far back causes a `gap`, followed by the newest publications.
async fn expect_expired(hub: &Hub, epoch: &str, after: u64) {
    let mut viewer = Viewer::v1_at(hub, &format!("/ws?since={epoch}:{after}")).await;
    assert_eq!(viewer.next_unbatched().await["recovered"], false);
    let gap = viewer.next_unbatched().await;
    let found = (&gap["type"], &gap["reason"], &gap["from"]);
    assert_eq!(found, (&json!("gap"), &json!("expired"), &json!(after + 1)));
    let data = viewer.until("data").await;
    assert_eq!(data["seq"], gap["to"].as_u64().unwrap() + 1);
    let headers = format!("last-event-id: {epoch}:{after}\r\n");
    let mut events = EventStream::connect(hub, "/sse", &headers);
    assert_eq!(events.next_event_except_viewers().1["recovered"], false);
    assert_eq!(events.next_event_except_viewers().1["from"], gap["from"]);
}

/// Two hubs that do not communicate serve the same timeline, byte for byte.
#[tokio::test]
async fn two_hubs_with_the_same_file_and_start_send_the_same_frames() {
    let dataset = format!("[{}]", odd_records().join(","));
    let topic = "rate = 200.0\nstart = \"2024-05-06T07:08:09Z\"";
    let one = Hub::start(topic, &dataset);
    let mut at_one = Viewer::v1(&one).await;
    let hello = at_one.next_message_except_viewers().await;
    let had = frames(&mut at_one, 5).await;
    // The other hub starts later.
    let other = Hub::start(topic, &dataset);
    let mut at_other = Viewer::v1(&other).await;
    let hello_of_other = at_other.next_message_except_viewers().await;
    for name in ["epoch", "timeline", "dataset", "delay"] {
        assert_eq!(hello[name], hello_of_other[name]);
    }
    let of_other = frames(&mut at_other, 60).await;
    let mut of_one = had;
    // Reads one message further, because a jump and the flush after it have the same `seq`.
    while of_one.last_key_value().unwrap().0.0 <= of_other.last_key_value().unwrap().0.0 {
        of_one.extend(frames(&mut at_one, 1).await);
    }
    // The first flush after joining may be partial.
    for (place, text) in of_other.iter().skip(2) {
        assert_eq!(of_one.get(place), Some(text));
    }
    // A viewer can resume on the other hub.
    let last = of_one.last_key_value().unwrap().0.0 - 500;
    let path = format!("/ws?since={}:{last}", hello["epoch"].as_str().unwrap());
    let mut moved = Viewer::v1_at(&other, &path).await;
    assert_eq!(moved.next_unbatched().await["recovered"], true);
    assert_eq!(moved.until("data").await["seq"], last + 1);
}

/// The text of the next messages other than `viewers`, by `seq` and type.
async fn frames(viewer: &mut Viewer, count: usize) -> BTreeMap<(u64, String), String> {
    let mut frames = BTreeMap::new();
    while frames.len() < count {
        let text = viewer.next_text().await;
        let message: Value = serde_json::from_str(&text).unwrap();
        let kind = message["type"].as_str().unwrap().to_owned();
        // The number of viewers differs between hubs.
        if kind != "viewers" {
            frames.insert((message["seq"].as_u64().unwrap(), kind), text);
        }
    }
    frames
}
