//! Problem documents: every stable `code`, provoked by a real request.

use std::collections::BTreeSet;

use super::support::http::Response;
use super::support::hub::root;
use super::support::{Hub, Project, RawClient, Viewer};

const HANDSHAKE: &str = "upgrade: websocket\r\nsec-websocket-version: 13\r\n\
    sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Codes that other tests provoke, because they need a stopping or broken hub, or 64 concurrent requests.
const PROVOKED_ELSEWHERE: [&str; 6] = [
    "history_busy",
    "history_share_taken",
    "hub_stopping",
    "internal_error",
    "records_unreadable",
    "topic_stopped",
];

fn hub(server: &str) -> Hub {
    Project::raw(&format!(
        "[server]\nport = 0\n{server}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"
    ))
    .start()
}

/// Performs a WebSocket handshake on `path` with `headers` instead of the usual ones.
fn handshake(hub: &Hub, path: &str, headers: &str) -> Response {
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade, close\r\n{headers}\r\n",
        hub.public()
    );
    RawClient::request_raw(hub.public(), request.as_bytes())
}

/// Asserts that `answer` is the problem `code` as documented in the handbook.
fn expect(answer: &Response, code: &str, seen: &mut BTreeSet<String>) {
    assert_eq!(answer.code(), code, "{}", answer.text());
    answer.expect_problem(answer.status);
    seen.insert(code.to_owned());
}

fn refuse_history(hub: &Hub, seen: &mut BTreeSet<String>) {
    for (query, code) in [
        ("?last=x", "parameter_invalid"),
        ("?limit=0", "parameter_invalid"),
        ("?points=1&field=v", "parameter_invalid"),
        ("?from_t=never", "parameter_invalid"),
        ("?format=xml", "parameter_invalid"),
        ("?form=csv", "parameter_unknown"),
        ("?last=1&last=1", "parameter_repeated"),
        ("?points=5", "parameter_missing"),
        ("?field=v", "parameter_missing"),
        ("?from=1&last=1", "parameters_conflict"),
        ("?from=1&from_t=1", "parameters_conflict"),
        ("?from=2&to=1", "parameters_conflict"),
        ("?points=5&field=v", "field_not_numeric"),
    ] {
        let path = format!("/api/v1/topics/demo/history{query}");
        expect(&RawClient::get(hub.public(), &path), code, seen);
    }
    let path = "/api/v1/topics/demo/history";
    let picky = RawClient::request(hub.public(), "GET", path, "accept: image/png\r\n");
    expect(&picky, "format_not_acceptable", seen);
}

fn refuse_joining(hub: &Hub, seen: &mut BTreeSet<String>) {
    let offer = |header: &str| format!("{HANDSHAKE}{header}\r\n");
    for (path, headers, code) in [
        ("/ws?since=x", HANDSHAKE.to_owned(), "position_invalid"),
        ("/ws?last=x", HANDSHAKE.to_owned(), "parameter_invalid"),
        ("/ws?last", HANDSHAKE.to_owned(), "parameter_invalid"),
        ("/ws?last=", HANDSHAKE.to_owned(), "parameter_invalid"),
        ("/ws?since", HANDSHAKE.to_owned(), "position_invalid"),
        ("/ws?since=", HANDSHAKE.to_owned(), "position_invalid"),
        ("/ws?x&since&y", HANDSHAKE.to_owned(), "position_invalid"),
        (
            "/ws?last=1&last=1",
            HANDSHAKE.to_owned(),
            "parameter_repeated",
        ),
        (
            "/ws?last=1&since=a:1",
            HANDSHAKE.to_owned(),
            "parameters_conflict",
        ),
        ("/sse?lastEventId=x", String::new(), "position_invalid"),
        ("/sse?since", String::new(), "position_invalid"),
        (
            "/ws?since=another:1",
            HANDSHAKE.to_owned(),
            "position_not_recoverable",
        ),
        (
            "/ws",
            offer("sec-websocket-protocol: mqtt"),
            "subprotocol_unknown",
        ),
        (
            "/ws",
            offer("sec-websocket-extensions: ;"),
            "extensions_invalid",
        ),
        (
            "/ws",
            HANDSHAKE.replace("dGhl", "x"),
            "websocket_key_invalid",
        ),
        (
            "/ws",
            offer("origin: http://elsewhere.example"),
            "origin_forbidden",
        ),
        ("/ws", String::new(), "upgrade_required"),
        (
            "/ws",
            HANDSHAKE.replace("13", "8"),
            "websocket_version_unsupported",
        ),
        ("/ws/unknown", HANDSHAKE.to_owned(), "topic_not_found"),
    ] {
        expect(&handshake(hub, path, &headers), code, seen);
    }
    let resumed = RawClient::request(hub.public(), "GET", "/sse", "last-event-id: x\r\n");
    expect(&resumed, "position_invalid", seen);
}

fn refuse_hosts(hub: &Hub, seen: &mut BTreeSet<String>) {
    for (lines, code) in [
        ("", "host_missing"),
        ("host: a\r\nhost: a\r\n", "host_repeated"),
        ("host: a b\r\n", "host_invalid"),
        ("host: elsewhere.example\r\n", "host_forbidden"),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{lines}connection: close\r\n\r\n");
        expect(
            &RawClient::request_raw(hub.public(), request.as_bytes()),
            code,
            seen,
        );
    }
    let connect = "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n";
    expect(
        &RawClient::request_raw(hub.public(), connect.as_bytes()),
        "target_invalid",
        seen,
    );
}

fn refuse_requests(hub: &Hub, seen: &mut BTreeSet<String>) {
    expect(
        &RawClient::get(hub.public(), "/nothing"),
        "path_not_found",
        seen,
    );
    expect(
        &RawClient::get(hub.ops(), "/nothing"),
        "path_not_found",
        seen,
    );
    let post = RawClient::request(hub.public(), "POST", "/version", "");
    expect(&post, "method_not_allowed", seen);
    let options = RawClient::request(hub.public(), "OPTIONS", "*", "");
    expect(&options, "target_invalid", seen);
    let body = RawClient::request(
        hub.public(),
        "GET",
        "/version",
        "content-length: 1\r\n\r\nx",
    );
    expect(&body, "body_not_allowed", seen);
}

async fn refuse_crowds(seen: &mut BTreeSet<String>) {
    for (cap, code) in [
        ("max_viewers = 1", "hub_full"),
        ("max_viewers_per_ip = 1", "viewers_per_ip_exceeded"),
    ] {
        let hub = hub(cap);
        let mut viewer = Viewer::bare(&hub).await;
        viewer.next_text().await;
        expect(&handshake(&hub, "/ws", HANDSHAKE), code, seen);
    }
    let hub = hub("max_connections_per_ip = 1\ntrusted_proxies = [\"127.0.0.1\"]");
    let forwarded = "x-forwarded-for: 192.0.2.1\r\n";
    let _viewer = RawClient::upgrade(hub.public(), forwarded);
    let refused = RawClient::request(hub.public(), "GET", "/healthz", forwarded);
    expect(&refused, "connections_per_ip_exceeded", seen);
}

async fn refuse_while_draining(seen: &mut BTreeSet<String>) {
    let hub = hub("drain = \"1h\"");
    // With two viewers, one is still connected when the other has received its `bye`.
    let (mut viewer, _other) = (Viewer::v1(&hub).await, Viewer::v1(&hub).await);
    viewer.until("hello").await;
    let mut waiting = RawClient::connect(hub.public());
    hub.signal("-TERM");
    while RawClient::get(hub.ops(), "/readyz").status == 200 {}
    expect(&RawClient::get(hub.ops(), "/readyz"), "not_ready", seen);
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade, close\r\n{HANDSHAKE}\r\n",
        hub.public()
    );
    let answer = Response::from(waiting.send(request.as_bytes()).read_to_end());
    expect(&answer, "hub_draining", seen);
}

#[tokio::test]
async fn every_rejection_has_the_code_that_the_handbook_documents() {
    let mut seen = BTreeSet::new();
    let hub = hub("");
    refuse_history(&hub, &mut seen);
    refuse_joining(&hub, &mut seen);
    refuse_requests(&hub, &mut seen);
    refuse_hosts(&hub, &mut seen);
    refuse_crowds(&mut seen).await;
    refuse_while_draining(&mut seen).await;
    let handbook = std::fs::read_to_string(root().join("docs/handbook/problems.md")).unwrap();
    let rows = handbook.lines().filter_map(|line| line.split('|').nth(2));
    let codes = rows.filter_map(|cell| cell.trim().strip_prefix('`')?.strip_suffix('`'));
    let unseen: Vec<_> = codes
        .filter(|code| !seen.contains(*code) && !PROVOKED_ELSEWHERE.contains(code))
        .collect();
    assert_eq!(unseen, [""; 0], "documented but never returned");
    hub.stop_without_warnings();
}
