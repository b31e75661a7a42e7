//! `Flush`: what v1 and SSE viewers are sent in one go: neighbouring publications as one message, encoded once for
//! all of a form.

use std::ops::Range;
use std::sync::OnceLock;

use bytes::Bytes;

use super::frame::Deflater;
use super::message::Message;
use super::shared_bytes::Builder;
use super::{Epoch, Micros, Seq, SharedBytes, event, frame};

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
    pub bytes: SharedBytes,
    /// Bytes of the `jump` at the front, which goes to viewers that have the publication before the first.
    pub jump_len: usize,
}

impl Flush {
    /// The longest message that is compressed, in bytes: that of a flush of short records, which takes a lane some
    /// milliseconds. What is longer holds a long record, and goes out as it is.
    pub const DEFLATED_LEN_MAX: usize = 160 * 1024;

    /// Encodes `first` and `rest`, which are dense in `seq` and have no jump between them. `jump` lies before the
    /// first; `is_end` says that nothing ever follows the last.
    #[must_use]
    pub fn encode(first: Due<'_>, rest: &[Due<'_>], jump: Option<Jump>, is_end: bool) -> Self {
        Self::encode_with(first, rest, (jump, &[]), is_end, &Bytes::new())
    }

    /// The same, with messages that the timeline is another one from one of the publications on. Long records that are
    /// parts of `source` are shared with it.
    #[must_use]
    pub fn encode_with(
        first: Due<'_>,
        rest: &[Due<'_>],
        (jump, states): (Option<Jump>, &[Message<'_>]),
        is_end: bool,
        source: &Bytes,
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
        let more = frame::text_len_max(text.own_len()) + others.sum::<usize>();
        let mut bytes = Builder::new(source, text.records(), more);
        let jump = jump.map(|jump| put_text(&mut bytes, jump.as_bytes()));
        let jump_len = bytes.len();
        let put_state = |state: &Vec<u8>| put_text(&mut bytes, state);
        let states = states.iter().map(put_state).collect();
        let records_at = bytes.len();
        frame::put_text_header(bytes.buffer(), len);
        let records = bytes.len()..bytes.len() + len;
        text.put(&mut bytes);
        let end = end.map(|end| put_text(&mut bytes, &end));
        let bytes = bytes.finish();
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
    /// pay, or would take too long. Compressed for the first viewer that asks.
    pub fn deflated(&self, deflater: &mut Deflater) -> &Encoded {
        self.deflated.get_or_init(|| {
            if self.records.len() > Self::DEFLATED_LEN_MAX {
                return self.plain.clone();
            }
            let bytes = self.plain.bytes.to_bytes();
            let Some(deflated) = deflater.text(&bytes[self.records.clone()]) else {
                return self.plain.clone();
            };
            let (before, end) = (&bytes[..self.records_at], &bytes[self.records.end..]);
            let bytes = if before.is_empty() && end.is_empty() {
                deflated
            } else {
                [before, &deflated, end].concat().into()
            };
            Encoded {
                bytes: bytes.into(),
                jump_len: self.plain.jump_len,
            }
        })
    }

    /// As server-sent events of `epoch`. Encoded by whoever asks first.
    pub fn events(&self, epoch: &Epoch) -> &Encoded {
        self.events.get_or_init(|| {
            let room = self.plain.bytes.own_len() + event::OVERHEAD_MAX;
            let source = Bytes::new();
            let mut bytes = Builder::new(&source, std::iter::empty(), room);
            if let Some(jump) = &self.jump {
                self.put_event(&mut bytes, Some("jump"), None, jump);
            }
            let jump_len = bytes.len();
            for state in &self.states {
                self.put_event(&mut bytes, Some("state"), None, state);
            }
            let id = Some((epoch, self.last));
            self.put_event(&mut bytes, None, id, &self.records);
            if let Some(end) = &self.end {
                self.put_event(&mut bytes, Some("end"), None, end);
            }
            let bytes = bytes.finish();
            Encoded { bytes, jump_len }
        })
    }

    /// Adds the message whose payload stands at `payload` in the plain frames as an event.
    fn put_event(
        &self,
        bytes: &mut Builder<'_>,
        kind: Option<&str>,
        id: Option<(&Epoch, Seq)>,
        payload: &Range<usize>,
    ) {
        event::put_head(bytes.buffer(), kind, id);
        bytes.put_pieces(self.plain.bytes.pieces(payload.start, payload.end));
        event::put_tail(bytes.buffer());
    }
}

/// Adds a text frame; returns where its payload stands.
fn put_text(bytes: &mut Builder<'_>, payload: &[u8]) -> Range<usize> {
    frame::put_text(bytes.buffer(), payload);
    bytes.len() - payload.len()..bytes.len()
}

#[cfg(test)]
mod tests;
