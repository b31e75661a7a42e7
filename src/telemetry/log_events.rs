//! `LogEvents`: how often each event was logged, so that monitoring sees faults without reading the log.

use std::sync::Arc;

use crate::metrics::{Counter, MetricMap};

/// Counts the log lines by level and event. Clones share the counts. Bounded, because events are named in the code.
#[derive(Debug, Clone, Default)]
pub struct LogEvents(Arc<MetricMap<LogEventKey, Counter>>);

/// What log lines are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogEventKey {
    /// The level, in upper case.
    pub level: &'static str,
    /// The name of the event; for a line of a library, the place in its code.
    pub event: String,
}

impl LogEvents {
    /// Counts a line.
    pub(super) fn count(&self, level: &'static str, event: &str) {
        let event = event.to_owned();
        self.0.get(LogEventKey { level, event }).add(1);
    }

    /// How many lines of each level and event there were, in a stable order.
    #[must_use]
    pub fn totals(&self) -> Vec<(LogEventKey, u64)> {
        let list = self.0.list().into_iter();
        list.map(|(key, counter)| (key, counter.total())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_by_level_and_event() {
        let events = LogEvents::default();
        for (level, event) in [("INFO", "b"), ("WARN", "a"), ("INFO", "b"), ("INFO", "a")] {
            events.count(level, event);
        }
        let totals = events.totals().into_iter();
        let totals: Vec<_> = totals
            .map(|(key, total)| (key.level, key.event, total))
            .collect();
        let expected = [("INFO", "a", 1), ("INFO", "b", 2), ("WARN", "a", 1)];
        assert_eq!(
            totals,
            expected.map(|(level, event, n)| (level, event.to_owned(), n))
        );
    }
}
