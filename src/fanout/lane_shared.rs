//! `LaneShared`: the state that a lane shares with other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use super::drain::Drain;
use super::lane_waker::LaneInbox;
use super::viewer_join::NewViewer;
use crate::clock::Clock;

/// The state that a lane shares with other threads.
#[derive(Debug)]
pub(super) struct LaneShared {
    pub(super) inbox: LaneInbox<NewViewer, mio::Waker>,
    pub(super) drain: Arc<Drain>,
    pub(super) clock: Clock,
    /// Viewers on the lane and on their way to it; each holds a [`LoadGuard`].
    pub(super) load: Arc<AtomicUsize>,
    /// Set when the hub shuts down; the lane's thread then ends.
    pub(super) is_stopped: AtomicBool,
    /// Turns that the lane has run; the watchdog expects it to grow.
    pub(super) turns: AtomicU64,
}
