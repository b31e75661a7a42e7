//! Access to what a topic has published, for the history API. Computed; nothing is stored.

use super::Topic;
use crate::hub::range_query::{RangePage, RangeQuery};
use crate::protocol::message::Retained;
use crate::protocol::{DueRecord, Seq};
use crate::source::Dataset;

impl Topic {
    /// The range that the history covers when `to` is the last publication; `None` before the first.
    #[must_use]
    pub fn retained(&self, to: Seq) -> Option<Retained> {
        let from = Seq::ZERO.next();
        (from <= to).then_some(Retained { from, to })
    }

    /// The first `limit` publications of `query`, of those published so far.
    #[must_use]
    pub fn range_page(&self, query: RangeQuery, limit: u64) -> RangePage {
        query.page(&self.timeline(), self.published(), limit)
    }

    /// The record at `seq` with its instant, not encoded; `None` if it has not been published yet.
    #[must_use]
    pub fn published_record(&self, seq: Seq) -> Option<DueRecord<'_>> {
        (seq <= self.published())
            .then(|| self.due(&self.timeline(), seq))
            .flatten()
    }

    /// Returns the dataset.
    #[must_use]
    pub const fn dataset(&self) -> &Dataset {
        &self.dataset
    }
}
