//! The client side of each supported protocol: what a viewer sends, and a parser that turns bytes into events.
//!
//! It does no I/O. A parser looks at the front of the received bytes and returns one event and its length;
//! [`parse_events`] keeps the remainder, so a connection uses memory only while an event is split over reads.

mod mqtt;
mod nats;
mod response_head;
mod sse_client;
mod websocket_client;

use std::fmt;

use super::bench_target::{BenchTarget, WireProtocol};

pub(super) use websocket_client::masked_text;

/// The longest event in bytes. A longer one means that the server speaks another protocol.
const EVENT_LEN_MAX: usize = 16 * 1024 * 1024;

/// An event from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerEvent<'a> {
    /// The viewer has joined.
    Joined,
    /// The content of a message.
    Message(&'a [u8]),
    /// A ping with its payload, to be answered with [`pong`].
    Ping(&'a [u8]),
    /// The server closes the connection, with a code if the protocol has them.
    Close(Option<u16>),
    /// Anything else.
    Nothing,
}

/// A refusal or a protocol violation by the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServerFault {
    /// An HTTP response with an unexpected status.
    Status {
        /// The status code.
        status: u16,
        /// The `detail` of the problem document, or the start of the body.
        detail: String,
    },
    /// A broker's error message.
    Refused(String),
    /// Not valid in this protocol.
    Malformed(&'static str),
}

/// The length of the next event in bytes, and the event; `None` while it is incomplete.
type ParseResult<'a> = Result<Option<(usize, ServerEvent<'a>)>, ServerFault>;

/// The parser of one connection.
#[derive(Debug)]
pub(super) enum ResponseParser {
    /// WebSocket, bare or with the subprotocol.
    WebSocket(websocket_client::WebSocketParser),
    /// Server-Sent Events.
    Sse(sse_client::SseParser),
    /// Core NATS.
    Nats,
    /// MQTT 3.1.1.
    Mqtt,
}

impl ResponseParser {
    /// Creates a parser for a new connection.
    pub(super) fn new(protocol: WireProtocol) -> Self {
        match protocol {
            WireProtocol::Bare => Self::WebSocket(websocket_client::WebSocketParser::new(None)),
            WireProtocol::V1 => Self::WebSocket(websocket_client::WebSocketParser::new(Some(
                crate::protocol::message::SUBPROTOCOL,
            ))),
            WireProtocol::Sse => Self::Sse(sse_client::SseParser::default()),
            WireProtocol::Nats => Self::Nats,
            WireProtocol::Mqtt => Self::Mqtt,
        }
    }

    /// Parses the event at the front of `bytes`.
    fn next_event<'a>(&'a mut self, bytes: &'a [u8]) -> ParseResult<'a> {
        match self {
            Self::WebSocket(parser) => parser.next_event(bytes),
            Self::Sse(parser) => parser.next_event(bytes),
            Self::Nats => nats::next_event(bytes),
            Self::Mqtt => mqtt::next_event(bytes),
        }
    }
}

/// What viewer `number` sends after connecting. Sent at once: none of these protocols makes a client wait in between.
pub(super) fn opening(target: &BenchTarget, number: usize) -> Vec<u8> {
    match target.protocol {
        WireProtocol::Bare => websocket_client::handshake_request(target, None),
        WireProtocol::V1 => {
            websocket_client::handshake_request(target, Some(crate::protocol::message::SUBPROTOCOL))
        }
        WireProtocol::Sse => sse_client::opening(target),
        WireProtocol::Nats => nats::opening(&target.resource),
        WireProtocol::Mqtt => mqtt::opening(&target.resource, number),
    }
}

/// The answer to a ping that carried `payload`.
pub(super) fn pong(protocol: WireProtocol, payload: &[u8]) -> Vec<u8> {
    match protocol {
        WireProtocol::Nats => nats::PONG.to_vec(),
        _ => websocket_client::masked_pong(payload),
    }
}

/// What a viewer sends before it closes; empty for protocols in which closing the connection is enough.
pub(super) fn goodbye(protocol: WireProtocol) -> Vec<u8> {
    match protocol {
        WireProtocol::Bare | WireProtocol::V1 => websocket_client::masked_close(),
        WireProtocol::Mqtt => mqtt::DISCONNECT.to_vec(),
        WireProtocol::Sse | WireProtocol::Nats => Vec::new(),
    }
}

/// Passes every complete event in `carry` followed by `bytes` to `on`, and leaves an incomplete one in `carry`.
///
/// # Errors
/// Returns the server's fault or the error of `on`.
pub(super) fn parse_events<E: From<ServerFault>>(
    parser: &mut ResponseParser,
    carry: &mut Vec<u8>,
    bytes: &[u8],
    on: impl FnMut(ServerEvent<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if carry.is_empty() {
        // The common case, in which complete events are not copied.
        let taken = for_each_event(parser, bytes, on)?;
        carry.extend_from_slice(&bytes[taken..]);
        return Ok(());
    }
    carry.extend_from_slice(bytes);
    let taken = for_each_event(parser, carry, on)?;
    carry.drain(..taken);
    if carry.is_empty() {
        *carry = Vec::new();
    }
    if carry.len() > EVENT_LEN_MAX {
        return Err(ServerFault::Malformed("an event longer than 16 MiB").into());
    }
    Ok(())
}

fn for_each_event<E: From<ServerFault>>(
    parser: &mut ResponseParser,
    bytes: &[u8],
    mut on: impl FnMut(ServerEvent<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut taken = 0;
    while let Some((len, event)) = parser.next_event(&bytes[taken..])? {
        taken += len;
        on(event)?;
    }
    Ok(taken)
}

/// The offset of `mark` in `bytes`.
fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, detail } if detail.is_empty() => write!(f, "answered {status}"),
            Self::Status { status, detail } => write!(f, "answered {status}: {detail}"),
            Self::Refused(reason) => write!(f, "refused: {reason}"),
            Self::Malformed(what) => write!(f, "does not speak the protocol of the URL: {what}"),
        }
    }
}

/// Helpers for the tests of the protocols.
#[cfg(test)]
mod test_support {
    use super::*;

    /// The events that a new parser returns for `pieces`, fed one at a time; a fault ends the list.
    fn events_in(protocol: WireProtocol, pieces: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut carry, mut events) =
            (ResponseParser::new(protocol), Vec::new(), Vec::new());
        for piece in pieces {
            let fed = parse_events::<ServerFault>(&mut parser, &mut carry, piece, |event| {
                if event != ServerEvent::Nothing {
                    events.push(describe(event));
                }
                Ok(())
            });
            if let Err(fault) = fed {
                events.push(fault.to_string());
                break;
            }
        }
        events
    }

    fn describe(event: ServerEvent<'_>) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match event {
            ServerEvent::Message(content) => text(content),
            ServerEvent::Ping(payload) => format!("ping {}", text(payload)),
            other => format!("{other:?}"),
        }
    }

    /// Asserts which events `bytes` parse to: at once, split at every offset, and byte by byte.
    pub(super) fn assert_events(protocol: WireProtocol, bytes: &[u8], expected: &[&str]) {
        assert_eq!(events_in(protocol, &[bytes]), expected);
        for at in 0..=bytes.len() {
            assert_eq!(
                events_in(protocol, &[&bytes[..at], &bytes[at..]]),
                expected,
                "split at {at}"
            );
        }
        assert_eq!(
            events_in(protocol, &bytes.chunks(1).collect::<Vec<_>>()),
            expected
        );
    }
}
