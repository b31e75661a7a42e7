//! What a viewer does when its timer expires: heartbeats, drain actions, and the end of a close.

use super::super::pending_close::PendingClose;
use super::super::tcp_socket::TcpAckProbe;
use super::super::viewer_session::{DrainAction, TimerAction};
use super::super::{control_messages, tcp_socket};
use super::Viewer;
use crate::protocol::{CloseReason, Micros};

impl Viewer {
    /// When the viewer's timer expires on the lane, and when it should.
    pub(in crate::fanout) fn timer_and_deadline(&mut self) -> (&mut Micros, Micros) {
        let deadline = self.session.deadline();
        (&mut self.session.timer_at, deadline)
    }

    /// Schedules `action` for `at`, because the hub is draining.
    pub(in crate::fanout) const fn schedule_drain_action(
        &mut self,
        at: Micros,
        action: DrainAction,
    ) {
        self.session.schedule_drain_action(at, action);
    }

    /// Performs `action`, because the hub is draining. A bare viewer gets no `bye`.
    pub(in crate::fanout) fn apply_drain_action(
        &mut self,
        action: DrainAction,
        retry_ms: [u64; 2],
        now: Micros,
    ) {
        match action {
            DrainAction::SendBye if self.is_closing || !self.encoding.has_messages() => {}
            DrainAction::SendBye => self.cursor.push(control_messages::bye(
                self.encoding,
                CloseReason::Draining,
                retry_ms,
            )),
            DrainAction::Close => {
                self.close(PendingClose::new(CloseReason::Draining, now), retry_ms);
            }
        }
    }

    /// Returns a number that grows as long as the viewer reads what it is sent.
    fn progress(&mut self, probe: &mut TcpAckProbe) -> u64 {
        let has_progressed = std::mem::take(&mut self.has_progressed);
        probe
            .acked_bytes(&self.socket)
            .unwrap_or_else(|| self.session.count_progress(has_progressed))
    }

    /// Records the progress at the start of a close, because only what is acknowledged after that counts.
    pub(in crate::fanout) fn record_progress_at_close(&mut self, probe: &mut TcpAckProbe) {
        if self.session.unmeasured_close().is_some() {
            let progress = self.progress(probe);
            if let Some(close) = self.session.unmeasured_close() {
                close.record_progress(progress);
            }
        }
    }

    /// Does what is due at the deadline. Returns false if the connection is to be dropped.
    pub(in crate::fanout) fn on_timer(
        &mut self,
        retry_ms: [u64; 2],
        probe: &mut TcpAckProbe,
        now: Micros,
    ) -> bool {
        let progress = if self.session.needs_progress() {
            self.progress(probe)
        } else {
            0
        };
        let has_more = !self.cursor.is_queue_empty();
        match self.session.on_timer(progress, has_more, now) {
            TimerAction::Wait => {}
            // A comment would only join the bytes that are waiting already.
            TimerAction::Ping if !self.encoding.is_two_way() && !self.cursor.is_queue_empty() => {}
            TimerAction::Ping => self
                .cursor
                .push(control_messages::keep_alive(self.encoding)),
            TimerAction::Drain(action) => self.apply_drain_action(action, retry_ms, now),
            TimerAction::Close(reason) => self.close(PendingClose::new(reason, now), retry_ms),
            TimerAction::Abort => {
                if self.has_stopped_reading() {
                    tcp_socket::reset_on_close(&self.socket);
                }
                return false;
            }
        }
        true
    }

    /// Returns whether the viewer has stopped reading. Then its last messages are not worth keeping: the kernel would
    /// hold them until it reads.
    fn has_stopped_reading(&self) -> bool {
        let reason = self.session.pending_close().map(|close| close.reason);
        !self.cursor.is_queue_empty()
            || matches!(reason, Some(CloseReason::NoPong | CloseReason::Slow))
    }
}
