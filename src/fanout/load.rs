//! `Load`: how many viewers a lane has, by those who have not left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One viewer on a lane, or on its way to it; it counts until it is dropped.
#[derive(Debug)]
pub(super) struct Load(Arc<AtomicUsize>);

impl Load {
    pub(super) fn add_to(lane: &Arc<AtomicUsize>) -> Self {
        lane.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(lane))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
