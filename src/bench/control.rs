//! `Control`: one more viewer of the hub, of the form v1, that asks what time it is there.
//!
//! From its `hello` comes the schedule, from its pings the offset of the hub's clock. A server that does not take
//! it is no hub: then both stay unknown, and the reason is kept.

use mio::event::Event as Readiness;
use mio::{Registry, Token};

use super::connection::{Connection, End, Inlet};
use super::dialect::masked_text;
use super::message::Said;
use super::probes::{Estimate, Probes};
use super::reader::Reader;
use super::target::Target;
use crate::protocol::Micros;

/// The control connection's place among the viewers' numbers.
pub(super) const CONTROL: Token = Token(usize::MAX);

/// From ping to ping, in microseconds. No multiple of a usual period, so that pings do not keep meeting the waves of
/// records; far below the 20 a second that a hub allows.
const PING_EVERY: i64 = 237_000;

/// The control connection of one run.
#[derive(Debug)]
pub(super) struct Control {
    target: Target,
    connection: Option<Connection>,
    probes: Probes,
    next_ping: i64,
    has_hello: bool,
    why_not: Option<String>,
}

impl Control {
    /// Begins to connect to the hub at `target`.
    pub(super) fn open(target: Target, registry: &Registry) -> Self {
        let (connection, why_not) = match Connection::open(&target, registry, CONTROL) {
            Ok(connection) => (Some(connection), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            target,
            connection,
            probes: Probes::default(),
            next_ping: 0,
            has_hello: false,
            why_not,
        }
    }

    /// Whether what it was asked is answered, or never will be.
    pub(super) fn is_settled(&self) -> bool {
        self.connection.is_none() || self.probes.best().is_some()
    }

    /// Why nothing is known of the hub's clock.
    pub(super) fn why_not(&self) -> Option<&str> {
        self.why_not.as_deref()
    }

    /// How well the hub's clock is known.
    pub(super) fn estimate(&self) -> Option<Estimate> {
        self.probes.best()
    }

    /// Nothing more is to be expected of a server that does not answer.
    pub(super) fn give_up(&mut self) {
        self.connection = None;
        self.why_not = Some("the server sends no `hello`".to_owned());
    }

    /// Goes on as far as the socket lets it; what is learnt goes to `reader`.
    pub(super) fn advance(
        &mut self,
        readiness: &Readiness,
        registry: &Registry,
        inlet: &mut Inlet,
        reader: &mut Reader,
    ) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let target = self.target.clone();
        let advanced = connection.advance(readiness, &target, registry, inlet, |content, now| {
            self.learn(content, now, reader);
        });
        match advanced {
            Ok(_) => self.connection = Some(connection),
            Err(end) => self.ended(&end),
        }
    }

    /// Pings when it is time to.
    pub(super) fn ping(&mut self, now: i64) {
        let Some(connection) = self.connection.as_mut() else {
            return;
        };
        if !self.has_hello || now < self.next_ping {
            return;
        }
        self.next_ping = now + PING_EVERY;
        // The id is the instant, so that nothing has to be remembered.
        let ping = format!(r#"{{"type":"ping","id":{now}}}"#);
        if let Err(end) = connection.say(&masked_text(&ping)) {
            self.ended(&end);
        }
    }

    /// When the next ping is due.
    pub(super) const fn next_ping(&self) -> i64 {
        self.next_ping
    }

    fn learn(&mut self, content: &[u8], now: i64, reader: &mut Reader) {
        match Said::read(content) {
            Some(Said::Hello(_, schedule)) => {
                self.has_hello = true;
                reader.reschedule(schedule);
            }
            Some(Said::State(schedule)) => reader.reschedule(schedule),
            Some(Said::Pong { id, r, s }) => {
                self.probes.answered(id, now, r, s);
                reader.offset = self.probes.best().map_or(0, |best| best.offset);
            }
            _ => {}
        }
    }

    /// What is known stays known.
    fn ended(&mut self, end: &End) {
        self.connection = None;
        self.why_not = Some(format!("the control connection ended: {}", end.label()));
    }
}

/// The offset of the wall clock, which stamps of other programs are read from, to `now` of ours.
pub(super) fn wall_offset(now: Micros) -> i64 {
    crate::clock::wall().get() - now.get()
}
