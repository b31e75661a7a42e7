//! `ViewerInput`: what a viewer sends, decoded, limited in rate, and reduced to what the hub reacts to.

use bytes::Bytes;

use super::viewer_join::Encoding;
use crate::clock::Clock;
use crate::protocol::message::Message;
use crate::protocol::websocket::{self, Decoder, ViewerMessage};
use crate::protocol::{CloseReason, Micros, ViewerReport, ViewerText};

/// The input of one connection.
#[derive(Debug)]
pub(super) struct ViewerInput {
    encoding: Encoding,
    state: InputState,
    decoder: Decoder,
    rate_limiter: RateLimiter,
    pings: PendingPings,
}

/// Input that concerns the connection as a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum InputEvent {
    /// The viewer has sent its close.
    Closed,
    /// The viewer reports how well it draws. There may be more input; without bytes, [`ViewerInput::on_bytes`] goes on.
    Report(ViewerReport),
    /// The viewer has violated the protocol or sent too many messages; it is to be closed for this reason.
    Violation(CloseReason),
}

/// How much of the input still counts; it only advances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InputState {
    Open,
    /// The hub is closing the connection: of the messages, only the viewer's close counts.
    AwaitingClose,
    /// Further input is not read, because the viewer violated the protocol or has closed. If the hub kept reading, a
    /// flooding client would cost as much during its close as before.
    Ignored,
}

/// Pings that have not been answered yet. While the socket is blocked, only the newest of each kind is kept, so a
/// viewer that does not read cannot make the hub queue pongs.
#[derive(Debug, Default)]
struct PendingPings {
    message: Option<PingMessage>,
    /// The payload of a WebSocket ping.
    control: Option<Box<[u8]>>,
}

/// A `ping` message.
#[derive(Debug)]
struct PingMessage {
    id: u64,
    received_at: Micros,
}

/// Allows 20 messages a second, with bursts of 40. The generic cell rate algorithm (GCRA) needs one instant per viewer.
#[derive(Debug)]
struct RateLimiter {
    /// When the next message is expected if messages arrive exactly at the permitted rate.
    theoretical_arrival: Micros,
}

impl ViewerInput {
    pub(super) fn new(encoding: Encoding, now: Micros) -> Self {
        Self {
            encoding,
            state: InputState::Open,
            decoder: Decoder::new(encoding.compression()),
            rate_limiter: RateLimiter::new(now),
            pings: PendingPings::default(),
        }
    }

    /// Handles bytes that arrived at `now`.
    pub(super) fn on_bytes(&mut self, bytes: &[u8], now: Micros) -> Option<InputEvent> {
        if !self.encoding.is_two_way() {
            let is_allowed = self.rate_limiter.allow(now);
            return (!is_allowed).then(|| self.violation(CloseReason::TooManyMessages));
        }
        self.decoder.feed(bytes);
        while !self.is_ignored() {
            match self.decoder.next_message() {
                Ok(Some(incoming)) => {
                    if let Some(event) = self.on_message(incoming, now) {
                        return Some(event);
                    }
                }
                Ok(None) => return None,
                Err(reason) => return Some(self.violation(reason)),
            }
        }
        None
    }

    fn on_message(&mut self, incoming: ViewerMessage, now: Micros) -> Option<InputEvent> {
        if incoming == ViewerMessage::Close {
            self.state = InputState::Ignored;
            return Some(InputEvent::Closed);
        }
        if !self.rate_limiter.allow(now) {
            return Some(self.violation(CloseReason::TooManyMessages));
        }
        if self.state == InputState::AwaitingClose {
            return None;
        }
        match incoming {
            ViewerMessage::Ping(payload) => self.pings.control = Some(payload.into()),
            // Messages of a bare viewer are rate-limited, and otherwise ignored.
            ViewerMessage::Text(_) | ViewerMessage::Binary if self.encoding == Encoding::Bare => {}
            ViewerMessage::Binary => return Some(self.violation(CloseReason::Binary)),
            ViewerMessage::Text(text) => match ViewerText::parse(&text) {
                Ok(ViewerText::Ping(id)) => {
                    self.pings.message = Some(PingMessage {
                        id,
                        received_at: now,
                    });
                }
                Ok(ViewerText::Report(report)) => return Some(InputEvent::Report(report)),
                Ok(ViewerText::Unknown) => {}
                Err(_) => return Some(self.violation(CloseReason::Malformed)),
            },
            ViewerMessage::Pong | ViewerMessage::Close => {}
        }
        None
    }

    const fn violation(&mut self, reason: CloseReason) -> InputEvent {
        self.state = InputState::Ignored;
        InputEvent::Violation(reason)
    }

    /// Returns whether further input is not to be read.
    pub(super) const fn is_ignored(&self) -> bool {
        matches!(self.state, InputState::Ignored)
    }

    /// From now on, only the viewer's close counts. Unanswered pings are forgotten.
    pub(super) fn await_close(&mut self) {
        self.pings = PendingPings::default();
        if self.state == InputState::Open {
            self.state = InputState::AwaitingClose;
        }
    }

    /// Returns whether a ping has not been answered yet.
    pub(super) const fn owes_pong(&self) -> bool {
        self.pings.message.is_some() || self.pings.control.is_some()
    }

    /// Passes the frames that answer the pings to `push`, stamped with the current time.
    pub(super) fn take_pongs(&mut self, clock: &Clock, mut push: impl FnMut(Bytes)) {
        let PendingPings { message, control } = std::mem::take(&mut self.pings);
        if let Some(payload) = control {
            push(websocket::pong_frame(&payload));
        }
        if let Some(PingMessage { id, received_at }) = message {
            let pong = Message::Pong {
                id,
                r: received_at,
                s: clock.now(),
            };
            push(websocket::text_frame(&pong.to_json()));
        }
    }
}

impl RateLimiter {
    const PERIOD_US: i64 = 1_000_000 / 20;
    const BURST_US: i64 = Self::PERIOD_US * 40;

    const fn new(now: Micros) -> Self {
        Self {
            theoretical_arrival: now,
        }
    }

    /// Counts a message that arrived at `now`, and returns whether it is allowed.
    fn allow(&mut self, now: Micros) -> bool {
        self.theoretical_arrival =
            Micros::new(self.theoretical_arrival.max(now).get() + Self::PERIOD_US);
        self.theoretical_arrival.get() - now.get() <= Self::BURST_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_of_forty_and_twenty_a_second_are_allowed() {
        let mut limiter = RateLimiter::new(Micros::new(0));
        assert_eq!(
            (0..50).filter(|_| limiter.allow(Micros::new(0))).count(),
            40
        );
        let mut limiter = RateLimiter::new(Micros::new(0));
        assert!((0..1_000).all(|n| limiter.allow(Micros::new(n * 50_000))));
    }
}
