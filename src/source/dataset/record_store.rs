//! [`RecordStore`]: the records of a dataset, in memory or in their file.

use std::ops::Range;

use bytes::Bytes;

use super::indexed::IndexedFile;
use crate::source::record_block::RecordBlock;
use crate::source::source_error::SourceError;
use crate::source::work_budget::{RecordPass, WorkBudget};

/// Where the records are.
#[derive(Debug)]
pub(super) enum RecordStore {
    /// In memory: those of a small file.
    Memory(RecordBlock),
    /// In the file, from which they are read when they are needed.
    File(Box<IndexedFile>),
}

impl RecordStore {
    /// The length of the record at `index`, in bytes.
    pub(super) fn record_len(&self, index: u64) -> usize {
        match self {
            Self::Memory(records) => records.get(index).len(),
            Self::File(file) => file.record_len(index),
        }
    }

    /// The records, if they are in memory.
    pub(super) const fn memory(&self) -> Option<&RecordBlock> {
        match self {
            Self::Memory(records) => Some(records),
            Self::File(_) => None,
        }
    }

    /// Reads the records of `range`. Blocks if they are not in memory.
    pub(super) fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError> {
        match self {
            Self::Memory(records) => Ok(range.map(|index| records.slice(index)).collect()),
            Self::File(file) => file.read(range),
        }
    }
}

impl RecordPass for RecordStore {
    fn count(&self) -> u64 {
        match self {
            Self::Memory(records) => records.len(),
            Self::File(file) => file.count(),
        }
    }

    fn visit(
        &self,
        next: u64,
        budget: &mut WorkBudget,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, SourceError> {
        match self {
            Self::Memory(records) => records.visit(next, budget, visit),
            Self::File(file) => file.visit(next, budget, visit),
        }
    }
}
