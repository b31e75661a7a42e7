//! [`ClientConnection`]: a non-blocking socket that joins a server as a viewer and parses what the server sends.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use mio::event::Event as Readiness;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::bench_target::BenchTarget;
use super::source_address;
use super::wire_protocol::{self, ResponseParser, ServerEvent, ServerFault};
use crate::clock::Clock;

/// Reads per readiness event, 8 MiB in total, so that one busy connection cannot starve the others.
const READS_MAX: usize = 64;

/// One connection to the server. Kept small, because there are thousands.
#[derive(Debug)]
pub(super) struct ClientConnection {
    stream: TcpStream,
    parser: ResponseParser,
    /// The start of an incomplete event; otherwise empty and unallocated.
    carry: Vec<u8>,
    /// Whether the connection is established and the opening has been sent.
    has_sent_opening: bool,
    /// Whether the server has accepted the viewer.
    pub(super) has_joined: bool,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum ConnectionEnd {
    /// The server closed it, with a close code if the protocol has them.
    Closed(Option<u16>),
    /// An I/O error.
    Broken(io::Error),
    /// The server refused the viewer or violated the protocol.
    Fault(ServerFault),
}

/// The read buffer and the clock that all connections share.
#[derive(Debug)]
pub(super) struct ReadContext {
    buffer: Box<[u8]>,
    pub(super) clock: Clock,
}

impl ReadContext {
    /// The default size of a socket's receive buffer, so that one read usually empties it.
    const BUFFER_LEN: usize = 128 * 1024;

    pub(super) fn new(clock: Clock) -> Self {
        Self {
            buffer: vec![0; Self::BUFFER_LEN].into(),
            clock,
        }
    }
}

impl ClientConnection {
    /// Starts connecting; [`ClientConnection::on_ready`] does the rest.
    pub(super) fn open(
        target: &BenchTarget,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let mut stream = source_address::connect(target.address, token.0)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            parser: ResponseParser::new(target.protocol),
            carry: Vec::new(),
            has_sent_opening: false,
            has_joined: false,
        })
    }

    /// Handles readiness: sends the opening once connected, then reads until the socket is empty or the read limit is
    /// reached. Passes each message to `on` with the instant at which it was read.
    ///
    /// Returns the number of bytes read.
    pub(super) fn on_ready(
        &mut self,
        readiness: &Readiness,
        target: &BenchTarget,
        registry: &Registry,
        context: &mut ReadContext,
        mut on: impl FnMut(&[u8], i64),
    ) -> Result<usize, ConnectionEnd> {
        if !self.has_sent_opening && !self.send_opening(target, registry, readiness.token())? {
            return Ok(0);
        }
        let mut total = 0;
        for _ in 0..READS_MAX {
            let len = match self.stream.read(&mut context.buffer) {
                Ok(0) => return Err(ConnectionEnd::Closed(None)),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(total),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(ConnectionEnd::Broken(error)),
            };
            total += len;
            let now = context.clock.now().get();
            self.on_bytes(&context.buffer[..len], target, |content| on(content, now))?;
            // A short read has emptied the socket, and epoll reports later data: reading again would double the number
            // of system calls. After the peer has closed there is no further event, so the end must be read now.
            if len < context.buffer.len() && !readiness.is_read_closed() {
                return Ok(total);
            }
        }
        // Yields to other connections; re-registering makes epoll report the remaining data again.
        registry.reregister(&mut self.stream, readiness.token(), Interest::READABLE)?;
        Ok(total)
    }

    /// Sends the opening if the connection is established; returns whether it was sent.
    fn send_opening(
        &mut self,
        target: &BenchTarget,
        registry: &Registry,
        token: Token,
    ) -> Result<bool, ConnectionEnd> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error.into());
        }
        match self.stream.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
            other => other?,
        };
        // Writes are rare and each is complete, so Nagle's algorithm would only delay them.
        self.stream.set_nodelay(true)?;
        self.send(&wire_protocol::opening(target, token.0))?;
        self.has_sent_opening = true;
        registry.reregister(&mut self.stream, token, Interest::READABLE)?;
        Ok(true)
    }

    fn on_bytes(
        &mut self,
        bytes: &[u8],
        target: &BenchTarget,
        mut on: impl FnMut(&[u8]),
    ) -> Result<(), ConnectionEnd> {
        let Self {
            stream,
            parser,
            carry,
            has_joined,
            ..
        } = self;
        wire_protocol::parse_events(parser, carry, bytes, |event| {
            match event {
                ServerEvent::Message(content) => on(content),
                ServerEvent::Joined => *has_joined = true,
                ServerEvent::Ping(payload) => {
                    send_all(stream, &wire_protocol::pong(target.protocol, payload))?;
                }
                ServerEvent::Close(code) => return Err(ConnectionEnd::Closed(code)),
                ServerEvent::Nothing => {}
            }
            Ok(())
        })
    }

    /// Sends all of `bytes`. What a viewer sends is rare and far smaller than the socket's send buffer.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), ConnectionEnd> {
        send_all(&mut self.stream, bytes)
    }
}

fn send_all(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), ConnectionEnd> {
    Ok(stream.write_all(bytes)?)
}

impl ConnectionEnd {
    /// A short label by which ended connections are counted.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Closed(Some(code)) => format!("close code {code}"),
            Self::Closed(None) => "closed without a code".to_owned(),
            Self::Broken(error) => error.kind().to_string(),
            Self::Fault(fault) => fault.to_string(),
        }
    }
}

impl fmt::Display for ConnectionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => write!(f, "{error}; is the server running there?"),
            Self::Fault(fault) => write!(f, "{fault}"),
            Self::Closed(_) => write!(f, "{}", self.label()),
        }
    }
}

impl From<ServerFault> for ConnectionEnd {
    fn from(fault: ServerFault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for ConnectionEnd {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
