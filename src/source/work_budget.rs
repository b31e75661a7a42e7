//! [`WorkBudget`]: bounds the work of one step of a pass over a dataset.

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

    /// Accounts for reading `record`.
    pub(super) const fn spend(&mut self, record: &[u8]) {
        self.cost += record.len() + Self::RECORD_COST;
    }
}
