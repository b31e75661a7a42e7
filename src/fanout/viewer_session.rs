//! `ViewerSession`: the protocol state of one viewer apart from publications: pings, limits, closes and their
//! deadlines.
//!
//! It has no socket and no clock: bytes and instants go in, and what to do comes out. Sending publications does not
//! touch it, so it is allocated apart from the fields that every flush touches.

use std::time::Duration;

use super::drain::DrainPhase;
use super::heartbeat::{Heartbeat, HeartbeatAction};
use super::pending_close::PendingClose;
use super::rate_limiter::RateLimiter;
use super::viewer_join::{Encoding, LoadGuard, ViewerPermits};
use crate::clock::Clock;
use crate::hub::{DisconnectReason, PresenceGuard};
use crate::protocol::message::{self, Message};
use crate::protocol::websocket::{self, Decoder, ViewerMessage};
use crate::protocol::{CloseReason, Micros};

/// The protocol state of one viewer.
#[derive(Debug)]
pub(super) struct ViewerSession {
    encoding: Encoding,
    decoder: Decoder,
    rate_limiter: RateLimiter,
    heartbeat: Heartbeat,
    /// What a draining hub still has to do with the viewer, and when.
    drain_action: Option<(Micros, DrainAction)>,
    /// When the viewer's timer on the lane expires next; the greatest instant if it is not armed.
    pub(super) timer_at: Micros,
    pings: PendingPings,
    /// The close in progress. Boxed, because only the last moments of a viewer need it.
    pending_close: Option<Box<PendingClose>>,
    /// Set once, when a close is in progress or about to start: further input is not read.
    ignores_input: bool,
    /// Set once, when the lane has stopped polling the socket for input.
    is_reading_disabled: bool,
    /// How many times the socket was found to have accepted bytes; stands in for the acknowledged bytes if these are
    /// unknown.
    progress_count: u64,
    /// The part of the viewer's lag that the hub or a late join has caused, less what it has caught up on since.
    backlog: Duration,
    /// When the viewer last fell behind, or was last kept waiting by the hub.
    behind_since: Micros,
    /// Counts the viewer as present on its topic.
    presence: PresenceGuard,
    _load: LoadGuard,
    permits: ViewerPermits,
}

/// Pings that have not been answered yet. While the socket is blocked, only the newest of each kind is kept, so a
/// viewer that does not read cannot make the hub queue pongs.
#[derive(Debug, Default)]
struct PendingPings {
    /// The id of a `ping` message, and when it arrived.
    message: Option<(u64, Micros)>,
    /// The payload of a WebSocket ping.
    control: Option<Box<[u8]>>,
}

/// What a draining hub does with a viewer, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DrainAction {
    /// Send it a `bye`; its stream continues.
    SendBye,
    /// Close it.
    Close,
}

/// What to do when a viewer's timer expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimerAction {
    /// Ping the viewer.
    Ping,
    /// Perform a step of the drain.
    Drain(DrainAction),
    /// Keep waiting.
    Wait,
    /// Close the connection.
    Close(CloseReason),
    /// Drop the connection: its close took too long.
    Abort,
}

impl DrainAction {
    /// What to do with viewers that join during `phase`.
    pub(super) const fn during(phase: DrainPhase) -> Option<Self> {
        match phase {
            DrainPhase::Serving => None,
            DrainPhase::Notifying => Some(Self::SendBye),
            DrainPhase::Closing => Some(Self::Close),
        }
    }
}

impl ViewerSession {
    pub(super) fn new(
        encoding: Encoding,
        presence: PresenceGuard,
        (permits, load): (ViewerPermits, LoadGuard),
        now: Micros,
    ) -> Self {
        Self {
            encoding,
            decoder: Decoder::new(encoding.compression()),
            rate_limiter: RateLimiter::new(now),
            heartbeat: Heartbeat::new(encoding.is_two_way(), now),
            drain_action: None,
            timer_at: Micros::new(i64::MAX),
            pings: PendingPings::default(),
            pending_close: None,
            ignores_input: false,
            is_reading_disabled: false,
            progress_count: 0,
            backlog: Duration::ZERO,
            behind_since: now,
            presence,
            _load: load,
            permits,
        }
    }

    /// The viewer's address.
    pub(super) const fn remote(&self) -> std::net::IpAddr {
        self.permits.remote
    }

    /// The reason to record if the viewer leaves now.
    pub(super) const fn disconnect_reason(&self) -> DisconnectReason {
        self.presence.disconnect_reason()
    }

    /// Returns whether [`Self::on_timer`] takes the viewer's progress into account; finding it out costs system calls.
    pub(super) const fn needs_progress(&self) -> bool {
        self.encoding.is_two_way() || self.pending_close.is_some()
    }

    /// The close in progress, if the viewer's progress at its start has not been recorded yet.
    pub(super) fn unmeasured_close(&mut self) -> Option<&mut PendingClose> {
        self.pending_close
            .as_deref_mut()
            .filter(|close| close.needs_progress())
    }

    /// The measure of progress on systems that do not report acknowledged bytes: how often the socket accepted some.
    pub(super) const fn count_progress(&mut self, has_progressed: bool) -> u64 {
        if has_progressed {
            self.progress_count += 1;
        }
        self.progress_count
    }

    /// The close in progress.
    pub(super) fn pending_close(&self) -> Option<&PendingClose> {
        self.pending_close.as_deref()
    }

    /// Starts to close; returns false if a close is already in progress.
    pub(super) fn start_close(&mut self, close: PendingClose) -> bool {
        let is_first = self.pending_close.is_none();
        if is_first {
            self.presence.set_close_reason(close.reason);
            self.pings = PendingPings::default();
            self.pending_close = Some(Box::new(close));
        }
        is_first
    }

    /// The lag that is not the viewer's fault, which is granted on top of `max_lag`.
    pub(super) const fn backlog(&self) -> Duration {
        self.backlog
    }

    /// How long the viewer has been behind through its own fault. Lag alone does not show that: when the hub resumes
    /// after a stall, all its viewers are suddenly far behind.
    pub(super) fn behind_for(&self, now: Micros) -> Duration {
        now.since(self.behind_since)
    }

    /// Records that the viewer is behind by `lag`, which it did not cause.
    pub(super) const fn mark_behind(&mut self, lag: Duration, now: Micros) {
        (self.backlog, self.behind_since) = (lag, now);
    }

    /// Lowers the backlog to `lag`: what the viewer has caught up on is not granted again.
    pub(super) fn shrink_backlog(&mut self, lag: Duration) {
        self.backlog = self.backlog.min(lag);
    }

    /// Records that the viewer has been sent everything.
    pub(super) const fn caught_up(&mut self) {
        self.backlog = Duration::ZERO;
    }

    /// When [`Self::on_timer`] is due.
    pub(super) fn deadline(&self) -> Micros {
        if let Some(close) = &self.pending_close {
            return close.deadline;
        }
        let heartbeat = self.heartbeat.deadline();
        self.drain_action
            .map_or(heartbeat, |(at, _)| at.min(heartbeat))
    }

    /// Schedules `action` for `at`, because the hub is draining.
    pub(super) const fn schedule_drain_action(&mut self, at: Micros, action: DrainAction) {
        self.drain_action = Some((at, action));
    }

    /// Returns what to do at the deadline, given how many bytes the viewer's kernel has `acknowledged`. A close waits
    /// as long as the viewer `has_more` to read before it and still reads.
    pub(super) fn on_timer(
        &mut self,
        acknowledged: u64,
        has_more: bool,
        now: Micros,
    ) -> TimerAction {
        if let Some(close) = &mut self.pending_close {
            return if close.extend(acknowledged, now) && has_more {
                TimerAction::Wait
            } else {
                TimerAction::Abort
            };
        }
        if let Some((_, action)) = self.drain_action.take_if(|(at, _)| *at <= now) {
            return TimerAction::Drain(action);
        }
        match self.heartbeat.on_deadline(acknowledged, now) {
            HeartbeatAction::Ping => TimerAction::Ping,
            HeartbeatAction::Wait => TimerAction::Wait,
            HeartbeatAction::GiveUp => TimerAction::Close(CloseReason::NoPong),
        }
    }

    /// Handles bytes that arrived at `now`. Returns the close to start if they call for one.
    pub(super) fn on_bytes(&mut self, bytes: &[u8], now: Micros) -> Option<PendingClose> {
        if bytes.is_empty() {
            return None;
        }
        if !self.encoding.is_two_way() {
            let is_too_much = !self.rate_limiter.allow(now);
            return is_too_much
                .then(|| self.close_for_violation(CloseReason::TooManyMessages, now));
        }
        self.heartbeat.on_bytes(now);
        self.decoder.feed(bytes);
        while !self.ignores_input {
            match self.decoder.next_message() {
                Ok(Some(incoming)) => {
                    if let Some(close) = self.on_message(incoming, now) {
                        return Some(close);
                    }
                }
                Ok(None) => return None,
                Err(reason) => return Some(self.close_for_violation(reason, now)),
            }
        }
        None
    }

    /// Returns whether further input is ignored, because the viewer violated the protocol or has closed. If the hub
    /// kept reading, a flooding client would cost as much during its close as before.
    pub(super) const fn ignores_input(&self) -> bool {
        self.ignores_input
    }

    /// Returns true once, when the lane is to stop polling the socket for input.
    pub(super) const fn disable_reading_once(&mut self) -> bool {
        self.ignores_input && !std::mem::replace(&mut self.is_reading_disabled, true)
    }

    /// Returns whether the lane has stopped polling the socket for input.
    pub(super) const fn is_reading_disabled(&self) -> bool {
        self.is_reading_disabled
    }

    fn close_for_violation(&mut self, reason: CloseReason, now: Micros) -> PendingClose {
        self.ignores_input = true;
        PendingClose::for_violation(reason, now)
    }

    fn on_message(&mut self, incoming: ViewerMessage, now: Micros) -> Option<PendingClose> {
        if incoming == ViewerMessage::Close {
            self.ignores_input = true;
            let Some(close) = &mut self.pending_close else {
                return Some(PendingClose::answering(now));
            };
            close.is_answered = true;
            return None;
        }
        if !self.rate_limiter.allow(now) {
            return Some(self.close_for_violation(CloseReason::TooManyMessages, now));
        }
        if self.pending_close.is_some() {
            return None;
        }
        match incoming {
            ViewerMessage::Ping(payload) => self.pings.control = Some(payload.into()),
            // Messages of a bare viewer are rate-limited, and otherwise ignored.
            ViewerMessage::Text(_) | ViewerMessage::Binary if self.encoding == Encoding::Bare => {}
            ViewerMessage::Binary => {
                return Some(self.close_for_violation(CloseReason::Binary, now));
            }
            ViewerMessage::Text(text) => match message::parse_ping(&text) {
                Ok(Some(id)) => self.pings.message = Some((id, now)),
                Ok(None) => {}
                Err(_) => return Some(self.close_for_violation(CloseReason::Malformed, now)),
            },
            ViewerMessage::Pong | ViewerMessage::Close => {}
        }
        None
    }

    /// Returns whether a ping has not been answered yet.
    pub(super) const fn owes_pong(&self) -> bool {
        self.pings.message.is_some() || self.pings.control.is_some()
    }

    /// Passes the frames that answer the pings to `push`, stamped with the current time.
    pub(super) fn take_pongs(&mut self, clock: &Clock, mut push: impl FnMut(bytes::Bytes)) {
        let PendingPings { message, control } = std::mem::take(&mut self.pings);
        if let Some(payload) = control {
            push(websocket::pong_frame(&payload));
        }
        if let Some((id, r)) = message {
            let s = clock.now();
            push(websocket::text_frame(&Message::Pong { id, r, s }.to_json()));
        }
    }
}
