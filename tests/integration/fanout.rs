//! How publications travel: gathered, compressed, and past viewers that do not read.

use serde_json::{Value, json};
use tickcast::protocol::frame::inflate;

use super::support::viewer::unpack;
use super::support::{Hub, Project, Raw, Viewer, indexed};

const V1: &str = "sec-websocket-protocol: tickcast.v1\r\n";
const DEFLATE: &str = "sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n";

#[tokio::test]
async fn records_due_within_the_window_travel_in_one_batch_that_never_spans_a_jump() {
    let hub = Hub::start("rate = 1000.0\ncoalesce = \"20ms\"", &indexed(70));
    let mut viewer = Viewer::v1(&hub).await;
    let mut next = viewer.until("hello").await["seq"].as_u64().unwrap() + 1;
    let mut lens = Vec::new();
    while lens.len() < 20 {
        let message = viewer.whole().await;
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
            // The dataset does not begin again inside a batch.
            assert_eq!(publication["data"]["i"], (n - 1) % 70);
        }
        next += data.len() as u64;
        lens.push((data.len(), (next - 1).is_multiple_of(70)));
    }
    // The first is what was left of a window; a window of 20 ms holds 21 records, unless the dataset ends in it.
    for (len, is_at_seam) in &lens[1..] {
        assert!(*len == 21 || *is_at_seam, "{lens:?}");
    }
}

#[tokio::test]
async fn with_a_window_of_zero_each_record_travels_alone() {
    let hub = Hub::start("rate = 1000.0\ncoalesce = \"0ms\"", &indexed(5));
    let mut viewer = Viewer::v1(&hub).await;
    viewer.until("hello").await;
    for _ in 0..50 {
        assert_ne!(viewer.whole().await["type"], "batch");
    }
}

#[tokio::test]
async fn whoever_joins_in_the_middle_of_a_window_gets_the_rest_of_it() {
    let hub = Hub::start(
        "rate = 500.0\ndelay = \"2s\"\ncoalesce = \"1s\"",
        &indexed(900),
    );
    let mut viewers = Vec::new();
    for _ in 0..40 {
        let mut viewer = Viewer::v1(&hub).await;
        let seq = viewer.until("hello").await["seq"].as_u64().unwrap();
        viewers.push((seq, viewer));
    }
    for (seq, viewer) in &mut viewers {
        // A jump may stand between them, nothing else.
        let mut message = viewer.json().await;
        if message["type"] == "jump" {
            message = viewer.json().await;
        }
        assert_eq!(message["type"], "data");
        assert_eq!(message["seq"], *seq + 1);
    }
}

#[tokio::test]
async fn a_viewer_that_offers_it_gets_long_batches_compressed_and_the_same_records() {
    let hub = Hub::start("rate = 2000.0", &indexed(1_000));
    let (mut raw, head) = Raw::upgrade(hub.public(), &format!("{V1}{DEFLATE}"));
    assert!(
        head.contains("server_no_context_takeover; client_no_context_takeover"),
        "{head}"
    );
    let mut plain = Viewer::v1(&hub).await;
    plain.until("hello").await;
    let batch = plain.whole().await;
    let (mut compressed, mut seen) = (0, Vec::new());
    while compressed < 5 || seen.last() < batch["seq"].as_u64().as_ref() {
        let (first, payload) = raw.frame();
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
async fn compression_is_not_agreed_upon_for_bare_records_or_without_an_offer() {
    let hub = Hub::start("rate = 10.0", "[1]");
    for headers in [DEFLATE.to_owned(), V1.to_owned()] {
        let (_, head) = Raw::upgrade(hub.public(), &headers);
        assert!(!head.contains("extensions"), "{head}");
    }
    let malformed = Raw::handshake(hub.public(), "sec-websocket-extensions: a;;b\r\n");
    let mut raw = Raw::connect(hub.public());
    let answer = raw.send(malformed.as_bytes()).until("RFC 6455");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
}

#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_is_closed_with_1009() {
    let hub = Hub::start("rate = 0.001", "[1]");
    let (mut raw, _) = Raw::upgrade(hub.public(), &format!("{V1}{DEFLATE}"));
    let bomb = bomb();
    let len = u8::try_from(bomb.len()).unwrap();
    assert!(len < 126);
    raw.send(&[&[0xC1, 0x80 | len, 0, 0, 0, 0][..], &bomb].concat());
    let close = loop {
        let (first, payload) = raw.frame();
        if first == 0x88 {
            break payload;
        }
    };
    assert_eq!(close[..2], 1009_u16.to_be_bytes());
}

/// 20,000 times the same letter, deflated, without the tail that the wire leaves out.
fn bomb() -> Vec<u8> {
    let text = "a".repeat(20_000);
    let frame = tickcast::protocol::frame::Deflater::default()
        .text(text.as_bytes())
        .unwrap();
    frame[2..].to_vec()
}

#[tokio::test]
async fn a_viewer_that_takes_nothing_is_cut_by_policy_and_the_others_miss_nothing() {
    let record = format!("\"{}\"", "x".repeat(1_000));
    let project = Project::new(
        "rate = 1000.0\nslow = \"disconnect\"\nmax_lag = \"100ms\"",
        &format!("[{record}]"),
    );
    let mut hub = project.start_with(&["--log-level", "debug"]);
    let stuck: Vec<_> = ["", V1]
        .map(|headers| {
            let raw = Raw::connect(hub.public());
            raw.take_little();
            (raw, headers)
        })
        .into_iter()
        .map(|(mut raw, headers)| {
            raw.send(Raw::handshake(hub.public(), headers).as_bytes());
            raw
        })
        .collect();
    let mut steady = Viewer::bare(&hub).await;
    let mut closed = 0;
    while closed < 2 {
        steady.text().await;
        while let Some(event) = hub.past_event("viewer.left") {
            assert_eq!(event["reason"], "slow", "{event}");
            closed += 1;
        }
    }
    drop(stuck);
    assert_eq!(hub.event("hub.stats")["viewers"], 1);
}

#[tokio::test]
async fn max_lag_holds_as_well_where_the_log_still_has_it_all() {
    let hub = Hub::start("rate = 2000.0\nmax_lag = \"100ms\"", &indexed(700));
    let mut raw = Raw::connect(hub.public());
    raw.take_little();
    raw.send(
        Raw::handshake(hub.public(), V1)
            .replace("/ws ", "/ws?last=0 ")
            .as_bytes(),
    );
    let mut steady = Viewer::v1(&hub).await;
    // Two seconds: less than the log keeps.
    for _ in 0..4_000 {
        steady.until("data").await;
    }
    raw.head();
    let mut last = 0;
    let gap = loop {
        let (first, payload) = raw.frame();
        if first != 0x81 {
            // The hub looks whether we live.
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
async fn a_hub_that_stood_still_leaves_out_nothing_and_closes_nobody() {
    let topic = "rate = 2000.0\nmax_lag = \"1s\"\nslow = \"disconnect\"";
    let record = format!("\"{}\"", "x".repeat(500));
    let hub = Hub::start(topic, &format!("[{record}]"));
    let mut told = Viewer::v1(&hub).await;
    let mut seq = told.until("hello").await["seq"].as_u64().unwrap();
    let mut bare = Viewer::bare(&hub).await;
    bare.text().await;
    // Another hub's records are the clock by which this one stands still for two seconds.
    let other = Hub::start("rate = 100.0", "[1]");
    let mut clock = Viewer::v1(&other).await;
    hub.signal("-STOP");
    for _ in 0..200 {
        clock.until("data").await;
    }
    hub.signal("-CONT");
    // Both read: one that does not is slow by its own doing.
    let told = async {
        for _ in 0..8_000 {
            seq += 1;
            assert_eq!(told.until("data").await["seq"], seq);
        }
    };
    let bare = async {
        for _ in 0..8_000 {
            bare.text().await;
        }
    };
    tokio::join!(told, bare);
    hub.end_without_complaint();
}
