//! One viewer: a socket, a place on the timeline, and the conversation about it.
//!
//! What the viewer says goes in as bytes, what it is owed goes out as far as the socket takes it. Nothing here
//! waits: the lane calls when something has happened or is due.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use mio::net::TcpStream;

use super::allowance::Allowance;
use super::closing::Closing;
use super::conversation::Conversation;
use super::joiner::{Form, Holds};
use super::load::Load;
use super::log::{Following, Unit};
use super::outbox::Tally;
use super::outgoing::{Outgoing, Written};
use super::surroundings::Surroundings;
use super::{socket, words};
use crate::clock::Clock;
use crate::hub::{Ask, Attendance, Topic};
use crate::protocol::message::Message;
use crate::protocol::{Micros, Seq};

mod deadlines;
mod slowness;

/// A viewer between its joining and its leaving. What every flush touches stands here, in one cache line; the rest
/// is a conversation.
#[derive(Debug)]
pub(super) struct Viewer {
    /// First, because it is dropped first: whoever sees the end of the connection finds the seat free.
    conversation: Box<Conversation>,
    socket: TcpStream,
    form: Form,
    /// The socket took less than it was given, and has not said since that it takes more.
    is_blocked: bool,
    /// A close is under way.
    is_closing: bool,
    /// A ping has not been answered yet.
    owes_pong: bool,
    /// Its socket took something since that was asked last.
    has_taken: bool,
    /// It has not had everything since it joined, or since its socket took no more.
    is_behind: bool,
    /// Its socket took no more since it was sent the last piece of the history.
    was_blocked: bool,
    /// It waits for its turn to be sent a piece of the history, or what is long.
    pub(super) is_queued: bool,
    /// The relay of its topic on the lane, and its place in the audience there.
    pub(super) relay: u32,
    pub(super) rank: u32,
    outgoing: Outgoing,
}

/// What is to become of a viewer that has been served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// It waits for what comes.
    Waits,
    /// It has more to read, and gave way to the others.
    Again,
    /// It has more to write, and gave way to the others, or what follows is long.
    Long,
    /// It is owed what is in the history alone; whether one piece of it is enough.
    Behind { is_nearly_live: bool },
    /// It has left.
    Left,
}

impl Viewer {
    /// Bytes taken from a socket in one call: a viewer sends pings of some 30 bytes.
    pub(super) const READ_LEN: usize = 2_048;
    /// Calls before the others get their turn.
    const READS_MAX: usize = 4;

    /// A viewer of `topic`, whose last publication is `newest`, that is answered `ask`.
    pub(super) fn join(
        socket: TcpStream,
        topic: &Arc<Topic>,
        (form, head, ask): (Form, Bytes, &Ask),
        newest: Seq,
        (attendance, holds, load): (Attendance, Holds, Load),
        now: Micros,
    ) -> Self {
        socket::prepare(&socket, topic.max_lag());
        let answer = form.answer(ask, topic, newest);
        let viewers = attendance.viewers();
        let conversation = Conversation::begin(form, attendance, (holds, load), now);
        let mut viewer = Self {
            socket,
            form,
            is_blocked: false,
            is_closing: false,
            owes_pong: false,
            has_taken: false,
            is_behind: false,
            was_blocked: false,
            is_queued: false,
            relay: 0,
            rank: 0,
            outgoing: Outgoing::after(answer.after, ask.has_last(answer)),
            conversation: Box::new(conversation),
        };
        if ask.has_last(answer) {
            topic.counters.recovered.add(1);
        }
        if answer.after < newest {
            viewer.fall_back(topic, newest, now);
        }
        if !head.is_empty() {
            viewer.outgoing.push(head);
        }
        if form.has_messages() {
            let outgoing = &mut viewer.outgoing;
            words::greet(form, topic, answer, (newest, viewers), now, |frame| {
                outgoing.push(frame);
            });
            viewer.say_end_at_the_end(topic);
        }
        viewer
    }

    /// Where the viewer comes from.
    pub(super) const fn remote(&self) -> IpAddr {
        self.conversation.remote()
    }

    /// Why the viewer has left, as a short word.
    pub(super) const fn reason(&self) -> &'static str {
        self.conversation.departure().label()
    }

    /// The last publication it has, or that waits for its socket; `None` when it gets no more.
    pub(super) fn last(&self) -> Option<Seq> {
        (!self.is_closing).then(|| self.outgoing.last())
    }

    pub(super) const fn form(&self) -> Form {
        self.form
    }

    pub(super) const fn socket(&mut self) -> &mut TcpStream {
        &mut self.socket
    }

    /// The socket takes more.
    pub(super) const fn unblock(&mut self) {
        self.is_blocked = false;
    }

    /// Whether its deadline may have come nearer: nothing but a close brings it nearer between two alarms.
    pub(super) const fn is_closing(&self) -> bool {
        self.is_closing
    }

    /// Reads what the socket has, by way of `buffer`.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8; Self::READ_LEN],
        retry_ms: [u64; 2],
        clock: &Clock,
    ) -> io::Result<Served> {
        for _ in 0..Self::READS_MAX {
            if self.conversation.has_heard_enough() {
                return Ok(Served::Waits);
            }
            match self.socket.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // Never taken for the last: an end that came with it is told by the next read alone.
                Ok(len) => self.hear(&buffer[..len], retry_ms, clock.now()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(Served::Waits);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Served::Again)
    }

    /// Takes what the viewer has said, and came at `now`.
    pub(super) fn hear(&mut self, bytes: &[u8], retry_ms: [u64; 2], now: Micros) {
        if let Some(closing) = self.conversation.hear(bytes, now) {
            self.close(closing, retry_ms);
        }
        self.owes_pong = self.conversation.owes_pong();
    }

    /// Whether from now on nothing more is read from the viewer; true once.
    pub(super) fn stops_being_read(&mut self) -> bool {
        self.conversation.stops_being_read()
    }

    /// Whether nothing is read from the viewer any more.
    pub(super) fn is_unread(&self) -> bool {
        self.conversation.is_unread()
    }

    /// Gives the socket what the viewer is owed, as far as it takes it.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn send(
        &mut self,
        surroundings: Surroundings<'_>,
        mut allowance: Allowance,
        tally: &mut Tally,
    ) -> io::Result<Served> {
        if self.is_blocked {
            self.judge(surroundings);
            return Ok(Served::Waits);
        }
        let mut is_far = self.was_blocked && self.is_too_far(surroundings);
        if is_far {
            self.judge(surroundings);
        }
        loop {
            is_far &= !self.is_closing;
            let written = if self.is_closing || self.owes_pong || is_far {
                self.outgoing
                    .write_own(&mut self.socket, &mut allowance, tally)?
            } else {
                let log = surroundings.log;
                self.outgoing
                    .write(log, &mut self.socket, &mut allowance, tally)?
            };
            // Room that the kernel has not had before was made by the viewer.
            self.has_taken |= self.was_blocked && tally.bytes > 0;
            match written {
                Written::All if self.owes_pong => self.push_pongs(surroundings.clock),
                // Not before what it was sent last has gone: until then more may be missing, and one gap is enough.
                Written::All if std::mem::take(&mut is_far) => self.leave_out(surroundings),
                Written::All => return self.rest(),
                Written::Apart(to) => {
                    let is_nearly_live = to == surroundings.newest() && self.is_within_a_piece(to);
                    return Ok(Served::Behind { is_nearly_live });
                }
                Written::Enough => return Ok(Served::Long),
                Written::Blocked => {
                    (self.is_blocked, self.was_blocked) = (true, true);
                    let now = surroundings.clock.now();
                    self.fall_back(surroundings.topic, surroundings.newest(), now);
                    self.judge(surroundings);
                    return Ok(Served::Waits);
                }
            }
        }
    }

    /// Everything has gone; what is left is to see whether that was all.
    fn rest(&mut self) -> io::Result<Served> {
        if !self.is_closing {
            // Before the conversation is looked at: to nearly all this is all there is.
            if std::mem::take(&mut self.is_behind) {
                self.was_blocked = false;
                self.conversation.arrive();
            }
            return Ok(Served::Waits);
        }
        match self.conversation.closing() {
            Some(closing) if closing.is_mutual => Ok(Served::Left),
            Some(closing) if closing.ends_at_once => {
                socket::end_our_half(&self.socket)?;
                Ok(Served::Waits)
            }
            _ => Ok(Served::Waits),
        }
    }

    const fn is_within_a_piece(&self, to: Seq) -> bool {
        to.get() - self.outgoing.last().get() < Topic::CUT
    }

    /// The range of the history that the viewer is owed next.
    pub(super) fn wants(&mut self, surroundings: Surroundings<'_>) -> Option<(Seq, Seq)> {
        // What is on its way goes first: a viewer has one piece at a time.
        if self.is_closing || !self.outgoing.is_outbox_empty() {
            return None;
        }
        let last = self.outgoing.last();
        let Following::Apart(to) = surroundings.log.after(last) else {
            return None;
        };
        self.is_behind = true;
        let lag = surroundings.topic.lag(last, surroundings.newest());
        // While its socket took everything, it was the hub that let it wait.
        if std::mem::take(&mut self.was_blocked) {
            self.conversation.come_nearer(lag);
        } else {
            let now = surroundings.clock.now();
            self.conversation.begin_behind(lag, now);
        }
        Some((last.next(), to))
    }

    /// Adds what the viewer wants.
    pub(super) fn push_unit(&mut self, unit: &Unit) {
        self.outgoing.push_unit(unit);
    }

    /// Answers to pings overtake what waits and are stamped as late as possible.
    fn push_pongs(&mut self, clock: &Clock) {
        let outgoing = &mut self.outgoing;
        self.conversation
            .take_pongs(clock, |pong| outgoing.push(pong));
        self.owes_pong = false;
    }

    fn say(&mut self, message: &Message<'_>) {
        self.outgoing.push(words::spell(self.form, message));
    }

    fn say_end_at_the_end(&mut self, topic: &Topic) {
        if let Some(end) = words::end_after(self.form, topic, self.outgoing.last()) {
            self.outgoing.push(end);
        }
    }

    /// Begins to close. Whoever may come back is told when.
    fn close(&mut self, mut closing: Closing, retry_ms: [u64; 2]) {
        let why = closing.why;
        closing.ends_at_once |= !self.form.is_heard();
        if !self.conversation.close(closing) {
            return;
        }
        let outgoing = &mut self.outgoing;
        words::farewell(self.form, why, retry_ms, |frame| outgoing.push(frame));
        (self.is_closing, self.owes_pong) = (true, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_flush_touches_is_one_cache_line() {
        assert!(size_of::<Viewer>() <= 64, "{}", size_of::<Viewer>());
    }
}
