//! A change of the rate: a new segment of the same timeline, which every viewer is told.

use serde_json::Value;

use super::super::support::events::Events;
use super::super::support::{Project, Raw, Viewer};
use super::{TOPIC, Watched, toml};

/// Has the topic go on at each of `rates`, one after the other, so that something of each is published; returns what the
/// hub tells of them.
async fn change_rates(watched: &mut Watched, rates: &[&str]) -> Vec<Value> {
    let mut segments = Vec::new();
    for rate in rates {
        let change = watched.reload(&toml("", &TOPIC.replace("200.0", rate)));
        assert_eq!(change, (vec![], 1));
        let segment = watched.hub.told("timeline.segment").unwrap().clone();
        assert_eq!(segment["rate"].as_f64(), rate.parse().ok());
        while watched.hub.place().1 < seq0(&segment) {
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
async fn a_rate_is_changed_in_a_new_segment_of_the_same_epoch_and_all_are_told() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let (epoch, _) = watched.hub.place();
    let segments = change_rates(&mut watched, &RATES).await;
    assert_eq!(watched.hub.place().0, epoch);
    let (messages, _) = watched.end().await;
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
    // By the rate: twice the period and 100 ms, 150 ms at the least and 3 s at the most.
    let delays: Vec<_> = states
        .iter()
        .map(|state| state["delay"].as_u64().unwrap())
        .collect();
    assert_eq!(delays, [200_000, 3_000_000, 150_000, 150_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_forms_go_through_changes_of_the_rate_as_well() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let mut events = Events::connect(&watched.hub, "/sse?last=0", "");
    let mut bare = Viewer::bare(&watched.hub).await;
    let first: Value = serde_json::from_str(&bare.text().await).unwrap();
    let segments = change_rates(&mut watched, &RATES).await;
    for segment in &segments {
        let state = loop {
            let (kind, data) = events.any();
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
    // Records alone: one after the other, whatever the rate.
    let mut index = first["i"].as_u64().unwrap();
    for _ in 0..300 {
        index = (index + 1) % 70;
        let record: Value = serde_json::from_str(&bare.text().await).unwrap();
        assert_eq!(record["i"], index);
    }
    drop((events, bare));
    watched.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_sent_what_the_history_has_through_all_changes_of_the_rate() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let (epoch, _) = watched.hub.place();
    let segments = change_rates(&mut watched, &RATES).await;
    let (begin, last) = (seq0(&segments[0]) - 5, seq0(&segments[3]));
    let path = format!("/api/v1/topics/demo/history?from={begin}&to={last}&limit=100000");
    let history = Raw::get(watched.hub.public(), &path).json();
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
    watched.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_too_slow_for_a_change_of_the_rate_is_told_it_behind_the_gap() {
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
    // 20 MB a second: the kernel's buffers for the one that does not read are full long before the change.
    while steady.until("data").await["seq"].as_u64().unwrap() < last + 10_000 {}
    hub.project().write("tickcast.toml", &topic(4_000));
    hub.signal("-HUP");
    let segment = hub.event("timeline.segment");
    while steady.until("data").await["seq"].as_u64().unwrap() < seq0(&segment) + 1_000 {}
    let (mut is_due, mut gaps) = (false, 0);
    let state = loop {
        let (had, message) = slow.through_data(last).await;
        assert!(
            had == last || !is_due,
            "behind the gap comes what was missed with it"
        );
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
    assert!(is_due && gaps > 0, "it was not slow enough");
    assert_eq!(state["timeline"]["seq0"], segment["seq0"]);
    assert_eq!(slow.until("data").await["seq"], last + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_that_was_changed_outlives_a_kill() {
    let with_rate = |rate: &str| toml("", &TOPIC.replace("200.0", rate));
    let mut watched = Watched::start(&with_rate("200.0")).await;
    watched.reload(&with_rate("500.0"));
    let segment = watched.hub.told("timeline.segment").unwrap().clone();
    let mut viewer = Viewer::v1(&watched.hub).await;
    while viewer.until("data").await["seq"].as_u64() < segment["seq0"].as_u64() {}
    let hub = watched.hub.kill().start();
    assert_eq!(hub.told("timeline.resumed").unwrap()["rate_changed"], false);
    let mut viewer = Viewer::v1(&hub).await;
    let timeline = &viewer.until("hello").await["timeline"];
    assert_eq!(
        (&timeline["seq0"], &timeline["t0"]),
        (&segment["seq0"], &segment["t0"])
    );
}
