//! Whether the journal can be written: told when it cannot, and when it can again.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is told of a journal that cannot be written. Copies agree.
#[derive(Debug, Clone)]
pub struct Trouble {
    journal: PathBuf,
    is_there: Arc<AtomicBool>,
}

impl Trouble {
    /// None so far.
    pub(super) fn new(journal: PathBuf) -> Self {
        let is_there = Arc::default();
        Self { journal, is_there }
    }

    /// It cannot be written, for the reason of `error`; told once, until it can again.
    pub fn begin(&self, error: &io::Error) {
        if !self.is_there.swap(true, Ordering::Relaxed) {
            tracing::error!(
                event = "journal.failed",
                path = %self.journal.display(),
                error = error.to_string(),
                "the journal cannot be written; the stream goes on, and a restart may know less of it"
            );
        }
    }

    /// It was written.
    pub(super) fn end(&self) {
        if self.is_there.swap(false, Ordering::Relaxed) {
            tracing::info!(
                event = "journal.recovered",
                path = %self.journal.display(),
                "the journal is written again"
            );
        }
    }
}
