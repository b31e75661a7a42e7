//! [`Blocks`]: the boundaries at which backfill is divided into blocks.
//!
//! They are the same for all viewers, so that a block is encoded once and shared. Pure: they follow from the timeline and
//! the lengths of the records.

use crate::protocol::Seq;
use crate::source::RecordSource;
use crate::timeline::{Coalescer, Timeline};

/// The blocks of a timeline over a dataset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blocks<'a> {
    pub(super) timeline: &'a Timeline,
    pub(super) source: &'a dyn RecordSource,
}

impl Blocks<'_> {
    /// The most publications in a block; blocks end at multiples of it.
    pub(super) const LEN_MAX: u64 = 256;
    /// Bytes of records in a partial block, which begins inside a block where only one viewer needs it. A viewer that
    /// does not read keeps it in memory.
    const PARTIAL_LEN_MAX: usize = 16 * 1024;

    /// The last publication of the block that begins with `first`, at most `last`.
    pub(super) fn end(self, first: Seq, last: Seq) -> Seq {
        let (begin, end) = self.around(first);
        let end = end.min(last);
        if begin == first {
            return end;
        }
        let mut len = self.record_len(first);
        let mut partial_end = first;
        while partial_end < end && len < Self::PARTIAL_LEN_MAX {
            partial_end = partial_end.next();
            len += self.record_len(partial_end);
        }
        partial_end
    }

    /// Whether `first` is the start of a block.
    pub(super) fn is_start(self, first: Seq) -> bool {
        self.around(first).0 == first
    }

    /// The first and the last publication of the block that contains `seq`.
    fn around(self, seq: Seq) -> (Seq, Seq) {
        let longest_end = Seq::saturating(seq.get().next_multiple_of(Self::LEN_MAX));
        let mut begin = Seq::saturating(seq.previous().get() / Self::LEN_MAX * Self::LEN_MAX + 1);
        let (mut at, mut len) = (begin, 0);
        loop {
            len += self.record_len(at);
            let next = at.next();
            let is_end = at == longest_end
                || len >= Coalescer::BYTES_MAX
                || self.timeline.jump_before(next).is_some()
                || self.timeline.is_segment_start(next);
            if is_end && at >= seq {
                return (begin, at);
            }
            at = next;
            if is_end {
                (begin, len) = (at, 0);
            }
        }
    }

    fn record_len(self, seq: Seq) -> usize {
        self.source.record_len(self.timeline.index(seq))
    }
}
