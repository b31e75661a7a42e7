//! `SyncTimer`: measures how long the disk takes to confirm writes of the journal.
//!
//! The folder and the file of the entries share one, as does the report about the journal's health.

use std::io;
use std::sync::Arc;

use tokio::time::Instant;

use crate::metrics::{BucketBounds, BucketHistogram};

/// Measures calls that wait for the disk. Clones share their measurements.
#[derive(Debug, Clone)]
pub(super) struct SyncTimer(Arc<BucketHistogram>);

impl Default for SyncTimer {
    fn default() -> Self {
        Self(Arc::new(BucketHistogram::new(BucketBounds::COARSE)))
    }
}

impl SyncTimer {
    /// Runs `sync`, which waits until the disk has confirmed a write. Failures count too: a broken disk may take long.
    pub(super) fn measure(&self, sync: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let started_at = Instant::now();
        let result = sync();
        self.0.observe(started_at.elapsed());
        result
    }

    /// How long each call took.
    pub(super) fn durations(&self) -> &BucketHistogram {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_and_successful_syncs_are_counted() {
        let timer = SyncTimer::default();
        assert!(timer.measure(|| Ok(())).is_ok());
        assert!(
            timer
                .measure(|| Err(io::ErrorKind::StorageFull.into()))
                .is_err()
        );
        assert_eq!(timer.clone().durations().read().count, 2);
    }
}
