//! More readers than the hub answers at once.

use super::memory::saw_of_texts;
use super::*;

/// As many as are answered at once.
const ANSWERS_MAX: usize = 64;

/// An answer of some 2.5 MB: more than goes anywhere unread but into a kernel that takes what it is given.
const LONG: &str = "/api/v1/topics/demo/history?from=1&limit=20000";

#[test]
fn who_finds_all_places_taken_is_sent_away_until_an_answer_ends() {
    let hub = hub_with_max(20_000, PAST, &saw_of_texts());
    let idle = || {
        let mut raw = Raw::connect(hub.public());
        let request = format!("GET {LONG} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let head = raw.send(request.as_bytes()).head();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        raw
    };
    let mut unread: Vec<_> = (0..ANSWERS_MAX).map(|_| idle()).collect();
    for query in ["?last=1", "?from=1&to=9&points=2&field=n"] {
        let refused = get(&hub, query);
        refused.expect_problem(503);
        assert_eq!(refused.header("retry-after"), Some("5"));
    }
    // Whatever else there is has places of its own.
    assert_eq!(Raw::get(hub.public(), "/api/v1/topics").status, 200);

    let rest = unread.pop().unwrap().rest();
    assert!(rest.len() > 2_000_000, "{}", rest.len());
    assert_eq!(get(&hub, "?last=1").status, 200);
    // What was refused has no place, and what was answered gave its own back.
    let again = idle();
    get(&hub, "?last=1").expect_problem(503);
    drop((again, unread));
    hub.end_without_complaint();
}
