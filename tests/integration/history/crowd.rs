//! More readers than the hub answers at once, and readers that do not read.

use super::memory::saw_of_texts;
use super::*;

/// As many as are answered at once, and the most of one address.
const ANSWERS_MAX: usize = 64;
const SHARE_MAX: usize = 32;

/// An answer of some 2.5 MB: more than goes anywhere unread but into a kernel that takes what it is given.
const LONG: &str = "/api/v1/topics/demo/history?from=1&limit=20000";

/// Each with half of the places that are left, they have all of them.
const CROWD: [(&str, usize); 7] = [
    ("127.0.0.2", 32),
    ("127.0.0.3", 16),
    ("127.0.0.4", 8),
    ("127.0.0.5", 4),
    ("127.0.0.6", 2),
    ("127.0.0.7", 1),
    ("127.0.0.8", 1),
];

/// Asks for `path` from `source`, with `headers`, each with its line end; returns the connection, and the head of the
/// answer, of which nothing more is read.
fn ask_from(hub: &Hub, source: &str, path: &str, headers: &str) -> (Raw, String) {
    let mut raw = Raw::connect_from(source, hub.public());
    raw.take_little();
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{headers}\r\n",
        hub.public()
    );
    let head = raw.send(request.as_bytes()).head();
    (raw, head)
}

/// `count` readers from `source` that do not read.
fn idle(hub: &Hub, source: &str, count: usize) -> Vec<Raw> {
    let reader = |_| {
        let (raw, head) = ask_from(hub, source, LONG, "");
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        raw
    };
    (0..count).map(reader).collect()
}

fn is_answered(hub: &Hub, source: &str, headers: &str) -> bool {
    let path = "/api/v1/topics/demo/history?last=1";
    let (_, head) = ask_from(hub, source, path, headers);
    head.starts_with("HTTP/1.1 200 ")
}

#[test]
fn readers_from_one_address_leave_history_to_others() {
    let hub = hub_with_max(20_000, PAST, &saw_of_texts());
    let mut unread = idle(&hub, "127.0.0.1", SHARE_MAX);
    for query in ["?last=1", "?from=1&to=9&points=2&field=n"] {
        let refused = get(&hub, query);
        refused.expect_problem(429);
        assert_eq!(refused.json()["code"], "history_share_taken");
        assert_eq!(refused.header("retry-after"), Some("5"));
    }
    // What it says of others does not count.
    assert!(!is_answered(
        &hub,
        "127.0.0.1",
        "x-forwarded-for: 192.0.2.1\r\n"
    ));
    assert!(is_answered(&hub, "127.0.0.2", ""));
    // Whatever else there is has places of its own.
    assert_eq!(Raw::get(hub.public(), "/api/v1/topics").status, 200);

    let rest = unread.pop().unwrap().rest();
    assert!(rest.len() > 2_000_000, "{}", rest.len());
    assert_eq!(get(&hub, "?last=1").status, 200);
    drop(unread);
    hub.end_without_complaint();
}

#[test]
fn clients_behind_a_trusted_proxy_have_a_share_each() {
    let project = Project::new("", &saw_of_texts());
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
            // One network of IPv6 is one client.
            let (raw, head) = ask_from(
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
    hub.end_without_complaint();
}

/// Has clients that do not read take all places; those that are cut off are replaced.
fn take_all(hub: &Hub) -> Vec<Raw> {
    let mut unread = Vec::new();
    loop {
        for &(source, count) in &CROWD {
            unread.extend((0..count).map(|_| ask_from(hub, source, LONG, "").0));
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
fn requests_are_refused_while_all_places_are_taken() {
    let hub = hub_with_max(20_000, PAST, &saw_of_texts());
    let unread = take_all(&hub);
    assert!(unread.len() >= ANSWERS_MAX);
    drop(unread);
    while !is_answered(&hub, "127.0.0.1", "") {}
    hub.end_without_complaint();
}

#[test]
fn readers_that_trickle_are_cut_off_when_others_find_no_place() {
    let hub = hub_with_max(20_000, PAST, &saw_of_texts());
    let mut trickling = take_all(&hub);
    // All of them go on reading a little. A hub that waits for them has no place until they have 160 MB.
    while !is_answered(&hub, "127.0.0.1", "") {
        for reader in &mut trickling {
            reader.some(64);
        }
    }
    drop(trickling);
    hub.end_without_complaint();
}
