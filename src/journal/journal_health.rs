//! `JournalHealth`: whether the journal can be written, and how long the disk takes. Logs when that changes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sync_timer::SyncTimer;
use crate::metrics::BucketHistogram;
use crate::telemetry::error_reason;

/// Whether the last write of the journal failed, and how long its writes take. Clones share their state.
#[derive(Debug, Clone)]
pub struct JournalHealth {
    /// The path for the log.
    journal: PathBuf,
    /// Set from the first failure that was logged until the next success.
    is_failing: Arc<AtomicBool>,
    sync_timer: SyncTimer,
}

impl JournalHealth {
    /// No write has failed yet.
    pub(super) fn new(journal: PathBuf, sync_timer: SyncTimer) -> Self {
        Self {
            journal,
            is_failing: Arc::default(),
            sync_timer,
        }
    }

    /// Whether the last write failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed)
    }

    /// How long the disk took to confirm each write.
    #[must_use]
    pub fn sync_durations(&self) -> &BucketHistogram {
        self.sync_timer.durations()
    }

    /// Logs that a write failed with `error`; only the first time until a write succeeds.
    pub fn report_failure(&self, error: &io::Error) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::error!(
                event = "journal.failed",
                path = %self.journal.display(),
                error = error.to_string(),
                reason = error_reason(error),
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
