//! Records of several megabytes: delivery to viewers, and the memory used by viewers that do not read.

use serde_json::Value;
use tickcast::protocol::websocket::inflate;

use super::support::{Hub, RawClient, Viewer};

const V1: &str = "sec-websocket-protocol: tickcast.v1\r\n";
const DEFLATE: &str = "sec-websocket-extensions: permessage-deflate\r\n";

/// A dataset of `count` records, each with its index and `len` letters.
fn wide(count: usize, len: usize) -> String {
    let record = |n| format!(r#"{{"n":{n},"blob":"{}"}}"#, "x".repeat(len));
    let records: Vec<_> = (0..count).map(record).collect();
    format!("[{}]", records.join(","))
}

/// Reads the next message; also returns whether it was compressed.
fn message(raw: &mut RawClient) -> (Value, bool) {
    loop {
        let (first, payload) = raw.read_frame();
        match first {
            0x81 => return (serde_json::from_slice(&payload).unwrap(), false),
            0xC1 => {
                let text = inflate(&payload, 1 << 22).unwrap();
                return (serde_json::from_slice(&text).unwrap(), true);
            }
            _ => {}
        }
    }
}

/// Joins with `headers` and a small receive buffer, and does not read.
fn join_without_reading(hub: &Hub, path: &str, headers: &str) -> RawClient {
    let mut raw = RawClient::connect(hub.public());
    raw.shrink_receive_buffer();
    let request = RawClient::handshake(hub.public(), headers).replace("/ws ", &format!("{path} "));
    raw.send(request.as_bytes());
    raw
}

#[tokio::test]
async fn viewers_that_do_not_read_cost_no_copy_of_a_long_record_in_any_form() {
    const LEN: usize = 2_000_000;
    const SLEEPERS: usize = 25;
    let hub = Hub::start("rate = 5.0\nbackfill = \"5s\"", &wide(10, LEN));
    let mut steady = Viewer::v1(&hub).await;
    steady.until("data").await;
    let before = hub.memory_kib("VmRSS:");
    let event_stream = format!("GET /sse HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
    let sleepers: Vec<_> = (0..SLEEPERS)
        .flat_map(|_| {
            let mut events = RawClient::connect(hub.public());
            events.shrink_receive_buffer();
            events.send(event_stream.as_bytes());
            [
                join_without_reading(&hub, "/ws", V1),
                join_without_reading(&hub, "/ws", &format!("{V1}{DEFLATE}")),
                join_without_reading(&hub, "/ws?last=5", ""),
                events,
            ]
        })
        .collect();
    // By then each of them is stuck in a different record or backfill block.
    for _ in 0..10 {
        steady.until("data").await;
    }
    let after = hub.memory_kib("VmRSS:");
    // In total, at most a tenth of a copy per viewer.
    let most = u64::try_from(LEN * sleepers.len() / 10 / 1024).unwrap();
    assert!(after < before + most, "{before} KiB, then {after} KiB");
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_long_record_arrives_unchanged_in_every_form() {
    let dataset = wide(3, 700_000);
    let hub = Hub::start("rate = 2.0\nbackfill = 2", &dataset);
    let records: Vec<Value> = serde_json::from_str(&dataset).unwrap();
    let expected = |seq: u64| &records[usize::try_from((seq - 1) % 3).unwrap()];
    for headers in [V1.to_owned(), format!("{V1}{DEFLATE}")] {
        let (mut raw, _) = RawClient::upgrade(hub.public(), &headers);
        let mut seen = 0;
        while seen < 4 {
            let (message, is_compressed) = message(&mut raw);
            if message["type"] == "data" {
                let seq = message["seq"].as_u64().unwrap();
                assert_eq!(message["data"], *expected(seq), "{seq}");
                assert!(!is_compressed);
                seen += 1;
            }
        }
    }
    let mut bare = Viewer::connect(&hub, "/ws?last=2", &[]).await.ok().unwrap();
    let mut numbers = Vec::new();
    for _ in 0..4 {
        let record: Value = serde_json::from_str(&bare.next_text().await).unwrap();
        let n = record["n"].as_u64().unwrap();
        assert_eq!(record, *expected(n + 1));
        numbers.push(n);
    }
    assert!(numbers.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 3));
    let request = format!("GET /sse HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
    let mut events = RawClient::connect(hub.public());
    events.send(request.as_bytes());
    let mut text = String::new();
    while text.matches(r#""type":"data""#).count() < 4 {
        text += &events.read_until("\n\n");
    }
    let data = text
        .split("\n\n")
        .filter_map(|event| event.split_once("\ndata: "));
    let messages = data.filter_map(|(_, data)| serde_json::from_str::<Value>(data).ok());
    let messages: Vec<_> = messages
        .filter(|message| message["type"] == "data")
        .collect();
    assert!(messages.len() >= 3);
    for message in messages {
        assert_eq!(message["data"], *expected(message["seq"].as_u64().unwrap()));
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_message_of_medium_length_is_compressed_and_a_long_one_is_not() {
    for (len, is_long) in [(100_000, false), (300_000, true)] {
        let hub = Hub::start("rate = 20.0\ncoalesce = \"0ms\"", &wide(2, len));
        let (mut raw, _) = RawClient::upgrade(hub.public(), &format!("{V1}{DEFLATE}"));
        let is_compressed = loop {
            let (message, is_compressed) = message(&mut raw);
            if message["type"] == "data" {
                break is_compressed;
            }
        };
        assert_eq!(is_compressed, !is_long);
    }
}

#[tokio::test]
async fn a_slow_reader_of_long_records_receives_every_byte_with_pongs_between_frames() {
    const LEN: usize = 1_000_000;
    let hub = Hub::start("rate = 10.0\nbackfill = 3", &wide(7, LEN));
    let mut raw = RawClient::connect(hub.public());
    raw.send(RawClient::handshake(hub.public(), V1).as_bytes());
    let mut steady = Viewer::v1(&hub).await;
    // More than the socket buffers hold.
    for _ in 0..20 {
        steady.until("data").await;
    }
    raw.send(
        &[
            &[0x81, 0x80 | 22, 0, 0, 0, 0][..],
            br#"{"type":"ping","id":5}"#,
        ]
        .concat(),
    );
    raw.read_head();
    let (mut last, mut has_pong, mut seen) = (None, false, 0);
    while seen < 25 {
        let (message, _) = message(&mut raw);
        has_pong |= message["type"] == "pong";
        if message["type"] == "data" {
            let seq = message["seq"].as_u64().unwrap();
            assert!(last.is_none_or(|last| last + 1 == seq), "{seq}");
            assert_eq!(message["data"]["n"], (seq - 1) % 7);
            assert_eq!(message["data"]["blob"].as_str().unwrap().len(), LEN);
            last = Some(seq);
            seen += 1;
        }
    }
    assert!(has_pong);
    hub.stop_without_warnings();
}
