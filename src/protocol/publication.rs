//! [`Publication`]: a record with its sequence number and time, encoded once for all bare viewers.

use bytes::Bytes;

use super::shared_bytes::SharedBytesBuilder;
use super::{Micros, Seq, SharedBytes, websocket};

/// A publication, with the record as a WebSocket frame that is ready to be sent. Clones share the frame.
#[derive(Debug, Clone)]
pub struct Publication {
    seq: Seq,
    t: Micros,
    frame: SharedBytes,
}

impl Publication {
    /// Encodes `record` (JSON text without insignificant white space), due at `t`. If it is long and lies in the memory
    /// of `text`, it is shared with it.
    #[must_use]
    pub fn encode(seq: Seq, t: Micros, record: &[u8], text: &Bytes) -> Self {
        let mut builder = SharedBytesBuilder::new(
            text,
            std::iter::once(record),
            websocket::text_frame_len_max(0),
        );
        websocket::put_text_frame_header(builder.buffer(), record.len());
        builder.put_record(record);
        Self {
            seq,
            t,
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
