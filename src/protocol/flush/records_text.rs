//! Writes the messages of a flush as JSON text, without a serializer because the records are already JSON. Twin:
//! `web/src/client/protocol.ts`.

use std::fmt::Write;

use bytes::{BufMut, Bytes};

use crate::protocol::shared_bytes::SharedBytesBuilder;
use crate::protocol::{DueRecord, Jump, JumpReason, Micros, Seq};

/// The `data` or `batch` message of consecutive publications, before it is written.
#[derive(Debug)]
pub(super) struct RecordsText<'a> {
    head: String,
    records: &'a [DueRecord],
    tail: &'static str,
}

impl<'a> RecordsText<'a> {
    /// The message of `records`, of which there is at least one.
    pub(super) fn new(records: &'a [DueRecord]) -> Self {
        Self {
            head: head(records),
            records,
            tail: if records.len() == 1 { "}" } else { "]}" },
        }
    }

    /// The length of the message, in bytes.
    pub(super) fn len(&self) -> usize {
        let records = self.records.iter().map(|due| due.record.len());
        self.envelope_len() + records.sum::<usize>()
    }

    /// The length without the records, in bytes.
    pub(super) fn envelope_len(&self) -> usize {
        self.head.len() + (self.records.len() - 1) + self.tail.len()
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &'a Bytes> {
        self.records.iter().map(|due| &due.record)
    }

    pub(super) fn write_to(&self, bytes: &mut SharedBytesBuilder) {
        bytes.buffer().put_slice(self.head.as_bytes());
        for (n, record) in self.records().enumerate() {
            if n > 0 {
                bytes.buffer().put_u8(b',');
            }
            bytes.put_record(record);
        }
        bytes.buffer().put_slice(self.tail.as_bytes());
    }
}

/// Everything of the message before the first record.
fn head(records: &[DueRecord]) -> String {
    let mut head = String::with_capacity(96);
    let kind = if records.len() == 1 { "data" } else { "batch" };
    let (seq, t) = (records[0].seq, records[0].t);
    put(
        &mut head,
        format_args!(r#"{{"type":"{kind}","seq":{seq},"t":{t},"#),
    );
    if let Some(second) = records.get(1) {
        let period = second.t.get() - t.get();
        if is_even(period, records) {
            put(&mut head, format_args!(r#""dt":{period},"#));
        } else {
            put(&mut head, format_args!(r#""dt":[0"#));
            for due in &records[1..] {
                put(&mut head, format_args!(",{}", due.t.get() - t.get()));
            }
            head.push_str("],");
        }
    }
    head.push_str(if records.len() == 1 {
        r#""data":"#
    } else {
        r#""data":["#
    });
    head
}

/// Whether `records` are evenly spaced by `period` microseconds.
fn is_even(period: i64, records: &[DueRecord]) -> bool {
    records
        .windows(2)
        .all(|pair| pair[1].t.get() - pair[0].t.get() == period)
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
