//! [`ChunkCache`]: the expanded chunks that were used last.
//!
//! Chunks of a recording overlap in time when several recorders or threads write them, so that messages in the order of
//! their time come from a few chunks in turn.

use super::super::dataset_error::DatasetError;

/// Expanded chunks, that which was used last at the end.
#[derive(Debug, Default)]
pub(super) struct ChunkCache(Vec<CachedChunk>);

#[derive(Debug)]
struct CachedChunk {
    /// Its offset in the file.
    offset: u64,
    records: Vec<u8>,
}

/// In bytes, of all chunks but the one that is in use.
const LEN_MAX: usize = 64 << 20;

impl ChunkCache {
    /// The records of the chunk at `offset`, which `read` expands if they are not in memory.
    pub(super) fn get(
        &mut self,
        offset: u64,
        read: impl FnOnce() -> Result<Vec<u8>, DatasetError>,
    ) -> Result<&[u8], DatasetError> {
        let found = self.0.iter().position(|chunk| chunk.offset == offset);
        let chunk = match found {
            Some(index) => self.0.remove(index),
            None => CachedChunk {
                offset,
                records: read()?,
            },
        };
        while self
            .0
            .iter()
            .map(|chunk| chunk.records.len())
            .sum::<usize>()
            > LEN_MAX
        {
            self.0.remove(0);
        }
        self.0.push(chunk);
        let last = self.0.last().expect("a chunk has just been added");
        Ok(&last.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_read_again_only_when_they_no_longer_fit() {
        let mut cache = ChunkCache::default();
        let mut reads = Vec::new();
        let mut get = |offset: u64, len: usize| {
            let read = || {
                reads.push(offset);
                Ok(vec![0; len])
            };
            assert_eq!(cache.get(offset, read).unwrap().len(), len);
        };
        for offset in [1, 2, 1, 2, 1] {
            get(offset, 10);
        }
        get(3, LEN_MAX + 1);
        get(1, 10);
        get(3, LEN_MAX + 1);
        get(2, 10);
        assert_eq!(reads, [1, 2, 3, 3, 2]);
    }
}
