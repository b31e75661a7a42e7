//! [`DueRecord`]: a record with its place on the timeline, and the [`Jump`] that may precede it; and [`Publication`], the
//! record encoded for bare viewers.

use bytes::Bytes;

use super::shared_bytes::SharedBytesBuilder;
use super::{Micros, Seq, SharedBytes, websocket};

/// Why the dataset index did not advance by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JumpReason {
    /// Playback restarted at the beginning of the dataset.
    Loop,
    /// Playback moved to another position.
    Seek,
}

/// A discontinuity of the dataset index just before a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jump {
    /// Dataset index of the publication that follows.
    pub index: u64,
    /// Why the index jumped.
    pub reason: JumpReason,
}

/// A record that is due, before it is encoded.
#[derive(Debug, Clone)]
pub struct DueRecord {
    /// The sequence number of its publication.
    pub seq: Seq,
    /// When it is due.
    pub t: Micros,
    /// JSON text without insignificant white space.
    pub record: Bytes,
}

/// A publication, with the record as a WebSocket frame that is ready to be sent. Clones share the frame.
#[derive(Debug, Clone)]
pub struct Publication {
    seq: Seq,
    t: Micros,
    frame: SharedBytes,
}

impl Publication {
    /// Encodes a record. A long one is shared, not copied.
    #[must_use]
    pub fn encode(due: &DueRecord) -> Self {
        let record = &due.record;
        let mut builder = SharedBytesBuilder::new([record], websocket::text_frame_len_max(0));
        websocket::put_text_frame_header(builder.buffer(), record.len());
        builder.put_record(record);
        Self {
            seq: due.seq,
            t: due.t,
            frame: builder.finish(),
        }
    }

    /// The sequence number.
    #[must_use]
    pub const fn seq(&self) -> Seq {
        self.seq
    }

    /// When it is due.
    #[must_use]
    pub const fn t(&self) -> Micros {
        self.t
    }

    /// The record as one WebSocket frame.
    #[must_use]
    pub const fn frame(&self) -> &SharedBytes {
        &self.frame
    }
}
