//! `Flush`: what v1 and SSE viewers are sent in one go: neighbouring publications as one message, encoded once for
//! all of a form.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};

use super::frame::Deflater;
use super::message::Message;
use super::{Epoch, Micros, Seq, event, frame};

mod text;

use text::RecordsText;

/// Why the dataset's index did not just step by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JumpReason {
    /// The dataset began again.
    Loop,
    /// The timeline was moved.
    Seek,
}

/// A discontinuity of the dataset just before a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Index in the dataset of the publication that follows.
    pub index: u64,
    /// Why.
    pub reason: JumpReason,
}

/// A record with its place, before it is encoded.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// Its place.
    pub seq: Seq,
    /// When it is due.
    pub t: Micros,
    /// JSON text without insignificant white space.
    pub record: &'a [u8],
}

/// Neighbouring publications: `jump` where the dataset jumps before the first of them, `state` where the timeline
/// changes at one of them, then one `data` or `batch`, then `end` where the last of them is the last there will be.
#[derive(Debug)]
pub struct Flush {
    first: Seq,
    last: Seq,
    t: Micros,
    plain: Encoded,
    /// Where the payloads of the messages stand in the plain frames.
    jump: Option<Range<usize>>,
    states: Vec<Range<usize>>,
    /// Where the frame of the records begins.
    records_at: usize,
    records: Range<usize>,
    end: Option<Range<usize>>,
    deflated: OnceLock<Encoded>,
    events: OnceLock<Encoded>,
}

/// A flush as the viewers of one form are sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// All of it.
    pub bytes: Bytes,
    /// Bytes of the `jump` at the front, which goes to viewers that have the publication before the first.
    pub jump_len: usize,
}

impl Flush {
    /// Encodes `first` and `rest`, which are dense in `seq` and have no jump between them. `jump` lies before the
    /// first; `is_end` says that nothing ever follows the last.
    #[must_use]
    pub fn encode(first: Due<'_>, rest: &[Due<'_>], jump: Option<Jump>, is_end: bool) -> Self {
        Self::encode_with(first, rest, (jump, &[]), is_end)
    }

    /// The same, with messages that the timeline is another one from one of the publications on.
    #[must_use]
    pub fn encode_with(
        first: Due<'_>,
        rest: &[Due<'_>],
        (jump, states): (Option<Jump>, &[Message<'_>]),
        is_end: bool,
    ) -> Self {
        let last = rest.last().copied().unwrap_or(first);
        let states: Vec<_> = states.iter().map(Message::to_json).collect();
        let jump = jump.map(|jump| text::jump(first.seq, first.t, jump));
        let end = is_end.then(|| {
            let (seq, t) = (last.seq, last.t);
            Message::End { seq, t }.to_json()
        });
        let text = RecordsText::of(first, rest);
        let len = text.len();
        let others = [jump.as_ref().map(String::len), end.as_ref().map(Vec::len)];
        let others = others.into_iter().flatten();
        let others = others
            .chain(states.iter().map(Vec::len))
            .map(frame::text_len_max);
        let capacity = frame::text_len_max(len) + others.sum::<usize>();
        let mut buffer = BytesMut::with_capacity(capacity);
        let jump = jump.map(|jump| put_text(&mut buffer, jump.as_bytes()));
        let jump_len = buffer.len();
        let put_state = |state: &Vec<u8>| put_text(&mut buffer, state);
        let states = states.iter().map(put_state).collect();
        let records_at = buffer.len();
        frame::put_text_header(&mut buffer, len);
        let records = buffer.len()..buffer.len() + len;
        text.put(&mut buffer);
        let end = end.map(|end| put_text(&mut buffer, &end));
        let bytes = buffer.freeze();
        Self {
            first: first.seq,
            last: last.seq,
            t: last.t,
            plain: Encoded { bytes, jump_len },
            jump,
            states,
            records_at,
            records,
            end,
            deflated: OnceLock::new(),
            events: OnceLock::new(),
        }
    }

    /// Its first publication.
    #[must_use]
    pub const fn first(&self) -> Seq {
        self.first
    }

    /// Its last publication.
    #[must_use]
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// When the last publication is due.
    #[must_use]
    pub const fn t(&self) -> Micros {
        self.t
    }

    /// As WebSocket frames.
    #[must_use]
    pub const fn frames(&self) -> &Encoded {
        &self.plain
    }

    /// The same with the records compressed, for viewers that agreed to it; the plain frames where that does not
    /// pay. Compressed by whoever asks first.
    pub fn deflated(&self, deflater: &mut Deflater) -> &Encoded {
        self.deflated.get_or_init(|| {
            let Some(deflated) = deflater.text(self.payload(&self.records)) else {
                return self.plain.clone();
            };
            let (jump_len, bytes) = (self.plain.jump_len, &self.plain.bytes);
            let (before, end) = (&bytes[..self.records_at], &bytes[self.records.end..]);
            let bytes = if before.is_empty() && end.is_empty() {
                deflated
            } else {
                [before, &deflated, end].concat().into()
            };
            Encoded { bytes, jump_len }
        })
    }

    /// As server-sent events of `epoch`. Encoded by whoever asks first.
    pub fn events(&self, epoch: &Epoch) -> &Encoded {
        self.events.get_or_init(|| {
            let mut buffer = BytesMut::with_capacity(self.plain.bytes.len() + event::OVERHEAD_MAX);
            if let Some(jump) = &self.jump {
                event::put(&mut buffer, Some("jump"), None, self.payload(jump));
            }
            let jump_len = buffer.len();
            for state in &self.states {
                event::put(&mut buffer, Some("state"), None, self.payload(state));
            }
            let id = Some((epoch, self.last));
            event::put(&mut buffer, None, id, self.payload(&self.records));
            if let Some(end) = &self.end {
                event::put(&mut buffer, Some("end"), None, self.payload(end));
            }
            let bytes = buffer.freeze();
            Encoded { bytes, jump_len }
        })
    }

    fn payload(&self, range: &Range<usize>) -> &[u8] {
        &self.plain.bytes[range.clone()]
    }
}

/// Appends a text frame; returns where its payload stands.
fn put_text(buffer: &mut BytesMut, payload: &[u8]) -> Range<usize> {
    frame::put_text(buffer, payload);
    buffer.len() - payload.len()..buffer.len()
}

#[cfg(test)]
mod tests;
