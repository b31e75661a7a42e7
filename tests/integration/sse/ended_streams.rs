//! Streams that the hub ends: each is sent a time to reconnect.

use serde_json::json;

use super::super::support::event_stream::{Block, EventStream};
use super::super::support::viewer::unpack;
use super::super::support::{Project, RawClient};
use super::hub;

#[tokio::test]
async fn at_the_viewer_limit_an_event_source_is_sent_a_time_to_reconnect() {
    let toml = "[server]\nport = 0\nmax_viewers = 1\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    let hub = Project::raw(toml).start();
    let mut first = EventStream::connect(&hub, "/sse", "");
    first.next_event_except_viewers();
    let mut second = EventStream::connect(&hub, "/sse", "");
    assert!(second.head.starts_with("HTTP/1.1 200 "), "{}", second.head);
    assert!(matches!(second.next_block(), Some(Block::Retry(_))));
    let (kind, bye) = second.next_event_except_viewers();
    assert_eq!((kind.as_str(), &bye["reason"]), ("bye", &json!("full")));
    assert_eq!(second.next_block(), None);
}

#[tokio::test]
async fn a_draining_hub_sends_bye_continues_and_ends_the_stream_with_a_time_to_reconnect() {
    let hub = hub();
    let mut events = EventStream::connect(&hub, "/sse?last=0", "");
    let mut last = events.next_event_except_viewers().1["seq"]
        .as_u64()
        .unwrap();
    hub.signal("-TERM");
    // The blocks other than records: the first `bye`, `retry`, and the last `bye`.
    let (mut others, mut after_goodbye) = (Vec::new(), 0);
    while let Some(block) = events.next_block() {
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
    assert!(
        after_goodbye > 0,
        "the stream continues after the first `bye`"
    );
}

#[tokio::test]
async fn a_stream_opened_while_the_hub_drains_is_sent_a_time_to_reconnect() {
    let hub = hub();
    let mut staying = EventStream::connect(&hub, "/sse?last=0", "");
    staying.next_event_except_viewers();
    let _others: Vec<_> = (0..5)
        .map(|_| EventStream::connect(&hub, "/sse?last=0", ""))
        .collect();
    let mut late = RawClient::connect(hub.public());
    hub.signal("-TERM");
    while staying.next_event_except_viewers().0 != "bye" {}
    late.send(b"GET /sse HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut late = EventStream::from(late);
    assert!(matches!(late.next_block(), Some(Block::Retry(_))));
    assert_eq!(late.next_event_except_viewers().1["reason"], "draining");
    assert_eq!(late.next_block(), None);
}
