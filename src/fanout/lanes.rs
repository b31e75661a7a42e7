//! `Lanes`: the threads that viewers are served on, as many as there are cores.

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

use super::bell::Bell;
use super::drain::Drain;
use super::joiner::Joiner;
use super::lane::Lane;
use super::load::Load;
use super::mailbox::Mailbox;
use super::shared::{Newcomer, Shared};
use crate::clock::Clock;

/// The lanes of one hub. Dropped, they stop.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Arc<Shared>>,
    threads: Vec<JoinHandle<()>>,
    drain: Arc<Drain>,
}

impl Lanes {
    /// Starts one lane for each core that the process may use.
    ///
    /// # Errors
    /// The system has no descriptor or no thread for one.
    pub fn start(clock: Clock, drain: &Arc<Drain>) -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut lanes = Self {
            lanes: Vec::new(),
            threads: Vec::new(),
            drain: Arc::clone(drain),
        };
        for n in 0..cores {
            let poll = Poll::new()?;
            let bell = Arc::new(Bell::new(Waker::new(poll.registry(), Lane::BELL)?));
            let shared = Arc::new(Shared {
                mailbox: Mailbox::new(bell),
                drain: Arc::clone(drain),
                clock,
                load: Arc::new(AtomicUsize::new(0)),
                is_stopped: AtomicBool::new(false),
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

    /// Has `socket`, on which `leftover` was read already, served on the lane with the fewest viewers.
    ///
    /// # Errors
    /// The socket cannot be taken from the runtime; it is gone.
    pub fn admit(&self, socket: TcpStream, leftover: Bytes, joiner: Joiner) -> io::Result<()> {
        let socket = socket.into_std()?;
        let least = self
            .lanes
            .iter()
            .min_by_key(|lane| lane.load.load(Ordering::Relaxed));
        if let Some(lane) = least {
            lane.mailbox.post(Newcomer {
                socket,
                leftover,
                joiner,
                load: Load::add_to(&lane.load),
            });
        }
        Ok(())
    }

    /// Has each lane wake, and returns how often each had woken before: more than that by and by, while it lives.
    #[must_use]
    pub fn knock(&self) -> Vec<u64> {
        let knock = |lane: &Arc<Shared>| {
            let turns = lane.turns.load(Ordering::Relaxed);
            lane.mailbox.bell().ring();
            turns
        };
        self.lanes.iter().map(knock).collect()
    }

    /// Begins to tell all `viewers` that the hub ends; their streams go on.
    pub fn drain(&self, viewers: usize) {
        self.drain.begin(viewers);
        self.ring();
    }

    /// Closes the `viewers` that are left, and returns when each has been sent its close or takes nothing.
    pub async fn close(&self, viewers: usize) {
        self.drain.close(viewers);
        self.ring();
        self.drain.closed(self.lanes.len()).await;
    }

    fn ring(&self) {
        for lane in &self.lanes {
            lane.mailbox.bell().ring();
        }
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        for lane in &self.lanes {
            lane.is_stopped.store(true, Ordering::Release);
            lane.mailbox.bell().ring();
        }
        for thread in self.threads.drain(..) {
            // A lane catches its panics itself.
            _ = thread.join();
        }
    }
}

/// Runs a lane. One that fails loses its viewers, who come back, and a new one takes its place: the others' streams
/// go on.
fn run(shared: &Shared, mut poll: Poll) {
    /// Whatever a lane fails of, it does not fail of it a thousand times a second.
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
            "a lane failed and lost its viewers; please report it"
        );
        thread::park_timeout(PAUSE);
    }
}
