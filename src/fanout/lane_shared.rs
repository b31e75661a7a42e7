//! `LaneShared`: the state that a lane shares with other threads; and `LaneMessage`, what they send to it.

use std::io;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::runtime::Handle;

use super::backfill::{Block, FinishedRead};
use super::drain::Drain;
use super::ids::ViewerNumbers;
use super::lane_waker::LaneInbox;
use super::viewer_join::JoinRequest;
use crate::clock::Clock;
use crate::hub::Topic;

/// The state that a lane shares with other threads.
#[derive(Debug)]
pub(super) struct LaneShared {
    pub(super) inbox: LaneInbox<LaneMessage, mio::Waker>,
    pub(super) drain: Arc<Drain>,
    pub(super) clock: Clock,
    /// Its threads for blocking work read records that are not in memory.
    pub(super) runtime: Handle,
    /// Shared by all lanes.
    pub(super) viewer_numbers: Arc<ViewerNumbers>,
    /// Viewers on the lane and on their way to it; each holds a [`LoadGuard`].
    pub(super) load: Arc<AtomicUsize>,
    /// Set when the hub shuts down; the lane's thread then ends.
    pub(super) is_stopped: AtomicBool,
    /// Set once, when the lane has closed its viewers at the end of a drain.
    pub(super) is_closed: AtomicBool,
    /// Turns that the lane has run; the watchdog expects it to grow.
    pub(super) turns: AtomicU64,
}

impl LaneShared {
    /// Reports to the drain that the lane has closed its viewers: once, also if the lane fails and its successor closes
    /// what is left.
    pub(super) fn report_closed(&self) {
        if !self.is_closed.swap(true, Ordering::AcqRel) {
            self.drain.report_lane_closed();
        }
    }
}

/// What other threads send to a lane.
#[derive(Debug)]
pub(super) enum LaneMessage {
    /// A viewer joins.
    Join(Box<NewViewer>),
    /// A block of the topic's history has been read.
    BlockRead(Arc<Topic>, FinishedRead),
}

/// A viewer on its way to a lane: its socket, taken over from the HTTP server, and its request.
#[derive(Debug)]
pub(super) struct NewViewer {
    pub(super) socket: TcpStream,
    /// Bytes that the HTTP server has read beyond the request.
    pub(super) leftover: Bytes,
    pub(super) request: JoinRequest,
    pub(super) load: LoadGuard,
}

/// Counts one viewer on a lane, or on its way to it, until it is dropped.
#[derive(Debug)]
pub(super) struct LoadGuard(Arc<AtomicUsize>);

impl LaneShared {
    /// Reads `block` of the history of `topic` without blocking the lane, and sends it the result.
    pub(super) fn read_block(self: &Arc<Self>, topic: Arc<Topic>, block: Block) {
        let lane = Arc::clone(self);
        self.runtime.spawn_blocking(move || {
            let read = || topic.read(block.first, block.last);
            let result = catch_unwind(AssertUnwindSafe(read))
                .unwrap_or_else(|_| Err(io::Error::other("reading panicked").into()));
            topic.report_read(result.as_ref().err());
            let read = FinishedRead { block, result };
            lane.inbox.send(LaneMessage::BlockRead(topic, read));
        });
    }
}

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
