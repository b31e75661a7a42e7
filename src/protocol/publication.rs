//! `Publication`: a record with its place, encoded once for all bare viewers.

use bytes::Bytes;

use super::shared_bytes::Builder;
use super::{Micros, Seq, SharedBytes, frame};

/// A record with its place on the timeline, and the record alone as a frame ready to be sent. Clones share it.
#[derive(Debug, Clone)]
pub struct Publication {
    seq: Seq,
    t: Micros,
    frame: SharedBytes,
}

impl Publication {
    /// Encodes `record` (JSON text without insignificant white space) due at `t`; a long one that is a part of `text`
    /// is shared with it.
    #[must_use]
    pub fn encode(seq: Seq, t: Micros, record: &[u8], text: &Bytes) -> Self {
        let mut builder = Builder::new(text, std::iter::once(record), frame::text_len_max(0));
        frame::put_text_header(builder.buffer(), record.len());
        builder.put(record);
        Self {
            seq,
            t,
            frame: builder.finish(),
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
    pub const fn frame(&self) -> &SharedBytes {
        &self.frame
    }
}
