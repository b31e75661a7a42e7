//! What monitoring asks about the hub as a whole, apart from its topics: [`ListenerStats`] of each listener, and
//! [`ConfigStatus`], how the last reload ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::hub::Connections;
use crate::metrics::{Counter, MetricMap};

/// The connections and responses of one listener.
#[derive(Debug, Clone)]
pub struct ListenerStats {
    /// The listener's name in the log.
    pub name: &'static str,
    /// Its connections.
    pub connections: Connections,
    /// How many responses it has sent, by status code. Bounded, because there are few codes.
    pub responses: Arc<MetricMap<u16, Counter>>,
}

/// How the last reload of the configuration ended.
#[derive(Debug)]
pub struct ConfigStatus {
    is_last_reload_successful: AtomicBool,
    pending_keys: AtomicUsize,
}

impl ListenerStats {
    /// The listener `name` with `connections`, which has sent nothing yet.
    #[must_use]
    pub fn new(name: &'static str, connections: Connections) -> Self {
        let responses = MetricMap::default();
        // Exists from the start: a scraper would take a first value that is not zero for no increase.
        _ = responses.get(200);
        Self {
            name,
            connections,
            responses: Arc::new(responses),
        }
    }

    /// Counts a response with this status code.
    pub fn count_response(&self, code: u16) {
        self.responses.get(code).add(1);
    }
}

impl Default for ConfigStatus {
    /// The configuration was loaded at the start.
    fn default() -> Self {
        Self {
            is_last_reload_successful: AtomicBool::new(true),
            pending_keys: AtomicUsize::new(0),
        }
    }
}

impl ConfigStatus {
    /// Records a reload that was applied, except for `pending` keys that wait for a restart or for the journal.
    pub fn report_success(&self, pending: usize) {
        self.pending_keys.store(pending, Ordering::Relaxed);
        self.is_last_reload_successful
            .store(true, Ordering::Relaxed);
    }

    /// Records a reload that was refused, so that the old configuration stays in force.
    pub fn report_failure(&self) {
        self.is_last_reload_successful
            .store(false, Ordering::Relaxed);
    }

    /// Whether the configuration that was read last is in force.
    #[must_use]
    pub fn is_last_reload_successful(&self) -> bool {
        self.is_last_reload_successful.load(Ordering::Relaxed)
    }

    /// How many changed keys of the last successful reload are not in force.
    #[must_use]
    pub fn pending_keys(&self) -> usize {
        self.pending_keys.load(Ordering::Relaxed)
    }
}
