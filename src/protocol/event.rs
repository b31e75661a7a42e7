//! Server-sent events (WHATWG HTML, section 9.2): how a message is spelled on an SSE stream.

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Epoch, Seq};

/// Room for what stands around the messages of one flush.
pub(super) const OVERHEAD_MAX: usize = 160;

/// A comment: proxies see that the stream is alive, and viewers nothing.
#[must_use]
pub const fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// Has an `EventSource` wait for so many milliseconds before it comes back.
#[must_use]
pub fn retry(millis: u64) -> Bytes {
    format!("retry: {millis}\n\n").into()
}

/// One event around `json`, which has no line break; without a `kind` it is a `message`. `id` is the position that
/// an `EventSource` comes back with from then on.
#[must_use]
pub fn event(kind: Option<&str>, id: Option<(&Epoch, Seq)>, json: &[u8]) -> Bytes {
    let mut buffer = BytesMut::with_capacity(json.len() + OVERHEAD_MAX);
    put(&mut buffer, kind, id, json);
    buffer.freeze()
}

/// Appends an event: see [`event()`].
fn put(buffer: &mut BytesMut, kind: Option<&str>, id: Option<(&Epoch, Seq)>, json: &[u8]) {
    put_head(buffer, kind, id);
    buffer.put_slice(json);
    put_tail(buffer);
}

/// Appends what stands before the JSON of an event.
pub(super) fn put_head(buffer: &mut BytesMut, kind: Option<&str>, id: Option<(&Epoch, Seq)>) {
    if let Some(kind) = kind {
        put_line(buffer, format_args!("event: {kind}\n"));
    }
    if let Some((epoch, seq)) = id {
        put_line(buffer, format_args!("id: {epoch}:{seq}\n"));
    }
    buffer.put_slice(b"data: ");
}

/// Appends what stands behind it.
pub(super) fn put_tail(buffer: &mut BytesMut) {
    buffer.put_slice(b"\n\n");
}

fn put_line(buffer: &mut BytesMut, line: std::fmt::Arguments<'_>) {
    buffer
        .write_fmt(line)
        .expect("the buffer grows with what is written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_its_kind_its_id_and_one_line_of_data() {
        let epoch = "k3v7".parse().unwrap();
        assert_eq!(
            event(Some("hello"), Some((&epoch, Seq::saturating(7))), b"{}"),
            "event: hello\nid: k3v7:7\ndata: {}\n\n"
        );
        assert_eq!(event(None, None, b"[1]"), "data: [1]\n\n");
        assert_eq!(retry(1_500), "retry: 1500\n\n");
    }
}
