//! A long response is generated as the client reads it, so it uses little memory.

use super::*;

const RECORDS: u64 = 1_000_000;

#[test]
fn a_response_of_a_million_records_is_not_held_in_memory() {
    let hub = hub_with_max(RECORDS, PAST, &text_dataset());
    let peak = || hub.memory_kib("VmHWM:");
    // Triggers one-time allocations: the index of fields, the threads.
    get(&hub, "?last=10&format=csv");
    let before = peak();
    let mut idle = Vec::new();
    for format in ["json", "ndjson", "csv"].repeat(8) {
        let mut raw = RawClient::connect(hub.public());
        raw.shrink_receive_buffer();
        let request = format!(
            "GET /api/v1/topics/demo/history?from=1&limit={RECORDS}&format={format} HTTP/1.1\r\nhost: localhost\r\n\r\n"
        );
        // A client that reads only the head.
        raw.send(request.as_bytes()).read_until("\r\n\r\n");
        idle.push(raw);
    }
    // A client that reads everything, which takes longer than generating what the others could have buffered.
    let answer = get(&hub, &format!("?from=1&limit={RECORDS}&format=ndjson"));
    let len = answer.body.len();
    assert!(len > 100_000_000, "{len}");
    assert_eq!(
        answer.body.iter().filter(|&&byte| byte == b'\n').count() as u64,
        RECORDS
    );
    let grown_kib = peak() - before;
    // Per client: a chunk, the connection, and allocator overhead.
    let bound_kib = (idle.len() as u64 + 1) * 128;
    assert!(
        grown_kib < bound_kib,
        "{grown_kib} KiB for {} answers",
        idle.len() + 1
    );
}

pub(super) fn text_dataset() -> String {
    let record =
        |n: u64| json!({"n": n, "text": "a text that takes some room, so that an answer is long"});
    json!((0..1_000).map(record).collect::<Vec<_>>()).to_string()
}
