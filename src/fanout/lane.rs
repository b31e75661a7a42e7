//! `Lane`: an event loop on one thread with one epoll that serves many viewers.
//!
//! It owns the viewers, the topics that they view and their timers, and decides who is served when. What a viewer sends
//! and when it is closed is up to [`Viewer`].
//!
//! Each turn does a bounded amount of every kind of work, so that joins, reads, sweeps and backfill do not wait for
//! each other.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::drain::DrainPhase;
use super::encoder::{Encoder, PendingChunks};
use super::lag_scan::LagScan;
use super::lane_context::LaneContext;
use super::lane_shared::LaneShared;
use super::lane_topic::LaneTopic;
use super::lane_waker::WakeHandle;
use super::tcp_socket::TcpAckProbe;
use super::timer_wheel::TimerWheel;
use super::viewer::{ServeOutcome, Viewer};
use super::viewer_join::Encoding;
use super::write_queue::{SentTotals, WriteBudget};

mod backfill;
mod draining;
mod joins;
mod timers;

/// The event loop of one thread.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    /// The state shared with other threads. It outlives the lane: a lane that fails is replaced.
    shared: &'a LaneShared,
    /// Every viewer's socket is registered here under the viewer's id, and the lane's waker under [`Self::WAKER`].
    poll: &'a mut Poll,
    /// The viewers by id. Ids are reused.
    viewers: Slab<Viewer>,
    /// The topics that have at least one viewer on this lane.
    topics: Slab<LaneTopic<mio::Waker>>,
    /// One timer per viewer, by id. An entry may be out of date; the viewer's own `timer_at` decides.
    timers: TimerWheel<u32>,
    /// The scan that reports how far behind viewers are.
    lag_scan: LagScan,
    /// Viewers to read from and serve later in this turn or in the next: they have more input, or a sweep may miss
    /// them.
    ready: Vec<u32>,
    /// Viewers that wait for a block of the history or to continue a long message, each at most once: exactly those
    /// with `is_queued`.
    backfill_queue: VecDeque<u32>,
    /// Scratch space for a sweep; empty between turns.
    visits: Vec<u32>,
    /// Whether the inbox may hold messages.
    is_inbox_pending: bool,
    /// The phase of the drain that has been applied to the viewers.
    drain_phase: DrainPhase,
    /// Buffers for reading a channel; empty between topics.
    pending: PendingChunks,
    /// Shared by all topics, for the memory of its compressor.
    encoder: Encoder,
    /// Measures the progress of viewers that are pinged or closed.
    ack_probe: TcpAckProbe,
    /// Scratch space for reading from any socket.
    read_buffer: [u8; Viewer::READ_LEN],
}

impl WakeHandle for mio::Waker {
    fn wake_lane(&self) {
        // This fails only if the lane no longer exists, and then there is nothing to wake.
        _ = self.wake();
    }
}

impl<'a> Lane<'a> {
    /// The token of the lane's waker; a viewer's token is its id.
    pub(super) const WAKER: Token = Token(usize::MAX);
    // These bounds keep a turn at some milliseconds, so that a rush of joins, which fills every turn with events, joins
    // and backfill, does not delay sweeps.
    /// Events taken from the kernel in one call.
    const EVENTS_MAX: usize = 256;
    /// The approximate number of viewers of all topics served by sweeps in one turn.
    const SWEEP_VISITS_MAX: usize = 1_024;
    /// Viewers of one group served before it is the turn of the other groups.
    const SWEEP_VISITS_PER_GROUP: usize = 256;

    /// Creates a lane without viewers. It checks its inbox first, because earlier notifications went to its
    /// predecessor.
    pub(super) fn new(shared: &'a LaneShared, poll: &'a mut Poll) -> Self {
        shared.inbox.waker().take_notified();
        Self {
            timers: TimerWheel::new(shared.clock.now()),
            lag_scan: LagScan::new(shared.clock.now()),
            shared,
            poll,
            viewers: Slab::new(),
            topics: Slab::new(),
            ready: Vec::new(),
            backfill_queue: VecDeque::new(),
            visits: Vec::new(),
            is_inbox_pending: true,
            drain_phase: DrainPhase::Serving,
            pending: PendingChunks::default(),
            encoder: Encoder::default(),
            ack_probe: TcpAckProbe::default(),
            read_buffer: [0; Viewer::READ_LEN],
        }
    }

    /// The number of viewers on the lane.
    pub(super) fn len(&self) -> usize {
        self.viewers.len()
    }

    /// Runs the event loop until the lane is stopped.
    ///
    /// # Errors
    /// Waiting for events fails.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(Self::EVENTS_MAX);
        while !self.shared.is_stopped.load(Ordering::Acquire) {
            match self.poll.poll(&mut events, self.poll_timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => self.turn(&events),
            }
        }
        Ok(())
    }

    /// How long to wait for events: zero if there is work left, `None` if nothing is scheduled.
    fn poll_timeout(&self) -> Option<Duration> {
        let is_busy = self.is_inbox_pending
            || !self.ready.is_empty()
            || !self.backfill_queue.is_empty()
            || self.lag_scan.is_running()
            || self
                .topics
                .iter()
                .any(|(_, lane_topic)| lane_topic.is_sweeping());
        if is_busy {
            return Some(Duration::ZERO);
        }
        let next = match (self.timers.next_expiry(), self.lag_scan.next_start()) {
            (Some(timer), Some(scan)) => timer.min(scan),
            (timer, scan) => timer.or(scan)?,
        };
        // The kernel counts in milliseconds and rounds up, so a timer is due when the wait ends.
        Some(next.since(self.shared.clock.now()))
    }

    /// Runs one turn of the event loop.
    fn turn(&mut self, events: &Events) {
        self.shared.turns.fetch_add(1, Ordering::Relaxed);
        self.on_events(events);
        self.accept_joins();
        for (_, lane_topic) in &mut self.topics {
            lane_topic.poll_feed(&mut self.pending, &mut self.encoder);
        }
        self.sweep();
        for id in std::mem::take(&mut self.ready) {
            self.read_and_serve(id);
        }
        self.serve_backfill();
        self.expire_timers();
        self.scan_lag();
        for (_, lane_topic) in &mut self.topics {
            lane_topic.flush_counters();
        }
    }

    /// Handles events from the kernel.
    fn on_events(&mut self, events: &Events) {
        if !events.is_empty() {
            self.lag_scan.request();
        }
        for event in events {
            if event.token() == Self::WAKER {
                self.shared.inbox.waker().take_notified();
                self.is_inbox_pending = true;
                continue;
            }
            let Ok(id) = u32::try_from(event.token().0) else {
                continue;
            };
            if event.is_writable() {
                self.mark_writable(id);
            }
            let is_gone = event.is_read_closed() || event.is_error();
            if is_gone && self.is_reading_disabled(id) {
                // The lane no longer reads from this socket, so no read would notice.
                self.remove(id);
            } else if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read_and_serve(id);
            } else {
                self.serve(id);
            }
        }
    }

    /// Serves the next viewers of all sweeps, up to the limit of a turn.
    fn sweep(&mut self) {
        let mut visits = std::mem::take(&mut self.visits);
        let mut served = 0;
        while served < Self::SWEEP_VISITS_MAX {
            for (_, lane_topic) in &mut self.topics {
                lane_topic.advance_sweeps(Self::SWEEP_VISITS_PER_GROUP, &mut visits);
            }
            if visits.is_empty() {
                break;
            }
            // A viewer may leave during the sweep. If another takes its id, serving that one does no harm.
            for id in visits.drain(..) {
                let viewer = self.viewers.get(id as usize);
                // Viewers that wait for backfill must not delay live viewers.
                if viewer.is_some_and(|viewer| !viewer.is_queued) {
                    self.serve(id);
                    served += 1;
                }
            }
        }
        self.visits = visits;
    }

    fn mark_writable(&mut self, id: u32) {
        if let Some(viewer) = self.viewers.get_mut(id as usize) {
            viewer.mark_writable();
        }
    }

    /// Handles a viewer's input, then serves it.
    fn read_and_serve(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let retry_ms = self.shared.drain.retry_ms();
        match viewer.read(&mut self.read_buffer, retry_ms, &self.shared.clock) {
            Ok(outcome) => {
                if outcome == ServeOutcome::ReadAgain {
                    self.ready.push(id);
                }
                self.serve(id);
            }
            Err(_) => self.remove(id),
        }
    }

    /// Writes what a viewer has not been sent yet, except long messages.
    fn serve(&mut self, id: u32) {
        self.serve_within(id, WriteBudget::live());
    }

    /// Writes within `budget` what a viewer has not been sent yet. If more is left, or the next publications are only
    /// in the history, the viewer joins the backfill queue.
    fn serve_within(&mut self, id: u32, budget: WriteBudget) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        let lane_topic = &self.topics[viewer.lane_topic as usize];
        let mut sent = SentTotals::default();
        let context = lane_context(lane_topic, viewer.encoding(), self.shared);
        let outcome = viewer
            .send(context, budget, &mut sent)
            .unwrap_or(ServeOutcome::Closed);
        if let ServeOutcome::NeedsBackfill { .. } | ServeOutcome::WriteAgain = outcome
            && !std::mem::replace(&mut viewer.is_queued, true)
        {
            if let ServeOutcome::NeedsBackfill {
                is_nearly_live: true,
            } = outcome
            {
                self.backfill_queue.push_front(id);
            } else {
                self.backfill_queue.push_back(id);
            }
        }
        let is_closing = viewer.is_closing();
        self.topics[viewer.lane_topic as usize].sent.add(sent);
        if outcome == ServeOutcome::Closed {
            self.remove(id);
        } else if is_closing {
            self.on_closing(id);
            self.arm_timer(id);
        }
    }

    /// Visits the next viewers if a scan is due; after the last, reports the lags to the topics.
    fn scan_lag(&mut self) {
        let now = self.shared.clock.now();
        let Some(keys) = self.lag_scan.next_keys(now, self.viewers.capacity()) else {
            return;
        };
        for key in keys {
            if let Some(viewer) = self.viewers.get(key)
                && let Some(last) = viewer.last()
            {
                self.topics[viewer.lane_topic as usize].observe(viewer.encoding(), last);
            }
        }
        if self.lag_scan.is_running() {
            return;
        }
        let mut is_any_behind = false;
        for (_, lane_topic) in &mut self.topics {
            is_any_behind |= lane_topic.report_lag();
        }
        if is_any_behind {
            // It may catch up without any other event on the lane.
            self.lag_scan.request();
        }
    }

    fn is_reading_disabled(&self, id: u32) -> bool {
        let viewer = self.viewers.get(id as usize);
        viewer.is_some_and(Viewer::is_reading_disabled)
    }

    /// Prepares a viewer for its close. Once its input is ignored, it must not wake the lane either, however much it
    /// sends: the kernel buffers what fits and then blocks the sender. The end of the connection is still reported.
    fn on_closing(&mut self, id: u32) {
        let Some(viewer) = self.viewers.get_mut(id as usize) else {
            return;
        };
        viewer.record_progress_at_close(&mut self.ack_probe);
        if viewer.disable_reading_once() {
            let token = Token(id as usize);
            let registry = self.poll.registry();
            // This fails only for a dead connection, which the kernel reports as well.
            _ = registry.reregister(viewer.socket(), token, Interest::WRITABLE);
        }
    }

    /// Removes a viewer that has left, which closes its socket and releases its permits.
    fn remove(&mut self, id: u32) {
        let Some(mut viewer) = self.viewers.try_remove(id as usize) else {
            return;
        };
        if viewer.is_queued {
            // Ids are reused, and a new viewer must not inherit the place in the queue.
            self.backfill_queue.retain(|queued| *queued != id);
        }
        // Closing the socket deregisters it as well, so a failure does not matter.
        _ = self.poll.registry().deregister(viewer.socket());
        let lane_topic = &mut self.topics[viewer.lane_topic as usize];
        if let Some((moved, is_sweeping)) = lane_topic.remove(viewer.encoding(), viewer.group_index)
        {
            self.viewers[moved as usize].group_index = viewer.group_index;
            if is_sweeping {
                self.ready.push(moved);
            }
        }
        let (topic, reason) = (lane_topic.topic().name().as_str(), viewer.reason());
        tracing::debug!(event = "viewer.left", topic, remote = %viewer.remote(), reason, "a viewer left");
        self.remove_topic_if_empty(viewer.lane_topic);
    }
}

fn lane_context<'a>(
    lane_topic: &'a LaneTopic<mio::Waker>,
    encoding: Encoding,
    shared: &'a LaneShared,
) -> LaneContext<'a> {
    LaneContext {
        topic: lane_topic.topic(),
        log: lane_topic.log(encoding),
        clock: &shared.clock,
        drain: &shared.drain,
    }
}

/// Converts a slab key into an id.
fn slab_id(key: usize) -> u32 {
    u32::try_from(key).expect("every viewer has a file descriptor, and these are 31-bit numbers")
}
