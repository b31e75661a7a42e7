//! `LoadGuard`: counts a viewer towards the load of its lane.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts one viewer on a lane, or on its way to it, until it is dropped.
#[derive(Debug)]
pub(super) struct LoadGuard(Arc<AtomicUsize>);

impl LoadGuard {
    pub(super) fn new(lane: &Arc<AtomicUsize>) -> Self {
        lane.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(lane))
    }
}

impl Drop for LoadGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
