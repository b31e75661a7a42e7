//! [`BlockCache`]: the blocks of a file that were read last.

use std::collections::HashMap;

use bytes::Bytes;

use super::block_sums::BLOCK_LEN;

/// At most [`BLOCKS_MAX`] blocks.
#[derive(Debug, Default)]
pub(super) struct BlockCache {
    /// By the number of the block.
    blocks: HashMap<usize, KeptBlock>,
    /// Grows with each use.
    now: u64,
}

#[derive(Debug)]
struct KeptBlock {
    bytes: Bytes,
    /// When it was used last.
    used: u64,
}

/// 16 MiB per file: some minutes of most recordings, so that viewers who scroll in the recent past need no disk.
const BLOCKS_MAX: usize = (16 << 20) / BLOCK_LEN;

impl BlockCache {
    /// The block `number`, if it is here.
    pub(super) fn get(&mut self, number: usize) -> Option<Bytes> {
        self.now += 1;
        let block = self.blocks.get_mut(&number)?;
        block.used = self.now;
        Some(block.bytes.clone())
    }

    /// Keeps the block `number`, instead of the one that has not been used for the longest time.
    pub(super) fn insert(&mut self, number: usize, bytes: Bytes) {
        if self.blocks.len() >= BLOCKS_MAX && !self.blocks.contains_key(&number) {
            let oldest = self.blocks.iter().min_by_key(|(_, block)| block.used);
            let oldest = oldest.map(|(&number, _)| number);
            oldest.and_then(|oldest| self.blocks.remove(&oldest));
        }
        self.now += 1;
        let used = self.now;
        self.blocks.insert(number, KeptBlock { bytes, used });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_was_not_used_for_longest_makes_room() {
        let mut cache = BlockCache::default();
        for number in 0..BLOCKS_MAX {
            cache.insert(number, Bytes::from_static(b"x"));
        }
        assert!(cache.get(0).is_some());
        cache.insert(BLOCKS_MAX, Bytes::from_static(b"y"));
        assert_eq!(cache.blocks.len(), BLOCKS_MAX);
        assert!(cache.get(0).is_some() && cache.get(1).is_none());
        assert_eq!(cache.get(BLOCKS_MAX).unwrap(), "y");
    }
}
