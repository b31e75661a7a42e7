//! `LogDrops`: counts the log lines that were dropped or suppressed, and has the counts of those that were logged.

use std::sync::Arc;

use tracing_appender::non_blocking::ErrorCounter;

use super::LogEvents;
use crate::metrics::Counter;

/// The counters of lines that are missing from the log. Clones share them. The default is for a program that embeds a hub
/// and writes the log itself.
#[derive(Debug, Clone, Default)]
pub struct LogDrops {
    /// Lines that were dropped because the queue was full; `None` without our queue.
    unqueued: Option<ErrorCounter>,
    unwritten: Arc<Counter>,
    suppressed: Arc<Counter>,
    events: LogEvents,
}

impl LogDrops {
    /// Creates the counters; `unwritten` counts the lines that could not be written to standard error.
    pub(super) fn new(unqueued: ErrorCounter, unwritten: Arc<Counter>) -> Self {
        Self {
            unqueued: Some(unqueued),
            unwritten,
            suppressed: Arc::default(),
            events: LogEvents::default(),
        }
    }

    /// How often each event was logged, also if its line was dropped afterwards.
    #[must_use]
    pub const fn events(&self) -> &LogEvents {
        &self.events
    }

    /// Returns how many lines were lost because standard error was full, blocked or closed.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let unqueued = self
            .unqueued
            .as_ref()
            .map_or(0, ErrorCounter::dropped_lines);
        unqueued as u64 + self.unwritten.total()
    }

    /// Returns how many events were not logged because of a rate limit.
    #[must_use]
    pub fn suppressed(&self) -> u64 {
        self.suppressed.total()
    }

    pub(super) fn count_suppressed(&self) {
        self.suppressed.add(1);
    }
}
