//! Streams: all viewers receive the same publications, on schedule.

use std::fmt::Write;

use serde_json::{Value, json};

use super::support::{Hub, Viewer, indexed_dataset};

/// When `seq` is due, computed independently from the timeline in `hello`.
fn scheduled(hello: &Value, seq: u64) -> u64 {
    let timeline = &hello["timeline"];
    // Exact: the decimal text of the rate, shifted by six places.
    let rate = timeline["rate"].to_string();
    let (whole, fraction) = rate.split_once('.').unwrap_or((&rate, ""));
    let millionths: u128 = format!("{whole}{fraction:0<6}").parse().unwrap();
    let records = u128::from(seq - timeline["seq0"].as_u64().unwrap());
    timeline["t0"].as_u64().unwrap()
        + u64::try_from(records * 1_000_000_000_000 / millionths).unwrap()
}

/// Reads `count` publications as a v1 viewer and asserts that they are dense and on schedule, with a jump exactly at
/// each loop. Returns the first `seq` and the records.
async fn follow_v1(mut viewer: Viewer, len: u64, count: u64) -> (u64, Vec<Value>) {
    let hello = viewer.until("hello").await;
    let first = hello["seq"].as_u64().unwrap() + 1;
    let (mut seq, mut t, mut records) = (first, 0, Vec::new());
    while seq < first + count {
        let is_seam = seq > first && (seq - 1).is_multiple_of(len);
        let mut message = viewer.next_unbatched().await;
        assert_eq!(message["type"] == "jump", is_seam, "{message} at {seq}");
        if is_seam {
            let expected = json!({"type": "jump", "seq": seq, "t": scheduled(&hello, seq), "index": 0, "reason": "loop"});
            assert_eq!(message, expected);
            message = viewer.next_unbatched().await;
        }
        let record = &message["data"];
        assert_eq!(
            message,
            json!({"type": "data", "seq": seq, "t": scheduled(&hello, seq), "data": record})
        );
        assert_eq!(record["i"], (seq - 1) % len);
        assert!(message["t"].as_u64().unwrap() > t);
        t = message["t"].as_u64().unwrap();
        records.push(record.clone());
        seq += 1;
    }
    (first, records)
}

/// Reads `count` records as a bare viewer and asserts that they are consecutive.
async fn follow_bare(mut viewer: Viewer, len: u64, count: u64) {
    let mut expected = None;
    for _ in 0..count {
        let text = viewer.next_text().await;
        let index = serde_json::from_str::<Value>(&text).unwrap()["i"]
            .as_u64()
            .unwrap();
        assert_eq!(index, expected.unwrap_or(index));
        assert_eq!(text, format!("{{\"i\":{index}}}"));
        expected = Some((index + 1) % len);
    }
}

#[tokio::test]
async fn twenty_viewers_see_the_same_records_at_the_same_instants_across_the_seam() {
    const LEN: u64 = 400;
    let hub = Hub::start("rate = 500.0", &indexed_dataset(LEN));
    let mut pacer = Viewer::v1(&hub).await;
    let mut followers = Vec::new();
    for number in 0..20_u64 {
        let count = 3 * LEN - number * 20;
        followers.push(if number % 2 == 0 {
            let viewer = Viewer::v1(&hub).await;
            tokio::spawn(async move { drop(follow_v1(viewer, LEN, count).await) })
        } else {
            let viewer = Viewer::bare(&hub).await;
            tokio::spawn(follow_bare(viewer, LEN, count))
        });
        // The next viewer joins 20 publications later.
        for _ in 0..20 {
            pacer.until("data").await;
        }
    }
    for follower in followers {
        follower.await.unwrap();
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_topic_that_does_not_loop_ends_and_its_viewers_stay() {
    let hub = Hub::start("rate = 100.0\nloop = false", &indexed_dataset(100));
    let (mut viewer, mut bare) = (Viewer::v1(&hub).await, Viewer::bare(&hub).await);
    let hello = viewer.until("hello").await;
    let end = viewer.until("end").await;
    assert_eq!(
        end,
        json!({"type": "end", "seq": 100, "t": scheduled(&hello, 100)})
    );
    viewer.send(r#"{"type":"ping","id":1}"#).await;
    assert_eq!(viewer.next_unbatched().await["type"], "pong");
    let mut late = Viewer::v1(&hub).await;
    assert_eq!(late.next_unbatched().await["seq"], 100);
    assert_eq!(late.next_unbatched().await, end);
    // Also after backfill.
    let mut late = Viewer::v1_at(&hub, "/ws?last=2").await;
    late.until("hello").await;
    assert_eq!(late.next_unbatched().await["seq"], 99);
    assert_eq!(late.next_unbatched().await["seq"], 100);
    assert_eq!(late.next_unbatched().await, end);
    while bare.next_text().await != r#"{"i":99}"# {}
    hub.signal("-TERM");
    let (texts, close) = bare.text_until_close().await;
    assert_eq!((texts, u16::from(close.code)), (vec![], 1012));
}

#[tokio::test]
async fn every_rate_is_on_schedule_to_the_microsecond() {
    for (rate, count) in [("59.94", 60), ("3", 3), ("10000", 5_000)] {
        let hub = Hub::start(&format!("rate = {rate}"), &indexed_dataset(1_000));
        let viewer = Viewer::v1(&hub).await;
        let (_, records) = follow_v1(viewer, 1_000, count).await;
        assert_eq!(records.len() as u64, count);
    }
}

#[tokio::test]
async fn a_timeline_that_started_years_ago_is_joined_at_the_current_position() {
    let hub = Hub::start(
        "rate = 1000.0\nstart = \"2020-01-01T00:00:00Z\"",
        &indexed_dataset(7),
    );
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    assert_eq!(hello["timeline"]["t0"], 1_577_836_800_000_000_u64);
    assert!(hello["seq"].as_u64().unwrap() > 200_000_000_000);
    let now = hello["now"].as_u64().unwrap();
    let data = viewer.until("data").await;
    assert_eq!(data["t"], scheduled(&hello, data["seq"].as_u64().unwrap()));
    assert!(data["t"].as_u64().unwrap() + 60_000_000 > now);
    assert_eq!(data["data"]["i"], (data["seq"].as_u64().unwrap() - 1) % 7);
}

#[tokio::test]
async fn a_timeline_that_starts_in_the_future_has_not_begun_and_is_ready() {
    let hub = Hub::start(
        "rate = 1000.0\nstart = \"2099-01-01T00:00:00Z\"",
        &indexed_dataset(7),
    );
    let mut viewer = Viewer::v1(&hub).await;
    assert_eq!(viewer.next_unbatched().await["seq"], 0);
    viewer.send(r#"{"type":"ping","id":1}"#).await;
    assert_eq!(viewer.next_unbatched().await["type"], "pong");
    assert_eq!(
        super::support::RawClient::get(hub.ops(), "/readyz").status,
        200
    );
    hub.stop_without_warnings();
}

#[tokio::test]
async fn two_hubs_with_the_same_start_agree_without_communicating() {
    let topic = "rate = 200.0\nstart = \"2026-01-01T00:00:00Z\"";
    let hubs = [
        Hub::start(topic, &indexed_dataset(50)),
        Hub::start(topic, &indexed_dataset(50)),
    ];
    let mut viewers = [Viewer::v1(&hubs[0]).await, Viewer::v1(&hubs[1]).await];
    let [one, other] = &mut viewers;
    let (mut frame, mut twin) = (one.until("data").await, other.until("data").await);
    while frame["seq"] != twin["seq"] {
        if frame["seq"].as_u64() < twin["seq"].as_u64() {
            frame = one.until("data").await;
        } else {
            twin = other.until("data").await;
        }
    }
    assert_eq!(frame, twin);
}

#[tokio::test]
async fn records_keep_their_source_text_except_for_white_space() {
    let dataset = "[ {\"b\" : 1.50, \"a\": \"x y \\u00e9\"} ,\n 1e3 , null ]";
    let hub = Hub::start("rate = 100.0", dataset);
    let mut viewer = Viewer::bare(&hub).await;
    let mut seen = String::new();
    for _ in 0..5 {
        writeln!(seen, "{}", viewer.next_text().await).unwrap();
    }
    assert!(
        seen.contains("{\"b\":1.50,\"a\":\"x y \\u00e9\"}\n1e3\nnull\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn the_original_page_of_2020_receives_its_values_unchanged() {
    let values: Vec<_> = (0..10_000)
        .map(|n| json!({ "value": n * 7_919 % 101 }))
        .collect();
    let hub = Hub::start("rate = 10", &json!(values).to_string());
    let mut viewer = Viewer::bare(&hub).await;
    let (mut last, mut records) = (None, values.iter());
    for _ in 0..12 {
        let text = viewer.next_text().await;
        let record: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(text, format!("{{\"value\":{}}}", record["value"]));
        // Each record is the successor of the previous one in the dataset.
        let next = if last.is_none() {
            records.find(|value| **value == record)
        } else {
            records.next()
        };
        assert_eq!(next, Some(&record));
        last = Some(record);
    }
}
