//! Requests whose client disconnects before the response; other work must not wait for them.

use std::net::Shutdown;

use super::super::support::metrics::Scrape;
use super::*;

/// Number of fields in the dataset; the extremes of each take one pass over it.
const FIELDS: usize = 30;

/// A dataset of records with many fields, so that a pass takes long.
fn many_fields(len: usize) -> String {
    let record = |n: usize| {
        let entries: Vec<_> = (0..FIELDS)
            .map(|k| format!("\"k{k}\":{}", n * (k + 7) % 1_009))
            .collect();
        format!("{{{}}}", entries.join(","))
    };
    let records: Vec<_> = (0..len).map(record).collect();
    format!("[{}]", records.join(","))
}

/// Requests the extremes of field `k` without reading the response.
fn ask(hub: &Hub, source: &str, k: usize) -> RawClient {
    let mut raw = RawClient::connect_from(source, hub.public());
    let path = format!("/api/v1/topics/demo/history?from=1&to=100000&points=2&field=k{k}");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        hub.public()
    );
    raw.send(request.as_bytes());
    raw
}

fn cpu(hub: &Hub) -> f64 {
    Scrape::at(hub.ops()).value("process_cpu_seconds_total")
}

#[test]
fn a_cancelled_request_stops_its_work() {
    let hub = Hub::start(OVER, &many_fields(60_000));
    let complete = |k: usize| {
        let answer = get(&hub, &format!("?points=2&field=k{k}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    // Loads the fields, and measures one pass.
    complete(0);
    let before = cpu(&hub);
    complete(1);
    let pass = cpu(&hub) - before;

    let before = cpu(&hub);
    for k in 2..FIELDS - 1 {
        let raw = ask(&hub, "127.0.0.1", k);
        raw.socket().shutdown(Shutdown::Both).unwrap();
    }
    // A request for the same dataset on the same threads is answered once the earlier ones have been dealt with.
    complete(FIELDS - 1);
    let spent = cpu(&hub) - before;
    assert!(
        spent < pass * (FIELDS as f64 / 5.0),
        "{spent} s of CPU for {FIELDS} cancelled requests; a completed one takes {pass} s"
    );
    hub.stop_without_warnings();
}

#[test]
fn reload_does_not_wait_for_history() {
    let mut hub = Hub::start(OVER, &many_fields(100_000));
    // More requests than there are threads for other blocking work.
    let waiting: Vec<_> = (0..FIELDS)
        .map(|k| ask(&hub, if k % 2 == 0 { "127.0.0.2" } else { "127.0.0.3" }, k))
        .collect();
    hub.signal("-HUP");
    hub.event("config.reloaded");
    let answered = waiting.iter().filter(|raw| raw.has_input()).count();
    assert!(answered < FIELDS, "the reload finished after all responses");
    drop(waiting);
    hub.stop_without_warnings();
}
