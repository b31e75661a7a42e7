//! Joining with and without a position: resume, backfill, gaps and rejections.

use serde_json::{Value, json};
use tickcast::protocol::websocket::inflate;

use super::support::event_stream::EventStream;
use super::support::hub::root;
use super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};

/// Reads the publications after `after` up to `to` as a v1 viewer and asserts that they are dense and carry the right
/// record, with a jump at each loop; `has_last` says whether the viewer has `after`, without which there is no jump
/// first.
async fn follow(viewer: &mut Viewer, (after, has_last): (u64, bool), to: u64, len: u64) {
    let mut seq = after;
    while seq < to {
        let is_seam = seq > 0 && seq.is_multiple_of(len) && (seq > after || has_last);
        if is_seam {
            let jump = viewer.next_unbatched().await;
            assert_eq!(
                (&jump["type"], &jump["seq"]),
                (&json!("jump"), &json!(seq + 1))
            );
        }
        let data = viewer.next_unbatched().await;
        seq += 1;
        assert_eq!(
            (&data["type"], &data["seq"], &data["data"]["i"]),
            (&json!("data"), &json!(seq), &json!((seq - 1) % len)),
        );
    }
}

#[tokio::test]
async fn everything_after_a_position_follows_including_from_before_the_process_started() {
    let project = Project::new(
        "rate = 500.0\nstart = \"2024-05-06T07:08:09Z\"",
        &indexed_dataset(700),
    );
    let hub = project.start();
    let (epoch, now) = hub.position();
    for back in [0, 1, 2, 255, 256, 257, 699, 700, 701, 5_000, 99_000] {
        let after = now - back;
        let mut viewer = Viewer::v1_at(&hub, &format!("/ws?since={epoch}:{after}")).await;
        let hello = viewer.next_unbatched().await;
        assert_eq!(hello["recovered"], true, "{back}");
        let newest = hello["seq"].as_u64().unwrap();
        assert_eq!(hello["retained"], json!({"from": 1, "to": newest}));
        follow(&mut viewer, (after, true), newest + 50, 700).await;
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_bare_viewer_receives_the_records_after_its_position_and_then_live_ones() {
    let hub = Hub::start(
        "rate = 500.0\nstart = \"2024-05-06T07:08:09Z\"",
        &indexed_dataset(700),
    );
    let (epoch, now) = hub.position();
    for (path, first) in [
        (
            format!("/ws?since={epoch}:{}", now - 3_000),
            Some((now - 3_000) % 700),
        ),
        // With `last`, the first record depends on the moment of joining.
        ("/ws?last=3000".into(), None),
    ] {
        let mut viewer = Viewer::connect(&hub, &path, &[]).await.ok().unwrap();
        let mut last: Option<u64> = first.map(|first| (first + 699) % 700);
        let (_, before) = hub.position();
        for n in 0..3_100 {
            let record: Value = serde_json::from_str(&viewer.next_text().await).unwrap();
            let index = record["i"].as_u64().unwrap();
            assert!(last.is_none_or(|last| index == (last + 1) % 700));
            last = Some(index);
            if n == 2_999 {
                // The backfill has arrived at once: at 500 a second it would have taken six seconds.
                assert!(hub.position().1 < before + 1_500);
            }
        }
    }
    let mut without_position = Viewer::bare(&hub).await;
    let record: Value = serde_json::from_str(&without_position.next_text().await).unwrap();
    let (_, now) = hub.position();
    let behind = (now - 1 + 700 - record["i"].as_u64().unwrap()) % 700;
    assert!(
        behind < 350,
        "a viewer without a position was sent a record from {behind} ago"
    );
}

#[tokio::test]
async fn a_viewer_without_a_position_receives_the_backfill_of_the_topic() {
    for (backfill, expected) in [
        ("\"2s\"", 200),
        ("30", 30),
        ("0", 0),
        ("\"1ms\"", 1),
        ("9000000", 100_000),
    ] {
        let topic =
            format!("rate = 100.0\nstart = \"2024-05-06T07:08:09Z\"\nbackfill = {backfill}");
        let hub = Hub::start(&topic, &indexed_dataset(1_000));
        let mut viewer = Viewer::v1_at(&hub, "/ws").await;
        let hello = viewer.next_unbatched().await;
        assert_eq!(hello["recovered"], json!(null));
        let newest = hello["seq"].as_u64().unwrap();
        follow(&mut viewer, (newest - expected, false), newest + 3, 1_000).await;
        hub.stop_without_warnings();
    }
}

#[tokio::test]
async fn backfill_batches_end_at_multiples_of_256_so_that_viewers_share_them() {
    let hub = Hub::start(
        "rate = 500.0\nstart = \"2024-05-06T07:08:09Z\"",
        &indexed_dataset(100_000),
    );
    let mut viewer = Viewer::v1_at(&hub, "/ws?last=5000").await;
    let newest = viewer.next_unbatched().await["seq"].as_u64().unwrap();
    let mut batches = Vec::new();
    loop {
        let message = viewer.next_message_except_viewers().await;
        if message["type"] == "jump" {
            continue;
        }
        let len = message["data"].as_array().map_or(1, Vec::len) as u64;
        let last = message["seq"].as_u64().unwrap() + len - 1;
        if last >= newest {
            break;
        }
        batches.push(last);
    }
    assert!(batches.len() >= 19, "{batches:?}");
    for last in batches {
        assert!(
            last.is_multiple_of(256) || last.is_multiple_of(100_000),
            "{last}"
        );
    }
}

#[tokio::test]
async fn compressed_and_plain_backfill_contain_the_same() {
    const OFFER: &str =
        "sec-websocket-protocol: tickcast.v1\r\nsec-websocket-extensions: permessage-deflate\r\n";
    let hub = Hub::start(
        "rate = 1.0\nstart = \"2024-05-06T07:08:09Z\"",
        &indexed_dataset(1_000),
    );
    let (epoch, now) = hub.position();
    let after = (now / 256 - 4) * 256;
    let path = format!("/ws?since={epoch}:{after}");
    let mut plain = Viewer::v1_at(&hub, &path).await;
    plain.until("hello").await;
    let mut raw = RawClient::connect(hub.public());
    let handshake = RawClient::handshake(hub.public(), OFFER).replace("/ws ", &format!("{path} "));
    raw.send(handshake.as_bytes());
    raw.read_head();
    let hello = raw.read_frame();
    assert_eq!(hello.0, 0x81);
    let mut is_compressed = false;
    for _ in 0..4 {
        let (first, payload) = raw.read_frame();
        let text = if first & 0x40 == 0 {
            payload
        } else {
            is_compressed = true;
            inflate(&payload, 1 << 20).unwrap()
        };
        let text: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(text, plain.next_message_except_viewers().await);
    }
    assert!(is_compressed);
}

/// A hub at 100 records a second with `recover_max` 50 and a backfill of 7.
fn hub_with_short_recovery() -> Hub {
    let toml = "[server]\nport = 0\nrecover_max = 50\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\n\
                rate = 100.0\nstart = \"2024-05-06T07:08:09Z\"\nbackfill = 7\n";
    Project::raw(toml).start()
}

/// Joins `hub` with `query`; returns `hello.recovered`, the gap, and the number of publications in the backfill.
async fn join(hub: &Hub, query: &str) -> (Value, Value, u64) {
    let mut viewer = Viewer::v1_at(hub, &format!("/ws/demo?{query}")).await;
    let hello = viewer.next_unbatched().await;
    let mut message = viewer.next_unbatched().await;
    let mut gap = Value::Null;
    if message["type"] == "gap" {
        gap = std::mem::replace(&mut message, viewer.next_unbatched().await);
    }
    while message["type"] == "jump" {
        message = viewer.next_unbatched().await;
    }
    let newest = hello["seq"].as_u64().unwrap();
    let count = newest + 1 - message["seq"].as_u64().unwrap();
    if gap["to"].is_u64() {
        assert_eq!(gap["to"], newest - count, "{query}");
    }
    (hello["recovered"].clone(), gap, count)
}

#[tokio::test]
async fn every_position_gets_recovered_or_a_gap() {
    let hub = hub_with_short_recovery();
    let (epoch, now) = hub.position();
    let expired = |from: u64| json!({"from": from, "reason": "expired"});
    let unknown = |reason: &str| json!({"from": null, "reason": reason});
    for (query, recovered, gap, count) in [
        (String::new(), json!(null), json!(null), Some(7)),
        ("last=0".into(), json!(true), json!(null), Some(0)),
        ("last=50".into(), json!(true), json!(null), Some(50)),
        (
            "last=18446744073709551615".into(),
            json!(false),
            expired(1),
            Some(50),
        ),
        (
            format!("since={epoch}:{now}"),
            json!(true),
            json!(null),
            None,
        ),
        (
            format!("since={epoch}%3A{now}"),
            json!(true),
            json!(null),
            None,
        ),
        (
            format!("since={epoch}:0"),
            json!(false),
            expired(1),
            Some(50),
        ),
        (
            format!("since={epoch}:{}", now - 500),
            json!(false),
            expired(now - 499),
            Some(50),
        ),
        (
            "since=other:1".into(),
            json!(false),
            unknown("epoch"),
            Some(7),
        ),
        (
            format!("since={epoch}:9007199254740991"),
            json!(false),
            unknown("future"),
            Some(7),
        ),
    ] {
        let (got_recovered, got_gap, got_count) = join(&hub, &query).await;
        assert_eq!(got_recovered, recovered, "{query}");
        for name in ["from", "reason"] {
            assert_eq!(got_gap[name], gap[name], "{query}");
        }
        assert!(
            count.is_none_or(|count| got_count == count),
            "{query}: {got_count}"
        );
    }
}

#[tokio::test]
async fn a_bare_viewer_with_an_unrecoverable_position_is_rejected() {
    let hub = hub_with_short_recovery();
    let (epoch, now) = hub.position();
    for query in [
        format!("since={epoch}:{}", now - 500),
        format!("since={epoch}:9007199254740991"),
        "since=other:1".into(),
        "last=51".into(),
    ] {
        let refusal = Viewer::connect(&hub, &format!("/ws?{query}"), &[])
            .await
            .err();
        assert_eq!(refusal.expect("a refusal").status, 410, "{query}");
    }
}

/// The page's code reads the same samples, in `web/tests/protocol.test.ts`.
#[test]
fn a_position_is_accepted_or_rejected_as_in_the_samples() {
    let hub = Hub::start("rate = 10.0", "[1]");
    let samples = std::fs::read_to_string(root().join("tests/positions.json")).unwrap();
    let samples: Value = serde_json::from_str(&samples).unwrap();
    for (kind, status) in [("valid", "200"), ("invalid", "400")] {
        for position in samples[kind].as_array().unwrap() {
            let bytes = position.as_str().unwrap().bytes();
            let encoded: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
            let stream = EventStream::connect(&hub, &format!("/sse?since={encoded}"), "");
            let expected = format!("HTTP/1.1 {status} ");
            assert!(
                stream.head.starts_with(&expected),
                "{position}: {}",
                stream.head
            );
        }
    }
}
