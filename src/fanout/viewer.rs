//! `Viewer`: a socket, a position in the log, and the state of the protocol.
//!
//! The lane calls it when its socket is ready, its topic has news, or its timer has expired. It reads and writes
//! without blocking, and returns what it needs next as a [`ServeOutcome`].

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use mio::net::TcpStream;

use super::frame_log::{Chunk, LogLookup};
use super::lane_context::LaneContext;
use super::log_cursor::{LogCursor, WriteOutcome};
use super::pending_close::PendingClose;
use super::viewer_join::{Encoding, LoadGuard, ViewerPermits};
use super::viewer_session::ViewerSession;
use super::write_queue::{SentTotals, WriteBudget};
use super::{control_messages, tcp_socket};
use crate::clock::Clock;
use crate::hub::{PresenceGuard, ResumeRequest, Topic};
use crate::protocol::message::Message;
use crate::protocol::{Micros, Seq};

mod deadlines;
mod lag_policy;

/// A connected viewer. What every flush touches is here, in one cache line; the rest is in the session.
#[derive(Debug)]
pub(super) struct Viewer {
    /// The first field, because fields are dropped in order: the viewer's permits are released before its peer can see
    /// the connection end.
    session: Box<ViewerSession>,
    /// Non-blocking, and registered with the lane under the viewer's id.
    socket: TcpStream,
    encoding: Encoding,
    /// The last write would have blocked, and the kernel has not reported the socket writable since.
    is_blocked: bool,
    /// A close is in progress: no more publications are sent.
    is_closing: bool,
    /// The session holds a ping that has not been answered yet.
    owes_pong: bool,
    /// The socket has accepted bytes since progress was last measured.
    has_progressed: bool,
    /// The viewer has not been up to date since it joined behind, fell back on the history, or blocked.
    is_behind: bool,
    /// The socket has blocked since the last block of the history, or since the viewer was last up to date.
    was_blocked: bool,
    /// The viewer is in the lane's backfill queue.
    pub(super) is_queued: bool,
    /// The key of its topic on the lane.
    pub(super) lane_topic: u32,
    /// Its index in its group of that topic. It changes when the group moves the viewer.
    pub(super) group_index: u32,
    /// What has been sent, and what is queued for this viewer alone.
    cursor: LogCursor,
}

/// What a viewer needs after it has been read from or written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServeOutcome {
    /// Nothing until the next event.
    Idle,
    /// It has more input, and yielded to the others.
    ReadAgain,
    /// It has more to write, and yielded to the others, or the next message is long.
    WriteAgain,
    /// The next publications are only in the history. It is nearly live if one block of them is enough.
    NeedsBackfill { is_nearly_live: bool },
    /// The connection is closed.
    Closed,
}

impl Viewer {
    /// Bytes read from a socket in one call; a typical message is a ping of some 30 bytes.
    pub(super) const READ_LEN: usize = 2_048;
    /// Reads before it is the others' turn.
    const READS_MAX: usize = 4;

    /// Creates a viewer of `topic` that joins when `newest` is the last publication, and queues its first messages.
    pub(super) fn new(
        socket: TcpStream,
        topic: &Arc<Topic>,
        (encoding, head, resume_request): (Encoding, Bytes, &ResumeRequest),
        newest: Seq,
        (presence, permits, load): (PresenceGuard, ViewerPermits, LoadGuard),
        now: Micros,
    ) -> Self {
        tcp_socket::configure(&socket, topic.max_lag());
        let outcome = encoding.resume_outcome(resume_request, topic, newest);
        let viewers = presence.viewers();
        let session = ViewerSession::new(encoding, presence, (permits, load), now);
        let mut viewer = Self {
            socket,
            encoding,
            is_blocked: false,
            is_closing: false,
            owes_pong: false,
            has_progressed: false,
            is_behind: false,
            was_blocked: false,
            is_queued: false,
            lane_topic: 0,
            group_index: 0,
            cursor: LogCursor::new(outcome.after, resume_request.has_previous(outcome)),
            session: Box::new(session),
        };
        if resume_request.has_previous(outcome) {
            topic.metrics.recovered.add(1);
        }
        if outcome.after < newest {
            viewer.mark_behind(topic, newest, now);
        }
        if !head.is_empty() {
            viewer.cursor.push(head);
        }
        if encoding.has_messages() {
            let cursor = &mut viewer.cursor;
            control_messages::hello(encoding, topic, outcome, (newest, viewers), now, |frame| {
                cursor.push(frame);
            });
            viewer.push_end_if_last(topic);
        }
        viewer
    }

    /// The viewer's address.
    pub(super) const fn remote(&self) -> IpAddr {
        self.session.remote()
    }

    /// Why the viewer has left, as a label for logs.
    pub(super) const fn reason(&self) -> &'static str {
        self.session.disconnect_reason().label()
    }

    /// The last publication that was sent or queued; `None` during a close.
    pub(super) fn last(&self) -> Option<Seq> {
        (!self.is_closing).then(|| self.cursor.last())
    }

    pub(super) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(super) const fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// Records that the socket may accept more.
    pub(super) const fn mark_writable(&mut self) {
        self.is_blocked = false;
    }

    /// Returns whether a close is in progress. Only a close moves a deadline closer, so only then must the timer be
    /// armed again before it expires.
    pub(super) const fn is_closing(&self) -> bool {
        self.is_closing
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
    ) -> io::Result<ServeOutcome> {
        for _ in 0..Self::READS_MAX {
            if self.session.ignores_input() {
                return Ok(ServeOutcome::Idle);
            }
            match self.socket.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // Even after a short read, another follows: only that one returns an end that arrived with the data.
                Ok(len) => self.on_bytes(&buffer[..len], retry_ms, clock.now()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(ServeOutcome::Idle);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ServeOutcome::ReadAgain)
    }

    /// Handles input that arrived at `now`.
    pub(super) fn on_bytes(&mut self, bytes: &[u8], retry_ms: [u64; 2], now: Micros) {
        if let Some(close) = self.session.on_bytes(bytes, now) {
            self.close(close, retry_ms);
        }
        self.owes_pong = self.session.owes_pong();
    }

    /// Returns true once, when the lane is to stop polling the socket for input.
    pub(super) fn disable_reading_once(&mut self) -> bool {
        self.session.disable_reading_once()
    }

    /// Returns whether the lane has stopped polling the socket for input.
    pub(super) fn is_reading_disabled(&self) -> bool {
        self.session.is_reading_disabled()
    }

    /// Writes what the viewer has not been sent yet, until the socket blocks or the budget is spent.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn send(
        &mut self,
        context: LaneContext<'_>,
        mut budget: WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<ServeOutcome> {
        if self.is_blocked {
            self.enforce_max_lag(context);
            return Ok(ServeOutcome::Idle);
        }
        let mut is_too_far = self.was_blocked && self.exceeds_max_lag(context);
        if is_too_far {
            self.enforce_max_lag(context);
        }
        loop {
            is_too_far &= !self.is_closing;
            let outcome = if self.is_closing || self.owes_pong || is_too_far {
                self.cursor
                    .write_queued(&mut self.socket, &mut budget, sent)?
            } else {
                let log = context.log;
                self.cursor
                    .write(log, &mut self.socket, &mut budget, sent)?
            };
            // If a socket that was full accepts bytes, the viewer has read some.
            self.has_progressed |= self.was_blocked && sent.bytes > 0;
            match outcome {
                WriteOutcome::Done if self.owes_pong => self.push_pongs(context.clock),
                // Only once the queued frames are written: the gap may still grow until then, and one gap is enough.
                WriteOutcome::Done if std::mem::take(&mut is_too_far) => self.skip_to_live(context),
                WriteOutcome::Done => return self.on_all_written(),
                WriteOutcome::NotInLog(to) => {
                    let is_nearly_live = to == context.newest() && self.fits_one_block(to);
                    return Ok(ServeOutcome::NeedsBackfill { is_nearly_live });
                }
                WriteOutcome::Yield => return Ok(ServeOutcome::WriteAgain),
                WriteOutcome::Blocked => {
                    (self.is_blocked, self.was_blocked) = (true, true);
                    let now = context.clock.now();
                    self.mark_behind(context.topic, context.newest(), now);
                    self.enforce_max_lag(context);
                    return Ok(ServeOutcome::Idle);
                }
            }
        }
    }

    /// Everything has been written: the viewer is up to date, or its close can continue.
    fn on_all_written(&mut self) -> io::Result<ServeOutcome> {
        if !self.is_closing {
            // Checked before the session is touched: for most viewers, `is_behind` is false.
            if std::mem::take(&mut self.is_behind) {
                self.was_blocked = false;
                self.session.caught_up();
            }
            return Ok(ServeOutcome::Idle);
        }
        match self.session.pending_close() {
            Some(close) if close.is_answered => Ok(ServeOutcome::Closed),
            Some(close) if close.shuts_down_when_sent => {
                tcp_socket::shut_down_write(&self.socket)?;
                Ok(ServeOutcome::Idle)
            }
            _ => Ok(ServeOutcome::Idle),
        }
    }

    const fn fits_one_block(&self, to: Seq) -> bool {
        to.get() - self.cursor.last().get() < Topic::BLOCK_LEN
    }

    /// Returns the range of the history to send next, if any, and adjusts the viewer's backlog.
    pub(super) fn take_backfill_range(&mut self, context: LaneContext<'_>) -> Option<(Seq, Seq)> {
        // A viewer has at most one block in its queue.
        if self.is_closing || !self.cursor.is_queue_empty() {
            return None;
        }
        let last = self.cursor.last();
        let LogLookup::NotInLog(to) = context.log.after(last) else {
            return None;
        };
        self.is_behind = true;
        let lag = context.topic.lag(last, context.newest());
        // If its socket has not blocked since the last block, it was waiting for the hub.
        if std::mem::take(&mut self.was_blocked) {
            self.session.shrink_backlog(lag);
        } else {
            let now = context.clock.now();
            self.session.mark_behind(lag, now);
        }
        Some((last.next(), to))
    }

    /// Queues a block of the history.
    pub(super) fn push_chunk(&mut self, chunk: &Chunk) {
        self.cursor.push_chunk(chunk);
    }

    /// Queues the answers to pings. They overtake publications in the log, and are stamped as late as possible.
    fn push_pongs(&mut self, clock: &Clock) {
        let cursor = &mut self.cursor;
        self.session.take_pongs(clock, |pong| cursor.push(pong));
        self.owes_pong = false;
    }

    fn push_message(&mut self, message: &Message<'_>) {
        self.cursor
            .push(control_messages::encode(self.encoding, message));
    }

    fn push_end_if_last(&mut self, topic: &Topic) {
        if let Some(end) = control_messages::end_if_last(self.encoding, topic, self.cursor.last()) {
            self.cursor.push(end);
        }
    }

    /// Starts to close, unless a close is in progress. A viewer that may reconnect is sent `bye` with `retry_ms`.
    fn close(&mut self, mut close: PendingClose, retry_ms: [u64; 2]) {
        let reason = close.reason;
        close.shuts_down_when_sent |= !self.encoding.is_two_way();
        if !self.session.start_close(close) {
            return;
        }
        let cursor = &mut self.cursor;
        control_messages::goodbye(self.encoding, reason, retry_ms, |frame| cursor.push(frame));
        (self.is_closing, self.owes_pong) = (true, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_fits_into_one_cache_line() {
        assert!(size_of::<Viewer>() <= 64, "{}", size_of::<Viewer>());
    }
}
