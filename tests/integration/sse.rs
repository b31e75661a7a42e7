//! Server-sent events: the same messages, encoded once, and no way back.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::support::events::{Block, Events};
use super::support::viewer::unpack;
use super::support::{Hub, Project, Raw, Viewer, indexed};

/// Reads publications until `count` have come after `last`, each the one after the last, and checks their ids.
fn follow(events: &mut Events, mut last: u64, count: u64) -> u64 {
    let to = last + count;
    while last < to {
        let (kind, message) = events.event();
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
        &indexed(700),
    )
}

#[tokio::test]
async fn a_stream_begins_with_hello_and_its_messages_are_those_of_v1() {
    let hub = hub();
    let mut viewer = Viewer::v1_at(&hub, "/ws").await;
    let mut events = Events::connect(&hub, "/sse", "");
    for line in [
        "HTTP/1.1 200 OK\r\n",
        "content-type: text/event-stream\r\n",
        "cache-control: no-store\r\n",
        "date: ",
    ] {
        assert!(events.head.contains(line), "{}", events.head);
    }
    assert!(matches!(events.block(), Some(Block::Retry(500..=1_000))));
    let (kind, hello) = events.event();
    assert_eq!((kind.as_str(), &hello["type"]), ("hello", &json!("hello")));
    let of_v1 = viewer.json().await;
    for name in ["protocol", "topic", "epoch", "delay", "dataset", "fields"] {
        assert_eq!(hello[name], of_v1[name]);
    }
    // The id of `hello` is the position just before the first publication, 30 s back.
    let seq = hello["seq"].as_u64().unwrap();
    let epoch = hello["epoch"].as_str().unwrap();
    assert_eq!(events.last_id, format!("{epoch}:{}", seq - 6_000));
    follow(&mut events, seq - 6_000, 6_100);
    hub.end_without_complaint();
}

#[tokio::test]
async fn a_killed_connection_goes_on_where_it_broke_whatever_the_query_says() {
    let hub = hub();
    let mut events = Events::connect(&hub, "/sse/demo?last=3", "");
    let seq = events.event().1["seq"].as_u64().unwrap();
    let mut last = follow(&mut events, seq - 3, 50);
    for _ in 0..3 {
        events = events.reconnect(&hub, "/sse/demo?last=3");
        let (kind, hello) = events.event();
        assert_eq!(
            (kind.as_str(), &hello["recovered"]),
            ("hello", &json!(true))
        );
        last = follow(&mut events, last, 400);
    }
    hub.end_without_complaint();
}

#[tokio::test]
async fn an_answer_that_is_still_on_its_way_is_not_overtaken() {
    let hub = hub();
    let mut raw = Raw::connect(hub.public());
    let host = hub.public();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n");
    raw.send(
        [get("/api/v1/topics"), get("/version"), get("/sse?last=0")]
            .concat()
            .as_bytes(),
    );
    assert!(raw.head().contains("application/json"));
    raw.through(b"]}").unwrap();
    assert!(raw.head().contains("application/json"));
    raw.through(b"}").unwrap();
    let mut events = Events::from(raw);
    let seq = events.event().1["seq"].as_u64().unwrap();
    follow(&mut events, seq, 20);
}

#[tokio::test]
async fn a_proxy_that_speaks_http_1_0_gets_the_same_stream() {
    let hub = hub();
    let mut raw = Raw::connect(hub.public());
    raw.send(b"GET /sse?last=10 HTTP/1.0\r\nhost: localhost\r\n\r\n");
    let mut events = Events::from(raw);
    assert!(!events.head.contains("transfer-encoding"));
    let seq = events.event().1["seq"].as_u64().unwrap();
    follow(&mut events, seq - 10, 20);
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_before_the_stream() {
    let hub = hub();
    for (path, headers, status) in [
        ("/sse?since=x", "", 400),
        ("/sse?last=1&since=a:1", "", 400),
        ("/sse", "last-event-id: x\r\n", 400),
        ("/sse/nothing", "", 404),
        ("/sse", "origin: http://elsewhere.example\r\n", 403),
    ] {
        let answer = Raw::ask(hub.public(), "GET", path, headers);
        assert_eq!(answer.status, status, "{path} {headers}");
        assert_eq!(answer.json()["status"], status);
    }
    let head = Raw::ask(hub.public(), "HEAD", "/sse", "");
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    assert!(head.body.is_empty());
    // An empty id is none.
    let mut events = Events::connect(&hub, "/sse?last=0", "last-event-id: \r\n");
    assert_eq!(events.event().1["recovered"], true);
}

#[tokio::test]
async fn every_position_is_answered_as_over_websocket() {
    let hub = hub();
    for (id, reason) in [
        ("other:1", "epoch"),
        ("EPOCH:9007199254740991", "future"),
        ("EPOCH:1", "expired"),
    ] {
        let topic = Raw::get(hub.public(), "/api/v1/topics/demo").json();
        let id = id.replace("EPOCH", topic["epoch"].as_str().unwrap());
        let mut events = Events::connect(&hub, "/sse", &format!("last-event-id: {id}\r\n"));
        let hello = events.event().1;
        assert_eq!(hello["recovered"], false);
        let newest = hello["seq"].as_u64().unwrap();
        let (kind, gap) = events.event();
        assert_eq!((kind.as_str(), &gap["reason"]), ("gap", &json!(reason)));
        let first: u64 = events.last_id.rsplit_once(':').unwrap().1.parse().unwrap();
        if reason == "expired" {
            assert_eq!((&gap["from"], &gap["to"]), (&json!(2), &json!(first)));
        }
        // As far back as a stream reaches, or as the backfill of 30 s.
        let back = if reason == "expired" { 100_000 } else { 6_000 };
        assert_eq!(first, newest - back);
        follow(&mut events, first, 100);
    }
}

/// The first `seq` that follows, for each way to say where one was.
#[tokio::test]
async fn a_position_in_the_query_does_what_the_header_does() {
    let hub = hub();
    let topic = Raw::get(hub.public(), "/api/v1/topics/demo").json();
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
        // A polyfill adds it to the address of the first time.
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
        let mut events = Events::connect(&hub, &format!("/sse{query}"), &headers);
        assert_eq!(events.event().1["recovered"], true, "{query} {headers}");
        assert_eq!(events.last_id, *first, "{query} {headers}");
    }
}

#[tokio::test]
async fn a_number_too_long_is_the_greatest() {
    let hub = hub();
    for last in [
        "18446744073709551615",
        "18446744073709551616",
        &"9".repeat(100),
        "000000000000000000000000010",
    ] {
        for path in ["/sse", "/sse/demo"] {
            let mut events = Events::connect(&hub, &format!("{path}?last={last}"), "");
            assert_eq!(events.event().0, "hello", "{last}");
        }
        let history = format!("/api/v1/topics/demo/history?last={last}&limit={last}");
        assert_eq!(Raw::get(hub.public(), &history).status, 200, "{last}");
    }
}

#[tokio::test]
async fn pages_of_listed_origins_read_the_stream() {
    let toml = "[server]\nport = 0\nallowed_origins = [\"http://elsewhere.example\"]\n[ops]\nport = 0\n\
                [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    let hub = Project::raw(toml).start();
    let events = Events::connect(&hub, "/sse", "origin: http://elsewhere.example\r\n");
    assert!(
        events
            .head
            .contains("access-control-allow-origin: http://elsewhere.example\r\n")
    );
}

#[tokio::test]
async fn a_quiet_stream_shows_that_it_lives() {
    let hub = Hub::start("rate = 0.001", "[1]");
    let mut events = Events::connect(&hub, "/sse", "");
    while events.block().unwrap() != Block::Comment {}
    hub.end_without_complaint();
}

#[tokio::test]
async fn the_end_is_told() {
    let hub = Hub::start("rate = 1000.0\nloop = false", &indexed(50));
    let mut events = Events::connect(&hub, "/sse", "");
    while events.event().0 != "end" {}
    let mut late = Events::connect(&hub, "/sse?last=0", "");
    assert_eq!(late.event().0, "hello");
    assert_eq!(
        late.event().1,
        json!({"type": "end", "seq": 50, "t": late_t(&hub)})
    );
}

/// The instant of the last publication.
fn late_t(hub: &Hub) -> Value {
    let mut events = Events::connect(hub, "/sse?last=1", "");
    while events.event().0 != "hello" {}
    events.event().1["t"].clone()
}

#[tokio::test]
async fn without_a_seat_an_event_source_is_told_when_to_come_back() {
    let toml = "[server]\nport = 0\nmax_viewers = 1\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    let hub = Project::raw(toml).start();
    let mut first = Events::connect(&hub, "/sse", "");
    first.event();
    let mut second = Events::connect(&hub, "/sse", "");
    assert!(second.head.starts_with("HTTP/1.1 200 "), "{}", second.head);
    assert!(matches!(second.block(), Some(Block::Retry(_))));
    let (kind, bye) = second.event();
    assert_eq!((kind.as_str(), &bye["reason"]), ("bye", &json!("full")));
    assert_eq!(second.block(), None);
}

#[tokio::test]
async fn a_draining_hub_says_goodbye_goes_on_and_ends_the_stream_with_a_time_to_come_back() {
    let hub = hub();
    let mut events = Events::connect(&hub, "/sse?last=0", "");
    let mut last = events.event().1["seq"].as_u64().unwrap();
    hub.signal("-TERM");
    // The blocks that are not records: the first goodbye, the wait, and the last goodbye.
    let (mut others, mut after_goodbye) = (Vec::new(), 0);
    while let Some(block) = events.block() {
        let (kind, data) = match block {
            Block::Event { kind, data } => (kind, data),
            Block::Retry(wait) => {
                assert!((500..=1_000).contains(&wait), "{wait}");
                others.push("retry".to_owned());
                continue;
            }
            Block::Comment => continue,
        };
        match kind.as_str() {
            "message" => {
                let records = if data["type"] == "batch" {
                    unpack(&data)
                } else {
                    vec![data]
                };
                for record in records {
                    last += 1;
                    assert_eq!(record["seq"], last);
                    after_goodbye += usize::from(!others.is_empty());
                }
            }
            "bye" => {
                assert_eq!(data["reason"], "draining");
                others.push(kind);
            }
            "jump" | "viewers" => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(others, ["bye", "retry", "bye"]);
    assert!(after_goodbye > 0, "the stream goes on");
}

/// A hub with long records and little patience, and a stream of it that is not read.
async fn stuck(policy: &str) -> (Hub, Raw, Viewer) {
    let record = format!("\"{}\"", "x".repeat(1_000));
    let topic = format!("rate = 2000.0\nmax_lag = \"100ms\"\nslow = \"{policy}\"");
    let hub = Project::new(&topic, &format!("[{record}]")).start_with(&["--log-level", "debug"]);
    let mut raw = Raw::connect(hub.public());
    raw.take_little();
    raw.send(b"GET /sse?last=0 HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let steady = Viewer::v1(&hub).await;
    (hub, raw, steady)
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_told_its_gap_and_others_miss_nothing() {
    let (hub, raw, mut steady) = stuck("skip").await;
    let mut seq = steady.until("hello").await["seq"].as_u64().unwrap();
    // Far more than the kernel and the log hold.
    for _ in 0..10_000 {
        seq += 1;
        assert_eq!(steady.until("data").await["seq"], seq);
    }
    let mut events = Events::from(raw);
    let mut last = events.event().1["seq"].as_u64().unwrap();
    let gap = loop {
        let (kind, message) = events.event();
        if kind == "gap" {
            break message;
        }
        let data = if message["type"] == "batch" {
            unpack(&message)
        } else {
            vec![message]
        };
        assert_eq!(data[0]["seq"], last + 1);
        last += data.len() as u64;
    };
    assert_eq!(
        (&gap["reason"], &gap["from"]),
        (&json!("slow"), &json!(last + 1))
    );
    let next = events.event().1;
    // Read byte by byte as it is here, it may be too slow again at once.
    let first = if next["type"] == "gap" { "from" } else { "seq" };
    assert_eq!(gap["to"], next[first].as_u64().unwrap() - 1);
    hub.end_without_complaint();
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_ended_where_that_is_the_policy() {
    let (mut hub, _raw, mut steady) = stuck("disconnect").await;
    loop {
        steady.text().await;
        if let Some(left) = hub.past_event("viewer.left") {
            assert_eq!(left["reason"], "slow");
            return;
        }
    }
}

/// What `curl -N` prints of `path` until it has had `count` publications and is killed, and the last id in it.
fn curled(hub: &Hub, path: &str, last_id: &str, count: usize) -> (Vec<u64>, String) {
    let mut curl = Command::new("curl")
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
fn curl_goes_through_three_killed_connections() {
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
async fn who_joins_while_the_hub_drains_is_told_when_to_come_back() {
    let hub = hub();
    let mut staying = Events::connect(&hub, "/sse?last=0", "");
    staying.event();
    let _others: Vec<_> = (0..5)
        .map(|_| Events::connect(&hub, "/sse?last=0", ""))
        .collect();
    let mut late = Raw::connect(hub.public());
    hub.signal("-TERM");
    while staying.event().0 != "bye" {}
    late.send(b"GET /sse HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut late = Events::from(late);
    assert!(matches!(late.block(), Some(Block::Retry(_))));
    assert_eq!(late.event().1["reason"], "draining");
    assert_eq!(late.block(), None);
}

#[tokio::test]
async fn a_stream_is_no_place_to_send_much_to() {
    let hub = Project::new("rate = 10.0", "[1]").start_with(&["--log-level", "debug"]);
    let mut hub = hub;
    let mut raw = Raw::connect(hub.public());
    raw.send(b"GET /sse HTTP/1.1\r\nhost: localhost\r\n\r\n");
    raw.head();
    while hub.past_event("viewer.left").is_none() {
        raw.send(&[b'x'; 2_048]);
    }
}
