//! [`ControlConnection`]: an additional v1 connection that learns the hub's schedule and clock.
//!
//! The schedule comes from its `hello`, the clock offset from its pings. If the server is not a hub and rejects the
//! connection, both stay unknown and the reason is kept for the report.

use mio::event::Event as Readiness;
use mio::{Registry, Token};

use super::bench_target::BenchTarget;
use super::client_connection::{ClientConnection, ConnectionEnd, ReadContext};
use super::clock_probes::{ClockEstimate, ClockProbes};
use super::hub_message::HubMessage;
use super::record_reader::RecordReader;
use super::wire_protocol::masked_text;
use crate::protocol::Micros;

/// The control connection's poll token; viewers use their number.
pub(super) const CONTROL_TOKEN: Token = Token(usize::MAX);

/// Interval between pings in microseconds. Not a multiple of a common record period, so that pings do not always
/// coincide with a publication; far below the 20 messages a second that a hub allows.
const PING_INTERVAL: i64 = 237_000;

/// The control connection of one run.
#[derive(Debug)]
pub(super) struct ControlConnection {
    target: BenchTarget,
    /// `None` once the connection has failed or been given up; `failure` then says why.
    connection: Option<ClientConnection>,
    probes: ClockProbes,
    /// When the next ping is due, in microseconds on our clock; 0 until the first one has been sent.
    next_ping: i64,
    /// Pings are sent only after the `hello`.
    has_hello: bool,
    failure: Option<String>,
}

impl ControlConnection {
    /// Starts connecting to the hub at `target`.
    pub(super) fn open(target: BenchTarget, registry: &Registry) -> Self {
        let (connection, failure) = match ClientConnection::open(&target, registry, CONTROL_TOKEN) {
            Ok(connection) => (Some(connection), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            target,
            connection,
            probes: ClockProbes::default(),
            next_ping: 0,
            has_hello: false,
            failure,
        }
    }

    /// Whether a clock estimate is available or the connection has failed.
    pub(super) fn is_done(&self) -> bool {
        self.connection.is_none() || self.probes.best().is_some()
    }

    /// Why the connection failed, if it did.
    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The best estimate of the hub's clock so far.
    pub(super) fn estimate(&self) -> Option<ClockEstimate> {
        self.probes.best()
    }

    /// Closes the connection to a server that does not respond.
    pub(super) fn give_up(&mut self) {
        self.connection = None;
        self.failure = Some("the server sends no `hello`".to_owned());
    }

    /// Handles readiness; updates the schedule and clock offset of `reader`.
    pub(super) fn on_ready(
        &mut self,
        readiness: &Readiness,
        registry: &Registry,
        context: &mut ReadContext,
        reader: &mut RecordReader,
    ) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let target = self.target.clone();
        let advanced =
            connection.on_ready(readiness, &target, registry, context, |content, now| {
                self.on_message(content, now, reader);
            });
        match advanced {
            Ok(_) => self.connection = Some(connection),
            Err(end) => self.on_end(&end),
        }
    }

    /// Sends a ping if one is due.
    pub(super) fn ping_if_due(&mut self, now: i64) {
        let Some(connection) = self.connection.as_mut() else {
            return;
        };
        if !self.has_hello || now < self.next_ping {
            return;
        }
        self.next_ping = now + PING_INTERVAL;
        // The id is the time of sending, so no state is needed to match the pong.
        let ping = format!(r#"{{"type":"ping","id":{now}}}"#);
        if let Err(end) = connection.send(&masked_text(&ping)) {
            self.on_end(&end);
        }
    }

    /// When the next ping is due; 0 before the first one.
    pub(super) const fn next_ping(&self) -> i64 {
        self.next_ping
    }

    fn on_message(&mut self, content: &[u8], now: i64, reader: &mut RecordReader) {
        match HubMessage::parse(content) {
            Some(HubMessage::Hello(_, schedule)) => {
                self.has_hello = true;
                reader.set_schedule(schedule);
            }
            Some(HubMessage::State(schedule)) => reader.set_schedule(schedule),
            Some(HubMessage::Pong { id, r, s }) => {
                self.probes.on_pong(id, now, r, s);
                reader.offset = self.probes.best().map_or(0, |best| best.offset);
            }
            _ => {}
        }
    }

    /// Records the failure; the schedule and the estimate so far stay valid.
    fn on_end(&mut self, end: &ConnectionEnd) {
        self.connection = None;
        self.failure = Some(format!("the control connection ended: {}", end.label()));
    }
}

/// The offset from our clock, which reads `now`, to the wall clock, which other servers' time stamps use.
pub(super) fn wall_offset(now: Micros) -> i64 {
    crate::clock::wall_now().get() - now.get()
}
