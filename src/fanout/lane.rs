//! `Lane`: an event loop on one thread with one epoll that serves many viewers.
//!
//! It decides what a turn does and in which order, and applies the phases of a drain. Which viewers are served is up to
//! [`LaneViewers`]; what they are sent, to [`Viewer`](super::viewer::Viewer).

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::{Events, Poll, Token};

use super::drain::DrainPhase;
use super::lag_scan::LagScan;
use super::lane_shared::{LaneMessage, LaneShared};
use super::lane_viewers::LaneViewers;
use super::lane_waker::WakeHandle;
use super::viewer_table::ViewerTable;

/// The event loop of one thread.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    /// The state shared with other threads. It outlives the lane: a lane that fails is replaced.
    shared: &'a Arc<LaneShared>,
    viewers: LaneViewers<'a>,
    /// The scan that reports how far behind viewers are.
    lag_scan: LagScan,
    /// Whether the inbox may hold messages.
    is_inbox_pending: bool,
    /// The phase of the drain that has been applied to the viewers.
    drain_phase: DrainPhase,
}

impl WakeHandle for mio::Waker {
    fn wake_lane(&self) {
        // This fails only if the lane no longer exists, and then there is nothing to wake.
        _ = self.wake();
    }
}

impl<'a> Lane<'a> {
    /// The token of the lane's waker; those of connections are their ids.
    pub(super) const WAKER: Token = Token(usize::MAX);
    /// Events taken from the kernel in one call, which bounds a turn like the limits of [`LaneViewers`].
    const EVENTS_MAX: usize = 256;
    /// Messages taken from the inbox in one turn: mostly viewers that join.
    const MESSAGES_PER_TURN: usize = 64;

    /// Creates a lane without viewers. It checks its inbox first, because earlier notifications went to its
    /// predecessor.
    pub(super) fn new(shared: &'a Arc<LaneShared>, poll: &'a mut Poll) -> Self {
        shared.inbox.waker().take_notified();
        Self {
            shared,
            viewers: LaneViewers::new(shared, ViewerTable::new(shared, poll)),
            lag_scan: LagScan::new(shared.clock.now()),
            is_inbox_pending: true,
            drain_phase: DrainPhase::Serving,
        }
    }

    /// The number of viewers on the lane.
    pub(super) fn len(&self) -> usize {
        self.viewers.table.len()
    }

    /// Runs the event loop until the lane is stopped.
    ///
    /// # Errors
    /// Waiting for events fails.
    pub(super) fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(Self::EVENTS_MAX);
        while !self.shared.is_stopped.load(Ordering::Acquire) {
            match self.viewers.table.wait(&mut events, self.poll_timeout()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => self.turn(&events),
            }
        }
        Ok(())
    }

    /// How long to wait for events: zero if there is work left, `None` if nothing is scheduled.
    fn poll_timeout(&self) -> Option<Duration> {
        if self.is_inbox_pending || self.lag_scan.is_running() || self.viewers.is_busy() {
            return Some(Duration::ZERO);
        }
        let next = match (
            self.viewers.table.timers.next_expiry(),
            self.lag_scan.next_start(),
        ) {
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
        self.take_messages();
        let closed = self.viewers.table.topics.poll_updates();
        self.viewers.schedule_leaving(&closed);
        self.viewers.sweep();
        self.viewers.serve_ready();
        self.viewers.serve_backfill();
        self.viewers.expire_timers();
        self.scan_lag();
        self.viewers.table.topics.flush_counters();
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
            } else {
                self.viewers.on_event(event);
            }
        }
    }

    /// Handles the messages in the inbox, up to the limit of a turn. Applies the drain first, which wakes the lane in the
    /// same way.
    fn take_messages(&mut self) {
        if !self.is_inbox_pending {
            return;
        }
        self.follow_drain();
        let messages = self.shared.inbox.take(Self::MESSAGES_PER_TURN);
        self.is_inbox_pending = messages.len() == Self::MESSAGES_PER_TURN;
        for message in messages {
            match message {
                LaneMessage::Join(new_viewer) => self.viewers.admit(*new_viewer, self.drain_phase),
                LaneMessage::BlockRead(topic, read) => self.viewers.table.on_read(&topic, read),
            }
        }
    }

    /// Applies the current phase of the drain, if it has not been applied yet; `Drain` explains them.
    fn follow_drain(&mut self) {
        let phase = self.shared.drain.phase();
        if phase <= self.drain_phase {
            return;
        }
        self.drain_phase = phase;
        if phase == DrainPhase::Notifying {
            self.viewers.schedule_byes();
        } else {
            self.viewers.close_all();
            self.shared.report_closed();
        }
    }

    /// Visits the next viewers if a scan is due; after the last, reports the lags to the topics.
    fn scan_lag(&mut self) {
        let now = self.shared.clock.now();
        let Some(keys) = self.lag_scan.next_keys(now, self.viewers.table.keys_end()) else {
            return;
        };
        self.viewers.table.observe_lag(keys);
        if !self.lag_scan.is_running() && self.viewers.table.topics.report_lags() {
            // A viewer that is behind may catch up without any other event on the lane.
            self.lag_scan.request();
        }
    }
}
