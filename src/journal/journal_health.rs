//! Logs when the journal can no longer be written, and when it can again.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the last write of the journal failed. Clones share their state.
#[derive(Debug, Clone)]
pub struct JournalHealth {
    /// The path for the log.
    journal: PathBuf,
    /// Set from the first failure that was logged until the next success.
    is_failing: Arc<AtomicBool>,
}

impl JournalHealth {
    /// No write has failed yet.
    pub(super) fn new(journal: PathBuf) -> Self {
        let is_failing = Arc::default();
        Self {
            journal,
            is_failing,
        }
    }

    /// Whether the last write failed.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// Logs that a write failed with `error`; only the first time until a write succeeds.
    pub fn report_failure(&self, error: &io::Error) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::error!(
                event = "journal.failed",
                path = %self.journal.display(),
                error = error.to_string(),
                "the journal cannot be written; the stream continues, but a restart may not know the newest publication"
            );
        }
    }

    /// Logs that the journal can be written again, if that has failed before.
    pub(super) fn report_success(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!(
                event = "journal.recovered",
                path = %self.journal.display(),
                "the journal can be written again"
            );
        }
    }
}
