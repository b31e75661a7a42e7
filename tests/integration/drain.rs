//! Leaving: everybody is told, one after another, while the stream goes on for the rest.

use std::time::Duration;

use super::support::viewer::unpack;
use super::support::{Project, Raw, Viewer};

fn project(drain: &str) -> Project {
    let project = Project::new("", "[1,2,3,4,5,6,7]");
    let toml = format!(
        "[server]\nport = 0\ndrain = \"{drain}\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n"
    );
    project.write("tickcast.toml", &toml);
    project
}

/// What one viewer saw of the drain.
struct Farewell {
    code: u16,
    had_bye: bool,
    /// The last publication, which tells when the close came.
    seq: u64,
}

/// The last publication of a message that holds any.
fn last_of(message: &serde_json::Value) -> Option<u64> {
    match message["type"].as_str()? {
        "data" => message["seq"].as_u64(),
        "batch" => unpack(message).last()?["seq"].as_u64(),
        _ => None,
    }
}

async fn say_farewell(mut viewer: Viewer) -> Farewell {
    let hello = viewer.until("hello").await;
    let (texts, close) = viewer.text_until_close().await;
    viewer.gone().await;
    let messages: Vec<serde_json::Value> = texts
        .iter()
        .map(|text| serde_json::from_str(text).unwrap())
        .collect();
    let mut seqs = messages.iter().filter_map(last_of);
    let bye = messages.last().filter(|message| message["type"] == "bye");
    if let Some(bye) = bye {
        let retry: Vec<u64> = serde_json::from_value(bye["retry_ms"].clone()).unwrap();
        assert!(retry[0] <= retry[1], "{bye}");
    }
    Farewell {
        code: close.code.into(),
        had_bye: bye.is_some(),
        seq: seqs.next_back().or(hello["seq"].as_u64()).unwrap(),
    }
}

#[tokio::test]
async fn two_hundred_viewers_are_told_and_closed_over_the_grace_and_the_stream_goes_on() {
    let mut hub = project("3s").start();
    let mut viewers = Vec::new();
    for _ in 0..199 {
        viewers.push(tokio::spawn(say_farewell(Viewer::v1(&hub).await)));
    }
    let mut bare = Viewer::bare(&hub).await;
    bare.text().await;
    hub.signal("-TERM");
    assert_eq!(hub.event("drain")["viewers"], 200);
    assert_eq!(Raw::get(hub.ops(), "/readyz").status, 503);
    assert_eq!(Raw::get(hub.ops(), "/healthz").status, 200);
    assert_eq!(
        Viewer::connect(&hub, "/ws", &[])
            .await
            .err()
            .unwrap()
            .status,
        503
    );
    assert_eq!(u16::from(bare.closed().await.code), 1012);
    let mut seqs = Vec::new();
    for viewer in viewers {
        let farewell = viewer.await.unwrap();
        assert_eq!((farewell.code, farewell.had_bye), (1012, true));
        seqs.push(farewell.seq);
    }
    seqs.sort_unstable();
    // 200 records a second for the 2.7 s over which closes are spread: a quarter of the viewers has left after a
    // quarter of it, give or take what a busy machine does to a test.
    let spread = seqs[198] - seqs[0];
    assert!(
        (450..=600).contains(&spread),
        "{spread} records between the first close and the last"
    );
    let middle = seqs[99] - seqs[0];
    assert!(
        (180..=360).contains(&middle),
        "{middle} records between the first close and the middle one"
    );
    let (code, events) = hub.end();
    assert_eq!(code, Some(0));
    assert_eq!(events.last().unwrap()["event"], "stop");
}

#[tokio::test]
async fn without_viewers_it_ends_at_once() {
    for signal in ["-TERM", "-INT"] {
        let hub = project("1h").start();
        hub.signal(signal);
        let (code, events) = hub.end();
        assert_eq!(
            (code, &events.last().unwrap()["event"]),
            (Some(0), &"stop".into())
        );
    }
}

#[tokio::test]
async fn a_second_signal_exits_at_once() {
    let mut hub = project("1h").start();
    let _viewers = [Viewer::v1(&hub).await, Viewer::v1(&hub).await];
    hub.signal("-TERM");
    hub.event("drain");
    hub.signal("-TERM");
    let (code, events) = hub.end();
    assert_eq!(
        (code, &events.last().unwrap()["event"]),
        (Some(1), &"stop.forced".into())
    );
}

#[tokio::test]
async fn a_viewer_that_does_not_answer_the_close_does_not_hold_up_the_end() {
    let mut hub = project("1s").start();
    let mut raw = Raw::connect(hub.public());
    raw.send(Raw::handshake(hub.public(), "").as_bytes());
    let mut other = Viewer::v1(&hub).await;
    other.until("data").await;
    hub.signal("-TERM");
    hub.event("drain");
    let before = tokio::time::Instant::now();
    let (code, _) = tokio::task::spawn_blocking(|| hub.end()).await.unwrap();
    assert_eq!(code, Some(0));
    assert!(before.elapsed() < Duration::from_secs(20));
}
