//! A topic's past, computed: nothing of it is stored.

use super::Topic;
use crate::hub::history::{Served, Span};
use crate::protocol::message::Retained;
use crate::protocol::{Due, Seq};
use crate::source::Dataset;

impl Topic {
    /// What the history holds when `to` is the last publication; `None` before the first.
    #[must_use]
    pub fn retained(&self, to: Seq) -> Option<Retained> {
        let from = Seq::ZERO.next();
        (from <= to).then_some(Retained { from, to })
    }

    /// The first `limit` publications of `span`, of those that were published until now.
    #[must_use]
    pub fn served(&self, span: Span, limit: u64) -> Served {
        span.served(&self.timeline(), self.published(), limit)
    }

    /// The publication at `seq` before it is encoded; `None` for what was not published yet.
    #[must_use]
    pub fn past(&self, seq: Seq) -> Option<Due<'_>> {
        (seq <= self.published())
            .then(|| self.due(&self.timeline(), seq))
            .flatten()
    }

    /// What it replays.
    #[must_use]
    pub const fn dataset(&self) -> &Dataset {
        &self.dataset
    }
}
