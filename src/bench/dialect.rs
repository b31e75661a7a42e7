//! What servers say, by dialect: a parser each, bytes in and events out.
//!
//! Does no I/O and keeps no bytes: a parser is shown the front of what has come and says how much of it one event
//! takes. [`feed`] keeps the rest, so a connection holds memory only while something of it is split.

mod head;
mod mqtt;
mod nats;
mod sse;
mod websocket;

use std::fmt;

use super::target::{Dialect, Target};

pub(super) use websocket::masked_text;

/// The longest thing that is waited for, in bytes. Beyond it the server is taken for one that speaks something else.
const EVENT_LEN_MAX: usize = 16 * 1024 * 1024;

/// One thing a server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// The connection is a viewer from here on.
    Joined,
    /// One message's content.
    Message(&'a [u8]),
    /// To be answered with [`Parser::pong`].
    Ping(&'a [u8]),
    /// The server ends the conversation, with a code where the dialect has one.
    Close(Option<u16>),
    /// Of no interest.
    Nothing,
}

/// Why a conversation cannot go on; the server's doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It answered with an HTTP status, and perhaps said why.
    Status {
        /// The status code.
        status: u16,
        /// The problem document's detail, or the beginning of the body.
        detail: String,
    },
    /// A broker refused in its own words.
    Refused(String),
    /// It does not speak the dialect.
    Malformed(&'static str),
}

/// How many bytes the event takes, and the event; `None` while it is incomplete.
type Step<'a> = Result<Option<(usize, Event<'a>)>, Fault>;

/// The reading side of one connection.
#[derive(Debug)]
pub(super) enum Parser {
    /// Both forms of the WebSocket.
    WebSocket(websocket::Parser),
    /// Server-Sent Events.
    Sse(sse::Parser),
    /// Core NATS.
    Nats,
    /// MQTT 3.1.1.
    Mqtt,
}

impl Parser {
    /// A parser for the server's first byte.
    pub(super) fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Bare => Self::WebSocket(websocket::Parser::new(None)),
            Dialect::V1 => Self::WebSocket(websocket::Parser::new(Some(
                crate::protocol::message::SUBPROTOCOL,
            ))),
            Dialect::Sse => Self::Sse(sse::Parser::default()),
            Dialect::Nats => Self::Nats,
            Dialect::Mqtt => Self::Mqtt,
        }
    }

    /// The event at the front of `bytes`.
    fn step<'a>(&'a mut self, bytes: &'a [u8]) -> Step<'a> {
        match self {
            Self::WebSocket(parser) => parser.step(bytes),
            Self::Sse(parser) => parser.step(bytes),
            Self::Nats => nats::step(bytes),
            Self::Mqtt => mqtt::step(bytes),
        }
    }
}

/// What a viewer says first: all of it at once, since no dialect here makes it wait.
pub(super) fn opening(target: &Target, number: usize) -> Vec<u8> {
    match target.dialect {
        Dialect::Bare => websocket::request(target, None),
        Dialect::V1 => websocket::request(target, Some(crate::protocol::message::SUBPROTOCOL)),
        Dialect::Sse => sse::request(target),
        Dialect::Nats => nats::opening(&target.place),
        Dialect::Mqtt => mqtt::opening(&target.place, number),
    }
}

/// The answer to a ping that carried `payload`.
pub(super) fn pong(dialect: Dialect, payload: &[u8]) -> Vec<u8> {
    match dialect {
        Dialect::Nats => nats::PONG.to_vec(),
        _ => websocket::masked_pong(payload),
    }
}

/// What a viewer says last; nothing where closing the connection says it all.
pub(super) fn farewell(dialect: Dialect) -> Vec<u8> {
    match dialect {
        Dialect::Bare | Dialect::V1 => websocket::masked_close(),
        Dialect::Mqtt => mqtt::DISCONNECT.to_vec(),
        Dialect::Sse | Dialect::Nats => Vec::new(),
    }
}

/// Hands every whole event of `carry` and `bytes` to `on`, and leaves the beginning of a split one in `carry`.
///
/// # Errors
/// The fault of the server, or what `on` returned.
pub(super) fn feed<E: From<Fault>>(
    parser: &mut Parser,
    carry: &mut Vec<u8>,
    bytes: &[u8],
    on: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<(), E> {
    if carry.is_empty() {
        // The usual case: whole frames only, and nothing is copied.
        let taken = each(parser, bytes, on)?;
        carry.extend_from_slice(&bytes[taken..]);
        return Ok(());
    }
    carry.extend_from_slice(bytes);
    let taken = each(parser, carry, on)?;
    carry.drain(..taken);
    if carry.is_empty() {
        *carry = Vec::new();
    }
    if carry.len() > EVENT_LEN_MAX {
        return Err(Fault::Malformed("something longer than 16 MiB").into());
    }
    Ok(())
}

fn each<E: From<Fault>>(
    parser: &mut Parser,
    bytes: &[u8],
    mut on: impl FnMut(Event<'_>) -> Result<(), E>,
) -> Result<usize, E> {
    let mut taken = 0;
    while let Some((len, event)) = parser.step(&bytes[taken..])? {
        taken += len;
        on(event)?;
    }
    Ok(taken)
}

/// The place of `mark` in `bytes`.
fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status { status, detail } if detail.is_empty() => write!(f, "answered {status}"),
            Self::Status { status, detail } => write!(f, "answered {status}: {detail}"),
            Self::Refused(words) => write!(f, "refused: {words}"),
            Self::Malformed(what) => write!(f, "does not speak the dialect of the URL: {what}"),
        }
    }
}

/// What the dialects' own tests share.
#[cfg(test)]
mod test_support {
    use super::*;

    /// All that `bytes` say to a new parser, fed whole; a fault ends the list.
    fn whole(dialect: Dialect, pieces: &[&[u8]]) -> Vec<String> {
        let (mut parser, mut carry, mut heard) = (Parser::new(dialect), Vec::new(), Vec::new());
        for piece in pieces {
            let fed = feed::<Fault>(&mut parser, &mut carry, piece, |event| {
                if event != Event::Nothing {
                    heard.push(spelled(event));
                }
                Ok(())
            });
            if let Err(fault) = fed {
                heard.push(fault.to_string());
                break;
            }
        }
        heard
    }

    fn spelled(event: Event<'_>) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        match event {
            Event::Message(content) => text(content),
            Event::Ping(payload) => format!("ping {}", text(payload)),
            other => format!("{other:?}"),
        }
    }

    /// Asserts what `bytes` say: whole, split in two at every byte, and one byte at a time.
    pub(super) fn expect(dialect: Dialect, bytes: &[u8], said: &[&str]) {
        assert_eq!(whole(dialect, &[bytes]), said);
        for at in 0..=bytes.len() {
            assert_eq!(
                whole(dialect, &[&bytes[..at], &bytes[at..]]),
                said,
                "split at {at}"
            );
        }
        assert_eq!(whole(dialect, &bytes.chunks(1).collect::<Vec<_>>()), said);
    }
}
