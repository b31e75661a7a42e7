//! [`WorkBudget`]: bounds the work of one step of a pass over a dataset. [`RecordPass`]: records that a pass reads.

use super::source_error::SourceError;

/// Records that are read one after the other, in bounded steps.
pub(super) trait RecordPass {
    /// The number of records.
    fn count(&self) -> u64;

    /// Calls `visit` with the records from `next` on, as long as `budget` lasts. Returns the index of the record after
    /// the last one. May block.
    fn visit(
        &self,
        next: u64,
        budget: &mut WorkBudget,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<u64, SourceError>;
}

/// The work done in one step, compared with the limit. A step ends between records, so it exceeds the limit by at most
/// one record.
#[derive(Debug, Default)]
pub(super) struct WorkBudget {
    /// Bytes read, plus [`Self::RECORD_COST`] for each record.
    cost: usize,
}

impl WorkBudget {
    /// The limit in bytes: about a millisecond of work.
    const COST_MAX: usize = 256 * 1024;

    /// The fixed cost per record, in bytes, so that short records are not free.
    const RECORD_COST: usize = 64;

    /// Whether the step may read another record.
    pub(super) const fn is_left(&self) -> bool {
        self.cost < Self::COST_MAX
    }

    /// Accounts for reading a record of `len` bytes.
    pub(super) const fn spend(&mut self, len: usize) {
        self.cost += len + Self::RECORD_COST;
    }
}
