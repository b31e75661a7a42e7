//! Keep-alive: a viewer counts as alive while it makes progress, however slow its connection.

use std::io::Read;

use super::support::{Project, RawClient, Viewer};

const V1: &str = "sec-websocket-protocol: tickcast.v1\r\n";

/// Two topics: one record of `len` bytes that each viewer gets when it joins, and a record 20 times a second.
fn project(len: usize) -> Project {
    let project = Project::raw("");
    project.write("wide.json", &format!("[\"{}\"]", "x".repeat(len - 2)));
    project.configure(
        "[topics.wide]\ndataset = \"wide.json\"\nrate = 0.001\nbackfill = 1\nstart = \"2024-01-01T00:00:00Z\"\n\
         [topics.tick]\ndataset = \"data.json\"\nrate = 20\n",
    )
}

#[tokio::test]
async fn a_viewer_that_reads_a_long_message_slowly_is_alive_and_one_that_does_not_read_is_not() {
    const LEN: usize = 5_000_000;
    /// Bytes read per tick; the record takes more than 40 s, longer than the ping interval and timeout together.
    const STEP: usize = 6_000;
    let mut hub = project(LEN).start_with(&["--log-level", "debug"]);
    let join = || {
        let mut raw = RawClient::connect(hub.public());
        raw.shrink_receive_buffer();
        raw.send(
            RawClient::handshake(hub.public(), V1)
                .replace("/ws ", "/ws/wide ")
                .as_bytes(),
        );
        raw
    };
    let (mut slow, stuck) = (join(), join());
    let mut tick = Viewer::connect(&hub, "/ws/tick", &[]).await.ok().unwrap();
    slow.read_head();
    let mut socket = slow.socket();
    let (mut taken, mut buffer) = (0, [0; STEP]);
    // Reads the `hello` and nearly all of the record.
    while taken < LEN - STEP {
        tick.next_text().await;
        let len = socket.read(&mut buffer).unwrap();
        assert!(len > 0, "cut off after {taken} bytes");
        taken += len;
    }
    let mut rest = Vec::new();
    let mut byte = [0];
    // Reads the end of the record and the ping that was queued behind it.
    while !rest.ends_with(b"\"}\x89\0") {
        socket.read_exact(&mut byte).unwrap();
        rest.push(byte[0]);
    }
    let left = loop {
        let event = hub.event("viewer.left");
        if event["topic"] == "wide" {
            break event;
        }
    };
    assert_eq!(left["reason"], "no_pong", "{left}");
    assert_eq!(left["remote"], "127.0.0.1");
    assert!(hub.logged_event("viewer.left").is_none());
    drop(stuck);
}
