//! Records of several megabytes: complete in every format, without being held in memory.

use super::*;

/// Length of a record's long text in bytes.
const LONG_LEN: usize = 8 * 1024 * 1024;

/// A dataset with two long records between short ones: a text with escapes and quotes, and a nested value.
fn long_dataset() -> String {
    let text = r#"a \"b\", \u00e9 \ud83d\ude00\n"#.repeat(LONG_LEN / 30);
    let nested = vec![r#"{"x":"y"}"#; LONG_LEN / 10].join(",");
    format!(r#"[{{"n":1}},{{"n":2,"text":"{text}"}},{{"n":3,"text":[{nested}]}},{{"n":4}}]"#)
}

#[test]
fn a_long_record_is_complete_in_every_format() {
    let dataset = long_dataset();
    let records: Vec<Value> = serde_json::from_str(&dataset).unwrap();
    let hub = Hub::start(OVER, &dataset);
    let whole = history(&hub, "?from=1&to=4");
    let items = whole["items"].as_array().unwrap();
    assert!(items.iter().map(|item| &item["data"]).eq(&records));
    let lines = get(&hub, "?from=1&to=4&format=ndjson");
    let of_lines = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(
        of_lines
            .map(|item| item["data"].clone())
            .eq(records.iter().cloned())
    );

    let table = get(&hub, "?from=1&to=4&format=csv");
    let mut reader = csv::Reader::from_reader(&table.body[..]);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[0][2], &rows[0][3]), ("1", ""));
    assert!(Some(&rows[1][3]) == records[1]["text"].as_str());
    let nested = records[2]["text"].to_string();
    assert!(rows[2][3] == *nested);
    assert_eq!((&rows[3][2], &rows[3][3]), ("4", ""));
    hub.stop_without_warnings();
}

#[test]
fn requests_for_long_records_do_not_hold_copies_of_them() {
    let hub = Hub::start(OVER, &long_dataset());
    let peak = || hub.memory_kib("VmHWM:");
    for format in ["json", "ndjson", "csv"] {
        get(&hub, &format!("?from=1&to=1&format={format}"));
    }
    let before = peak();
    let forms = ["json", "ndjson", "csv"].into_iter().cycle();
    let idle: Vec<_> = (2..42)
        .zip(forms)
        .map(|(n, format)| {
            let mut raw = RawClient::connect_from(&format!("127.0.0.{n}"), hub.public());
            raw.shrink_receive_buffer();
            let seq = 2 + n % 2;
            let path = format!("/api/v1/topics/demo/history?from={seq}&to={seq}&format={format}");
            let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
            // Reads little more than the head.
            raw.send(request.as_bytes()).read_until("\r\n\r\n");
            raw
        })
        .collect();
    // One client reads everything, which gives the hub time to work on the other responses.
    assert!(get(&hub, "?from=1&to=4&format=csv").body.len() > LONG_LEN);
    let grown_kib = peak() - before;
    let bound_kib = (idle.len() as u64 + 1) * 160;
    assert!(
        grown_kib < bound_kib,
        "{grown_kib} KiB for {} answers",
        idle.len() + 1
    );
}
