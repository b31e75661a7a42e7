//! Delivery of publications: coalescing, compression, and viewers that do not read.

use serde_json::{Value, json};
use tickcast::protocol::websocket::inflate;

use super::support::viewer::unpack;
use super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};

const V1: &str = "sec-websocket-protocol: tickcast.v1\r\n";
const DEFLATE: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";

#[tokio::test]
async fn records_due_within_the_window_are_sent_in_one_batch_that_never_spans_a_jump() {
    let hub = Hub::start("rate = 1000.0\ncoalesce = \"20ms\"", &indexed_dataset(70));
    let mut viewer = Viewer::v1(&hub).await;
    let mut next = viewer.until("hello").await["seq"].as_u64().unwrap() + 1;
    let mut lens = Vec::new();
    while lens.len() < 20 {
        let message = viewer.next_message_except_viewers().await;
        if message["type"] == "jump" {
            assert_eq!(message["seq"], next);
            continue;
        }
        let data = if message["type"] == "batch" {
            unpack(&message)
        } else {
            vec![message]
        };
        for (n, publication) in (next..).zip(&data) {
            assert_eq!(publication["seq"], n);
            // A batch never spans the end of the dataset.
            assert_eq!(publication["data"]["i"], (n - 1) % 70);
        }
        next += data.len() as u64;
        lens.push((data.len(), (next - 1).is_multiple_of(70)));
    }
    // The first is the rest of a window; a window of 20 ms contains 21 records, unless the dataset ends in it.
    for (len, is_at_seam) in &lens[1..] {
        assert!(*len == 21 || *is_at_seam, "{lens:?}");
    }
}

#[tokio::test]
async fn with_a_window_of_zero_each_record_is_sent_alone() {
    let hub = Hub::start("rate = 1000.0\ncoalesce = \"0ms\"", &indexed_dataset(5));
    let mut viewer = Viewer::v1(&hub).await;
    viewer.until("hello").await;
    for _ in 0..50 {
        assert_ne!(viewer.next_message_except_viewers().await["type"], "batch");
    }
}

#[tokio::test]
async fn a_viewer_that_joins_in_the_middle_of_a_window_receives_the_rest_of_it() {
    let hub = Hub::start(
        "rate = 500.0\ndelay = \"2s\"\ncoalesce = \"1s\"",
        &indexed_dataset(900),
    );
    let mut viewers = Vec::new();
    for _ in 0..40 {
        let mut viewer = Viewer::v1(&hub).await;
        let seq = viewer.until("hello").await["seq"].as_u64().unwrap();
        viewers.push((seq, viewer));
    }
    for (seq, viewer) in &mut viewers {
        // Only a jump may come in between.
        let mut message = viewer.next_unbatched().await;
        if message["type"] == "jump" {
            message = viewer.next_unbatched().await;
        }
        assert_eq!(message["type"], "data");
        assert_eq!(message["seq"], *seq + 1);
    }
}

#[tokio::test]
async fn a_viewer_that_offers_compression_receives_long_batches_compressed() {
    let hub = Hub::start("rate = 2000.0", &indexed_dataset(1_000));
    let (mut raw, head) = RawClient::upgrade(hub.public(), &format!("{V1}{DEFLATE}"));
    assert!(
        head.contains("server_no_context_takeover; client_no_context_takeover"),
        "{head}"
    );
    let mut plain = Viewer::v1(&hub).await;
    plain.until("hello").await;
    let batch = plain.next_message_except_viewers().await;
    let (mut compressed, mut seen) = (0, Vec::new());
    while compressed < 5 || seen.last() < batch["seq"].as_u64().as_ref() {
        let (first, payload) = raw.read_frame();
        let text = match first {
            0x81 => payload.clone(),
            0xC1 => inflate(&payload, 1 << 20).unwrap(),
            _ => continue,
        };
        let message: Value = serde_json::from_slice(&text).unwrap();
        if first == 0xC1 {
            assert!(payload.len() < text.len());
            compressed += 1;
        }
        if message["type"] == "batch" {
            for data in unpack(&message) {
                let seq = data["seq"].as_u64().unwrap();
                assert!(seen.last().is_none_or(|last| last + 1 == seq));
                assert_eq!(data["data"]["i"], (seq - 1) % 1_000);
                seen.push(seq);
            }
        }
    }
}

#[tokio::test]
async fn compression_is_not_negotiated_for_bare_records_or_without_an_offer() {
    let hub = Hub::start("rate = 10.0", "[1]");
    for headers in [DEFLATE.to_owned(), V1.to_owned()] {
        let (_, head) = RawClient::upgrade(hub.public(), &headers);
        assert!(!head.contains("extensions"), "{head}");
    }
    let malformed = RawClient::handshake(hub.public(), "sec-websocket-extensions: a;;b\r\n");
    let mut raw = RawClient::connect(hub.public());
    let answer = raw.send(malformed.as_bytes()).read_until("RFC 6455");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_is_closed_with_1009() {
    let hub = Hub::start("rate = 0.001", "[1]");
    let (mut raw, _) = RawClient::upgrade(hub.public(), &format!("{V1}{DEFLATE}"));
    let bomb = bomb();
    let len = u8::try_from(bomb.len()).unwrap();
    assert!(len < 126);
    raw.send(&[&[0xC1, 0x80 | len, 0, 0, 0, 0][..], &bomb].concat());
    let close = loop {
        let (first, payload) = raw.read_frame();
        if first == 0x88 {
            break payload;
        }
    };
    assert_eq!(close[..2], 1009_u16.to_be_bytes());
}

/// A compressed message of 20,000 identical letters, without the tail that permessage-deflate omits.
fn bomb() -> Vec<u8> {
    let text = "a".repeat(20_000);
    let frame = tickcast::protocol::websocket::Deflater::default()
        .text_frame(text.as_bytes())
        .unwrap();
    frame[2..].to_vec()
}

#[tokio::test]
async fn a_viewer_that_does_not_read_is_disconnected_by_policy_and_others_miss_nothing() {
    let record = format!("\"{}\"", "x".repeat(1_000));
    let project = Project::new(
        "rate = 1000.0\nslow = \"disconnect\"\nmax_lag = \"100ms\"",
        &format!("[{record}]"),
    );
    let mut hub = project.start_with(&["--log-level", "debug"]);
    let stuck: Vec<_> = ["", V1]
        .map(|headers| {
            let raw = RawClient::connect(hub.public());
            raw.shrink_receive_buffer();
            (raw, headers)
        })
        .into_iter()
        .map(|(mut raw, headers)| {
            raw.send(RawClient::handshake(hub.public(), headers).as_bytes());
            raw
        })
        .collect();
    let mut steady = Viewer::bare(&hub).await;
    let mut closed = 0;
    while closed < 2 {
        steady.next_text().await;
        while let Some(event) = hub.logged_event("viewer.left") {
            assert_eq!(event["reason"], "slow", "{event}");
            closed += 1;
        }
    }
    drop(stuck);
    assert_eq!(hub.event("hub.stats")["viewers"], 1);
}

#[tokio::test]
async fn max_lag_applies_even_if_the_log_still_contains_everything() {
    let hub = Hub::start("rate = 2000.0\nmax_lag = \"100ms\"", &indexed_dataset(700));
    let mut raw = RawClient::connect(hub.public());
    raw.shrink_receive_buffer();
    raw.send(
        RawClient::handshake(hub.public(), V1)
            .replace("/ws ", "/ws?last=0 ")
            .as_bytes(),
    );
    let mut steady = Viewer::v1(&hub).await;
    // Two seconds, less than the log holds.
    for _ in 0..4_000 {
        steady.until("data").await;
    }
    raw.read_head();
    let mut last = 0;
    let gap = loop {
        let (first, payload) = raw.read_frame();
        if first != 0x81 {
            // A keep-alive ping.
            continue;
        }
        let message: Value = serde_json::from_slice(&payload).unwrap();
        match message["type"].as_str().unwrap() {
            "hello" => last = message["seq"].as_u64().unwrap(),
            "batch" => {
                assert_eq!(message["seq"], last + 1);
                last += message["data"].as_array().unwrap().len() as u64;
            }
            "gap" => break message,
            "jump" | "viewers" => {}
            other => panic!("{other}"),
        }
    };
    assert_eq!(
        (&gap["from"], &gap["reason"]),
        (&json!(last + 1), &json!("slow"))
    );
}

#[tokio::test]
async fn a_suspended_hub_skips_no_record_and_disconnects_no_viewer() {
    let topic = "rate = 2000.0\nmax_lag = \"1s\"\nslow = \"disconnect\"";
    let record = format!("\"{}\"", "x".repeat(500));
    let hub = Hub::start(topic, &format!("[{record}]"));
    let mut v1 = Viewer::v1(&hub).await;
    let mut seq = v1.until("hello").await["seq"].as_u64().unwrap();
    let mut bare = Viewer::bare(&hub).await;
    bare.next_text().await;
    // Records of another hub time the two seconds for which this one is suspended.
    let other = Hub::start("rate = 100.0", "[1]");
    let mut clock = Viewer::v1(&other).await;
    hub.signal("-STOP");
    for _ in 0..200 {
        clock.until("data").await;
    }
    hub.signal("-CONT");
    // Both must keep reading, otherwise they would count as slow.
    let v1 = async {
        for _ in 0..8_000 {
            seq += 1;
            assert_eq!(v1.until("data").await["seq"], seq);
        }
    };
    let bare = async {
        for _ in 0..8_000 {
            bare.next_text().await;
        }
    };
    tokio::join!(v1, bare);
    hub.stop_without_warnings();
}
