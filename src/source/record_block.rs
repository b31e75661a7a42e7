//! [`RecordBlock`]: the records of a dataset as JSON text, in one block of memory.

use std::ops::Range;

use bytes::Bytes;

use super::source_error::SourceError;
use super::work_budget::{RecordPass, WorkBudget};

/// Records without insignificant white space, in order.
#[derive(Debug)]
pub(super) struct RecordBlock {
    /// The concatenated records.
    text: Bytes,
    /// The offset in `text` of the end of each record.
    ends: Vec<usize>,
}

impl RecordBlock {
    /// Splits `text` at `ends`, which are ascending offsets, the last of them its length.
    pub(super) const fn new(text: Bytes, ends: Vec<usize>) -> Self {
        Self { text, ends }
    }

    /// The number of records.
    pub(super) const fn len(&self) -> u64 {
        self.ends.len() as u64
    }

    /// The record at `index`.
    ///
    /// # Panics
    /// Panics if `index` is not less than [`RecordBlock::len`].
    pub(super) fn get(&self, index: u64) -> &[u8] {
        &self.text[self.range(index)]
    }

    fn range(&self, index: u64) -> Range<usize> {
        let index =
            usize::try_from(index).expect("an index is less than the number of records in memory");
        let start = index
            .checked_sub(1)
            .map_or(0, |previous| self.ends[previous]);
        start..self.ends[index]
    }

    /// The record at `index`, which shares the memory of the block.
    ///
    /// # Panics
    /// Panics if `index` is not less than [`RecordBlock::len`].
    pub(super) fn slice(&self, index: u64) -> Bytes {
        self.text.slice(self.range(index))
    }

    /// All records, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends
            .iter()
            .map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }
}

impl RecordPass for RecordBlock {
    fn count(&self) -> u64 {
        self.len()
    }

    fn visit(
        &self,
        mut next: u64,
        budget: &mut WorkBudget,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, SourceError> {
        while next < self.len() && budget.is_left() {
            let record = self.get(next);
            budget.spend(record.len());
            visit(record);
            next += 1;
        }
        Ok(next)
    }
}
