//! [`RecordIndex`]: where each record of a file begins, and how long it is as JSON: eight bytes per record.

use std::io::{self, Read, Write};

/// The places of the records, in order.
///
/// ## Memory
/// Eight bytes per record, and 24 more per 1024 records. The entries are in chunks, because a single list would be copied,
/// and be in memory twice, whenever it grows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RecordIndex {
    /// All of them are full, except the last one.
    chunks: Vec<IndexChunk>,
    /// The length of the longest record as JSON, in bytes.
    longest: usize,
}

/// Up to [`CHUNK_LEN`] records.
#[derive(Debug, PartialEq, Eq)]
struct IndexChunk {
    /// The offset in the file of the first of them.
    base: u64,
    /// For each record its offset from `base`, and below it, in [`LEN_BITS`] bits, its length less one.
    entries: Vec<u64>,
}

/// What cannot be in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotIndexable;

/// Records per chunk.
const CHUNK_LEN: usize = 1 << 10;
/// Enough for the longest record that a topic can allow, 64 MiB.
const LEN_BITS: u32 = 26;
const LEN_MASK: u64 = (1 << LEN_BITS) - 1;

impl RecordIndex {
    /// The longest record, in bytes.
    pub(super) const RECORD_LEN_MAX: usize = 1 << LEN_BITS;

    /// Adds the record of `len` bytes as JSON that begins at `offset`, after the last one.
    ///
    /// # Errors
    /// It is empty or longer than [`Self::RECORD_LEN_MAX`], or 256 GiB or more after the first of its chunk.
    pub(super) fn push(&mut self, offset: u64, len: usize) -> Result<(), NotIndexable> {
        if len == 0 || len > Self::RECORD_LEN_MAX {
            return Err(NotIndexable);
        }
        let is_full = |chunk: &IndexChunk| chunk.entries.len() == CHUNK_LEN;
        if self.chunks.last().is_none_or(is_full) {
            self.chunks.push(IndexChunk {
                base: offset,
                entries: Vec::with_capacity(CHUNK_LEN),
            });
        }
        let chunk = self.chunks.last_mut().expect("there is a chunk");
        let distance = offset.checked_sub(chunk.base).ok_or(NotIndexable)?;
        if distance >= 1 << (64 - LEN_BITS) {
            return Err(NotIndexable);
        }
        chunk.entries.push(distance << LEN_BITS | (len as u64 - 1));
        self.longest = self.longest.max(len);
        Ok(())
    }

    /// Frees what the last chunk does not use.
    pub(super) fn shrink_to_fit(&mut self) {
        self.chunks.shrink_to_fit();
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.entries.shrink_to_fit();
        }
    }

    /// The number of records.
    pub(super) fn count(&self) -> u64 {
        let full = self.chunks.len().saturating_sub(1) * CHUNK_LEN;
        let last = self.chunks.last().map_or(0, |chunk| chunk.entries.len());
        (full + last) as u64
    }

    /// The length of the longest record as JSON, in bytes.
    pub(super) const fn longest(&self) -> usize {
        self.longest
    }

    /// The offset in the file of the record at `index`; `None` if there is no such record.
    pub(super) fn offset(&self, index: u64) -> Option<u64> {
        self.entry(index)
            .map(|(base, entry)| base + (entry >> LEN_BITS))
    }

    /// The length as JSON of the record at `index`, in bytes.
    ///
    /// # Panics
    /// Panics if `index` is not less than [`Self::count`].
    pub(super) fn len(&self, index: u64) -> usize {
        let (_, entry) = self.entry(index).expect("the record exists");
        let len = usize::try_from(entry & LEN_MASK);
        len.expect("a length has 26 bits") + 1
    }

    /// Writes all of it to a file.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for chunk in &self.chunks {
            for word in std::iter::once(&chunk.base).chain(&chunk.entries) {
                out.write_all(&word.to_le_bytes())?;
            }
        }
        Ok(())
    }

    /// Reads what [`Self::write`] has written of `count` records, the longest of which has `longest` bytes.
    pub(super) fn read(count: u64, longest: usize, file: &mut impl Read) -> io::Result<Self> {
        let mut left = usize::try_from(count).map_err(io::Error::other)?;
        let mut chunks = Vec::new();
        let mut bytes = vec![0; 8 * (CHUNK_LEN + 1)];
        while left > 0 {
            let len = left.min(CHUNK_LEN);
            let bytes = &mut bytes[..8 * (len + 1)];
            file.read_exact(bytes)?;
            let (words, _) = bytes.as_chunks::<8>();
            let mut words = words.iter().map(|&word| u64::from_le_bytes(word));
            chunks.push(IndexChunk {
                base: words.next().unwrap_or_default(),
                entries: words.collect(),
            });
            left -= len;
        }
        Ok(Self { chunks, longest })
    }

    fn entry(&self, index: u64) -> Option<(u64, u64)> {
        let (chunk, place) = place(index);
        let chunk = self.chunks.get(chunk)?;
        Some((chunk.base, *chunk.entries.get(place)?))
    }
}

/// The chunk of the record at `index`, and its place in it.
fn place(index: u64) -> (usize, usize) {
    let index = usize::try_from(index).expect("the index is in memory");
    (index / CHUNK_LEN, index % CHUNK_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_in_several_chunks() {
        let mut index = RecordIndex::default();
        assert_eq!((index.count(), index.offset(0)), (0, None));
        let offset = |n: u64| 3 + n * n * 1_000;
        let len = |n: u64| 1 + usize::try_from(n % 100).unwrap();
        for n in 0..2_500 {
            index.push(offset(n), len(n)).unwrap();
        }
        index.shrink_to_fit();
        assert_eq!((index.count(), index.longest()), (2_500, 100));
        for n in [0, 1, 1_023, 1_024, 2_047, 2_048, 2_499] {
            assert_eq!((index.offset(n), index.len(n)), (Some(offset(n)), len(n)));
        }
        assert_eq!(index.offset(2_500), None);
        let mut file = Vec::new();
        index.write(&mut file).unwrap();
        let read = |file: &[u8]| RecordIndex::read(2_500, 100, &mut &file[..]);
        assert_eq!(read(&file).unwrap(), index);
        assert!(read(&file[1..]).is_err());
    }

    #[test]
    fn the_longest_records_at_the_longest_distance_fit() {
        let mut index = RecordIndex::default();
        let distance = (256 << 30) / 1_024;
        for n in 0..1_025 {
            let offset = n * distance;
            index.push(offset, RecordIndex::RECORD_LEN_MAX).unwrap();
        }
        assert_eq!(index.len(1_023), RecordIndex::RECORD_LEN_MAX);
        assert_eq!(index.offset(1_023), Some(1_023 * distance));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut index = RecordIndex::default();
        assert_eq!(index.push(0, 0), Err(NotIndexable));
        assert_eq!(index.push(0, (64 << 20) + 1), Err(NotIndexable));
        index.push(7, 1).unwrap();
        assert_eq!(index.push(7 + (1 << 38), 1), Err(NotIndexable));
        assert_eq!(index.push(6, 1), Err(NotIndexable));
        assert_eq!(index.count(), 1);
    }
}
