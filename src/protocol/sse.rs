//! Encoding of server-sent events (WHATWG HTML, section 9.2).

use std::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Epoch, Seq};

/// Upper bound for the bytes that SSE adds to the messages of one flush.
pub(super) const EVENT_OVERHEAD_MAX: usize = 160;

/// A comment, which viewers ignore: keeps the connection alive in proxies.
#[must_use]
pub const fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// A `retry` field: tells an `EventSource` to wait `millis` milliseconds before it reconnects.
#[must_use]
pub fn retry(millis: u64) -> Bytes {
    format!("retry: {millis}\n\n").into()
}

/// An event with the data `json`, which must not contain line breaks. Its type is `kind`, or `message` by default; an
/// `EventSource` sends `id`, a position, when it reconnects.
#[must_use]
pub fn event(kind: Option<&str>, id: Option<(&Epoch, Seq)>, json: &[u8]) -> Bytes {
    let mut buffer = BytesMut::with_capacity(json.len() + EVENT_OVERHEAD_MAX);
    put_event(&mut buffer, kind, id, json);
    buffer.freeze()
}

/// Appends an event: see [`event()`].
fn put_event(buffer: &mut BytesMut, kind: Option<&str>, id: Option<(&Epoch, Seq)>, json: &[u8]) {
    put_event_start(buffer, kind, id);
    buffer.put_slice(json);
    put_event_end(buffer);
}

/// Appends everything of an event before its JSON.
pub(super) fn put_event_start(
    buffer: &mut BytesMut,
    kind: Option<&str>,
    id: Option<(&Epoch, Seq)>,
) {
    if let Some(kind) = kind {
        put_line(buffer, format_args!("event: {kind}\n"));
    }
    if let Some((epoch, seq)) = id {
        put_line(buffer, format_args!("id: {epoch}:{seq}\n"));
    }
    buffer.put_slice(b"data: ");
}

/// Appends everything of an event after its JSON.
pub(super) fn put_event_end(buffer: &mut BytesMut) {
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
    fn an_event_has_a_type_an_id_and_one_line_of_data() {
        let epoch = "k3v7".parse().unwrap();
        assert_eq!(
            event(Some("hello"), Some((&epoch, Seq::saturating(7))), b"{}"),
            "event: hello\nid: k3v7:7\ndata: {}\n\n"
        );
        assert_eq!(event(None, None, b"[1]"), "data: [1]\n\n");
        assert_eq!(retry(1_500), "retry: 1500\n\n");
    }
}
