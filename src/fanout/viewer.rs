//! One viewer: a socket, a place on the timeline, and the conversation about it.
//!
//! What the viewer says goes in as bytes, what it is owed goes out as far as the socket takes it. Nothing here
//! waits: the lane calls when something has happened or is due.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::BytesMut;
use mio::net::TcpStream;

use super::closing::Closing;
use super::heartbeat::{Beat, Heartbeat};
use super::joiner::{Form, Holds};
use super::log::Log;
use super::outbox::Tally;
use super::outgoing::{Outgoing, Written};
use super::socket;
use super::throttle::Throttle;
use crate::clock::Clock;
use crate::hub::{Ask, Attendance, Topic};
use crate::protocol::frame::{self, Decoder, Incoming};
use crate::protocol::message::{self, Gap, GapReason, Hello, Message};
use crate::protocol::{Close, Micros, Seq};
use crate::settings::SlowPolicy;

/// A viewer between its joining and its leaving.
#[derive(Debug)]
pub(super) struct Viewer {
    socket: TcpStream,
    form: Form,
    /// The relay of its topic on the lane, and its place in the audience there.
    pub(super) relay: u32,
    pub(super) rank: u32,
    outgoing: Outgoing,
    /// The socket took less than it was given, and has not said since that it takes more.
    is_blocked: bool,
    decoder: Decoder,
    throttle: Throttle,
    heartbeat: Heartbeat,
    /// When the hub, draining, sends it away.
    turn: Option<Micros>,
    /// When the wheel gives it out next.
    pub(super) alarm: Micros,
    pings: Pings,
    closing: Option<Closing>,
    _attendance: Attendance,
    holds: Holds,
}

/// Pings that have not been answered yet. Of those that came while the socket was blocked only the newest of each
/// kind is answered, so that a viewer that does not read queues nothing.
#[derive(Debug, Default)]
struct Pings {
    /// The id of a `ping` message, and when it came.
    message: Option<(u64, Micros)>,
    /// The payload of a WebSocket ping.
    control: Option<Box<[u8]>>,
}

/// What a viewer needs of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) topic: &'a Topic,
    pub(super) log: &'a Log,
    pub(super) clock: &'a Clock,
}

/// What is to become of a viewer that has been served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// It waits for what comes.
    Waits,
    /// It has more to read or to write, and gave way to the others.
    Again,
    /// It has left.
    Left,
}

impl Viewer {
    /// Bytes taken from a socket in one call: a viewer sends pings of some 30 bytes.
    pub(super) const READ_LEN: usize = 2_048;
    /// Calls before the others get their turn.
    const READS_MAX: usize = 4;

    /// A viewer of `topic` that is sent what follows `last`, in answer to `ask`.
    pub(super) fn join(
        socket: TcpStream,
        topic: &Arc<Topic>,
        (form, last, ask): (Form, Seq, &Ask),
        holds: Holds,
        now: Micros,
    ) -> Self {
        socket::prepare(&socket, topic.max_lag());
        let answer = ask.answer(topic.epoch(), last);
        let attendance = topic.attend();
        let mut viewer = Self {
            socket,
            form,
            relay: 0,
            rank: 0,
            outgoing: Outgoing::after(last, ask.has_last(answer)),
            is_blocked: false,
            decoder: Decoder::new(form.compression()),
            throttle: Throttle::begin(now),
            heartbeat: Heartbeat::begin(now),
            turn: None,
            alarm: Micros::new(i64::MAX),
            pings: Pings::default(),
            closing: None,
            _attendance: attendance,
            holds,
        };
        if form.is_v1() {
            viewer.greet(topic, answer.recovered, answer.gap, now);
        }
        viewer
    }

    fn greet(&mut self, topic: &Topic, recovered: Option<bool>, gap: Option<Gap>, now: Micros) {
        let hello = Message::Hello(Hello {
            protocol: message::SUBPROTOCOL,
            topic: topic.name(),
            epoch: topic.epoch(),
            seq: self.outgoing.last(),
            now,
            recovered,
            delay: u64::try_from(topic.delay().as_micros()).unwrap_or(u64::MAX),
            timeline: Some(topic.timeline().view()),
            retained: None,
            dataset: Some(topic.dataset_view()),
            fields: topic.fields(),
            viewers: topic.viewers(),
        });
        self.say(&hello);
        if let Some(gap) = gap {
            self.say(&Message::Gap(gap));
        }
        self.say_end_at_the_end(topic);
    }

    /// Whom the viewer is, for the log.
    pub(super) const fn remote(&self) -> std::net::IpAddr {
        self.holds.remote
    }

    /// Why the viewer has left, as a short word.
    pub(super) fn reason(&self) -> &'static str {
        self.closing
            .as_ref()
            .map_or("lost", |closing| closing.why.label())
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

    /// When [`Viewer::beat`] is due.
    pub(super) fn deadline(&self) -> Micros {
        match &self.closing {
            Some(closing) => closing.deadline,
            None => self.turn.map_or(self.heartbeat.deadline(), |turn| {
                turn.min(self.heartbeat.deadline())
            }),
        }
    }

    /// The hub drains: the viewer is sent away at `turn`.
    pub(super) const fn expect_turn(&mut self, turn: Micros) {
        self.turn = Some(turn);
    }

    /// A deadline has come; false when the viewer is to be cut.
    pub(super) fn beat(&mut self, retry_ms: [u64; 2], now: Micros) -> bool {
        if self.closing.is_some() {
            if !self.outgoing.is_outbox_empty() {
                socket::reset(&self.socket);
            }
            return false;
        }
        if self.turn.is_some_and(|turn| turn <= now) {
            self.send_away(retry_ms, now);
            return true;
        }
        match self.heartbeat.beat() {
            Beat::Ping => self.outgoing.push(frame::ping()),
            Beat::GiveUp => self.close(Closing::begin(Close::NoPong, now)),
        }
        true
    }

    fn send_away(&mut self, retry_ms: [u64; 2], now: Micros) {
        if self.form.is_v1() {
            self.say(&Message::Bye {
                reason: "draining",
                retry_ms,
            });
        }
        self.close(Closing::begin(Close::Draining, now));
    }

    /// Reads what the socket has, by way of `buffer`.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8; Self::READ_LEN],
        clock: &Clock,
    ) -> io::Result<Served> {
        for _ in 0..Self::READS_MAX {
            match self.socket.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => {
                    self.hear(&buffer[..len], clock.now());
                    if len < buffer.len() {
                        return Ok(Served::Waits);
                    }
                }
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
    pub(super) fn hear(&mut self, bytes: &[u8], now: Micros) {
        if bytes.is_empty() {
            return;
        }
        self.heartbeat.hear(now);
        self.decoder.feed(bytes);
        loop {
            match self.decoder.message() {
                Ok(Some(incoming)) => self.answer(incoming, now),
                Ok(None) => return,
                Err(close) => return self.close(Closing::failure(close, now)),
            }
        }
    }

    fn answer(&mut self, incoming: Incoming, now: Micros) {
        if let (Incoming::Close, Some(closing)) = (&incoming, &mut self.closing) {
            closing.is_mutual = true;
            return;
        }
        if self.closing.is_some() {
            return;
        }
        if incoming != Incoming::Close && !self.throttle.allows(now) {
            return self.close(Closing::begin(Close::TooMany, now));
        }
        match incoming {
            Incoming::Close => self.close(Closing::in_answer(now)),
            Incoming::Ping(payload) => self.pings.control = Some(payload.into()),
            // What a bare viewer says is limited, and ignored.
            Incoming::Text(_) | Incoming::Binary if self.form == Form::Bare => {}
            Incoming::Binary => self.close(Closing::begin(Close::Binary, now)),
            Incoming::Text(text) => match message::parse_ping(&text) {
                Ok(Some(id)) => self.pings.message = Some((id, now)),
                Ok(None) => {}
                Err(_) => self.close(Closing::begin(Close::Malformed, now)),
            },
            Incoming::Pong => {}
        }
    }

    /// Gives the socket what the viewer is owed, as far as it takes it.
    ///
    /// # Errors
    /// The connection is gone.
    pub(super) fn send(
        &mut self,
        surroundings: Surroundings<'_>,
        tally: &mut Tally,
    ) -> io::Result<Served> {
        if self.is_blocked {
            self.judge(surroundings);
            return Ok(Served::Waits);
        }
        self.push_pongs(surroundings.clock);
        loop {
            let written = if self.closing.is_some() {
                self.outgoing.write_own(&mut self.socket, tally)?
            } else {
                self.outgoing
                    .write(surroundings.log, &mut self.socket, tally)?
            };
            match written {
                Written::All => return self.rest(),
                Written::Enough => return Ok(Served::Again),
                Written::Blocked => {
                    self.is_blocked = true;
                    self.judge(surroundings);
                    return Ok(Served::Waits);
                }
                Written::Apart(to) => self.push_apart(surroundings.topic, to),
                Written::Lost => self.fall_behind(surroundings),
            }
        }
    }

    /// Everything has gone; what is left is to see whether that was all.
    fn rest(&self) -> io::Result<Served> {
        match &self.closing {
            Some(closing) if closing.is_mutual => Ok(Served::Left),
            Some(closing) if closing.is_failure => {
                socket::end_our_half(&self.socket)?;
                Ok(Served::Waits)
            }
            _ => Ok(Served::Waits),
        }
    }

    /// A viewer that takes nothing may have fallen behind further than it is allowed to.
    fn judge(&mut self, surroundings: Surroundings<'_>) {
        if self.closing.is_none()
            && self.is_closed_when_slow(surroundings.topic)
            && surroundings.log.has_dropped_after(self.outgoing.last())
        {
            self.close(Closing::begin(Close::Slow, surroundings.clock.now()));
        }
    }

    fn is_closed_when_slow(&self, topic: &Topic) -> bool {
        self.form == Form::Bare || topic.slow() == SlowPolicy::Disconnect
    }

    /// The log no longer has what the viewer is owed.
    fn fall_behind(&mut self, surroundings: Surroundings<'_>) {
        let topic = surroundings.topic;
        if self.is_closed_when_slow(topic) {
            return self.close(Closing::begin(Close::Slow, surroundings.clock.now()));
        }
        let (from, to) = (
            self.outgoing.last().next(),
            surroundings.log.next().previous(),
        );
        topic.counters.gaps.add(1);
        self.outgoing.skip_to(to);
        self.say(&Message::Gap(Gap {
            from: Some(from),
            to: Some(to),
            reason: GapReason::Slow,
        }));
        self.say_end_at_the_end(topic);
    }

    /// Adds the publications up to `to`, which are encoded for this viewer alone: it came in the middle of what the
    /// others get in one.
    fn push_apart(&mut self, topic: &Topic, to: Seq) {
        let first = self.outgoing.last().next();
        let mut frames = BytesMut::new();
        if self.form == Form::Bare {
            let seqs = (first.get()..=to.get()).map(Seq::saturating);
            for publication in seqs.filter_map(|seq| topic.publication(seq)) {
                frames.extend_from_slice(publication.frame());
            }
        } else {
            let mut has_last = self.outgoing.has_last();
            for flush in topic.flushes(first, to) {
                let skip = if has_last { 0 } else { flush.jump_len() };
                frames.extend_from_slice(&flush.frames()[skip..]);
                has_last = true;
            }
        }
        self.outgoing.push_publications(frames.freeze(), to);
    }

    /// Answers to pings overtake what waits and are stamped as late as possible.
    fn push_pongs(&mut self, clock: &Clock) {
        if let Some(payload) = self.pings.control.take() {
            self.outgoing.push_ahead(frame::pong(&payload));
        }
        if let Some((id, r)) = self.pings.message.take() {
            let s = clock.now();
            let pong = Message::Pong { id, r, s };
            self.outgoing.push_ahead(frame::text(&pong.to_json()));
        }
    }

    fn say(&mut self, message: &Message<'_>) {
        self.outgoing.push(frame::text(&message.to_json()));
    }

    /// Whoever has the last publication without its frame is told the end apart from it.
    fn say_end_at_the_end(&mut self, topic: &Topic) {
        if topic.timeline().last() == Some(self.outgoing.last()) {
            topic
                .end_frame()
                .into_iter()
                .for_each(|end| self.outgoing.push(end));
        }
    }

    fn close(&mut self, closing: Closing) {
        if self.closing.is_none() {
            self.pings = Pings::default();
            self.outgoing.push(frame::close(closing.why));
            self.closing = Some(closing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_five_cache_lines() {
        assert!(size_of::<Viewer>() <= 320, "{}", size_of::<Viewer>());
    }
}
