//! `Flush`: what v1 and SSE viewers are sent in one go: neighbouring publications as one message, encoded once for
//! all of a form.

use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;

use bytes::{BufMut, Bytes, BytesMut};

use super::frame::Deflater;
use super::message::Message;
use super::{Epoch, Micros, Seq, event, frame};

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
        let jump = jump.map(|jump| jump_text(first.seq, first.t, jump));
        let end = is_end.then(|| {
            let (seq, t) = (last.seq, last.t);
            Message::End { seq, t }.to_json()
        });
        let head = head(first, rest);
        let tail = if rest.is_empty() { "}" } else { "]}" };
        let len = head.len() + records_len(first, rest) + tail.len();
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
        buffer.put_slice(head.as_bytes());
        buffer.put_slice(first.record);
        for due in rest {
            buffer.put_u8(b',');
            buffer.put_slice(due.record);
        }
        buffer.put_slice(tail.as_bytes());
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

/// Everything of the message that stands before the first record.
fn head(first: Due<'_>, rest: &[Due<'_>]) -> String {
    let mut head = String::with_capacity(96);
    let kind = if rest.is_empty() { "data" } else { "batch" };
    let (seq, t) = (first.seq, first.t);
    put(
        &mut head,
        format_args!(r#"{{"type":"{kind}","seq":{seq},"t":{t},"#),
    );
    if let Some(second) = rest.first() {
        let period = second.t.get() - t.get();
        if is_even(t, period, rest) {
            put(&mut head, format_args!(r#""dt":{period},"#));
        } else {
            put(&mut head, format_args!(r#""dt":[0"#));
            for due in rest {
                put(&mut head, format_args!(",{}", due.t.get() - t.get()));
            }
            head.push_str("],");
        }
    }
    head.push_str(if rest.is_empty() {
        r#""data":"#
    } else {
        r#""data":["#
    });
    head
}

/// Whether each of `rest` follows the one before it, the first being at `t`, after `period` microseconds.
fn is_even(t: Micros, period: i64, rest: &[Due<'_>]) -> bool {
    let before = std::iter::once(t).chain(rest.iter().map(|due| due.t));
    before
        .zip(rest)
        .all(|(before, due)| due.t.get() - before.get() == period)
}

fn records_len(first: Due<'_>, rest: &[Due<'_>]) -> usize {
    let rest = rest.iter().map(|due| due.record.len() + ",".len());
    first.record.len() + rest.sum::<usize>()
}

fn jump_text(seq: Seq, t: Micros, Jump { index, reason }: Jump) -> String {
    let reason = match reason {
        JumpReason::Loop => "loop",
        JumpReason::Seek => "seek",
    };
    format!(r#"{{"type":"jump","seq":{seq},"t":{t},"index":{index},"reason":"{reason}"}}"#)
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a string never fails");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::message::TimelineView;

    const fn due(seq: u64, t: i64, record: &[u8]) -> Due<'_> {
        Due {
            seq: Seq::saturating(seq),
            t: Micros::new(t),
            record,
        }
    }

    fn payload(frame: &[u8]) -> &str {
        std::str::from_utf8(&frame[2..]).unwrap()
    }

    #[test]
    fn one_record_goes_as_data() {
        let flush = Flush::encode(due(7, 9, br#"{"value":74}"#), &[], None, false);
        assert_eq!(
            payload(&flush.frames().bytes),
            r#"{"type":"data","seq":7,"t":9,"data":{"value":74}}"#
        );
    }

    #[test]
    fn evenly_spaced_records_have_one_period_and_others_have_offsets() {
        let rest = [due(8, 19, b"2"), due(9, 29, b"[3]")];
        let even = Flush::encode(due(7, 9, b"1"), &rest, None, false);
        assert_eq!(
            payload(&even.frames().bytes),
            r#"{"type":"batch","seq":7,"t":9,"dt":10,"data":[1,2,[3]]}"#
        );
        assert_eq!((even.first().get(), even.last().get()), (7, 9));
        assert_eq!(even.t(), Micros::new(29));
        let rest = [due(8, 19, b"2"), due(9, 30, b"3")];
        let uneven = Flush::encode(due(7, 9, b"1"), &rest, None, false);
        assert_eq!(
            payload(&uneven.frames().bytes),
            r#"{"type":"batch","seq":7,"t":9,"dt":[0,10,21],"data":[1,2,3]}"#
        );
    }

    #[test]
    fn a_jump_stands_in_front_and_the_end_behind() {
        let jump = Jump {
            index: 0,
            reason: JumpReason::Loop,
        };
        let flush = Flush::encode(due(7, 9, b"1"), &[], Some(jump), true);
        let Encoded { bytes, jump_len } = flush.frames();
        let (jump, rest) = bytes.split_at(*jump_len);
        assert_eq!(
            payload(jump),
            r#"{"type":"jump","seq":7,"t":9,"index":0,"reason":"loop"}"#
        );
        let data = Flush::encode(due(7, 9, b"1"), &[], None, false);
        let end = rest.strip_prefix(&data.frames().bytes[..]).unwrap();
        assert_eq!(payload(end), r#"{"type":"end","seq":7,"t":9}"#);
    }

    #[test]
    fn a_change_of_the_timeline_stands_before_the_records_and_is_for_all() {
        let state = Message::State {
            t: Micros::new(9),
            timeline: TimelineView {
                seq0: Seq::saturating(7),
                t0: Micros::new(9),
                index0: 0,
                rate: "200".parse().unwrap(),
                playing: true,
            },
            delay: 150_000,
            by: "configuration",
        };
        let record = br#"{"value":74,"unit":"mV"}"#;
        let rest: Vec<_> = (8..40).map(|seq| due(seq, 9, record)).collect();
        let jump = Jump {
            index: 0,
            reason: JumpReason::Loop,
        };
        let around = (Some(jump), std::slice::from_ref(&state));
        let flush = Flush::encode_with(due(7, 9, record), &rest, around, false);
        let without = Flush::encode(due(7, 9, record), &rest, Some(jump), false);
        let state_len = flush.frames().bytes.len() - without.frames().bytes.len();
        let mut deflater = Deflater::default();
        let forms = [
            (flush.frames().clone(), without.frames().clone()),
            (
                flush.deflated(&mut deflater).clone(),
                without.deflated(&mut deflater).clone(),
            ),
        ];
        for (with, without) in forms {
            let at = with.jump_len;
            assert_eq!(at, without.jump_len);
            assert_eq!(with.bytes[..at], without.bytes[..at]);
            assert_eq!(with.bytes[at + state_len..], without.bytes[at..]);
            let frame = frame::text(&state.to_json());
            assert_eq!(with.bytes[at..at + state_len], frame);
        }
        let epoch = "k3v7".parse().unwrap();
        let (with, without) = (flush.events(&epoch), without.events(&epoch));
        let event = event::event(Some("state"), None, &state.to_json());
        let at = with.jump_len;
        assert_eq!(with.bytes[at..at + event.len()], event);
        assert_eq!(with.bytes[at + event.len()..], without.bytes[at..]);
    }

    #[test]
    fn compressed_the_records_alone_change_and_only_where_it_pays() {
        let mut deflater = Deflater::default();
        let jump = Jump {
            index: 0,
            reason: JumpReason::Loop,
        };
        let short = Flush::encode(due(7, 9, b"1"), &[], Some(jump), true);
        assert_eq!(short.deflated(&mut deflater), short.frames());
        let record = br#"{"value":74,"unit":"mV"}"#;
        let rest: Vec<_> = (8..40).map(|seq| due(seq, 9, record)).collect();
        let long = Flush::encode(due(7, 9, record), &rest, Some(jump), true);
        let deflated = long.deflated(&mut deflater);
        let Encoded { bytes, jump_len } = long.frames();
        assert!(deflated.bytes.len() * 2 < bytes.len());
        assert_eq!(deflated.jump_len, *jump_len);
        assert_eq!(deflated.bytes[..*jump_len], bytes[..*jump_len]);
        let end = frame::text(
            &Message::End {
                seq: Seq::saturating(39),
                t: Micros::new(9),
            }
            .to_json(),
        );
        assert!(deflated.bytes.ends_with(&end));
    }

    #[test]
    fn as_events_the_messages_are_the_same_and_the_records_bear_the_last_position() {
        let jump = Jump {
            index: 0,
            reason: JumpReason::Loop,
        };
        let flush = Flush::encode(due(7, 9, b"1"), &[due(8, 19, b"2")], Some(jump), true);
        let Encoded { bytes, jump_len } = flush.events(&"k3v7".parse().unwrap());
        let text = std::str::from_utf8(bytes).unwrap();
        let (jump, rest) = text.split_at(*jump_len);
        assert_eq!(
            jump,
            "event: jump\ndata: {\"type\":\"jump\",\"seq\":7,\"t\":9,\"index\":0,\"reason\":\"loop\"}\n\n"
        );
        assert_eq!(
            rest,
            "id: k3v7:8\ndata: {\"type\":\"batch\",\"seq\":7,\"t\":9,\"dt\":10,\"data\":[1,2]}\n\n\
             event: end\ndata: {\"type\":\"end\",\"seq\":8,\"t\":19}\n\n"
        );
    }

    #[test]
    fn a_long_record_is_one_frame_with_its_length() {
        let flush = Flush::encode(due(1, 0, &[b'1'; 70_000]), &[], None, false);
        let envelope = r#"{"type":"data","seq":1,"t":0,"data":}"#;
        assert_eq!(flush.frames().bytes.len(), 10 + envelope.len() + 70_000);
    }
}
