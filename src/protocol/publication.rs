//! `Publication`: a record with its place, encoded once for all viewers of each form.

use std::fmt::Write;

use bytes::{Bytes, BytesMut};

use super::{Micros, Seq, frame};

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

/// A record with its place on the timeline, as frames ready to be sent.
///
/// All forms are slices of one allocation; clones share it.
#[derive(Debug, Clone)]
pub struct Publication {
    seq: Seq,
    t: Micros,
    bare: Bytes,
    v1: Bytes,
    v1_after_previous: Bytes,
}

impl Publication {
    /// What surrounds the record in the v1 forms, with the longest numbers and the longest jump.
    const ENVELOPE_LEN_MAX: usize = 240;

    /// Encodes `record` (JSON text without insignificant white space) due at `t`.
    #[must_use]
    pub fn encode(seq: Seq, t: Micros, record: &[u8], jump: Option<Jump>) -> Self {
        let capacity = Self::ENVELOPE_LEN_MAX + 2 * frame::text_len_max(record.len());
        let mut buffer = BytesMut::with_capacity(capacity);
        if let Some(jump) = jump {
            put_jump(&mut buffer, seq, t, jump);
        }
        let v1_at = buffer.len();
        put_data(&mut buffer, seq, t, record);
        let bare_at = buffer.len();
        frame::put_text(&mut buffer, record);
        let all = buffer.freeze();
        Self {
            seq,
            t,
            bare: all.slice(bare_at..),
            v1: all.slice(v1_at..bare_at),
            v1_after_previous: all.slice(..bare_at),
        }
    }

    /// Its place.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// The instant at which it is due.
    #[must_use]
    pub const fn t(&self) -> Micros {
        self.t
    }

    /// The record alone, as one frame.
    #[must_use]
    pub const fn bare(&self) -> &Bytes {
        &self.bare
    }

    /// The `data` message as one frame, for a viewer whose last publication is `last`: one that has the
    /// publication before is first told of the jump between the two, if there is one.
    #[must_use]
    pub fn v1(&self, last: Option<Seq>) -> &Bytes {
        if last == Some(self.seq.previous()) {
            &self.v1_after_previous
        } else {
            &self.v1
        }
    }
}

/// Appends `{"type":"data",…}` as a frame. The payload's length is known before it is written, so the record
/// is copied once.
fn put_data(buffer: &mut BytesMut, seq: Seq, t: Micros, record: &[u8]) {
    let mut head = Scratch::default();
    write_to(
        &mut head,
        format_args!(r#"{{"type":"data","seq":{seq},"t":{t},"data":"#),
    );
    frame::put_text_parts(buffer, &[head.as_bytes(), record, b"}"]);
}

fn put_jump(buffer: &mut BytesMut, seq: Seq, t: Micros, jump: Jump) {
    let reason = match jump.reason {
        JumpReason::Loop => "loop",
        JumpReason::Seek => "seek",
    };
    let mut message = Scratch::default();
    let index = jump.index;
    write_to(
        &mut message,
        format_args!(
            r#"{{"type":"jump","seq":{seq},"t":{t},"index":{index},"reason":"{reason}"}}"#
        ),
    );
    frame::put_text(buffer, message.as_bytes());
}

/// A small text on the stack, so that the envelope costs no allocation.
struct Scratch {
    bytes: [u8; 160],
    len: usize,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            bytes: [0; 160],
            len: 0,
        }
    }
}

impl Scratch {
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Scratch {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes
            .get_mut(self.len..end)
            .ok_or(std::fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

fn write_to(scratch: &mut Scratch, arguments: std::fmt::Arguments<'_>) {
    scratch
        .write_fmt(arguments)
        .expect("an envelope with three 20-digit numbers is shorter than 160 bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(frame: &Bytes) -> &str {
        std::str::from_utf8(&frame[2..]).unwrap()
    }

    #[test]
    fn each_form_is_one_frame_around_the_record() {
        let publication =
            Publication::encode(Seq::saturating(7), Micros::new(9), br#"{"value":74}"#, None);
        assert_eq!(payload(publication.bare()), r#"{"value":74}"#);
        assert_eq!(
            payload(publication.v1(None)),
            r#"{"type":"data","seq":7,"t":9,"data":{"value":74}}"#
        );
        assert_eq!(
            publication.v1(Some(Seq::saturating(6))),
            publication.v1(None)
        );
    }

    #[test]
    fn a_jump_goes_to_those_who_have_the_publication_before() {
        let jump = Jump {
            index: 0,
            reason: JumpReason::Loop,
        };
        let publication = Publication::encode(Seq::saturating(7), Micros::new(9), b"1", Some(jump));
        let told = publication.v1(Some(Seq::saturating(6)));
        let message = br#"{"type":"jump","seq":7,"t":9,"index":0,"reason":"loop"}"#;
        assert!(told[2..].starts_with(message));
        assert!(told.ends_with(publication.v1(None)));
        assert_eq!(
            payload(publication.v1(Some(Seq::saturating(5)))),
            r#"{"type":"data","seq":7,"t":9,"data":1}"#
        );
    }

    #[test]
    fn the_longest_envelope_fits() {
        let jump = Jump {
            index: u64::MAX,
            reason: JumpReason::Seek,
        };
        let publication =
            Publication::encode(Seq::MAX, Micros::new(i64::MIN), &[b'1'; 70_000], Some(jump));
        assert_eq!(publication.bare().len(), 70_000 + 10);
    }
}
