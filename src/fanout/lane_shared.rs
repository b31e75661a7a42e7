//! `LaneShared`: the state that a lane shares with other threads, and the message by which viewers join it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use bytes::Bytes;

use super::drain::Drain;
use super::lane_inbox::LaneInbox;
use super::load_guard::LoadGuard;
use super::viewer_join::JoinRequest;
use crate::clock::Clock;

/// A viewer on its way to a lane: its socket, taken over from the HTTP server, and its request.
#[derive(Debug)]
pub(super) struct NewViewer {
    pub(super) socket: std::net::TcpStream,
    /// Bytes that the HTTP server has read beyond the request.
    pub(super) leftover: Bytes,
    pub(super) request: JoinRequest,
    pub(super) load: LoadGuard,
}

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
