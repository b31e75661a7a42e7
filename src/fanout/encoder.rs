//! `Encoder`: turns flushes and ranges of publications into chunks of one encoding.

use super::frame_log::Chunk;
use super::viewer_join::Encoding;
use crate::hub::Topic;
use crate::protocol::websocket::Deflater;
use crate::protocol::{EncodedFlush, Flush, Seq};

/// A lane's encoder, with the state of its compressor.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    /// Allocated with the first viewer that needs it, because it takes 300 KiB.
    deflater: Option<Deflater>,
}

impl Encoder {
    /// Encodes a live flush.
    pub(super) fn encode_flush(
        &mut self,
        topic: &Topic,
        flush: &Flush,
        encoding: Encoding,
    ) -> Chunk {
        let encoded = match encoding {
            Encoding::V1Deflated => flush.deflated(self.deflater.get_or_insert_default()),
            Encoding::Sse => flush.events(topic.epoch()),
            Encoding::V1 => flush.frames(),
            Encoding::Bare => &EncodedFlush {
                bytes: topic.frames(flush.first(), flush.last()),
                jump_len: 0,
            },
        };
        Chunk {
            first: flush.first(),
            last: flush.last(),
            t: flush.t(),
            jump_len: encoded.jump_len,
            bytes: encoded.bytes.clone(),
        }
    }

    /// Encodes a block of history, publications `first` to `last`, where `last` comes from [`Topic::block_end`]. A
    /// block that starts in between is for one viewer only and is not compressed: it would cost the lane more than it
    /// saves.
    pub(super) fn encode_range(
        &mut self,
        topic: &Topic,
        encoding: Encoding,
        first: Seq,
        last: Seq,
    ) -> Option<Chunk> {
        if encoding.has_messages() {
            let is_shared = topic.is_block_start(first);
            let encoding = match encoding {
                Encoding::V1Deflated if !is_shared => Encoding::V1,
                encoding => encoding,
            };
            return Some(self.encode_flush(topic, &topic.flush(first, last)?, encoding));
        }
        Some(Chunk {
            first,
            last,
            t: topic.timeline().t(last)?,
            jump_len: 0,
            bytes: topic.frames(first, last),
        })
    }
}
