//! `ViewerConnection`: what belongs to one socket: the frames queued for it alone, its session, and its close.
//!
//! It reads and writes without blocking. It knows no topic: what is sent of a topic is up to the subscriptions that are
//! served over the connection.

use std::io::{self, Read};
use std::net::IpAddr;

use mio::net::TcpStream;

use super::control_messages;
use super::ids::ViewerId;
use super::lane_shared::LoadGuard;
use super::socket_writer::{SentTotals, SocketWriter, WriteBudget, WriteQueue};
use super::tcp_socket::{self, TcpAckProbe};
use super::viewer_join::{Encoding, ViewerPermits};
use super::viewer_record::ViewerRecord;
use super::viewer_session::{
    ConnectionTimer, DrainAction, PendingClose, TimerAction, ViewerSession,
};
use crate::clock::Clock;
use crate::hub::{AudienceVote, DisconnectReason, TopicClosure};
use crate::protocol::{CloseReason, Micros, ViewerReport};

/// A viewer's connection. What every flush touches is here; the rest is in the session.
#[derive(Debug)]
pub(super) struct ViewerConnection {
    /// The first field, because fields are dropped in order: the viewer's permits are released before its peer can see
    /// the connection end.
    session: Box<ViewerSession>,
    /// Non-blocking, and registered with the lane under the connection's id.
    socket: TcpStream,
    /// Frames for this connection alone.
    pub(super) queue: WriteQueue,
    /// The last write would have blocked, and the kernel has not reported the socket writable since.
    is_blocked: bool,
    /// A close is in progress: no more publications are sent.
    is_closing: bool,
    /// The session holds a ping that has not been answered yet.
    owes_pong: bool,
    /// The socket has accepted bytes since progress was last measured.
    has_progressed: bool,
}

/// What a read has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    /// No more input for now.
    Done,
    /// There may be more; it is the turn of other viewers.
    Yield,
}

impl ViewerConnection {
    /// Bytes read from a socket in one call; a typical message is a ping of some 30 bytes.
    pub(super) const READ_LEN: usize = 2_048;
    /// Reads before it is the others' turn.
    const READS_MAX: usize = 4;

    pub(super) fn new(
        socket: TcpStream,
        encoding: Encoding,
        id: ViewerId,
        permits: ViewerPermits,
        load: LoadGuard,
        now: Micros,
    ) -> Self {
        Self {
            session: Box::new(ViewerSession::new(encoding, id, permits, load, now)),
            socket,
            queue: WriteQueue::default(),
            is_blocked: false,
            is_closing: false,
            owes_pong: false,
            has_progressed: false,
        }
    }

    /// The viewer's address.
    pub(super) const fn remote(&self) -> IpAddr {
        self.session.remote()
    }

    /// What the log says of the viewer.
    pub(super) const fn record(&self) -> &ViewerRecord {
        &self.session.record
    }

    /// Records that a gap has left out this number of `publications`.
    pub(super) const fn add_missed(&mut self, publications: u64) {
        self.session.record.missed += publications;
    }

    /// The reason to record if the viewer leaves now.
    pub(super) fn disconnect_reason(&self) -> DisconnectReason {
        self.session.disconnect_reason()
    }

    pub(super) const fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Returns whether the socket is known to accept nothing for now.
    pub(super) const fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// Records that the socket accepts nothing for now.
    pub(super) const fn mark_blocked(&mut self) {
        self.is_blocked = true;
    }

    /// Records that the socket may accept more.
    pub(super) const fn mark_writable(&mut self) {
        self.is_blocked = false;
    }

    /// Records that a socket that was full has accepted bytes: the viewer has read some.
    pub(super) const fn mark_progress(&mut self) {
        self.has_progressed = true;
    }

    /// Returns whether a close is in progress. Only a close moves a deadline closer, so only then must the timer be
    /// armed again before it expires.
    pub(super) const fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Returns whether a ping has not been answered yet.
    pub(super) const fn owes_pong(&self) -> bool {
        self.owes_pong
    }

    /// Reads from the socket into `buffer`, and handles the input.
    ///
    /// # Errors
    /// The connection has ended or is lost.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8; Self::READ_LEN],
        retry_ms: [u64; 2],
        clock: &Clock,
    ) -> io::Result<ReadOutcome> {
        for _ in 0..Self::READS_MAX {
            if self.session.input.is_ignored() {
                return Ok(ReadOutcome::Done);
            }
            match self.socket.read(buffer) {
                Ok(0) => {
                    self.session.on_end(clock.now());
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                // Even after a short read, another follows: only that one returns an end that arrived with the data.
                Ok(len) => self.on_bytes(&buffer[..len], retry_ms, clock.now()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(ReadOutcome::Done);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ReadOutcome::Yield)
    }

    /// Handles input that arrived at `now`.
    pub(super) fn on_bytes(&mut self, bytes: &[u8], retry_ms: [u64; 2], now: Micros) {
        if let Some(close) = self.session.on_bytes(bytes, now) {
            self.close(close, retry_ms);
        }
        self.owes_pong = self.session.input.owes_pong();
    }

    /// Takes the report that the viewer has sent, if any.
    pub(super) fn take_report(&mut self) -> Option<ViewerReport> {
        self.session.record.take_report()
    }

    /// Counts `vote` as the viewer's report.
    pub(super) fn set_vote(&mut self, vote: AudienceVote) {
        self.session.record.set_vote(vote);
    }

    /// Returns true once, when the lane is to stop polling the socket for input.
    pub(super) fn disable_reading_once(&mut self) -> bool {
        self.session.disable_reading_once()
    }

    /// Returns whether the lane has stopped polling the socket for input.
    pub(super) fn is_reading_disabled(&self) -> bool {
        self.session.is_reading_disabled()
    }

    /// Writes to the socket within `budget`, and counts in `sent`.
    pub(super) const fn writer<'a>(
        &'a mut self,
        budget: &'a mut WriteBudget,
        sent: &'a mut SentTotals,
    ) -> SocketWriter<'a, TcpStream> {
        SocketWriter {
            socket: &mut self.socket,
            queue: &mut self.queue,
            budget,
            sent,
        }
    }

    /// Queues the answers to pings. They overtake publications in a log, and are stamped as late as possible.
    pub(super) fn push_pongs(&mut self, clock: &Clock) {
        let queue = &mut self.queue;
        self.session
            .input
            .take_pongs(clock, |pong| queue.push(pong));
        self.owes_pong = false;
    }

    /// Starts to close, unless a close is in progress. A viewer that may reconnect is sent `bye` with `retry_ms`.
    pub(super) fn close(&mut self, mut close: PendingClose, retry_ms: [u64; 2]) {
        let (encoding, reason) = (self.session.encoding(), close.reason);
        close.shuts_down_when_sent |= !encoding.is_two_way();
        if !self.session.start_close(close) {
            return;
        }
        let queue = &mut self.queue;
        control_messages::goodbye(encoding, reason, retry_ms, |frame| queue.push(frame));
        (self.is_closing, self.owes_pong) = (true, false);
    }

    /// Continues a close once everything has been written. Returns whether the connection is to be dropped.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn continue_close(&self) -> io::Result<bool> {
        match self.session.pending_close() {
            Some(close) if close.is_answered => Ok(true),
            Some(close) if close.shuts_down_when_sent => {
                tcp_socket::shut_down_write(&self.socket)?;
                Ok(false)
            }
            _ => Ok(false),
        }
    }

    /// The connection's timer, which calls for [`Self::on_timer`] at its deadline.
    pub(super) fn timer(&mut self) -> ConnectionTimer<'_> {
        self.session.timer()
    }

    /// Schedules `action` for `at`.
    pub(super) const fn schedule_drain_action(&mut self, at: Micros, action: DrainAction) {
        self.session.schedule_drain_action(at, action);
    }

    /// Performs `action`. A bare viewer gets no `bye`.
    pub(super) fn apply_drain_action(
        &mut self,
        action: DrainAction,
        retry_ms: [u64; 2],
        now: Micros,
    ) {
        let encoding = self.session.encoding();
        match action {
            DrainAction::SendBye if self.is_closing || !encoding.has_messages() => {}
            DrainAction::SendBye => self.queue.push(control_messages::bye(
                encoding,
                CloseReason::Draining,
                retry_ms,
            )),
            DrainAction::Close => {
                self.close(PendingClose::new(CloseReason::Draining, now), retry_ms);
            }
            // Opening the next connection first, it draws on without a break.
            DrainAction::Leave(closure @ TopicClosure::Switched)
                if encoding.has_messages() && encoding.is_two_way() =>
            {
                let (reason, retry_ms) = (closure.close_reason(), closure.retry_ms());
                self.queue
                    .push(control_messages::bye(encoding, reason, retry_ms));
                let at = now.after(TopicClosure::MOVE_TIME);
                self.schedule_drain_action(at, DrainAction::CloseTopic(closure));
            }
            DrainAction::Leave(closure) | DrainAction::CloseTopic(closure) => {
                let close = PendingClose::new(closure.close_reason(), now);
                self.close(close, closure.retry_ms());
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
    pub(super) fn record_progress_at_close(&mut self, probe: &mut TcpAckProbe) {
        if self.session.unmeasured_close().is_some() {
            let progress = self.progress(probe);
            if let Some(close) = self.session.unmeasured_close() {
                close.record_progress(progress);
            }
        }
    }

    /// Does what is due at the deadline. Returns false if the connection is to be dropped.
    pub(super) fn on_timer(
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
        self.session.record.expire_report(now);
        let encoding = self.session.encoding();
        let has_more = !self.queue.is_empty();
        match self.session.on_timer(progress, has_more, now) {
            TimerAction::Wait => {}
            // A comment would only join the bytes that are waiting already.
            TimerAction::Ping if !encoding.is_two_way() && has_more => {}
            TimerAction::Ping => self.queue.push(control_messages::keep_alive(encoding)),
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
        !self.queue.is_empty() || matches!(reason, Some(CloseReason::NoPong | CloseReason::Slow))
    }
}
