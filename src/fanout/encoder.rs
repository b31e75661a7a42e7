//! `Encoder`: turns flushes and records into chunks of one encoding.

use super::frame_log::Chunk;
use super::viewer_join::Encoding;
use crate::hub::Records;
use crate::protocol::websocket::Deflater;
use crate::protocol::{Epoch, Flush};

/// A lane's encoder, with the state of its compressor.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Allocated with the first viewer that needs it, because it takes 300 KiB.
    deflater: Option<Deflater>,
}

impl Encoder {
    /// Encodes a flush for viewers of messages.
    pub(super) fn encode_flush(
        &mut self,
        epoch: &Epoch,
        flush: &Flush,
        encoding: Encoding,
    ) -> Chunk {
        let encoded = match encoding {
            Encoding::V1Deflated => flush.deflated(self.deflater.get_or_insert_default()),
            Encoding::Sse => flush.events(epoch),
            Encoding::V1 | Encoding::Bare => flush.frames(),
        };
        Chunk {
            first: flush.first(),
            last: flush.last(),
            t: flush.t(),
            jump_len: encoded.jump_len,
            announcement: None,
            bytes: encoded.bytes.clone(),
        }
    }

    /// Encodes a block of history; `None` if it has no records. A block that is not shared by several viewers is not
    /// compressed: it would cost the lane more than it saves.
    pub(super) fn encode_block(
        &mut self,
        epoch: &Epoch,
        encoding: Encoding,
        records: &Records,
        is_shared: bool,
    ) -> Option<Chunk> {
        let encoding = match encoding {
            Encoding::V1Deflated if !is_shared => Encoding::V1,
            encoding => encoding,
        };
        if encoding.has_messages() {
            return Some(self.encode_flush(epoch, &records.flush()?, encoding));
        }
        let (first, last) = (records.due.first()?, records.due.last()?);
        Some(Chunk {
            first: first.seq,
            last: last.seq,
            t: last.t,
            jump_len: 0,
            announcement: None,
            bytes: records.frames(),
        })
    }
}
