//! [`Publication`]: a record with its sequence number and time, encoded once for all bare viewers.

use super::shared_bytes::SharedBytesBuilder;
use super::{DueRecord, Micros, Seq, SharedBytes, websocket};

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
