//! `tickcast bench` against real hubs, the floor, and other servers.
//!
//! The figures depend on the machine; these tests check that they are present and that nothing is lost.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::support::{Hub, hub, indexed_dataset};

/// A measurement that is short enough for a test.
const SMALL: &[&str] = &["--viewers", "20", "--warmup", "100ms", "--duration", "1s"];

fn bench(arguments: &[&str]) -> Output {
    let mut command = hub::program();
    command.arg("bench").args(SMALL).args(arguments);
    command.output().unwrap()
}

/// Runs the bench, which must succeed, and parses its report.
fn report(arguments: &[&str]) -> Value {
    let output = bench(&[arguments, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A hub with records that contain their index; the dataset loops several times in a test.
fn indexed_hub() -> Hub {
    Hub::start("rate = 100.0", &indexed_dataset(40))
}

fn expect_nothing_lost(report: &Value) {
    let loss = json!({"holes": 0, "repeats": 0, "reorderings": 0, "told": 0});
    assert_eq!(report["loss"], loss, "{report:#}");
    assert_eq!(report["held_back"]["records"], 0, "{report:#}");
    assert_eq!(report["lost_connections"]["count"], 0, "{report:#}");
    assert_eq!(report["viewers"], 20);
    // 20 viewers for a second at 100 records a second, with tolerance at either end.
    let deliveries = report["deliveries"].as_u64().unwrap();
    assert!((1_000..=3_000).contains(&deliveries), "{report:#}");
    assert!(report["latency_seconds"]["p50"].is_f64(), "{report:#}");
    assert!(
        report["spread_seconds"]["records"].as_u64().unwrap() > 0,
        "{report:#}"
    );
    assert_eq!(report["notes"], json!([]), "{report:#}");
}

#[test]
fn viewers_of_every_form_receive_every_record() {
    let hub = indexed_hub();
    let pid = hub.pid().to_string();
    for (form, url) in [
        ("bare", "ws://HUB/ws/demo"),
        ("v1", "ws://HUB/ws/demo"),
        ("sse", "http://HUB/sse/demo?last=5"),
    ] {
        let url = url.replace("HUB", hub.public());
        let report = report(&["--url", &url, "--form", form, "--pid", &pid]);
        expect_nothing_lost(&report);
        assert_eq!(report["caught_up_seconds"].is_f64(), form != "bare");
        assert_eq!(
            (&report["form"], &report["url"]),
            (&json!(form), &json!(url))
        );
        assert!(report["clock"]["error_seconds"].is_f64(), "{report:#}");
        if cfg!(target_os = "linux") {
            let server = &report["server"];
            assert_eq!(server["pid"], hub.pid());
            assert!(
                server["cpu_us_per_delivery"].as_f64().unwrap() > 0.0,
                "{report:#}"
            );
            assert!(
                server["memory_with_viewers_kib"].as_u64().unwrap() > 0,
                "{report:#}"
            );
        }
    }
    hub.stop_without_warnings();
}

#[test]
fn the_default_output_is_a_table() {
    let hub = indexed_hub();
    let output = bench(&["--url", &format!("http://{}", hub.public())]);
    let table = String::from_utf8(output.stdout).unwrap();
    for word in ["20 viewers joined", "latency     p50", "0 holes", "machine"] {
        assert!(table.contains(word), "{word} in {table}");
    }
    hub.stop_without_warnings();
}

#[test]
fn records_without_an_index_are_counted_and_other_values_are_null_with_a_note() {
    let hub = Hub::start("rate = 100.0", "[{\"value\": 1},{\"value\": 2}]");
    let report = report(&["--url", &format!("ws://{}", hub.public())]);
    assert!(report["deliveries"].as_u64().unwrap() > 0);
    for field in ["latency_seconds", "spread_seconds", "loss", "held_back"] {
        assert_eq!(report[field], Value::Null, "{report:#}");
    }
    assert!(
        report["notes"].to_string().contains("--index-field"),
        "{report:#}"
    );
}

#[test]
fn the_floor_sends_every_record_to_every_viewer() {
    let own = report(&["--floor", "--rest", "1ms"]);
    expect_nothing_lost(&own);
    assert_eq!(own["floor"], json!({"dropped": 0, "closed": 0}));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data.json");
    std::fs::write(&file, "[0, 1, 2]").unwrap();
    expect_nothing_lost(&report(&[
        "--floor",
        "--rate",
        "99.5",
        "--dataset",
        file.to_str().unwrap(),
    ]));
}

#[test]
fn a_floor_exits_when_its_standard_input_is_closed() {
    let mut floor = hub::program()
        .args(["bench", "--floor", "--floor-server", "--rate", "0.001"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(floor.stdin.take());
    let output = floor.wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(said.lines().nth(1), Some("0 0"), "{said}");
}

#[test]
fn a_floor_that_cannot_start_reports_the_reason() {
    let output = bench(&["--floor", "--dataset", "/nonexistent.json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("/nonexistent.json"), "{error}");
}

#[test]
fn a_refusal_is_reported_with_status_and_detail() {
    let hub = indexed_hub();
    let host = hub.public();
    for (url, words) in [
        (
            format!("ws://{host}/ws/unknown"),
            "404: topic not found; see `/api/v1/topics`",
        ),
        (
            format!("ws://{host}/ws?last=x"),
            "400: `last` is `x`, which is not a whole number",
        ),
        (
            "ws://127.0.0.1:1/".to_owned(),
            "is the server running there?",
        ),
    ] {
        let output = bench(&["--url", &url]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1));
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_hub_that_closes_every_viewer_ends_the_bench_with_the_close_code() {
    let hub = indexed_hub();
    let mut child = hub::program()
        .args([
            "bench",
            "--url",
            &format!("ws://{}", hub.public()),
            "--duration",
            "10m",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut error = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains("measuring: 100 of 100 viewers") {
        assert!(
            std::io::BufRead::read_line(&mut error, &mut text).unwrap() > 0,
            "{text}"
        );
    }
    hub.signal("-TERM");
    error.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(
        text.contains("closed every connection: close code 1012"),
        "{text}"
    );
}

#[test]
fn wrong_use_exits_2_with_the_remedy() {
    for (arguments, words) in [
        (&["--url", "ftp://x"][..], "ws://127.0.0.1:8000/ws"),
        (
            &["--url", "ws://127.0.0.1:1", "--form", "sse"],
            "has no such form",
        ),
        (&["--warmup", "5"], "a duration without a unit"),
        (&["--viewers", "0"], "--help"),
        (&["--rate", "5"], "--floor"),
        (
            &["--floor", "--url", "ws://127.0.0.1:1"],
            "cannot be used with",
        ),
        (&["--floor", "--duration", "0s"], "--duration 10s"),
    ] {
        let mut command = hub::program();
        let output = command.arg("bench").args(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn too_many_viewers_are_rejected_with_the_possible_number() {
    let output = hub::program()
        .args([
            "bench",
            "--url",
            "ws://127.0.0.1:1",
            "--viewers",
            "100000000",
        ])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error.contains("ulimit") && error.contains("ask for"),
        "{error}"
    );
}

/// Starts a server that sends `welcome` to one viewer and then frames with a sequence number and the current time until
/// the viewer disconnects.
fn broker(welcome: Vec<u8>, frame: impl Fn(String) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut viewer: TcpStream = listener.accept().unwrap().0;
        assert!(viewer.read(&mut [0; 4096]).unwrap() > 0);
        viewer.write_all(&welcome).unwrap();
        for number in 1_u64.. {
            let at = tickcast::clock::wall_now();
            let message = json!({"type": "data", "seq": number, "t": at.get(), "data": null});
            // The viewer has disconnected.
            if viewer.write_all(&frame(message.to_string())).is_err() {
                return;
            }
        }
    });
    address
}

fn expect_stamped(url: &str) {
    let fields = [
        "--viewers",
        "1",
        "--index-field",
        "seq",
        "--stamp-field",
        "t",
    ];
    let output = hub::program()
        .args([
            "bench",
            "--url",
            url,
            "--warmup",
            "0ms",
            "--duration",
            "300ms",
            "--json",
        ])
        .args(fields)
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["deliveries"].as_u64().unwrap() > 0, "{report:#}");
    assert!(report["latency_seconds"]["p50"].is_f64(), "{report:#}");
    assert_eq!(report["loss"]["holes"], 0, "{report:#}");
}

#[test]
fn a_nats_server_is_measured_by_timestamps_in_its_messages() {
    let address = broker(b"INFO {}\r\nPONG\r\n".to_vec(), |message| {
        format!("MSG a.b 1 {}\r\n{message}\r\n", message.len()).into_bytes()
    });
    expect_stamped(&format!("nats://{address}/a.b"));
}

#[test]
fn an_mqtt_server_is_measured_by_timestamps_in_its_messages() {
    let address = broker(
        b"\x20\x02\x00\x00\x90\x03\x00\x01\x00".to_vec(),
        |message| {
            let len = u8::try_from(message.len() + 3).unwrap();
            [&[0x30, len, 0, 1, b'a'], message.as_bytes()].concat()
        },
    );
    expect_stamped(&format!("mqtt://{address}/a"));
}

#[test]
fn chunked_server_sent_events_are_measured() {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    let address = broker(head.into(), |message| {
        let event = format!("id: a:1\ndata: {message}\n\n");
        format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
    });
    expect_stamped(&format!("http://{address}/sse"));
}
