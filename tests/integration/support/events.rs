//! A stream of server-sent events, read by hand: every byte counts.

use serde_json::Value;

use super::{Hub, Raw};

pub(crate) struct Events {
    raw: Raw,
    pub(crate) head: String,
    /// What an `EventSource` would come back with.
    pub(crate) last_id: String,
}

/// What stands between two blank lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Comment,
    Retry(u64),
    Event { kind: String, data: Value },
}

impl Events {
    /// Asks for `path` with `headers`, each with its line end.
    pub(crate) fn connect(hub: &Hub, path: &str, headers: &str) -> Self {
        let mut raw = Raw::connect(hub.public());
        let host = hub.public();
        raw.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n").as_bytes());
        Self::from(raw)
    }

    /// Comes back with the last id.
    pub(crate) fn reconnect(&self, hub: &Hub, path: &str) -> Self {
        let mut back = Self::connect(hub, path, &format!("last-event-id: {}\r\n", self.last_id));
        back.last_id.clone_from(&self.last_id);
        back
    }

    /// The next block, `None` at the end of the stream.
    pub(crate) fn block(&mut self) -> Option<Block> {
        let text = self.raw.through(b"\n\n")?;
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

    /// The data of the next event as it came.
    pub(crate) fn data(&mut self) -> String {
        loop {
            let text = self.raw.through(b"\n\n").expect("the stream goes on");
            if let Some(data) = text.lines().find_map(|line| line.strip_prefix("data: ")) {
                return data.to_owned();
            }
        }
    }

    /// The kind and the data of the next event; how many others there are is left out.
    pub(crate) fn event(&mut self) -> (String, Value) {
        loop {
            let event = self.any();
            if event.0 != "viewers" {
                return event;
            }
        }
    }

    /// The kind and the data of the next event.
    pub(crate) fn any(&mut self) -> (String, Value) {
        loop {
            match self.block().expect("the stream goes on") {
                Block::Event { kind, data } => return (kind, data),
                Block::Comment | Block::Retry(_) => {}
            }
        }
    }
}

impl From<Raw> for Events {
    /// On a connection that has asked.
    fn from(mut raw: Raw) -> Self {
        let head = raw.head();
        Self {
            raw,
            head,
            last_id: String::new(),
        }
    }
}
