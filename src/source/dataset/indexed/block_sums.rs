//! [`BlockSums`]: the CRC32C of each block of a file. [`FileHash`]: these, and the digest of the whole file.

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

/// The sums of the blocks, in order. Every block has [`BLOCK_LEN`] bytes, except the last one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BlockSums {
    sums: Vec<u32>,
    /// The bytes of the last block so far; 0 at the end of a block.
    partial: usize,
}

/// The bytes of a file so far.
#[derive(Debug, Default)]
pub(super) struct FileHash {
    hasher: Sha256,
    sums: BlockSums,
    len: u64,
}

/// In bytes: what is read from the disk at once, and what a single flipped bit makes unreadable.
pub(super) const BLOCK_LEN: usize = 64 << 10;

impl BlockSums {
    /// Adds the next bytes of the file.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK_LEN - self.partial));
            if self.partial == 0 {
                self.sums.push(0);
            }
            let last = self.sums.last_mut().expect("there is a block");
            *last = crc32c::crc32c_append(*last, now);
            self.partial = (self.partial + now.len()) % BLOCK_LEN;
            bytes = later;
        }
    }

    /// The number of blocks.
    pub(super) const fn count(&self) -> usize {
        self.sums.len()
    }

    /// Writes all of them to a file.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut sums = self.sums.iter();
        sums.try_for_each(|sum| out.write_all(&sum.to_le_bytes()))
    }

    /// Reads what [`Self::write`] has written of `count` blocks.
    pub(super) fn read(count: usize, file: &mut impl Read) -> io::Result<Self> {
        let mut sums = Vec::new();
        for _ in 0..count {
            let mut sum = [0; 4];
            file.read_exact(&mut sum)?;
            sums.push(u32::from_le_bytes(sum));
        }
        Ok(Self { sums, partial: 0 })
    }

    /// Whether `bytes` are those of the block `number`.
    pub(super) fn matches(&self, number: usize, bytes: &[u8]) -> bool {
        self.sums.get(number) == Some(&crc32c::crc32c(bytes))
    }
}

impl FileHash {
    /// Adds the next bytes of the file.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        self.sums.push(bytes);
        self.len += bytes.len() as u64;
    }

    /// The number of bytes so far.
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// The SHA-256 of the file, and the sums of its blocks.
    pub(super) fn finish(mut self) -> ([u8; 32], BlockSums) {
        self.sums.sums.shrink_to_fit();
        (self.hasher.finalize().into(), self.sums)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_recognized_however_it_was_added() {
        let file: Vec<u8> = (0..2 * BLOCK_LEN + 5)
            .map(|n| u8::try_from(n % 251).unwrap())
            .collect();
        for step in [1, 1_000, BLOCK_LEN, BLOCK_LEN + 1, 5 * BLOCK_LEN] {
            let mut sums = BlockSums::default();
            for bytes in file.chunks(step) {
                sums.push(bytes);
            }
            for (number, block) in file.chunks(BLOCK_LEN).enumerate() {
                assert!(sums.matches(number, block), "{step} {number}");
                let mut flipped = block.to_owned();
                flipped[3] ^= 1;
                assert!(!sums.matches(number, &flipped), "{step} {number}");
            }
            assert!(!sums.matches(3, b""));
        }
    }

    #[test]
    fn the_sum_is_that_of_rfc_3720() {
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    }
}
