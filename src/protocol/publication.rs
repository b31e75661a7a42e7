//! `Publication`: a record with its place, encoded once for all bare viewers.

use bytes::{Bytes, BytesMut};

use super::{Micros, Seq, frame};

/// A record with its place on the timeline, and the record alone as a frame ready to be sent. Clones share it.
#[derive(Debug, Clone)]
pub struct Publication {
    seq: Seq,
    t: Micros,
    frame: Bytes,
}

impl Publication {
    /// Encodes `record` (JSON text without insignificant white space) due at `t`.
    #[must_use]
    pub fn encode(seq: Seq, t: Micros, record: &[u8]) -> Self {
        let mut buffer = BytesMut::with_capacity(frame::text_len_max(record.len()));
        frame::put_text(&mut buffer, record);
        Self {
            seq,
            t,
            frame: buffer.freeze(),
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
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }
}
