//! Serving viewers from the history: `BackfillQueue`, who waits for a block of it, and `BackfillCache`, the encoded
//! blocks that were requested last.
//!
//! The history can always be computed again, so the cache only saves work: viewers that reconnect together share the
//! encoded bytes. Blocks are aligned to the same boundaries for all viewers; only a viewer's first block may start
//! elsewhere.

use std::collections::VecDeque;

use super::encoder::Encoder;
use super::frame_log::Chunk;
use super::ids::SubscriptionId;
use super::viewer_join::Encoding;
use crate::hub::Topic;
use crate::protocol::Seq;

/// A range of the history that a viewer is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BackfillRange {
    /// The first publication.
    pub(super) first: Seq,
    /// The last publication. The viewer is sent one block at a time, which may end before.
    pub(super) to: Seq,
}

/// The subscriptions of a lane that wait for a block of the history or to continue a long message, each at most once:
/// exactly those with `is_queued`.
#[derive(Debug, Default)]
pub(super) struct BackfillQueue {
    ids: VecDeque<SubscriptionId>,
}

/// The blocks of one topic that were requested last.
#[derive(Debug, Default)]
pub(super) struct BackfillCache {
    /// Most recently used first.
    blocks: VecDeque<CachedBlock>,
    /// The bytes that the blocks own.
    len: usize,
}

/// A block and the encoding that it is in.
#[derive(Debug)]
struct CachedBlock {
    encoding: Encoding,
    chunk: Chunk,
}

impl BackfillQueue {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds a subscription that waits for its turn.
    pub(super) fn push(&mut self, id: SubscriptionId) {
        self.ids.push_back(id);
    }

    /// Adds a subscription before all others, because it is live again after one block.
    pub(super) fn push_first(&mut self, id: SubscriptionId) {
        self.ids.push_front(id);
    }

    pub(super) fn pop(&mut self) -> Option<SubscriptionId> {
        self.ids.pop_front()
    }

    /// Removes a subscription that has ended. Ids are reused, and a new subscription must not inherit its place.
    pub(super) fn remove(&mut self, id: SubscriptionId) {
        self.ids.retain(|queued| *queued != id);
    }
}

impl BackfillCache {
    /// The most bytes kept: what thousands of viewers that join at once are sent within a second. Long records are in
    /// the dataset's memory and do not count; apart from them, a block has at most 160 KiB.
    const LEN_MAX: usize = 512 * 1024;
    /// The most blocks kept: few, because a lookup is a linear search.
    const COUNT_MAX: usize = 64;

    /// Returns the block at the start of `range`; `None` if any of it is never due.
    pub(super) fn get(
        &mut self,
        topic: &Topic,
        encoding: Encoding,
        range: BackfillRange,
        encoder: &mut Encoder,
    ) -> Option<Chunk> {
        let first = range.first;
        let last = topic.block_end(first, range.to);
        let is_it = |block: &CachedBlock| {
            (block.encoding, block.chunk.first, block.chunk.last) == (encoding, first, last)
        };
        let block = match self.blocks.iter().position(is_it) {
            Some(at) => self.blocks.remove(at)?,
            None => {
                let chunk = encoder.encode_range(topic, encoding, first, last)?;
                self.len += chunk.bytes.owned_len();
                CachedBlock { encoding, chunk }
            }
        };
        let chunk = block.chunk.clone();
        self.blocks.push_front(block);
        self.trim();
        Some(chunk)
    }

    fn trim(&mut self) {
        while self.len > Self::LEN_MAX || self.blocks.len() > Self::COUNT_MAX {
            let Some(block) = self.blocks.pop_back() else {
                return;
            };
            self.len -= block.chunk.bytes.owned_len();
        }
    }
}
