//! Server-Sent Events: the same messages as over WebSocket, in one direction.

mod ended_streams;
mod unread_streams;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::support::event_stream::{Block, EventStream};
use super::support::viewer::unpack;
use super::support::{Hub, Project, RawClient, Viewer, indexed_dataset, lacks, tool};

/// Reads `count` publications after `last`, and asserts that they are consecutive and have the right ids.
fn follow(events: &mut EventStream, mut last: u64, count: u64) -> u64 {
    let to = last + count;
    while last < to {
        let (kind, message) = events.next_event_except_viewers();
        if kind != "message" {
            assert!(["hello", "jump"].contains(&kind.as_str()), "{message}");
            continue;
        }
        let data = if message["type"] == "batch" {
            unpack(&message)
        } else {
            vec![message]
        };
        for publication in data {
            last += 1;
            assert_eq!(publication["seq"], last);
            assert_eq!(publication["data"]["i"], (last - 1) % 700);
        }
        assert!(events.last_id.ends_with(&format!(":{last}")));
    }
    last
}

fn hub() -> Hub {
    Hub::start(
        "rate = 200.0\nstart = \"2024-05-06T07:08:09Z\"",
        &indexed_dataset(700),
    )
}

#[tokio::test]
async fn a_stream_starts_with_hello_and_has_the_messages_of_v1() {
    let hub = hub();
    let mut viewer = Viewer::v1_at(&hub, "/ws").await;
    let mut events = EventStream::connect(&hub, "/sse", "");
    for line in [
        "HTTP/1.1 200 OK\r\n",
        "content-type: text/event-stream\r\n",
        "cache-control: no-store\r\n",
        "date: ",
    ] {
        assert!(events.head.contains(line), "{}", events.head);
    }
    assert!(matches!(
        events.next_block(),
        Some(Block::Retry(500..=1_000))
    ));
    let (kind, hello) = events.next_event_except_viewers();
    assert_eq!((kind.as_str(), &hello["type"]), ("hello", &json!("hello")));
    let of_v1 = viewer.next_unbatched().await;
    for name in ["protocol", "topic", "epoch", "delay", "dataset", "fields"] {
        assert_eq!(hello[name], of_v1[name]);
    }
    // The id of `hello` is the position just before the first publication, which is 30 s old.
    let seq = hello["seq"].as_u64().unwrap();
    let epoch = hello["epoch"].as_str().unwrap();
    assert_eq!(events.last_id, format!("{epoch}:{}", seq - 6_000));
    follow(&mut events, seq - 6_000, 6_100);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_broken_stream_resumes_by_its_last_event_id_whatever_the_query_says() {
    let hub = hub();
    let mut events = EventStream::connect(&hub, "/sse/demo?last=3", "");
    let seq = events.next_event_except_viewers().1["seq"]
        .as_u64()
        .unwrap();
    let mut last = follow(&mut events, seq - 3, 50);
    for _ in 0..3 {
        events = events.reconnect(&hub, "/sse/demo?last=3");
        let (kind, hello) = events.next_event_except_viewers();
        assert_eq!(
            (kind.as_str(), &hello["recovered"]),
            ("hello", &json!(true))
        );
        last = follow(&mut events, last, 400);
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_stream_is_not_sent_before_the_response_of_an_earlier_request() {
    let hub = hub();
    let mut raw = RawClient::connect(hub.public());
    let host = hub.public();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    raw.send(
        [get("/api/v1/topics"), get("/version"), get("/sse?last=0")]
            .concat()
            .as_bytes(),
    );
    assert!(raw.read_head().contains("application/json"));
    raw.read_through(b"]}").unwrap();
    assert!(raw.read_head().contains("application/json"));
    raw.read_through(b"}").unwrap();
    let mut events = EventStream::from(raw);
    let seq = events.next_event_except_viewers().1["seq"]
        .as_u64()
        .unwrap();
    follow(&mut events, seq, 20);
}

#[tokio::test]
async fn an_http_1_0_proxy_gets_the_same_stream() {
    let hub = hub();
    let mut raw = RawClient::connect(hub.public());
    raw.send(b"GET /sse?last=10 HTTP/1.0\r\nhost: localhost\r\n\r\n");
    let mut events = EventStream::from(raw);
    assert!(!events.head.contains("transfer-encoding"));
    let seq = events.next_event_except_viewers().1["seq"]
        .as_u64()
        .unwrap();
    follow(&mut events, seq - 10, 20);
}

#[tokio::test]
async fn invalid_requests_are_rejected_before_the_stream() {
    let hub = hub();
    for (path, headers, status) in [
        ("/sse?since=x", "", 400),
        ("/sse?last=1&since=a:1", "", 400),
        ("/sse", "last-event-id: x\r\n", 400),
        ("/sse/nothing", "", 404),
        ("/sse", "origin: http://elsewhere.example\r\n", 403),
    ] {
        let answer = RawClient::request(hub.public(), "GET", path, headers);
        assert_eq!(answer.status, status, "{path} {headers}");
        assert_eq!(answer.json()["status"], status);
    }
    let head = RawClient::request(hub.public(), "HEAD", "/sse", "");
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert!(head.body.is_empty());
    // An empty id counts as no id.
    let mut events = EventStream::connect(&hub, "/sse?last=0", "last-event-id: \r\n");
    assert_eq!(events.next_event_except_viewers().1["recovered"], true);
}

#[tokio::test]
async fn every_position_gets_the_same_response_as_over_websocket() {
    let hub = hub();
    for (id, reason) in [
        ("other:1", "epoch"),
        ("EPOCH:9007199254740991", "future"),
        ("EPOCH:1", "expired"),
    ] {
        let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
        let id = id.replace("EPOCH", topic["epoch"].as_str().unwrap());
        let mut events = EventStream::connect(&hub, "/sse", &format!("last-event-id: {id}\r\n"));
        let hello = events.next_event_except_viewers().1;
        assert_eq!(hello["recovered"], false);
        let newest = hello["seq"].as_u64().unwrap();
        let (kind, gap) = events.next_event_except_viewers();
        assert_eq!((kind.as_str(), &gap["reason"]), ("gap", &json!(reason)));
        let first: u64 = events.last_id.rsplit_once(':').unwrap().1.parse().unwrap();
        if reason == "expired" {
            assert_eq!((&gap["from"], &gap["to"]), (&json!(2), &json!(first)));
        }
        // Starts at `recover_max`, or at the backfill of 30 s.
        let back = if reason == "expired" { 100_000 } else { 6_000 };
        assert_eq!(first, newest - back);
        follow(&mut events, first, 100);
    }
}

/// Checks the first `seq` for each way to give a position.
#[tokio::test]
async fn a_position_in_the_query_works_like_the_header() {
    let hub = hub();
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    let (epoch, newest) = (
        topic["epoch"].as_str().unwrap(),
        topic["seq"].as_u64().unwrap(),
    );
    let at = |back: u64| format!("{epoch}:{}", newest - back);
    let (near, far) = (at(10), at(20));
    let escaped = far.replace(':', "%3A");
    for (query, headers, first) in [
        (format!("?lastEventId={far}"), String::new(), &far),
        (format!("?lastEventId={escaped}"), String::new(), &far),
        (format!("?since={escaped}"), String::new(), &far),
        // An `EventSource` polyfill appends it to the original URL.
        (format!("?last=5&lastEventId={far}"), String::new(), &far),
        (
            format!("?since={near}&lastEventId={far}"),
            String::new(),
            &far,
        ),
        (format!("?since={far}&lastEventId="), String::new(), &far),
        (
            format!("?lastEventId={near}"),
            format!("last-event-id: {far}\r\n"),
            &far,
        ),
        (
            format!("?lastEventId={far}"),
            "last-event-id:\r\n".to_owned(),
            &far,
        ),
    ] {
        let mut events = EventStream::connect(&hub, &format!("/sse{query}"), &headers);
        assert_eq!(
            events.next_event_except_viewers().1["recovered"],
            true,
            "{query} {headers}"
        );
        assert_eq!(events.last_id, *first, "{query} {headers}");
    }
}

#[tokio::test]
async fn a_number_that_is_too_large_counts_as_the_greatest() {
    let hub = hub();
    for last in [
        "18446744073709551615",
        "18446744073709551616",
        &"9".repeat(100),
        "000000000000000000000000010",
    ] {
        for path in ["/sse", "/sse/demo"] {
            let mut events = EventStream::connect(&hub, &format!("{path}?last={last}"), "");
            assert_eq!(events.next_event_except_viewers().0, "hello", "{last}");
        }
        let history = format!("/api/v1/topics/demo/history?last={last}&limit={last}");
        assert_eq!(RawClient::get(hub.public(), &history).status, 200, "{last}");
    }
}

#[tokio::test]
async fn pages_of_listed_origins_read_the_stream() {
    let toml = "[server]\nport = 0\nallowed_origins = [\"http://elsewhere.example\"]\n[ops]\nport = 0\n\
                [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    let hub = Project::raw(toml).start();
    let events = EventStream::connect(&hub, "/sse", "origin: http://elsewhere.example\r\n");
    assert!(
        events
            .head
            .contains("access-control-allow-origin: http://elsewhere.example\r\n")
    );
}

#[tokio::test]
async fn a_quiet_stream_sends_keep_alive_comments() {
    let hub = Hub::start("rate = 0.001", "[1]");
    let mut events = EventStream::connect(&hub, "/sse", "");
    while events.next_block().unwrap() != Block::Comment {}
    hub.stop_without_warnings();
}

#[tokio::test]
async fn the_end_of_a_topic_is_sent() {
    let hub = Hub::start("rate = 1000.0\nloop = false", &indexed_dataset(50));
    let mut events = EventStream::connect(&hub, "/sse", "");
    while events.next_event_except_viewers().0 != "end" {}
    let mut late = EventStream::connect(&hub, "/sse?last=0", "");
    assert_eq!(late.next_event_except_viewers().0, "hello");
    assert_eq!(
        late.next_event_except_viewers().1,
        json!({"type": "end", "seq": 50, "t": late_t(&hub)})
    );
}

/// The time of the last publication.
fn late_t(hub: &Hub) -> Value {
    let mut events = EventStream::connect(hub, "/sse?last=1", "");
    while events.next_event_except_viewers().0 != "hello" {}
    events.next_event_except_viewers().1["t"].clone()
}

/// Runs `curl -N` on `path` with `last_id` until it has printed `count` publications; returns them and the last id.
fn curled(hub: &Hub, path: &str, last_id: &str, count: usize) -> (Vec<u64>, String) {
    let mut curl = tool("curl")
        .args(["--silent", "--no-buffer", "--header"])
        .arg(format!("Last-Event-ID: {last_id}"))
        .arg(format!("http://{}{path}", hub.public()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut seqs, mut id) = (Vec::new(), last_id.to_owned());
    let lines = BufReader::new(curl.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        if let Some(value) = line.strip_prefix("id: ") {
            value.clone_into(&mut id);
        }
        let data = line.strip_prefix("data: ").unwrap_or("{}");
        let message: Value = serde_json::from_str(data).unwrap();
        match message["type"].as_str() {
            Some("batch") => seqs.extend(
                unpack(&message)
                    .iter()
                    .filter_map(|data| data["seq"].as_u64()),
            ),
            Some("data") => seqs.extend(message["seq"].as_u64()),
            _ => {}
        }
        if seqs.len() >= count {
            break;
        }
    }
    curl.kill().unwrap();
    curl.wait().unwrap();
    (seqs, id)
}

#[test]
fn curl_resumes_over_three_killed_connections() {
    if lacks(&["curl"]) {
        return;
    }
    let hub = hub();
    let (mut seqs, mut id) = curled(&hub, "/sse?last=10", "", 50);
    for _ in 0..3 {
        let (more, last) = curled(&hub, "/sse", &id, 200);
        seqs.extend(more);
        id = last;
    }
    let first = seqs[0];
    let dense: Vec<_> = (first..).take(seqs.len()).collect();
    assert_eq!(seqs, dense);
}

#[tokio::test]
async fn a_client_that_sends_data_on_a_stream_is_disconnected() {
    let hub = Project::new("rate = 10.0", "[1]").start_with(&["--log-level", "debug"]);
    let mut hub = hub;
    let mut raw = RawClient::connect(hub.public());
    raw.send(b"GET /sse HTTP/1.1\r\nhost: localhost\r\n\r\n");
    raw.read_head();
    while hub.logged_event("viewer.left").is_none() {
        raw.send(&[b'x'; 2_048]);
    }
}
