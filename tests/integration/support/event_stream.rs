//! [`EventStream`]: a client for Server-Sent Events that checks every line.

use serde_json::Value;

use super::{Hub, RawClient};

pub(crate) struct EventStream {
    raw: RawClient,
    pub(crate) head: String,
    /// The last event id, with which an `EventSource` would reconnect.
    pub(crate) last_id: String,
}

/// A block of lines, ended by a blank line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Comment,
    Retry(u64),
    Event { kind: String, data: Value },
}

impl EventStream {
    /// Requests `path` with `headers`, each ending with CRLF.
    pub(crate) fn connect(hub: &Hub, path: &str, headers: &str) -> Self {
        let mut raw = RawClient::connect(hub.public());
        let host = hub.public();
        raw.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n").as_bytes());
        Self::from(raw)
    }

    /// Reconnects with the last event id.
    pub(crate) fn reconnect(&self, hub: &Hub, path: &str) -> Self {
        let mut back = Self::connect(hub, path, &format!("last-event-id: {}\r\n", self.last_id));
        back.last_id.clone_from(&self.last_id);
        back
    }

    /// The next block; `None` at the end of the stream.
    pub(crate) fn next_block(&mut self) -> Option<Block> {
        let text = self.raw.read_through(b"\n\n")?;
        let (mut kind, mut data, mut retry) = ("message".to_owned(), None, None);
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split_once(": ").unwrap_or((line, "")) {
                ("event", value) => value.clone_into(&mut kind),
                ("id", value) => value.clone_into(&mut self.last_id),
                ("data", value) => data = Some(serde_json::from_str(value).unwrap()),
                ("retry", value) => retry = Some(value.parse().unwrap()),
                (":", _) => return Some(Block::Comment),
                _ => panic!("not a line of an event: {line}"),
            }
        }
        match (data, retry) {
            (Some(data), None) => Some(Block::Event { kind, data }),
            (None, Some(retry)) => Some(Block::Retry(retry)),
            other => panic!("neither an event nor a retry: {other:?}"),
        }
    }

    /// The data of the next event, as text.
    pub(crate) fn next_data(&mut self) -> String {
        loop {
            let text = self
                .raw
                .read_through(b"\n\n")
                .expect("the stream is still open");
            if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
                return data.to_owned();
            }
        }
    }

    /// The type and data of the next event, skipping `viewers` events.
    pub(crate) fn next_event_except_viewers(&mut self) -> (String, Value) {
        loop {
            let event = self.next_event();
            if event.0 != "viewers" {
                return event;
            }
        }
    }

    /// The type and data of the next event.
    pub(crate) fn next_event(&mut self) -> (String, Value) {
        loop {
            match self.next_block().expect("the stream is still open") {
                Block::Event { kind, data } => return (kind, data),
                Block::Comment | Block::Retry(_) => {}
            }
        }
    }
}

impl From<RawClient> for EventStream {
    /// Uses a connection on which the request has been sent.
    fn from(mut raw: RawClient) -> Self {
        let head = raw.read_head();
        Self {
            raw,
            head,
            last_id: String::new(),
        }
    }
}
