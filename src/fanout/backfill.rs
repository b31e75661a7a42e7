//! Serving viewers from the history: `BackfillQueue`, who waits for a block of it; `BackfillCache`, the encoded blocks
//! that were requested last; and `BlockReads`, the blocks whose records are being read.
//!
//! The history can always be read again, so the cache only saves work: viewers that reconnect together share the encoded
//! bytes. Blocks are aligned to the same boundaries for all viewers; only a viewer's first block may start elsewhere.
//!
//! A lane never waits for a disk: records that are not in memory are read on the runtime's threads for blocking work, and
//! come back through the lane's inbox.

use std::collections::{BTreeSet, VecDeque};

use super::encoder::Encoder;
use super::frame_log::Chunk;
use super::ids::SubscriptionId;
use super::viewer_join::Encoding;
use crate::hub::{Records, Topic};
use crate::protocol::Seq;
use crate::source::SourceError;

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

/// A block of the history: its first and its last publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) first: Seq,
    pub(super) last: Seq,
}

/// The result of looking up a block.
#[derive(Debug)]
pub(super) enum BlockLookup {
    /// The encoded block.
    Encoded(Chunk),
    /// Its records are not in memory.
    NotInMemory(Block),
    /// None of it is due.
    Empty,
}

/// The reads of one topic's blocks that are in progress or have just ended.
#[derive(Debug, Default)]
pub(super) struct BlockReads {
    reading: Vec<Block>,
    /// The subscriptions that wait for one of these blocks.
    waiting: BTreeSet<SubscriptionId>,
    /// Blocks that have been read, until they are used. At most [`Self::COUNT_MAX`].
    finished: VecDeque<FinishedRead>,
}

/// A block that has been read.
#[derive(Debug)]
pub(super) struct FinishedRead {
    pub(super) block: Block,
    pub(super) result: Result<Records, SourceError>,
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

    /// Returns the block at the start of `range`.
    pub(super) fn get(
        &mut self,
        topic: &Topic,
        encoding: Encoding,
        range: BackfillRange,
        encoder: &mut Encoder,
    ) -> BlockLookup {
        let block = Block {
            first: range.first,
            last: topic.feed().block_end(range.first, range.to),
        };
        if let Some(chunk) = self.cached(encoding, block) {
            return BlockLookup::Encoded(chunk);
        }
        match topic.feed().resident(block.first, block.last) {
            Some(records) => self.encode(topic, encoding, &records, encoder),
            None => BlockLookup::NotInMemory(block),
        }
    }

    fn cached(&mut self, encoding: Encoding, block: Block) -> Option<Chunk> {
        let is_it = |cached: &CachedBlock| {
            (cached.encoding, cached.chunk.first, cached.chunk.last)
                == (encoding, block.first, block.last)
        };
        let at = self.blocks.iter().position(is_it)?;
        let cached = self.blocks.remove(at)?;
        let chunk = cached.chunk.clone();
        self.blocks.push_front(cached);
        Some(chunk)
    }

    /// Encodes a block, and keeps it.
    pub(super) fn encode(
        &mut self,
        topic: &Topic,
        encoding: Encoding,
        records: &Records,
        encoder: &mut Encoder,
    ) -> BlockLookup {
        let is_block_start = |first: Seq| topic.feed().is_block_start(first);
        let is_shared = records
            .due
            .first()
            .is_some_and(|due| is_block_start(due.seq));
        let Some(chunk) = encoder.encode_block(topic.epoch(), encoding, records, is_shared) else {
            return BlockLookup::Empty;
        };
        self.len += chunk.bytes.owned_len();
        self.blocks.push_front(CachedBlock {
            encoding,
            chunk: chunk.clone(),
        });
        self.trim();
        BlockLookup::Encoded(chunk)
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

impl BlockReads {
    /// The most blocks that are being read, or have been read and not used.
    const COUNT_MAX: usize = 8;

    /// Has `id` wait for `block`. Returns whether the block is to be read now: it is not being read yet, and not too many
    /// others are. A subscription whose block is not read now asks again when another has been.
    pub(super) fn wait(&mut self, id: SubscriptionId, block: Block) -> bool {
        self.waiting.insert(id);
        let is_new = !self.reading.contains(&block) && self.reading.len() < Self::COUNT_MAX;
        if is_new {
            self.reading.push(block);
        }
        is_new
    }

    /// Records that a block has been read, and returns the subscriptions that have waited and still exist. Without any,
    /// the result is dropped: it would be out of date when another one asks.
    pub(super) fn finish(
        &mut self,
        read: FinishedRead,
        is_alive: impl Fn(SubscriptionId) -> bool,
    ) -> BTreeSet<SubscriptionId> {
        self.reading.retain(|block| *block != read.block);
        self.waiting.retain(|id| is_alive(*id));
        if self.waiting.is_empty() {
            return BTreeSet::new();
        }
        if self.finished.len() == Self::COUNT_MAX {
            self.finished.pop_front();
        }
        self.finished.push_back(read);
        std::mem::take(&mut self.waiting)
    }

    /// Takes the result for `block`, if it has just been read.
    pub(super) fn take(&mut self, block: Block) -> Option<Result<Records, SourceError>> {
        let at = self.finished.iter().position(|read| read.block == block)?;
        self.finished.remove(at).map(|read| read.result)
    }
}
