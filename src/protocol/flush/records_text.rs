//! Writes the messages of a flush as JSON text, without a serializer because the records are already JSON. Twin:
//! `web/src/client/protocol.ts`.

use std::fmt::Write;

use bytes::BufMut;

use crate::protocol::shared_bytes::SharedBytesBuilder;
use crate::protocol::{DueRecord, Jump, JumpReason, Micros, Seq};

/// The `data` or `batch` message of consecutive publications, before it is written.
#[derive(Debug)]
pub(super) struct RecordsText<'a> {
    head: String,
    first: DueRecord<'a>,
    rest: &'a [DueRecord<'a>],
    tail: &'static str,
}

impl<'a> RecordsText<'a> {
    pub(super) fn new(first: DueRecord<'a>, rest: &'a [DueRecord<'a>]) -> Self {
        Self {
            head: head(first, rest),
            first,
            rest,
            tail: if rest.is_empty() { "}" } else { "]}" },
        }
    }

    /// The length of the message, in bytes.
    pub(super) fn len(&self) -> usize {
        let rest = self.rest.iter().map(|due| due.record.len() + ",".len());
        self.head.len() + self.first.record.len() + rest.sum::<usize>() + self.tail.len()
    }

    /// The length without the records, in bytes.
    pub(super) fn envelope_len(&self) -> usize {
        self.head.len() + self.rest.len() + self.tail.len()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &'a [u8]> {
        let rest = self.rest.iter().map(|due| due.record);
        std::iter::once(self.first.record).chain(rest)
    }

    pub(super) fn write_to(&self, bytes: &mut SharedBytesBuilder<'_>) {
        bytes.buffer().put_slice(self.head.as_bytes());
        bytes.put_record(self.first.record);
        for due in self.rest {
            bytes.buffer().put_u8(b',');
            bytes.put_record(due.record);
        }
        bytes.buffer().put_slice(self.tail.as_bytes());
    }
}

/// Everything of the message before the first record.
fn head(first: DueRecord<'_>, rest: &[DueRecord<'_>]) -> String {
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

/// Whether the records, the first of them due at `t`, are evenly spaced by `period` microseconds.
fn is_even(t: Micros, period: i64, rest: &[DueRecord<'_>]) -> bool {
    let before = std::iter::once(t).chain(rest.iter().map(|due| due.t));
    before
        .zip(rest)
        .all(|(before, due)| due.t.get() - before.get() == period)
}

/// Encodes a `jump` message.
pub(super) fn jump_json(seq: Seq, t: Micros, Jump { index, reason }: Jump) -> String {
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
