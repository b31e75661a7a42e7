//! The `Origin` check: which pages may connect.

use super::support::http::Response;
use super::support::{Hub, Project, RawClient};

fn hub(allowed: &str) -> Hub {
    Project::raw(&format!(
        "[server]\nport = 0\nallowed_origins = {allowed}\n[ops]\nport = 0\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"
    ))
    .start()
}

/// The responses of the topics, the history, an event stream and a handshake to a page with the header lines in
/// `origin`.
fn answers(hub: &Hub, origin: &str) -> [Response; 4] {
    let ask = |path: &str, more: &str| {
        let request = format!(
            "HEAD {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{more}{origin}\r\n",
            hub.public()
        );
        RawClient::request_raw(hub.public(), request.as_bytes())
    };
    let handshake = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origin}\
         sec-websocket-protocol: unknown\r\n\r\n",
        hub.public()
    );
    [
        ask("/api/v1/topics", ""),
        ask("/api/v1/topics/demo/history?last=1", ""),
        ask("/sse", ""),
        RawClient::request_raw(hub.public(), handshake.as_bytes()),
    ]
}

fn statuses(hub: &Hub, origin: &str) -> [u16; 4] {
    answers(hub, &format!("origin: {origin}\r\n")).map(|answer| answer.status)
}

/// If the origin passes, the handshake is rejected for its subprotocol, which is checked later.
const ADMITTED: [u16; 4] = [200, 200, 200, 400];
const REFUSED: [u16; 4] = [403; 4];

#[test]
fn origins_are_compared_as_canonical_text() {
    let hub = hub("[\"https://a.example\"]");
    let port = hub.public().rsplit_once(':').unwrap().1.to_owned();
    for origin in [
        "https://a.example",
        "https://a.example:443",
        "HTTPS://A.EXAMPLE",
        &format!("http://{}", hub.public()),
        &format!("https://{}", hub.public()),
    ] {
        assert_eq!(statuses(&hub, origin), ADMITTED, "{origin}");
    }
    for origin in [
        "",
        "null",
        "https://user@a.example",
        "https://a.example@evil.example",
        "https://a.example:99999",
        "https://a.example:+443",
        "https://a.example:",
        "https://a.example/",
        "https://a.example, https://a.example",
        "https://a.example https://a.example",
        "http://a.example",
        "https://a.example.evil.example",
        &format!("http://user@{}", hub.public()),
        &format!("http://127.0.0.1:+{port}"),
        &format!("http://localhost:{port}"),
    ] {
        assert_eq!(statuses(&hub, origin), REFUSED, "{origin}");
    }
    let own = format!("origin: http://{}\r\n", hub.public());
    for two in [own.repeat(2), "origin: https://a.example\r\n".repeat(2)] {
        for answer in answers(&hub, &two) {
            assert_eq!(answer.status, 403, "{two}");
            assert_ne!(
                answer.header("access-control-allow-origin"),
                Some("https://a.example")
            );
        }
    }
    hub.stop_without_warnings();
}

#[test]
fn a_star_allows_any_origin_but_null() {
    let hub = hub("[\"*\"]");
    for origin in [
        "https://a.example",
        "file://",
        "capacitor://localhost",
        "chrome-extension://abcdefgh",
    ] {
        assert_eq!(statuses(&hub, origin), ADMITTED, "{origin}");
        let [api, ..] = answers(&hub, &format!("origin: {origin}\r\n"));
        assert_eq!(api.header("access-control-allow-origin"), Some(origin));
    }
    for origin in [
        "null",
        "",
        "https://u@a.example",
        "https://a.example:99999",
        "https://a.example:+443",
    ] {
        assert_eq!(statuses(&hub, origin), REFUSED, "{origin}");
    }
    hub.stop_without_warnings();
}

/// Whether a topic exists is no business of a page that may not connect.
#[test]
fn the_origin_is_checked_before_everything_else_in_a_request() {
    let hub = hub("[]");
    let evil = "origin: https://b.example\r\n";
    for path in [
        "/ws",
        "/ws/unknown",
        "/ws?last=x",
        "/sse/unknown",
        "/sse?since=x",
        "/api/v1/topics/unknown",
        "/api/v1/topics/unknown/history",
        "/api/v1/topics/demo/history?last=x",
    ] {
        let refusal = RawClient::request(hub.public(), "GET", path, evil);
        refusal.expect_problem(403);
        assert_eq!(refusal.code(), "origin_forbidden", "{path}");
        let faulty = RawClient::request(hub.public(), "GET", path, "").status;
        assert!([400, 404, 426].contains(&faulty), "{path}: {faulty}");
    }
    hub.stop_without_warnings();
}
