//! `BackfillCache`: the encoded blocks of the history that were requested last.
//!
//! The history can always be computed again, so this is only a cache: viewers that reconnect together share the encoded
//! bytes. Blocks are aligned to the same boundaries for all viewers; only a viewer's first block may start elsewhere.

use std::collections::VecDeque;

use super::encoder::Encoder;
use super::frame_log::Chunk;
use super::viewer_join::Encoding;
use crate::hub::Topic;
use crate::protocol::Seq;

/// The blocks of one topic that were requested last.
#[derive(Debug, Default)]
pub(super) struct BackfillCache {
    /// Most recently used first.
    chunks: VecDeque<(Encoding, Chunk)>,
    /// The bytes that the chunks own.
    len: usize,
}

impl BackfillCache {
    /// The most bytes kept: what thousands of viewers that join at once are sent within a second. Long records are in
    /// the dataset's memory and do not count; apart from them, a block has at most 160 KiB.
    const LEN_MAX: usize = 512 * 1024;
    /// The most blocks kept: few, because a lookup is a linear search.
    const COUNT_MAX: usize = 64;

    /// Returns the block that starts at `first` and ends at `to` or earlier; `None` if any of it is never due.
    pub(super) fn get(
        &mut self,
        topic: &Topic,
        encoding: Encoding,
        (first, to): (Seq, Seq),
        encoder: &mut Encoder,
    ) -> Option<Chunk> {
        let last = topic.feed().block_end(first, to);
        let is_it = |(cached, chunk): &(Encoding, Chunk)| {
            (*cached, chunk.first, chunk.last) == (encoding, first, last)
        };
        let entry = match self.chunks.iter().position(is_it) {
            Some(at) => self.chunks.remove(at)?,
            None => {
                let records = topic.feed().resident(first, last)?;
                let is_shared = topic.feed().is_block_start(first);
                let chunk = encoder.encode_block(topic.epoch(), encoding, &records, is_shared)?;
                self.len += chunk.bytes.owned_len();
                (encoding, chunk)
            }
        };
        let chunk = entry.1.clone();
        self.chunks.push_front(entry);
        self.trim();
        Some(chunk)
    }

    fn trim(&mut self) {
        while self.len > Self::LEN_MAX || self.chunks.len() > Self::COUNT_MAX {
            let Some((_, chunk)) = self.chunks.pop_back() else {
                return;
            };
            self.len -= chunk.bytes.owned_len();
        }
    }
}
