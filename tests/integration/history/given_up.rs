//! Requests whose client leaves before it is answered; other work must not wait for theirs.

use std::net::Shutdown;

use super::super::support::metrics::Metrics;
use super::*;

/// Fields of the dataset; each takes one pass over it.
const FIELDS: usize = 30;

/// Numbers under many keys, so that a pass takes long.
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

/// A request for the extremes of field `k`, of which nothing is read.
fn ask(hub: &Hub, source: &str, k: usize) -> Raw {
    let mut raw = Raw::connect_from(source, hub.public());
    let path = format!("/api/v1/topics/demo/history?from=1&to=100000&points=2&field=k{k}");
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
        hub.public()
    );
    raw.send(request.as_bytes());
    raw
}

fn cpu(hub: &Hub) -> f64 {
    Metrics::at(hub.ops()).value("process_cpu_seconds_total")
}

#[test]
fn a_request_that_was_given_up_stops_its_work() {
    let hub = Hub::start(OVER, &many_fields(60_000));
    let complete = |k: usize| {
        let answer = get(&hub, &format!("?points=2&field=k{k}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    // The fields are found, and one pass is measured.
    complete(0);
    let before = cpu(&hub);
    complete(1);
    let pass = cpu(&hub) - before;

    let before = cpu(&hub);
    for k in 2..FIELDS - 1 {
        let raw = ask(&hub, "127.0.0.1", k);
        raw.socket().shutdown(Shutdown::Both).unwrap();
    }
    // Of the same dataset and by the same threads: it is answered when what was asked before is done with.
    complete(FIELDS - 1);
    let spent = cpu(&hub) - before;
    assert!(
        spent < pass * (FIELDS as f64 / 5.0),
        "{spent} s of CPU after {FIELDS} requests that were given up; one that is not takes {pass} s"
    );
    hub.end_without_complaint();
}

#[test]
fn reload_does_not_wait_for_history() {
    let mut hub = Hub::start(OVER, &many_fields(100_000));
    // More than the threads that other blocking work has.
    let waiting: Vec<_> = (0..FIELDS)
        .map(|k| ask(&hub, if k % 2 == 0 { "127.0.0.2" } else { "127.0.0.3" }, k))
        .collect();
    hub.signal("-HUP");
    hub.event("config.reloaded");
    let answered = waiting.iter().filter(|raw| raw.has_input()).count();
    assert!(answered < FIELDS, "the reload came after all answers");
    drop(waiting);
    hub.end_without_complaint();
}
