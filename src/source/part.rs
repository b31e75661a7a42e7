//! `Part`: how much of a dataset is gone through before others get their turn. Small, and of two siblings.

/// A bounded part of a pass over the records. It ends between two records, so it is longer by at most one of them.
#[derive(Debug, Default)]
pub(super) struct Part {
    /// Bytes gone through, with what each record costs besides.
    cost: usize,
}

impl Part {
    /// Bytes in a part: about a millisecond's work.
    const COST_MAX: usize = 256 * 1024;

    /// What a record costs besides its bytes, in bytes: an empty one is no free one.
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
