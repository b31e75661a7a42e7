//! `/metrics`, and the agreement of its values with the log.

mod faults;
mod histograms;
mod reports;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::support::http::Response;
use super::support::metrics::Scrape;
use super::support::{Hub, Project, RawClient, Viewer, event_table};

const OPEN: &str = "accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.1\r\n";

/// A project with one topic with `settings`, and statistics ten times a second.
fn project(settings: &str, dataset: &str) -> Project {
    let toml = format!(
        "[log]\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\n{settings}\n"
    );
    Project::new("", dataset).configure(&toml)
}

fn ask(hub: &Hub, method: &str, headers: &str) -> Response {
    RawClient::request(hub.ops(), method, "/metrics", headers)
}

/// The samples of a response, without their values.
fn samples(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0).collect()
}

#[test]
fn both_formats_have_the_same_samples_and_head_has_no_body() {
    let hub = Hub::start("rate = 10.0", "[1]");
    let (open, classic) = (ask(&hub, "GET", OPEN), ask(&hub, "GET", ""));
    let kind = |answer: &Response| answer.header("content-type").unwrap().to_owned();
    assert_eq!(
        kind(&open),
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert_eq!(kind(&classic), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(samples(open.text()), samples(classic.text()));
    assert!(open.text().ends_with("\n# EOF\n") && !classic.text().contains("EOF"));
    assert!(open.text().contains("# TYPE tickcast_published counter\n"));
    assert!(
        classic
            .text()
            .contains("# TYPE tickcast_published_total counter\n")
    );
    for (headers, kind_of_get) in [(OPEN, kind(&open)), ("", kind(&classic))] {
        let head = ask(&hub, "HEAD", headers);
        assert_eq!(
            (head.status, kind(&head), head.body.len()),
            (200, kind_of_get, 0)
        );
    }
    ask(&hub, "POST", "").expect_problem(405);
    // The public listener does not serve it.
    assert_eq!(RawClient::get(hub.public(), "/metrics").status, 404);
    hub.stop_without_warnings();
}

/// The name in `/metrics` of a field of a log event.
fn sample(event: &str, field: &str) -> Option<String> {
    let reason = |field: &str, kind: &str| {
        let reason = field.strip_prefix(kind)?.strip_suffix("_total")?;
        Some(format!(
            "tickcast_{kind}total{{topic=\"demo\",reason=\"{reason}\"}}"
        ))
    };
    match (event, field) {
        ("hub.stats", "topic" | "epoch" | "left_total" | "refused_total") => None,
        ("hub.stats", field) => Some(
            reason(field, "left_")
                .or_else(|| reason(field, "refused_"))
                .unwrap_or_else(|| format!("tickcast_{field}{{topic=\"demo\"}}")),
        ),
        // Sums over all topics, and totals that the topic has by reason.
        (_, "viewers" | "refused_total") => None,
        (_, "open_files") => Some("process_open_fds".to_owned()),
        (_, "open_files_max") => Some("process_max_fds".to_owned()),
        (_, "memory_bytes") => Some("process_resident_memory_bytes".to_owned()),
        (_, "cpu_seconds_total") => Some("process_cpu_seconds_total".to_owned()),
        (_, field) => Some(format!("tickcast_{field}")),
    }
}

/// Fields that change even if nothing happens.
const VOLATILE: [&str; 5] = [
    "uptime_seconds",
    "memory_bytes",
    "cpu_seconds_total",
    "timeline_minus_wall_seconds",
    "open_files",
];

/// Metrics that no field of the log has.
const NOT_IN_LOG: [&str; 21] = [
    "tickcast_delivery_seconds",
    "tickcast_delivery_spread_seconds",
    "tickcast_lateness_seconds",
    "tickcast_lag_seconds",
    "tickcast_history_seconds",
    "tickcast_journal_fsync_seconds",
    "tickcast_config_last_reload_successful",
    "tickcast_config_pending_keys",
    "tickcast_journal_failed",
    "tickcast_log_events_total",
    "tickcast_gap_records_total",
    "tickcast_connections",
    "tickcast_connections_max",
    "tickcast_history_in_flight",
    "tickcast_history_in_flight_max",
    "tickcast_http_requests_total",
    "tickcast_topic_info",
    "tickcast_hub_time_seconds",
    "tickcast_viewer_clock_bound_seconds",
    "tickcast_viewer_late_ratio",
    "tickcast_viewer_frames_per_second",
];

#[tokio::test]
async fn metrics_have_the_same_values_as_the_log() {
    let mut hub = project("rate = 100.0\nloop = false", "[1,2,3,4,5,6,7]").start();
    let mut viewer = Viewer::v1_at(&hub, "/ws?last=0").await;
    viewer.until("end").await;
    assert!(
        Viewer::connect(&hub, "/ws?since=nonsense", &[])
            .await
            .is_err()
    );
    assert!(Viewer::connect(&hub, "/ws/unknown", &[]).await.is_err());
    // From now on nothing is published; the loop waits until the reported lateness is back to zero.
    let mut events = [Value::Null, Value::Null];
    for _ in 0..5 {
        events = [hub.event("hub.stats"), hub.event("hub.process")];
    }
    let metrics = Scrape::at(hub.ops());
    let mut known = Vec::new();
    for event in &events {
        let name = event["event"].as_str().unwrap();
        let row = event_table::rows()
            .iter()
            .find(|row| row.event == name)
            .unwrap();
        for field in &row.fields {
            let Some(sample) = sample(name, field) else {
                continue;
            };
            let value = metrics.value(&sample);
            if !VOLATILE.contains(&field.as_str()) {
                assert_eq!(Some(value), event[field].as_f64(), "{field}");
            }
            known.push(sample);
        }
    }
    let nowhere = "tickcast_refused_total{topic=\"\",reason=\"not_found\"}";
    assert_eq!(metrics.value(nowhere), 1.0);
    assert_eq!(events[1]["refused_total"], 2);
    assert_eq!(metrics.value("tickcast_ready"), 1.0);
    let (version, commit) = (
        env!("CARGO_PKG_VERSION"),
        RawClient::get(hub.public(), "/version").json(),
    );
    let commit = commit["commit"].as_str().unwrap();
    let build = format!("tickcast_build_info{{version=\"{version}\",commit=\"{commit}\"}}");
    assert_eq!(metrics.value(&build), 1.0);
    let rate = "tickcast_rate{topic=\"demo\"}";
    assert_eq!(metrics.value(rate), 0.0, "the topic has ended");
    let stopped = "tickcast_stopped{topic=\"demo\"}";
    assert_eq!(metrics.value(stopped), 0.0);
    // These are the only other samples, apart from metrics that the log does not have.
    let more = [
        nowhere,
        rate,
        stopped,
        "tickcast_ready",
        &build,
        "process_start_time_seconds",
    ];
    known.extend(more.map(str::to_owned));
    known.sort();
    let mut samples = samples(&metrics.0);
    let is_in_log = |sample: &&str| {
        let name = sample.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter();
        let mut family = family.filter_map(|part| name.strip_suffix(part));
        !NOT_IN_LOG.contains(&family.next().unwrap_or(name))
    };
    samples.retain(is_in_log);
    samples.sort_unstable();
    assert_eq!(samples, known);
}

/// Waits until `field` of `hub.stats` is `value`.
fn wait_for(hub: &mut Hub, field: &str, value: u64) -> Value {
    loop {
        let stats = hub.event("hub.stats");
        if stats[field] == value {
            return stats;
        }
    }
}

#[tokio::test]
async fn disconnected_viewers_are_counted_by_reason() {
    let mut hub = project("rate = 0.001", "[1]").start();
    let ping = Message::text(r#"{"type":"ping","id":1}"#);
    for (messages, reason) in [
        (vec![Message::binary(vec![1])], "binary"),
        (vec![Message::text("x".repeat(1025))], "too_big"),
        (vec![Message::text("not json")], "malformed"),
        (vec![ping; 100], "too_many"),
        (vec![Message::Close(None)], "normal"),
    ] {
        let mut viewer = Viewer::v1(&hub).await;
        for message in messages {
            viewer.send_message(message).await;
        }
        viewer.wait_for_disconnect().await;
        drop(viewer);
        wait_for(&mut hub, &format!("left_{reason}_total"), 1);
    }
    for (frame, reason) in [
        (&[0x81, 0][..], "protocol"),
        (&[0x81, 0x81, 0, 0, 0, 0, 0xFF], "utf8"),
    ] {
        let (mut raw, _) = RawClient::upgrade(hub.public(), "");
        raw.send(frame).read_to_end();
        drop(raw);
        wait_for(&mut hub, &format!("left_{reason}_total"), 1);
    }
    drop(RawClient::upgrade(hub.public(), ""));
    let stats = wait_for(&mut hub, "left_lost_total", 1);
    assert_eq!(
        (&stats["left_total"], &stats["joined_total"]),
        (&8.into(), &8.into())
    );
    let mut viewer = Viewer::v1(&hub).await;
    hub.signal("-TERM");
    viewer.wait_for_disconnect().await;
    let stats = wait_for(&mut hub, "left_draining_total", 1);
    assert_eq!(
        (&stats["left_total"], &stats["viewers"]),
        (&9.into(), &0.into())
    );
}

#[tokio::test]
async fn rejected_viewers_are_counted_by_reason_in_every_form() {
    let toml = "[server]\nport = 0\nmax_viewers = 2\nmax_viewers_per_ip = 1\ntrusted_proxies = [\"127.0.0.1\"]\ndrain = \"1h\"\n\
                [ops]\nport = 0\n[log]\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 1.0\n";
    let project = Project::new("", "[1]");
    project.write("tickcast.toml", toml);
    let mut hub = project.start();
    let sse =
        |path: &str, headers: &str| RawClient::request(hub.public(), "GET", path, headers).status;
    let ws = |query: &str, headers: &str| {
        let request = RawClient::handshake(hub.public(), headers)
            .replace("GET /ws ", &format!("GET /ws{query} "));
        RawClient::connect(hub.public())
            .send(request.as_bytes())
            .read_head()[9..12]
            .parse::<u16>()
            .unwrap()
    };
    let evil = "origin: http://evil.example\r\n";
    assert_eq!((sse("/sse", evil), ws("", evil)), (403, 403));
    assert_eq!((sse("/sse?last=x", ""), ws("?last=x", "")), (400, 400));
    assert_eq!(
        (sse("/sse/unknown", ""), sse("/ws/unknown", "")),
        (404, 404)
    );
    assert_eq!(ws("?since=another0epoch:1", ""), 410);
    assert_eq!(sse("/ws", ""), 426);
    // Two viewers use up the limit: one here, and one behind a proxy.
    let here = Viewer::v1(&hub).await;
    assert_eq!((sse("/sse", ""), ws("", "")), (429, 429));
    let there = [("x-forwarded-for", "192.0.2.1")];
    let there = Viewer::connect(&hub, "/ws", &there).await.ok().unwrap();
    let third = "x-forwarded-for: 192.0.2.2\r\n";
    // An event stream reports the rejection in an event.
    assert_eq!((sse("/sse", third), ws("", third)), (200, 503));
    hub.signal("-TERM");
    hub.event("drain");
    let sse = |headers: &str| RawClient::request(hub.public(), "GET", "/sse", headers).status;
    assert_eq!(sse(third), 200);
    let stats = wait_for(&mut hub, "refused_draining_total", 1);
    for (reason, total) in [
        ("full", 2),
        ("too_many", 2),
        ("forbidden", 2),
        ("gone", 1),
        ("bad_request", 2),
        ("upgrade_required", 1),
    ] {
        assert_eq!(stats[format!("refused_{reason}_total")], total, "{reason}");
    }
    assert_eq!(stats["refused_total"], 11);
    assert_eq!(hub.event("hub.process")["refused_total"], 13);
    let metrics = Scrape::at(hub.ops());
    assert_eq!(metrics.value("tickcast_ready"), 0.0);
    drop((here, there));
}

#[tokio::test]
async fn a_viewer_that_resumes_without_loss_is_counted_as_recovered() {
    let mut hub = project("rate = 100.0", "[1,2,3]").start();
    let (epoch, seq) = hub.position();
    for path in [
        format!("/ws?since={epoch}:{seq}"),
        "/ws?last=2".to_owned(),
        "/ws?since=another0epoch:1".to_owned(),
        "/ws".to_owned(),
        format!("/ws?since={epoch}:9007199254740991"),
    ] {
        Viewer::v1_at(&hub, &path).await.until("data").await;
    }
    let stats = wait_for(&mut hub, "joined_total", 5);
    assert_eq!(stats["recovered_total"], 1);
}

#[tokio::test]
async fn the_lag_of_the_slowest_viewer_is_reported_until_it_catches_up_or_leaves() {
    let record = format!("[\"{}\"]", "x".repeat(1_000));
    let mut hub = project("rate = 1000.0\nmax_lag = \"1h\"", &record).start();
    let lag = |hub: &mut Hub| hub.event("hub.stats")["lag_max_seconds"].as_f64().unwrap();
    let mut raw = RawClient::connect(hub.public());
    raw.shrink_receive_buffer();
    raw.send(RawClient::handshake(hub.public(), "").as_bytes());
    while lag(&mut hub) < 1.0 {}
    let listed = Scrape::at(hub.ops()).value("tickcast_lag_max_seconds{topic=\"demo\"}");
    assert!(listed >= 1.0, "{listed}");
    // Viewers that are not behind do not affect the value.
    let mut steady = Viewer::v1(&hub).await;
    steady.until("data").await;
    assert!(lag(&mut hub) >= 1.0);
    drop(raw);
    let mut reading = tokio::spawn(async move {
        loop {
            steady.until("data").await;
        }
    });
    let (sender, caught_up) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        while lag(&mut hub) > 0.5 {}
        sender.send(hub).ok();
    });
    tokio::select! {
        hub = caught_up => drop(hub.unwrap()),
        ended = &mut reading => panic!("{ended:?}"),
    }
    reading.abort();
}
