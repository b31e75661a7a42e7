//! More history requests than the hub answers at once, and clients that do not read.

use super::memory::text_dataset;
use super::*;

/// The maximum number of concurrent history responses, in total and per address.
const ANSWERS_MAX: usize = 64;
const SHARE_MAX: usize = 32;

/// A response of about 2.5 MB, more than a kernel with a small receive buffer holds unread.
const LONG: &str = "/api/v1/topics/demo/history?from=1&limit=20000";

/// Addresses and request counts that together use up all places; each may take half of the places left.
const CLIENTS: [(&str, usize); 7] = [
    ("127.0.0.2", 32),
    ("127.0.0.3", 16),
    ("127.0.0.4", 8),
    ("127.0.0.5", 4),
    ("127.0.0.6", 2),
    ("127.0.0.7", 1),
    ("127.0.0.8", 1),
];

/// Requests `path` from `source` with `headers`, each ending with CRLF; reads only the response head and returns it
/// with the connection.
fn request_from(hub: &Hub, source: &str, path: &str, headers: &str) -> (RawClient, String) {
    let mut raw = RawClient::connect_from(source, hub.public());
    raw.shrink_receive_buffer();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n",
        hub.public()
    );
    let head = raw.send(request.as_bytes()).read_head();
    (raw, head)
}

/// `count` clients on `source` that do not read the response.
fn idle(hub: &Hub, source: &str, count: usize) -> Vec<RawClient> {
    let reader = |_| {
        let (raw, head) = request_from(hub, source, LONG, "");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        raw
    };
    (0..count).map(reader).collect()
}

fn is_answered(hub: &Hub, source: &str, headers: &str) -> bool {
    let path = "/api/v1/topics/demo/history?last=1";
    let (_, head) = request_from(hub, source, path, headers);
    head.starts_with("HTTP/1.1 200 ")
}

#[test]
fn clients_on_one_address_cannot_use_all_of_the_history_capacity() {
    let hub = hub_with_max(20_000, PAST, &text_dataset());
    let mut unread = idle(&hub, "127.0.0.1", SHARE_MAX);
    for query in ["?last=1", "?from=1&to=9&points=2&field=n"] {
        let refused = get(&hub, query);
        refused.expect_problem(429);
        assert_eq!(refused.json()["code"], "history_share_taken");
        assert_eq!(refused.header("retry-after"), Some("5"));
    }
    // Forwarding headers of an untrusted client are ignored.
    assert!(!is_answered(
        &hub,
        "127.0.0.1",
        "x-forwarded-for: 192.0.2.1\r\n"
    ));
    assert!(is_answered(&hub, "127.0.0.2", ""));
    // Other endpoints are not affected.
    assert_eq!(RawClient::get(hub.public(), "/api/v1/topics").status, 200);

    let rest = unread.pop().unwrap().read_to_end();
    assert!(rest.len() > 2_000_000, "{}", rest.len());
    assert_eq!(get(&hub, "?last=1").status, 200);
    drop(unread);
    hub.stop_without_warnings();
}

#[test]
fn each_client_behind_a_trusted_proxy_has_its_own_share() {
    let project = Project::new("", &text_dataset());
    project.write(
        "tickcast.toml",
        &format!(
            "[server]\nport = 0\nhistory_max = 20000\ntrusted_proxies = [\"127.0.0.0/8\"]\n[ops]\nport = 0\n\
             [topics.demo]\ndataset = \"data.json\"\n{PAST}\n"
        ),
    );
    let hub = project.start();
    let forwarded = |address: &str| format!("x-forwarded-for: {address}\r\n");
    let readers: Vec<_> = (0..SHARE_MAX)
        .map(|n| {
            // An IPv6 network counts as one client.
            let (raw, head) = request_from(
                &hub,
                "127.0.0.1",
                LONG,
                &forwarded(&format!("2001:db8::{n}")),
            );
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            raw
        })
        .collect();
    assert!(!is_answered(
        &hub,
        "127.0.0.1",
        &forwarded("2001:db8::ffff")
    ));
    assert!(is_answered(
        &hub,
        "127.0.0.1",
        &forwarded("2001:db8:0:1::1")
    ));
    assert!(is_answered(&hub, "127.0.0.1", &forwarded("192.0.2.7")));
    drop(readers);
    hub.stop_without_warnings();
}

/// Lets clients that do not read take all places, replacing clients that are disconnected.
fn take_all(hub: &Hub) -> Vec<RawClient> {
    let mut unread = Vec::new();
    loop {
        for &(source, count) in &CLIENTS {
            unread.extend((0..count).map(|_| request_from(hub, source, LONG, "").0));
        }
        let answer = get(hub, "?last=1");
        if answer.status != 200 {
            answer.expect_problem(503);
            assert_eq!(answer.json()["code"], "history_busy");
            assert_eq!(answer.header("retry-after"), Some("5"));
            return unread;
        }
    }
}

#[test]
fn requests_are_rejected_while_all_places_are_taken() {
    let hub = hub_with_max(20_000, PAST, &text_dataset());
    let unread = take_all(&hub);
    assert!(unread.len() >= ANSWERS_MAX);
    drop(unread);
    while !is_answered(&hub, "127.0.0.1", "") {}
    hub.stop_without_warnings();
}

#[test]
fn slow_clients_are_disconnected_when_all_places_are_taken() {
    let hub = hub_with_max(20_000, PAST, &text_dataset());
    let mut trickling = take_all(&hub);
    // All of them keep reading slowly. Without disconnecting them, the hub would have no free place until 160 MB are
    // read.
    while !is_answered(&hub, "127.0.0.1", "") {
        for reader in &mut trickling {
            reader.read_some(64);
        }
    }
    drop(trickling);
    hub.stop_without_warnings();
}
