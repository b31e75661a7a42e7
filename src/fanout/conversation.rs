//! `Conversation`: what is said between the hub and one viewer besides publications: pings, closes, and when.
//!
//! No socket: bytes and instants go in, what is to be done comes out. A viewer's flushes do not touch it, so it
//! stands apart from what they do touch.

use std::time::Duration;

use super::closing::Closing;
use super::drain::Step;
use super::heartbeat::{Beat, Heartbeat};
use super::joiner::{Form, Holds};
use super::load::Load;
use super::throttle::Throttle;
use crate::clock::Clock;
use crate::hub::{Attendance, Departure};
use crate::protocol::frame::{self, Decoder, Incoming};
use crate::protocol::message::{self, Message};
use crate::protocol::{Close, Micros};

/// See the head of this file.
#[derive(Debug)]
pub(super) struct Conversation {
    form: Form,
    decoder: Decoder,
    throttle: Throttle,
    heartbeat: Heartbeat,
    /// What a draining hub has still to do about the viewer, and when.
    parting: Option<(Micros, Parting)>,
    /// When the wheel gives the viewer out next.
    pub(super) alarm: Micros,
    pings: Pings,
    /// Apart, because only the last moments of a viewer need it, and each viewer has the room.
    closing: Option<Box<Closing>>,
    /// Set once, with a close under way or about to begin: what the viewer sends from then on is left unread.
    has_heard_enough: bool,
    /// Set once, when the lane has noticed that.
    is_unread: bool,
    /// How often its socket was found to have taken something.
    taken: u64,
    /// How far behind the viewer is by no fault of its own, and has not caught up on.
    backlog: Duration,
    /// When it was up to date last, or the hub let it wait.
    behind_since: Micros,
    attendance: Attendance,
    _load: Load,
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

/// What a draining hub does about a viewer, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// Send it a `bye`; it keeps its stream.
    Tell,
    /// Close it.
    Close,
}

/// What a deadline that has come demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// Ping the viewer.
    Ping,
    /// Part from the viewer.
    Part(Parting),
    /// Go on waiting.
    Wait,
    /// Close the connection.
    Close(Close),
    /// Cut the connection: its close took too long.
    Cut,
}

impl Parting {
    /// What viewers that join at this step of a drain are in for.
    pub(super) const fn at(step: Step) -> Option<Self> {
        match step {
            Step::Serving => None,
            Step::Telling => Some(Self::Tell),
            Step::Closing => Some(Self::Close),
        }
    }
}

impl Conversation {
    pub(super) fn begin(
        form: Form,
        attendance: Attendance,
        (holds, load): (Holds, Load),
        now: Micros,
    ) -> Self {
        Self {
            form,
            decoder: Decoder::new(form.compression()),
            throttle: Throttle::begin(now),
            heartbeat: Heartbeat::begin(form.is_heard(), now),
            parting: None,
            alarm: Micros::new(i64::MAX),
            pings: Pings::default(),
            closing: None,
            has_heard_enough: false,
            is_unread: false,
            taken: 0,
            backlog: Duration::ZERO,
            behind_since: now,
            attendance,
            _load: load,
            holds,
        }
    }

    /// Where the viewer comes from.
    pub(super) const fn remote(&self) -> std::net::IpAddr {
        self.holds.remote
    }

    /// Why the viewer leaves, if it leaves now.
    pub(super) const fn departure(&self) -> Departure {
        self.attendance.departure()
    }

    /// Whether how much the viewer has acknowledged says something.
    pub(super) const fn is_progress_asked(&self) -> bool {
        self.form.is_heard() || self.closing.is_some()
    }

    /// The close under way, if it is still to be noted what the viewer had acknowledged when it began.
    pub(super) fn closing_to_note(&mut self) -> Option<&mut Closing> {
        self.closing
            .as_deref_mut()
            .filter(|closing| closing.is_to_be_noted())
    }

    /// Where that cannot be found out, what its socket took counts instead.
    pub(super) const fn count_taken(&mut self, has_taken: bool) -> u64 {
        if has_taken {
            self.taken += 1;
        }
        self.taken
    }

    /// The close under way.
    pub(super) fn closing(&self) -> Option<&Closing> {
        self.closing.as_deref()
    }

    /// Begins to close; false when a close is under way already.
    pub(super) fn close(&mut self, closing: Closing) -> bool {
        let is_first = self.closing.is_none();
        if is_first {
            self.attendance.close(closing.why);
            self.pings = Pings::default();
            self.closing = Some(Box::new(closing));
        }
        is_first
    }

    /// How far behind the viewer is by no fault of its own: it may be that much further behind than others.
    pub(super) const fn backlog(&self) -> Duration {
        self.backlog
    }

    /// How long it has been behind by its own doing. A hub that stood still falls behind its schedule within no time,
    /// and all its viewers with it.
    pub(super) fn behind_for(&self, now: Micros) -> Duration {
        now.since(self.behind_since)
    }

    /// The viewer is `lag` behind by no fault of its own.
    pub(super) const fn begin_behind(&mut self, lag: Duration, now: Micros) {
        (self.backlog, self.behind_since) = (lag, now);
    }

    /// The viewer is `lag` behind: what it has caught up on it may not lose again.
    pub(super) fn come_nearer(&mut self, lag: Duration) {
        self.backlog = self.backlog.min(lag);
    }

    /// The viewer has everything.
    pub(super) const fn arrive(&mut self) {
        self.backlog = Duration::ZERO;
    }

    /// When [`Conversation::beat`] is due.
    pub(super) fn deadline(&self) -> Micros {
        if let Some(closing) = &self.closing {
            return closing.deadline;
        }
        let beat = self.heartbeat.deadline();
        self.parting.map_or(beat, |(at, _)| at.min(beat))
    }

    /// Schedules `parting` for `at`, because the hub drains.
    pub(super) const fn part_at(&mut self, at: Micros, parting: Parting) {
        self.parting = Some((at, parting));
    }

    /// Returns what to do at the deadline; the viewer's kernel has `acknowledged` this many bytes. A close waits if the
    /// viewer `has_more` to read before it and still reads.
    pub(super) fn beat(&mut self, acknowledged: u64, has_more: bool, now: Micros) -> Demand {
        if let Some(closing) = &mut self.closing {
            return if closing.goes_on(acknowledged, now) && has_more {
                Demand::Wait
            } else {
                Demand::Cut
            };
        }
        if let Some((_, parting)) = self.parting.take_if(|(at, _)| *at <= now) {
            return Demand::Part(parting);
        }
        match self.heartbeat.beat(acknowledged, now) {
            Beat::Ping => Demand::Ping,
            Beat::Wait => Demand::Wait,
            Beat::GiveUp => Demand::Close(Close::NoPong),
        }
    }

    /// Takes what the viewer has said, and came at `now`; how it is to be closed if it is for that.
    pub(super) fn hear(&mut self, bytes: &[u8], now: Micros) -> Option<Closing> {
        if bytes.is_empty() {
            return None;
        }
        if !self.form.is_heard() {
            let is_too_much = !self.throttle.allows(now);
            return is_too_much.then(|| self.fault(Close::TooMany, now));
        }
        self.heartbeat.hear(now);
        self.decoder.feed(bytes);
        while !self.has_heard_enough {
            match self.decoder.message() {
                Ok(Some(incoming)) => {
                    if let Some(closing) = self.answer(incoming, now) {
                        return Some(closing);
                    }
                }
                Ok(None) => return None,
                Err(close) => return Some(self.fault(close, now)),
            }
        }
        None
    }

    /// Whether nothing more is to be read from the viewer: it broke a rule, or has closed. Reading on would let a
    /// flooder cost as much while it is being closed as before.
    pub(super) const fn has_heard_enough(&self) -> bool {
        self.has_heard_enough
    }

    /// Whether from now on nothing more is read from the viewer; true once.
    pub(super) const fn stops_being_read(&mut self) -> bool {
        self.has_heard_enough && !std::mem::replace(&mut self.is_unread, true)
    }

    /// Whether nothing is read from the viewer any more.
    pub(super) const fn is_unread(&self) -> bool {
        self.is_unread
    }

    fn fault(&mut self, why: Close, now: Micros) -> Closing {
        self.has_heard_enough = true;
        Closing::for_fault(why, now)
    }

    fn answer(&mut self, incoming: Incoming, now: Micros) -> Option<Closing> {
        if incoming == Incoming::Close {
            self.has_heard_enough = true;
            let Some(closing) = &mut self.closing else {
                return Some(Closing::in_answer(now));
            };
            closing.is_mutual = true;
            return None;
        }
        if !self.throttle.allows(now) {
            return Some(self.fault(Close::TooMany, now));
        }
        if self.closing.is_some() {
            return None;
        }
        match incoming {
            Incoming::Ping(payload) => self.pings.control = Some(payload.into()),
            // What a bare viewer says is limited, and ignored.
            Incoming::Text(_) | Incoming::Binary if self.form == Form::Bare => {}
            Incoming::Binary => return Some(self.fault(Close::Binary, now)),
            Incoming::Text(text) => match message::parse_ping(&text) {
                Ok(Some(id)) => self.pings.message = Some((id, now)),
                Ok(None) => {}
                Err(_) => return Some(self.fault(Close::Malformed, now)),
            },
            Incoming::Pong | Incoming::Close => {}
        }
        None
    }

    /// Whether a ping has not been answered yet.
    pub(super) const fn owes_pong(&self) -> bool {
        self.pings.message.is_some() || self.pings.control.is_some()
    }

    /// Gives `push` the answers to pings as frames, stamped now.
    pub(super) fn take_pongs(&mut self, clock: &Clock, mut push: impl FnMut(bytes::Bytes)) {
        let Pings { message, control } = std::mem::take(&mut self.pings);
        if let Some(payload) = control {
            push(frame::pong(&payload));
        }
        if let Some((id, r)) = message {
            let s = clock.now();
            push(frame::text(&Message::Pong { id, r, s }.to_json()));
        }
    }
}
