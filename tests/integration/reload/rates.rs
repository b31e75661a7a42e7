//! Rate changes: a new segment of the same timeline, which every viewer receives in a `state` message.

use serde_json::Value;

use super::super::support::event_stream::EventStream;
use super::super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};
use super::{TOPIC, Watched, toml};

/// Changes the rate to each of `rates` in turn, with records published at each; returns the `timeline.segment` events.
async fn change_rates(watched: &mut Watched, rates: &[&str]) -> Vec<Value> {
    let mut segments = Vec::new();
    for rate in rates {
        let change = watched.reload(&toml("", &TOPIC.replace("200.0", rate)));
        assert_eq!(change, (vec![], 1));
        let segment = watched.hub.last_event("timeline.segment").unwrap().clone();
        assert_eq!(segment["rate"].as_f64(), rate.parse().ok());
        while watched.hub.position().1 < seq0(&segment) {
            tokio::task::yield_now().await;
        }
        segments.push(segment);
    }
    segments
}

fn seq0(segment: &Value) -> u64 {
    segment["seq0"].as_u64().unwrap()
}

const RATES: [&str; 4] = ["20.0", "0.5", "59.94", "1000.0"];

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_change_adds_a_segment_to_the_epoch_and_is_sent_to_all_viewers() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let (epoch, _) = watched.hub.position();
    let segments = change_rates(&mut watched, &RATES).await;
    assert_eq!(watched.hub.position().0, epoch);
    let (messages, _) = watched.stop_and_check().await;
    let is = |message: &&Value, kind| message["type"] == kind;
    let states: Vec<_> = messages
        .iter()
        .filter(|message| is(message, "state"))
        .collect();
    assert_eq!(states.len(), segments.len());
    for (state, segment) in states.iter().zip(&segments) {
        assert_eq!(state["by"], "configuration");
        assert_eq!(state["t"], segment["t0"]);
        for key in ["seq0", "t0", "rate"] {
            assert_eq!(state["timeline"][key].as_f64(), segment[key].as_f64());
        }
        let seq0 = seq0(segment);
        assert_eq!(state["timeline"]["index0"], (seq0 - 1) % 70);
        let mut data = messages.iter().filter(|message| is(message, "data"));
        assert_eq!(
            data.find(|data| data["seq"] == seq0).unwrap()["t"],
            segment["t0"]
        );
    }
    // Depends on the rate: twice the period plus 100 ms, between 150 ms and 3 s.
    let delays: Vec<_> = states
        .iter()
        .map(|state| state["delay"].as_u64().unwrap())
        .collect();
    assert_eq!(delays, [200_000, 3_000_000, 150_000, 150_000]);
}

/// Reads up to a message of this `kind`; asserts that it is not compressed, although flushes before it were.
fn expect_uncompressed(raw: &mut RawClient, kind: &str) {
    let mut has_compressed = false;
    loop {
        let (first, payload) = raw.read_frame();
        has_compressed |= first == 0xC1;
        if first == 0x81 {
            let message: Value = serde_json::from_slice(&payload).unwrap();
            if message["type"] == kind {
                assert!(has_compressed);
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_and_the_end_are_not_compressed_even_among_compressed_flushes() {
    const OFFER: &str =
        "sec-websocket-protocol: tickcast.v1\r\nsec-websocket-extensions: permessage-deflate\r\n";
    let mut watched = Watched::start(&toml("", &TOPIC.replace("200.0", "1000.0"))).await;
    let (mut raw, _) = RawClient::upgrade(watched.hub.public(), OFFER);
    watched.published(500).await;
    watched.reload(&toml("", &TOPIC.replace("200.0", "500.0")));
    expect_uncompressed(&mut raw, "state");
    let hub = Hub::start("rate = 1000.0\nloop = false", &indexed_dataset(3_000));
    let (mut raw, _) = RawClient::upgrade(hub.public(), OFFER);
    expect_uncompressed(&mut raw, "end");
}

#[tokio::test(flavor = "multi_thread")]
async fn bare_and_sse_viewers_miss_nothing_during_rate_changes() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let mut events = EventStream::connect(&watched.hub, "/sse?last=0", "");
    let mut bare = Viewer::bare(&watched.hub).await;
    let first: Value = serde_json::from_str(&bare.next_text().await).unwrap();
    let segments = change_rates(&mut watched, &RATES).await;
    for segment in &segments {
        let state = loop {
            let (kind, data) = events.next_event();
            if kind == "state" {
                break data;
            }
        };
        let timeline = &state["timeline"];
        assert_eq!(
            (&state["t"], &timeline["seq0"]),
            (&segment["t0"], &segment["seq0"])
        );
    }
    // Bare records are consecutive at every rate.
    let mut index = first["i"].as_u64().unwrap();
    for _ in 0..300 {
        index = (index + 1) % 70;
        let record: Value = serde_json::from_str(&bare.next_text().await).unwrap();
        assert_eq!(record["i"], index);
    }
    drop((events, bare));
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resuming_viewer_receives_the_same_as_the_history_across_rate_changes() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let (epoch, _) = watched.hub.position();
    let segments = change_rates(&mut watched, &RATES).await;
    let (begin, last) = (seq0(&segments[0]) - 5, seq0(&segments[3]));
    let path = format!("/api/v1/topics/demo/history?from={begin}&to={last}&limit=100000");
    let history = RawClient::get(watched.hub.public(), &path).json();
    let items = history["items"].as_array().unwrap();
    assert_eq!(items.len() as u64, last + 1 - begin);
    let path = format!("/ws?since={epoch}:{}", begin - 1);
    let mut back = Viewer::v1_at(&watched.hub, &path).await;
    let hello = back.until("hello").await;
    assert_eq!(hello["recovered"], true);
    assert_eq!(hello["timeline"]["seq0"], last);
    for item in items {
        let data = back.until("data").await;
        for key in ["seq", "t", "data"] {
            assert_eq!(data[key], item[key]);
        }
    }
    drop(back);
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_skips_a_rate_change_receives_the_state_after_the_gap() {
    let topic = |rate: u32| {
        let topic = "[topics.demo]\ndataset = \"data.json\"\nmax_lag = \"100ms\"\n";
        toml("", &format!("{topic}rate = {rate}\n"))
    };
    let project = Project::new("", &format!("[\"{}\"]", "x".repeat(4_000)));
    project.write("tickcast.toml", &topic(5_000));
    let mut hub = project.start();
    let mut slow = Viewer::v1(&hub).await;
    let mut steady = Viewer::v1(&hub).await;
    let mut last = slow.until("hello").await["seq"].as_u64().unwrap();
    // At 20 MB a second, the socket buffers of the viewer that does not read are full long before the change.
    while steady.until("data").await["seq"].as_u64().unwrap() < last + 10_000 {}
    hub.project().write("tickcast.toml", &topic(4_000));
    hub.signal("-HUP");
    let segment = hub.event("timeline.segment");
    while steady.until("data").await["seq"].as_u64().unwrap() < seq0(&segment) + 1_000 {}
    let (mut is_due, mut gaps) = (false, 0);
    let state = loop {
        let (had, message) = slow.read_data_messages(last).await;
        assert!(had == last || !is_due, "the missed state follows the gap");
        last = had;
        match message["type"].as_str().unwrap() {
            "gap" => {
                assert_eq!(message["from"], last + 1);
                last = message["to"].as_u64().unwrap();
                (is_due, gaps) = (last >= seq0(&segment), gaps + 1);
            }
            "state" => break message,
            other => panic!("{other}"),
        }
    };
    assert!(is_due && gaps > 0, "the viewer was not slow enough");
    assert_eq!(state["timeline"]["seq0"], segment["seq0"]);
    assert_eq!(slow.until("data").await["seq"], last + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_rate_survives_a_kill() {
    let with_rate = |rate: &str| toml("", &TOPIC.replace("200.0", rate));
    let mut watched = Watched::start(&with_rate("200.0")).await;
    watched.reload(&with_rate("500.0"));
    let segment = watched.hub.last_event("timeline.segment").unwrap().clone();
    let mut viewer = Viewer::v1(&watched.hub).await;
    while viewer.until("data").await["seq"].as_u64() < segment["seq0"].as_u64() {}
    let hub = watched.hub.kill().start();
    assert_eq!(
        hub.last_event("timeline.resumed").unwrap()["rate_changed"],
        false
    );
    let mut viewer = Viewer::v1(&hub).await;
    let timeline = &viewer.until("hello").await["timeline"];
    assert_eq!(
        (&timeline["seq0"], &timeline["t0"]),
        (&segment["seq0"], &segment["t0"])
    );
}
