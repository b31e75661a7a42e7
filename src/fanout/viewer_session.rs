//! `ViewerSession`: the protocol state of one connection apart from publications: its input, its deadlines, and
//! `PendingClose`: a close in progress, and how long it may take.
//!
//! It has no socket and no clock: bytes and instants go in, and what to do comes out. It knows no topic's content. Sending
//! publications does not touch it, so it is allocated apart from the fields that every flush touches.

use std::net::IpAddr;
use std::time::Duration;

use super::drain::DrainPhase;
use super::heartbeat::{Heartbeat, HeartbeatAction};
use super::ids::ViewerId;
use super::lane_shared::LoadGuard;
use super::viewer_input::{InputEvent, ViewerInput};
use super::viewer_join::{Encoding, ViewerPermits};
use super::viewer_record::ViewerRecord;
use crate::hub::{DisconnectReason, Topic, TopicClosure};
use crate::protocol::{CloseReason, Micros};

/// The protocol state of one connection.
#[derive(Debug)]
pub(super) struct ViewerSession {
    encoding: Encoding,
    pub(super) input: ViewerInput,
    heartbeat: Heartbeat,
    /// What the hub still has to do with the viewer, because it drains or the topic is closed.
    drain_action: Option<ScheduledDrainAction>,
    /// When the connection's timer on the lane expires next; the greatest instant if it is not armed.
    timer_at: Micros,
    /// The close in progress. Boxed, because only the last moments of a viewer need it.
    pending_close: Option<Box<PendingClose>>,
    /// Set once, when the lane has stopped polling the socket for input.
    is_reading_disabled: bool,
    /// How many times the socket was found to have accepted bytes; stands in for the acknowledged bytes if these are
    /// unknown.
    progress_count: u64,
    /// Boxed, so that the session fits its size class.
    pub(super) record: Box<ViewerRecord>,
    permits: ViewerPermits,
}

/// A drain action, and when it is due.
#[derive(Debug, Clone, Copy)]
struct ScheduledDrainAction {
    at: Micros,
    action: DrainAction,
}

/// The timer of a connection on its lane.
#[derive(Debug)]
pub(super) struct ConnectionTimer<'a> {
    /// When it expires; the greatest instant if it is not armed.
    pub(super) at: &'a mut Micros,
    /// When it should.
    pub(super) deadline: Micros,
}

/// What the hub does with a viewer that is to leave. A draining hub sends a `bye` and later closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DrainAction {
    /// Send it a `bye`; its stream continues.
    SendBye,
    /// Close it.
    Close,
    /// Have it leave, because its topic is closed: at once, or after a `bye` if it may move first.
    Leave(TopicClosure),
    /// Close it, because its topic is closed.
    CloseTopic(TopicClosure),
}

/// What to do when a viewer's timer expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimerAction {
    /// Ping the viewer.
    Ping,
    /// Perform a step towards the end of the connection.
    Drain(DrainAction),
    /// Keep waiting.
    Wait,
    /// Close the connection.
    Close(CloseReason),
    /// Drop the connection: its close took too long.
    Abort,
}

impl DrainAction {
    /// What to do with viewers that join during `phase`, or a topic that is closed.
    pub(super) fn at_join(phase: DrainPhase, topic: &Topic) -> Option<Self> {
        match phase {
            DrainPhase::Serving => topic.closure().map(Self::Leave),
            DrainPhase::Notifying => Some(Self::SendBye),
            DrainPhase::Closing => Some(Self::Close),
        }
    }
}

impl ViewerSession {
    pub(super) fn new(
        encoding: Encoding,
        id: ViewerId,
        permits: ViewerPermits,
        load: LoadGuard,
        now: Micros,
    ) -> Self {
        Self {
            encoding,
            input: ViewerInput::new(encoding, now),
            heartbeat: Heartbeat::new(encoding.is_two_way(), now),
            drain_action: None,
            timer_at: Micros::new(i64::MAX),
            pending_close: None,
            is_reading_disabled: false,
            progress_count: 0,
            record: Box::new(ViewerRecord::new(id, load, now)),
            permits,
        }
    }

    /// The protocol that the connection speaks.
    pub(super) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The viewer's address.
    pub(super) const fn remote(&self) -> IpAddr {
        self.permits.remote
    }

    /// The reason to record if the viewer leaves now.
    pub(super) fn disconnect_reason(&self) -> DisconnectReason {
        self.pending_close()
            .map_or(DisconnectReason::Lost, |close| {
                DisconnectReason::Closed(close.reason)
            })
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
            self.input.await_close();
            self.pending_close = Some(Box::new(close));
        }
        is_first
    }

    /// Handles the end of the viewer's input. An event stream has no other way to close, so the viewer has closed it; a
    /// WebSocket that ends without a close is lost.
    pub(super) fn on_end(&mut self, now: Micros) {
        if !self.encoding.is_two_way() {
            self.start_close(PendingClose::answering(now));
        }
    }

    /// The connection's timer. Its deadline is when [`Self::on_timer`] is due.
    pub(super) fn timer(&mut self) -> ConnectionTimer<'_> {
        let deadline = match (&self.pending_close, self.drain_action) {
            (Some(close), _) => close.deadline,
            (None, Some(drain)) => drain.at.min(self.heartbeat.deadline()),
            (None, None) => self.heartbeat.deadline(),
        };
        ConnectionTimer {
            at: &mut self.timer_at,
            deadline,
        }
    }

    /// Schedules `action` for `at`.
    pub(super) const fn schedule_drain_action(&mut self, at: Micros, action: DrainAction) {
        self.drain_action = Some(ScheduledDrainAction { at, action });
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
        if let Some(drain) = self.drain_action.take_if(|drain| drain.at <= now) {
            return TimerAction::Drain(drain.action);
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
        self.heartbeat.on_bytes(now);
        let mut input = bytes;
        loop {
            match self.input.on_bytes(std::mem::take(&mut input), now)? {
                InputEvent::Report(report) => self.record.on_report(report, now),
                InputEvent::Violation(reason) => {
                    return Some(PendingClose::for_violation(reason, now));
                }
                InputEvent::Closed => {
                    return match &mut self.pending_close {
                        Some(close) => {
                            close.is_answered = true;
                            None
                        }
                        None => Some(PendingClose::answering(now)),
                    };
                }
            }
        }
    }

    /// Returns true once, when the lane is to stop polling the socket for input.
    pub(super) const fn disable_reading_once(&mut self) -> bool {
        self.input.is_ignored() && !std::mem::replace(&mut self.is_reading_disabled, true)
    }

    /// Returns whether the lane has stopped polling the socket for input.
    pub(super) const fn is_reading_disabled(&self) -> bool {
        self.is_reading_disabled
    }
}

/// A close in progress.
#[derive(Debug)]
pub(super) struct PendingClose {
    /// Why the connection is closed; determines the close code and whether the viewer may reconnect.
    pub(super) reason: CloseReason,
    /// Whether both sides have sent a close.
    pub(super) is_answered: bool,
    /// Whether the hub shuts down its half of the connection once everything is written, without waiting for the
    /// viewer's close: its input is ignored, or its protocol has no close.
    pub(super) shuts_down_when_sent: bool,
    /// When the connection is dropped, even without a reply, unless the viewer still reads what was sent before the
    /// close.
    pub(super) deadline: Micros,
    /// When the connection is dropped in any case.
    final_deadline: Micros,
    /// The viewer's progress when the deadline was set; `None` until the lane has recorded it.
    acknowledged: Option<u64>,
}

impl PendingClose {
    /// Several round trips on the slowest network; a peer that needs longer is gone.
    const TIMEOUT: Duration = Duration::from_secs(5);
    /// The limit for a viewer that is still reading what was sent before the close: enough for 8 MB at 250 kB/s.
    const TIMEOUT_MAX: Duration = Duration::from_secs(30);

    /// A close by the hub, which waits for the viewer's close.
    pub(super) fn new(reason: CloseReason, now: Micros) -> Self {
        Self {
            reason,
            is_answered: false,
            shuts_down_when_sent: false,
            deadline: now.after(Self::TIMEOUT),
            final_deadline: now.after(Self::TIMEOUT_MAX),
            acknowledged: None,
        }
    }

    /// Returns whether [`Self::record_progress`] is still to be called.
    pub(super) const fn needs_progress(&self) -> bool {
        self.acknowledged.is_none()
    }

    /// Records how many bytes the viewer had acknowledged when the close started.
    pub(super) const fn record_progress(&mut self, acknowledged: u64) {
        self.acknowledged = Some(acknowledged);
    }

    /// Sets the next deadline, and returns whether a viewer that has `acknowledged` this many bytes may use it.
    pub(super) fn extend(&mut self, acknowledged: u64, now: Micros) -> bool {
        let before = self.acknowledged.replace(acknowledged);
        let has_progressed = before.is_some_and(|before| acknowledged > before);
        self.deadline = now.after(Self::TIMEOUT).min(self.final_deadline);
        has_progressed && now < self.final_deadline
    }

    /// The reply to a close by the viewer.
    pub(super) fn answering(now: Micros) -> Self {
        Self {
            is_answered: true,
            ..Self::new(CloseReason::Normal, now)
        }
    }

    /// A close because of a protocol violation or too many messages. The hub reads nothing more (RFC 6455, section
    /// 7.1.7), so it would not see the viewer's close.
    pub(super) fn for_violation(reason: CloseReason, now: Micros) -> Self {
        Self {
            shuts_down_when_sent: true,
            ..Self::new(reason, now)
        }
    }
}

/// Checked by the compiler, because every viewer has one: the allocator's next size class is 320 bytes.
const _: () = assert!(size_of::<ViewerSession>() <= 256);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_fits_the_allocators_size_class_of_256_bytes() {
        // The next class is 320 bytes (jemalloc(3), "IMPLEMENTATION NOTES"), for every viewer.
        let len = size_of::<ViewerSession>();
        assert!(len <= 256, "{len}");
    }

    #[test]
    fn a_viewer_that_still_reads_gets_more_time_up_to_a_limit() {
        let mut close = PendingClose::new(CloseReason::Draining, Micros::new(0));
        close.record_progress(100);
        let mut acknowledged = 100;
        let mut grants = 0;
        loop {
            acknowledged += 1;
            let now = close.deadline;
            if !close.extend(acknowledged, now) {
                assert_eq!(now, Micros::new(0).after(PendingClose::TIMEOUT_MAX));
                break;
            }
            grants += 1;
        }
        assert_eq!(grants, 5);
        let mut close = PendingClose::new(CloseReason::Draining, Micros::new(0));
        close.record_progress(100);
        assert!(!close.extend(100, close.deadline));
    }
}
