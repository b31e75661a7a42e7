//! Block alignment: the boundaries at which backfill is divided into blocks.
//!
//! They are the same for all viewers, so that a block is encoded once and shared.

use super::Topic;
use crate::hub::coalescer::Coalescer;
use crate::hub::timeline::Timeline;
use crate::protocol::Seq;

impl Topic {
    /// The most publications in a block; blocks end at multiples of it.
    pub const BLOCK_LEN: u64 = 256;

    /// Bytes of records in a partial block, which begins inside a block where only one viewer needs it. A viewer that
    /// does not read keeps it in memory.
    const PARTIAL_BLOCK_BYTES_MAX: usize = 16 * 1024;

    /// Returns the last publication of the block that begins with `first`, at most `last`. Blocks end before jumps, at
    /// multiples of [`BLOCK_LEN`](Self::BLOCK_LEN), and earlier where records are long. If `first` is not a block
    /// start, the partial block is short.
    #[must_use]
    pub fn block_end(&self, first: Seq, last: Seq) -> Seq {
        let timeline = self.timeline();
        let (begin, end) = self.block_around(&timeline, first);
        let mut block_end = end.min(last);
        if begin < first {
            let mut len = self.record(&timeline, first).len();
            block_end = first;
            while block_end < end.min(last) && len < Self::PARTIAL_BLOCK_BYTES_MAX {
                block_end = block_end.next();
                len += self.record(&timeline, block_end).len();
            }
        }
        block_end
    }

    /// Whether `first` is the start of a block.
    #[must_use]
    pub fn is_block_start(&self, first: Seq) -> bool {
        self.block_around(&self.timeline(), first).0 == first
    }

    /// The first and the last publication of the block that contains `seq`.
    fn block_around(&self, timeline: &Timeline, seq: Seq) -> (Seq, Seq) {
        let longest_end = Seq::saturating(seq.get().next_multiple_of(Self::BLOCK_LEN));
        let mut begin =
            Seq::saturating(seq.previous().get() / Self::BLOCK_LEN * Self::BLOCK_LEN + 1);
        let (mut at, mut len) = (begin, 0);
        loop {
            len += self.record(timeline, at).len();
            let is_end = at == longest_end
                || len >= Coalescer::BYTES_MAX
                || timeline.jump_before(at.next()).is_some();
            if is_end && at >= seq {
                return (begin, at);
            }
            at = at.next();
            if is_end {
                (begin, len) = (at, 0);
            }
        }
    }
}
