//! What one viewer sends and receives: messages, closes, limits, gaps and rejections.

use std::io::Write;

use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::support::{Hub, Project, RawClient, Viewer};

const QUIET: &str = "rate = 0.001";

#[tokio::test]
async fn hello_is_the_first_message_and_has_all_fields() {
    let fields = "rate = 100.0\ndelay = \"400ms\"\n[topics.demo.fields.z]\nlabel = \"Z\"\nunit = \"µV\"\nmin = -1\nmax = 2.5\nwarn = [0, 2]\n[topics.demo.fields.a]\nunit = \"s\"\nwarn = 9";
    let hub = Hub::start(fields, "[1,2,3]");
    let mut viewer = Viewer::v1_at(&hub, "/ws").await;
    let text = viewer.next_text().await;
    let hello: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names: Vec<_> = hello
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut expected = [
        "type",
        "protocol",
        "topic",
        "epoch",
        "seq",
        "now",
        "recovered",
        "delay",
        "timeline",
        "retained",
        "dataset",
        "record_max",
        "fields",
        "viewers",
        "states",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(hello["protocol"], "tickcast.v1");
    assert_eq!(hello["topic"], "demo");
    assert_eq!(hello["recovered"], json!(null));
    assert_eq!(hello["delay"], 400_000);
    let (timeline, t0) = (&hello["timeline"], &hello["timeline"]["t0"]);
    let state = json!({"t": t0, "timeline": timeline, "delay": 400_000, "by": "configuration"});
    assert_eq!(hello["states"], json!([state]));
    assert_eq!(
        (&hello["viewers"], &hello["record_max"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(
        hello["dataset"],
        json!({"len": 3, "loop": true, "sha256": "a615eeaee21de5179de080de8c3052c8da901138406ba71c38c032845f7d54f4"})
    );
    assert!(
        text.contains(r#""fields":{"z":{"label":"Z","unit":"µV","min":-1.0,"max":2.5,"warn":[0.0,2.0]},"a":{"unit":"s","warn":9.0}}"#),
        "{text}"
    );
}

#[tokio::test]
async fn pongs_carry_the_hubs_clock() {
    let hub = Hub::start(QUIET, "[1]");
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    viewer
        .send(r#"{"type":"ping","id":9007199254740991}"#)
        .await;
    let pong = viewer.until("pong").await;
    assert_eq!(pong["id"], 9_007_199_254_740_991_u64);
    assert!(
        hello["now"].as_u64() <= pong["r"].as_u64() && pong["r"].as_u64() <= pong["s"].as_u64()
    );
    viewer.send(r#"{"type":"of a later version"}"#).await;
    viewer.send(r#"{"type":"ping","id":0}"#).await;
    assert_eq!(viewer.until("pong").await["id"], 0);
}

#[tokio::test]
async fn websocket_pings_and_closes_are_answered() {
    let hub = Hub::start(QUIET, "[1]");
    let mut viewer = Viewer::bare(&hub).await;
    viewer.send_message(Message::Ping("now".into())).await;
    while viewer.next_frame().await != Message::Pong("now".into()) {}
    viewer.send_message(Message::Close(None)).await;
    assert_eq!(u16::from(viewer.wait_for_close().await.code), 1000);
    viewer.wait_for_disconnect().await;
}

#[tokio::test]
async fn each_protocol_violation_has_its_close_code() {
    let hub = Hub::start(QUIET, "[1]");
    let ping = Message::text(r#"{"type":"ping","id":1}"#);
    for (messages, code) in [
        (vec![Message::binary(vec![1])], 1003),
        (vec![Message::text("x".repeat(1025))], 1009),
        (vec![Message::text("not json")], 4400),
        (vec![Message::text("[]")], 4400),
        (vec![Message::text(r#"{"type":"ping","id":-1}"#)], 4400),
        (vec![ping; 100], 4429),
    ] {
        let mut viewer = Viewer::v1(&hub).await;
        for message in messages {
            viewer.send_message(message).await;
        }
        let (texts, close) = viewer.text_until_close().await;
        assert_eq!(u16::from(close.code), code);
        // `bye` says when to reconnect, so only viewers that may reconnect get it.
        let has_bye = texts.last().is_some_and(|text| text.contains("bye"));
        assert_eq!(has_bye, code == 4429, "{texts:?}");
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_disconnect_right_after_a_message_is_noticed() {
    let project = Project::new("rate = 10.0", "[1]");
    let mut hub = project.start_with(&["--log-level", "debug"]);
    let mut steady = Viewer::bare(&hub).await;
    for _ in 0..8 {
        let (mut raw, _) = RawClient::upgrade(hub.public(), "");
        raw.send(&[0x81, 0x80, 0, 0, 0, 0]);
    }
    let mut left = 0;
    // Three seconds: far too short for pings to reveal all eight, since the first ping comes up to 14 s after joining.
    for _ in 0..30 {
        steady.next_text().await;
        while hub.logged_event("viewer.left").is_some() {
            left += 1;
        }
    }
    assert_eq!(left, 8);
}

/// Returns how many bytes the hub and the kernels accept from a viewer that is closed for sending `beginning` and then
/// keeps sending `flood`.
fn taken_after_the_close(hub: &Hub, headers: &str, beginning: &[u8], flood: &[u8]) -> usize {
    const ENOUGH: usize = 256 << 20;
    let (mut raw, _) = RawClient::upgrade(hub.public(), headers);
    raw.send(beginning);
    while raw.read_frame().0 != 0x88 {}
    let mut socket = raw.socket();
    let mut taken = 0;
    // The loop ends when the hub drops the connection.
    while taken < ENOUGH
        && let Ok(len) = socket.write(flood)
    {
        taken += len;
    }
    taken
}

#[test]
fn the_hub_stops_reading_from_a_viewer_that_violates_the_protocol() {
    /// What the kernels may buffer: at most the largest receive and send buffers, 6 and 4 MiB by default.
    const UNREAD_MAX: usize = 24 << 20;
    let hub = Hub::start(QUIET, "[1]");
    let v1 = "sec-websocket-protocol: tickcast.v1\r\n";
    let ping = [
        &[0x81, 0x80 | 22, 0, 0, 0, 0][..],
        br#"{"type":"ping","id":5}"#,
    ]
    .concat();
    let flood = [0x8A, 0x80, 0, 0, 0, 0].repeat(10_000);
    for (headers, beginning) in [
        (v1, ping.repeat(100)),
        ("", [0x8A, 0x80, 0, 0, 0, 0].repeat(100)),
        (v1, vec![0x82, 0x80, 0, 0, 0, 0]),
        ("", vec![0x81, 0x01, b'a']),
    ] {
        let taken = taken_after_the_close(&hub, headers, &beginning, &flood);
        assert!(taken < UNREAD_MAX, "{taken}");
    }
    hub.stop_without_warnings();
}

#[tokio::test]
async fn messages_from_a_bare_viewer_are_ignored_within_limits() {
    let hub = Hub::start("rate = 20.0", "[1]");
    let mut viewer = Viewer::bare(&hub).await;
    viewer.send("hello?").await;
    viewer.send_message(Message::binary(vec![0xFF])).await;
    for _ in 0..5 {
        assert_eq!(viewer.next_text().await, "1");
    }
    viewer.send(&"x".repeat(1025)).await;
    assert_eq!(u16::from(viewer.wait_for_close().await.code), 1009);
}

#[tokio::test]
async fn an_unmasked_frame_is_closed_with_1002() {
    let hub = Hub::start(QUIET, "[1]");
    let mut raw = RawClient::connect(hub.public());
    let handshake = RawClient::handshake(hub.public(), "");
    // The frame arrives in the same segment as the handshake, and must not be lost.
    let answer = raw
        .send(&[handshake.as_bytes(), &[0x81, 0x01, b'a']].concat())
        .read_to_end();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    assert!(answer.contains("websocket protocol error"), "{answer}");
}

#[tokio::test]
async fn hello_precedes_the_pong_to_a_ping_sent_with_the_handshake() {
    let hub = Hub::start(QUIET, "[1]");
    let mut raw = RawClient::connect(hub.public());
    let handshake = RawClient::handshake(hub.public(), "sec-websocket-protocol: tickcast.v1\r\n");
    // Masked with zeros, in the same segment as the handshake.
    let ping = [
        &[0x81, 0x80 | 22, 0, 0, 0, 0][..],
        br#"{"type":"ping","id":5}"#,
    ]
    .concat();
    raw.send(&[handshake.as_bytes(), &ping].concat());
    let answer = raw.read_until(r#""type":"pong","id":5"#);
    assert!(answer.contains(r#""type":"hello""#), "{answer}");
}

#[tokio::test]
async fn a_viewer_that_does_not_read_until_the_end_receives_the_gap_and_the_end() {
    let record = format!("\"{}\"", "x".repeat(1_000));
    let dataset = format!("[{}1]", format!("{record},").repeat(40_000));
    let mut hub = Hub::start("rate = 10000\nloop = false\nmax_lag = \"100ms\"", &dataset);
    let mut slow = Viewer::v1(&hub).await;
    hub.event("topic.ended");
    let mut last = slow.until("hello").await["seq"].as_u64().unwrap();
    let end = loop {
        let (had, message) = slow.read_data_messages(last).await;
        last = had;
        match message["type"].as_str().unwrap() {
            "gap" => {
                assert_eq!(message["from"], last + 1);
                last = message["to"].as_u64().unwrap();
            }
            "end" => break message,
            other => panic!("{other}"),
        }
    };
    assert_eq!((&end["seq"], last), (&json!(40_001), 40_001));
    hub.stop_without_warnings();
}

#[tokio::test]
async fn requests_are_rejected_with_a_status_before_the_upgrade() {
    let hub = Hub::start("rate = 100.0", "[1,2,3]");
    let v1 = ("sec-websocket-protocol", "tickcast.v1");
    let own = format!("http://{}", hub.public());
    for (path, headers, status) in [
        ("/ws/unknown", vec![v1], 404),
        ("/ws/..", vec![v1], 404),
        (
            "/ws",
            vec![("sec-websocket-protocol", "chat, superchat")],
            400,
        ),
        ("/ws?since=nonsense", vec![v1], 400),
        ("/ws?last=-1", vec![v1], 400),
        ("/ws?last=1&since=a:1", vec![v1], 400),
        ("/ws?since=other:1", vec![], 410),
        ("/ws", vec![v1, ("origin", "http://evil.example")], 403),
        ("/ws", vec![v1, ("origin", "null")], 403),
    ] {
        let refusal = Viewer::connect(&hub, path, &headers)
            .await
            .err()
            .expect(path);
        assert_eq!(refusal.status, status, "{path}");
        assert_eq!(refusal.problem["status"], status, "{path}");
    }
    assert!(
        Viewer::connect(&hub, "/ws", &[v1, ("origin", &own)])
            .await
            .is_ok()
    );
    assert!(
        Viewer::connect(
            &hub,
            "/ws",
            &[("sec-websocket-protocol", "chat, tickcast.v1")]
        )
        .await
        .is_ok()
    );
    hub.stop_without_warnings();
}

#[tokio::test]
async fn viewers_are_limited_in_total_and_by_address_and_permits_are_released() {
    for (limit, status) in [("max_viewers = 2", 503), ("max_viewers_per_ip = 2", 429)] {
        let project = Project::new("", "[1]");
        project.write(
            "tickcast.toml",
            &format!("[server]\nport = 0\n{limit}\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"),
        );
        let hub = project.start();
        let (mut first, _second) = (Viewer::bare(&hub).await, Viewer::bare(&hub).await);
        let refusal = Viewer::connect(&hub, "/ws", &[]).await.err().unwrap();
        assert_eq!(refusal.status, status);
        first.send_message(Message::Close(None)).await;
        first.wait_for_disconnect().await;
        // The hub releases the permit before it closes the connection, so it is free by now.
        assert!(Viewer::connect(&hub, "/ws", &[]).await.is_ok());
        hub.stop_without_warnings();
    }
}

#[tokio::test]
async fn a_viewer_that_lags_receives_a_gap_with_the_missing_range_and_others_miss_nothing() {
    let record = format!("\"{}\"", "x".repeat(4_000));
    let hub = Hub::start(
        "rate = 10000\nmax_lag = \"500ms\"",
        &format!("[{record},1]"),
    );
    let mut slow = Viewer::v1(&hub).await;
    let mut bare = Viewer::bare(&hub).await;
    let mut steady = Viewer::v1(&hub).await;
    let mut seq = steady.until("hello").await["seq"].as_u64().unwrap();
    // At 20 MB a second, the kernel's buffers of the two viewers that do not read fill up long before this ends.
    while seq < 20_000 {
        let data = steady.until("data").await;
        assert_eq!(data["seq"], seq + 1);
        seq += 1;
    }
    let mut last = slow.until("hello").await["seq"].as_u64().unwrap();
    let gap = loop {
        let (had, message) = slow.read_data_messages(last).await;
        last = had;
        match message["type"].as_str().unwrap() {
            "gap" => break message,
            "jump" => {}
            other => panic!("{other}"),
        }
    };
    assert_eq!(
        (&gap["from"], &gap["reason"]),
        (&json!(last + 1), &json!("slow"))
    );
    // One stall makes one gap: the publication right after it follows.
    let to = gap["to"].as_u64().unwrap();
    assert_eq!(slow.until("data").await["seq"], to + 1);
    assert_eq!(u16::from(bare.wait_for_close().await.code), 4409);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_viewer_takes_at_most_16_kib_of_the_hubs_memory() {
    const VIEWERS: u64 = 2_000;
    let project = Project::raw(
        "[server]\nport = 0\nmax_connections_per_ip = 0\n[ops]\nport = 0\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n",
    );
    let hub = project.start();
    let resident_kib = || hub.memory_kib("VmRSS:");
    let mut viewers = vec![Viewer::v1(&hub).await];
    viewers[0].until("data").await;
    let before = resident_kib();
    for _ in 0..VIEWERS {
        viewers.push(Viewer::v1(&hub).await);
    }
    for viewer in &mut viewers {
        viewer.until("data").await;
    }
    let each_bytes = (resident_kib() - before) * 1024 / VIEWERS;
    assert!(
        each_bytes <= 16 * 1024,
        "{each_bytes} bytes for each viewer"
    );
}
