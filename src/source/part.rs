//! `Part`: how much of a dataset is read before other work gets its turn.

/// A bounded part of a pass over the records. It ends between two records, so it is longer by at most one of them.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Bytes read, plus [`Self::RECORD_COST`] for each record.
    cost: usize,
}

impl Part {
    /// Bytes in a part: about a millisecond's work.
    const COST_MAX: usize = 256 * 1024;

    /// What a record costs besides its bytes, in bytes, so that short records are not free.
    const RECORD_COST: usize = 64;

    /// Whether another record belongs to it.
    pub(super) const fn has_room(&self) -> bool {
        self.cost < Self::COST_MAX
    }

    /// Adds `record` to it.
    pub(super) const fn add(&mut self, record: &[u8]) {
        self.cost += record.len() + Self::RECORD_COST;
    }
}
