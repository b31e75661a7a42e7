//! `Losses`: how many lines are not in the log, and why.

use std::sync::Arc;

use tracing_appender::non_blocking::ErrorCounter;

use crate::metrics::Counter;

/// Cheap to clone; clones count the same.
#[derive(Debug, Clone)]
pub struct Losses {
    /// Lines that found the queue full.
    unqueued: ErrorCounter,
    unwritten: Arc<Counter>,
    suppressed: Arc<Counter>,
}

impl Losses {
    /// `unwritten` counts the lines that standard error did not take.
    pub(super) fn new(unqueued: ErrorCounter, unwritten: Arc<Counter>) -> Self {
        Self {
            unqueued,
            unwritten,
            suppressed: Arc::default(),
        }
    }

    /// Lines that nobody took: standard error was full, stuck or gone.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.unqueued.dropped_lines() as u64 + self.unwritten.total()
    }

    /// Events that were not told because there were too many of their kind.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.suppressed.total()
    }

    pub(super) fn suppress(&self) {
        self.suppressed.add(1);
    }
}
