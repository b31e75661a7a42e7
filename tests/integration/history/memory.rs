//! A long answer is made as it is read, and takes the memory of what is under way.

use super::*;

const RECORDS: u64 = 1_000_000;

#[test]
fn a_million_records_do_not_stand_in_memory() {
    let hub = hub_with_max(RECORDS, PAST, &saw_of_texts());
    let peak = || hub.memory_kib("VmHWM:");
    // Whatever is made once is made: the fields, the threads.
    get(&hub, "?last=10&format=csv");
    let before = peak();
    let mut idle = Vec::new();
    for format in ["json", "ndjson", "csv"].repeat(8) {
        let mut raw = Raw::connect(hub.public());
        raw.take_little();
        let request = format!(
            "GET /api/v1/topics/demo/history?from=1&limit={RECORDS}&format={format} HTTP/1.1\r\nhost: localhost\r\n\r\n"
        );
        // One that reads the head and nothing after it.
        raw.send(request.as_bytes()).until("\r\n\r\n");
        idle.push(raw);
    }
    // And one that reads all of it, which is longer than everything the others could have had made meanwhile.
    let answer = get(&hub, &format!("?from=1&limit={RECORDS}&format=ndjson"));
    let len = answer.body.len();
    assert!(len > 100_000_000, "{len}");
    assert_eq!(
        answer.body.iter().filter(|&&byte| byte == b'\n').count() as u64,
        RECORDS
    );
    let grown_kib = peak() - before;
    // Of each: a chunk, the connection, and what the allocator makes of it.
    let bound_kib = (idle.len() as u64 + 1) * 128;
    assert!(
        grown_kib < bound_kib,
        "{grown_kib} KiB for {} answers",
        idle.len() + 1
    );
}

pub(super) fn saw_of_texts() -> String {
    let record =
        |n: u64| json!({"n": n, "text": "a text that takes some room, so that an answer is long"});
    json!((0..1_000).map(record).collect::<Vec<_>>()).to_string()
}
