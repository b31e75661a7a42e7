//! [`Flush`]: consecutive publications that v1 and SSE viewers receive together, encoded once per encoding and shared
//! by all viewers.

use std::ops::Range;
use std::sync::OnceLock;

use super::shared_bytes::SharedBytesBuilder;
use super::websocket::Deflater;
use super::{DueRecord, Epoch, Jump, Micros, Seq, SharedBytes, sse, websocket};

mod records_text;

use records_text::RecordsText;

/// Consecutive publications as messages: a `jump` if the dataset index jumps before the first publication, and one
/// `data` or `batch`.
#[derive(Debug)]
pub struct Flush {
    /// The first publication.
    first: Seq,
    /// The last publication; not before `first`.
    last: Seq,
    /// When the last publication is due.
    t: Micros,
    /// The uncompressed WebSocket frames, always present. The ranges below are offsets in its bytes.
    plain: EncodedFlush,
    /// The payload of `jump`.
    jump: Option<Range<usize>>,
    /// The payload of `data` or `batch`, which ends the frames.
    records: Range<usize>,
    /// The compressed frames, encoded on first use.
    deflated: OnceLock<EncodedFlush>,
    /// The server-sent events, encoded on first use.
    events: OnceLock<EncodedFlush>,
}

/// A flush in one encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedFlush {
    /// All messages.
    pub bytes: SharedBytes,
    /// Length of the `jump` at the front, which is sent only to viewers that have the publication before the first.
    pub jump_len: usize,
}

impl Flush {
    /// The longest message that is compressed, in bytes. It fits any flush of short records and takes a lane a few
    /// milliseconds. A longer message contains a long record and is sent uncompressed.
    pub const DEFLATED_LEN_MAX: usize = 160 * 1024;

    /// Encodes `records`, which are dense in `seq` with no jump between them. `jump` precedes the first. Long records
    /// are shared, not copied.
    ///
    /// # Panics
    /// Panics if there are no records.
    #[must_use]
    pub fn encode(records: &[DueRecord], jump: Option<Jump>) -> Self {
        let (first, last) = (&records[0], &records[records.len() - 1]);
        let jump = jump.map(|jump| records_text::jump_json(first.seq, first.t, jump));
        let text = RecordsText::new(records);
        let jump_max = jump
            .as_ref()
            .map_or(0, |jump| websocket::text_frame_len_max(jump.len()));
        let more = websocket::text_frame_len_max(text.envelope_len()) + jump_max;
        let mut bytes = SharedBytesBuilder::new(text.records(), more);
        let jump = jump.map(|jump| put_text_frame(&mut bytes, jump.as_bytes()));
        let jump_len = bytes.len();
        let len = text.len();
        websocket::put_text_frame_header(bytes.buffer(), len);
        let records = bytes.len()..bytes.len() + len;
        text.write_to(&mut bytes);
        let bytes = bytes.finish();
        Self {
            first: first.seq,
            last: last.seq,
            t: last.t,
            plain: EncodedFlush { bytes, jump_len },
            jump,
            records,
            deflated: OnceLock::new(),
            events: OnceLock::new(),
        }
    }

    /// The first publication.
    #[must_use]
    pub const fn first(&self) -> Seq {
        self.first
    }

    /// The last publication.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// When the last publication is due.
    #[must_use]
    pub const fn t(&self) -> Micros {
        self.t
    }

    /// The flush as uncompressed WebSocket frames.
    #[must_use]
    pub const fn frames(&self) -> &EncodedFlush {
        &self.plain
    }

    /// The flush with the records compressed, for viewers that negotiated compression; the plain frames if compression
    /// does not make it smaller or would take too long. Encoded on the first call.
    pub fn deflated(&self, deflater: &mut Deflater) -> &EncodedFlush {
        self.deflated.get_or_init(|| {
            if self.records.len() > Self::DEFLATED_LEN_MAX {
                return self.plain.clone();
            }
            let bytes = self.plain.bytes.to_bytes();
            let Some(deflated) = deflater.text_frame(&bytes[self.records.clone()]) else {
                return self.plain.clone();
            };
            let jump = &bytes[..self.plain.jump_len];
            let bytes = if jump.is_empty() {
                deflated
            } else {
                [jump, &deflated].concat().into()
            };
            EncodedFlush {
                bytes: bytes.into(),
                jump_len: self.plain.jump_len,
            }
        })
    }

    /// The flush as server-sent events of `epoch`. Encoded on the first call.
    pub fn events(&self, epoch: &Epoch) -> &EncodedFlush {
        self.events.get_or_init(|| {
            let room = self.plain.bytes.owned_len() + sse::EVENT_OVERHEAD_MAX;
            let mut bytes = SharedBytesBuilder::new([], room);
            if let Some(jump) = &self.jump {
                self.put_event(&mut bytes, Some("jump"), None, jump);
            }
            let jump_len = bytes.len();
            self.put_event(&mut bytes, None, Some((epoch, self.last)), &self.records);
            let bytes = bytes.finish();
            EncodedFlush { bytes, jump_len }
        })
    }

    /// Appends the message with the given payload range as an event.
    fn put_event(
        &self,
        bytes: &mut SharedBytesBuilder,
        kind: Option<&str>,
        id: Option<(&Epoch, Seq)>,
        payload: &Range<usize>,
    ) {
        sse::put_event_start(bytes.buffer(), kind, id);
        bytes.put_slices(self.plain.bytes.slices(payload.start, payload.end));
        sse::put_event_end(bytes.buffer());
    }
}

/// Appends a text frame; returns the range of its payload.
fn put_text_frame(bytes: &mut SharedBytesBuilder, payload: &[u8]) -> Range<usize> {
    websocket::put_text_frame(bytes.buffer(), payload);
    bytes.len() - payload.len()..bytes.len()
}

#[cfg(test)]
mod tests;
