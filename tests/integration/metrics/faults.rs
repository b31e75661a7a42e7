//! The metrics by which faults are noticed: each changes with its fault, and back.

use serde_json::Value;

use super::super::support::disk::SyscallFault;
use super::super::support::metrics::{Scrape, scrape_until};
use super::super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};

const OK: &str = "tickcast_config_last_reload_successful";
const PENDING: &str = "tickcast_config_pending_keys";

fn toml(server: &str, topic: &str) -> String {
    format!(
        "[server]\nport = 0\n{server}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\n{topic}\n"
    )
}

/// Reloads `toml` and waits for `event`; returns whether the reload succeeded and how many keys are pending.
fn reload(hub: &mut Hub, toml: &str, event: &str) -> (f64, f64) {
    hub.project().write("tickcast.toml", toml);
    hub.signal("-HUP");
    hub.event(event);
    let scrape = Scrape::at(hub.ops());
    (scrape.value(OK), scrape.value(PENDING))
}

#[test]
fn a_refused_reload_and_keys_that_need_a_restart_show_until_they_are_gone() {
    let (good, rate) = (toml("", "rate = 10.0"), "rate = 10.0");
    let project = Project::new("", "[1,2]");
    project.write("tickcast.toml", &good);
    let mut hub = project.start();
    let scrape = Scrape::at(hub.ops());
    assert_eq!((scrape.value(OK), scrape.value(PENDING)), (1.0, 0.0));
    let both = toml("default_topic = \"demo\"\nworkers = 3", rate);
    assert_eq!(reload(&mut hub, &both, "config.failed"), (0.0, 0.0));
    // A loop that changes needs a new epoch, and so a restart.
    let pending = toml("", "rate = 10.0\nloop = false");
    assert_eq!(reload(&mut hub, &pending, "config.reloaded"), (1.0, 1.0));
    // The old configuration stays, with what has been pending.
    assert_eq!(reload(&mut hub, "[nonsense]", "config.failed"), (0.0, 1.0));
    assert_eq!(reload(&mut hub, &good, "config.reloaded"), (1.0, 0.0));
}

#[test]
fn a_journal_that_cannot_be_written_shows_until_it_can() {
    if SyscallFault::is_impossible() {
        return;
    }
    const FAILED: &str = "tickcast_journal_failed";
    let mut hub = Hub::start("rate = 100.0", "[1,2,3]");
    assert_eq!(Scrape::at(hub.ops()).value(FAILED), 0.0);
    let fault = SyscallFault::fail(&hub, "write", "ENOSPC");
    hub.event("journal.failed");
    let scrape = Scrape::at(hub.ops());
    assert_eq!(scrape.value(FAILED), 1.0);
    let logged = "tickcast_log_events_total{level=\"ERROR\",event=\"journal.failed\"}";
    assert_eq!(scrape.value(logged), 1.0);
    drop(fault);
    hub.event("journal.recovered");
    assert_eq!(Scrape::at(hub.ops()).value(FAILED), 0.0);
}

#[test]
fn every_logged_event_is_counted_by_level_and_name() {
    let hub = Hub::start("rate = 10.0", "[1,2,3]");
    let scrape = Scrape::at(hub.ops());
    let count = |level: &str, event: &str| {
        scrape.value(&format!(
            "tickcast_log_events_total{{level=\"{level}\",event=\"{event}\"}}"
        ))
    };
    for (event, times) in [("start", 1.0), ("topic.ready", 1.0), ("listening", 2.0)] {
        assert_eq!(count("INFO", event), times, "{event}");
    }
    assert!(!scrape.0.contains("level=\"WARN\"") && !scrape.0.contains("level=\"DEBUG\""));
    hub.stop_without_warnings();
}

#[tokio::test]
async fn the_records_that_gaps_leave_out_are_counted() {
    let hub = Hub::start("rate = 2000.0\nmax_lag = \"100ms\"", &indexed_dataset(700));
    let mut slow = RawClient::connect(hub.public());
    slow.shrink_receive_buffer();
    let handshake = RawClient::handshake(hub.public(), "sec-websocket-protocol: tickcast.v1\r\n");
    slow.send(handshake.replace("/ws ", "/ws?last=0 ").as_bytes());
    let mut steady = Viewer::v1(&hub).await;
    // Two seconds, in which the slow viewer reads nothing.
    for _ in 0..4_000 {
        steady.until("data").await;
    }
    slow.read_head();
    let gap: Value = loop {
        let (first, payload) = slow.read_frame();
        let text = String::from_utf8_lossy(&payload);
        if first == 0x81 && text.starts_with("{\"type\":\"gap\"") {
            break serde_json::from_str(&text).unwrap();
        }
    };
    let missing = gap["to"].as_f64().unwrap() - gap["from"].as_f64().unwrap() + 1.0;
    let labels = "topic=\"demo\"";
    let scrape = scrape_until(&hub, |scrape| {
        scrape.value(&format!("tickcast_gaps_total{{{labels}}}")) >= 1.0
    });
    let records = scrape.value(&format!("tickcast_gap_records_total{{{labels}}}"));
    assert!(records >= missing && missing > 0.0, "{records}, {missing}");
    if scrape.value(&format!("tickcast_gaps_total{{{labels}}}")) == 1.0 {
        assert_eq!(records, missing);
    }
}

#[test]
fn connections_are_counted_by_listener_with_their_limits() {
    let hub = Hub::start("rate = 1.0", "[1]");
    let count = |scrape: &Scrape, name: &str, listener: &str| {
        scrape.value(&format!("{name}{{listener=\"{listener}\"}}"))
    };
    let open = |scrape: &Scrape| count(scrape, "tickcast_connections", "public");
    let clients: Vec<_> = (0..3).map(|_| RawClient::connect(hub.public())).collect();
    let (viewer, _) = RawClient::upgrade(hub.public(), "");
    let scrape = scrape_until(&hub, |scrape| open(scrape) == 4.0);
    assert!(count(&scrape, "tickcast_connections_max", "public") > 4.0);
    // The scrape's own connection.
    assert!(count(&scrape, "tickcast_connections", "ops") >= 1.0);
    assert_eq!(count(&scrape, "tickcast_connections_max", "ops"), 64.0);
    drop((clients, viewer));
    scrape_until(&hub, |scrape| open(scrape) == 0.0);
}

#[test]
fn requests_are_counted_by_listener_and_status_code() {
    let hub = Hub::start("rate = 1.0", "[1]");
    let count = |listener: &str, code: u16| {
        let labels = format!("{{listener=\"{listener}\",code=\"{code}\"}}");
        Scrape::at(hub.ops()).value(&format!("tickcast_http_requests_total{labels}"))
    };
    assert_eq!(count("public", 200), 0.0);
    let get = |path: &str| RawClient::get(hub.public(), path).status;
    assert_eq!(
        (get("/version"), get("/nothing"), get("/ws")),
        (200, 404, 426)
    );
    let (_viewer, head) = RawClient::upgrade(hub.public(), "");
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let raw = |request: &str| RawClient::request_raw(hub.public(), request.as_bytes()).status;
    assert_eq!(raw("nonsense\r\n\r\n"), 400);
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(20_000));
    assert_eq!(raw(&long), 431);
    for code in [101, 200, 404, 426, 431] {
        assert_eq!(count("public", code), 1.0, "{code}");
    }
    // A request that cannot be parsed is counted once its connection has ended.
    let malformed = "tickcast_http_requests_total{listener=\"public\",code=\"400\"}";
    let is_counted = |scrape: &Scrape| scrape.0.contains(&format!("{malformed} 1\n"));
    scrape_until(&hub, is_counted);
    assert!(count("ops", 200) >= 7.0);
}

#[test]
fn history_responses_in_progress_are_counted_with_their_limit() {
    const IN_FLIGHT: &str = "tickcast_history_in_flight";
    let topic = "rate = 10000.0\nstart = \"2024-01-01T00:00:00Z\"";
    let hub = Hub::start(topic, &format!("[\"{}\"]", "x".repeat(1_000)));
    let mut unread = RawClient::connect(hub.public());
    unread.shrink_receive_buffer();
    let path = "/api/v1/topics/demo/history?from=1&limit=10000";
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
    let head = unread.send(request.as_bytes()).read_head();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let scrape = scrape_until(&hub, |scrape| scrape.value(IN_FLIGHT) == 1.0);
    assert_eq!(scrape.value(&format!("{IN_FLIGHT}_max")), 64.0);
    drop(unread);
    scrape_until(&hub, |scrape| scrape.value(IN_FLIGHT) == 0.0);
}

#[test]
fn hubs_can_be_compared_by_their_timelines_and_clocks() {
    let hub = Hub::start("rate = 10.0", "[1,2,3]");
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    let ready = hub.last_event("topic.ready").unwrap();
    let before = RawClient::get(hub.public(), "/api/v1/time").json();
    let scrape = Scrape::at(hub.ops());
    let after = RawClient::get(hub.public(), "/api/v1/time").json();
    let (epoch, sha256) = (
        topic["epoch"].as_str().unwrap(),
        ready["sha256"].as_str().unwrap(),
    );
    let info = format!(
        "tickcast_topic_info{{topic=\"demo\",epoch=\"{epoch}\",sha256=\"{sha256}\",kind=\"replay\"}}"
    );
    assert_eq!(scrape.value(&info), 1.0);
    let time = scrape.value("tickcast_hub_time_seconds");
    let seconds = |answer: &Value| answer["now"].as_f64().unwrap() / 1e6;
    assert!(
        seconds(&before) <= time && time <= seconds(&after),
        "{time}"
    );
}
