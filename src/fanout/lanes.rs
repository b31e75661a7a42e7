//! `Lanes`: the threads that serve viewers, one lane per core.
//!
//! It assigns viewers to lanes, wakes the lanes for drains, and restarts a lane that fails.

use std::io;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use mio::{Poll, Waker};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::drain::Drain;
use super::ids::ViewerNumbers;
use super::lane::Lane;
use super::lane_shared::{LaneMessage, LaneShared, LoadGuard, NewViewer};
use super::lane_waker::{LaneInbox, LaneWaker};
use super::viewer_join::JoinRequest;
use crate::clock::Clock;

/// The lanes of one hub. Dropping it stops them.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Arc<LaneShared>>,
    threads: Vec<JoinHandle<()>>,
    drain: Arc<Drain>,
}

impl Lanes {
    /// Starts one lane per core that the process may use. Records that are not in memory are read on `runtime`.
    ///
    /// # Errors
    /// The system has no file descriptor or thread left.
    pub fn start(clock: Clock, runtime: &Handle, drain: &Arc<Drain>) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut lanes = Self {
            lanes: Vec::new(),
            threads: Vec::new(),
            drain: Arc::clone(drain),
        };
        let viewer_numbers = Arc::new(ViewerNumbers::default());
        for n in 0..cores {
            let poll = Poll::new()?;
            let waker = Arc::new(LaneWaker::new(Waker::new(poll.registry(), Lane::WAKER)?));
            let shared = Arc::new(LaneShared {
                inbox: LaneInbox::new(waker),
                drain: Arc::clone(drain),
                clock,
                runtime: runtime.clone(),
                viewer_numbers: Arc::clone(&viewer_numbers),
                load: Arc::new(AtomicUsize::new(0)),
                is_stopped: AtomicBool::new(false),
                is_closed: AtomicBool::new(false),
                turns: AtomicU64::new(0),
            });
            lanes.lanes.push(Arc::clone(&shared));
            let thread = thread::Builder::new()
                .name(format!("lane-{n}"))
                .spawn(move || run(&shared, poll))?;
            lanes.threads.push(thread);
        }
        Ok(lanes)
    }

    /// Hands `socket` to the lane with the fewest viewers. `leftover` has been read from it already.
    ///
    /// # Errors
    /// The socket cannot be detached from the tokio runtime; it is closed.
    pub fn admit(
        &self,
        socket: TcpStream,
        leftover: Bytes,
        request: JoinRequest,
    ) -> io::Result<()> {
        let socket = socket.into_std()?;
        let least = self
            .lanes
            .iter()
            .min_by_key(|lane| lane.load.load(Ordering::Relaxed));
        if let Some(lane) = least {
            lane.inbox.send(LaneMessage::Join(Box::new(NewViewer {
                socket,
                leftover,
                request,
                load: LoadGuard::new(&lane.load),
            })));
        }
        Ok(())
    }

    /// Wakes every lane, and returns the turns that each had run before. A lane that is alive soon exceeds its number.
    #[must_use]
    pub fn probe(&self) -> Vec<u64> {
        let wake = |lane: &Arc<LaneShared>| {
            let turns = lane.turns.load(Ordering::Relaxed);
            lane.inbox.waker().notify();
            turns
        };
        self.lanes.iter().map(wake).collect()
    }

    /// Starts the drain: all `viewers` are sent `bye`, and their streams continue.
    pub fn start_drain(&self, viewers: usize) {
        self.drain.start(viewers);
        self.wake_all();
    }

    /// Closes the `viewers` that remain. Returns once each has been sent its close, or its socket is blocked.
    pub async fn close(&self, viewers: usize) {
        self.drain.start_closing(viewers);
        self.wake_all();
        self.drain.wait_for_lanes(self.lanes.len()).await;
    }

    fn wake_all(&self) {
        for lane in &self.lanes {
            lane.inbox.waker().notify();
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.is_stopped.store(true, Ordering::Release);
            lane.inbox.waker().notify();
        }
        for thread in self.threads.drain(..) {
            // The thread catches the panics of its lane, so this cannot fail.
            _ = thread.join();
        }
    }
}

/// Runs a lane, and replaces it if it fails. Its viewers lose their connections and reconnect; viewers on other lanes
/// do not notice.
fn run(shared: &Arc<LaneShared>, mut poll: Poll) {
    /// The pause before a failed lane is replaced, so that a persistent failure does not become a busy loop.
    const PAUSE: Duration = Duration::from_millis(100);
    while !shared.is_stopped.load(Ordering::Acquire) {
        let mut lane = Lane::new(shared, &mut poll);
        let error = match catch_unwind(AssertUnwindSafe(|| lane.run())) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "a panic".to_owned(),
        };
        tracing::error!(
            event = "lane.failed",
            error,
            lost = lane.len(),
            "a lane failed and its viewers were disconnected; please report this bug"
        );
        thread::park_timeout(PAUSE);
    }
}
