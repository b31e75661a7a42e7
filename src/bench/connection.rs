//! `Connection`: a socket that becomes a viewer, and what it hears from then on.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use mio::event::Event as Readiness;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::dialect::{self, Event, Fault, Parser};
use super::source;
use super::target::Target;
use crate::clock::Clock;

/// Reads from one connection at a time, 8 MiB in all: a server that sends without end does not keep the others out.
const READS_MAX: usize = 64;

/// One connection. Small: there are thousands.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    parser: Parser,
    /// The beginning of an event whose end has not come; else empty and without memory.
    carry: Vec<u8>,
    has_asked: bool,
    pub(super) has_joined: bool,
}

/// Why a connection is over.
#[derive(Debug)]
pub(super) enum End {
    /// The server closed it, with a code where the dialect has one.
    Closed(Option<u16>),
    /// It broke.
    Broken(io::Error),
    /// The server refused, or speaks something else.
    Fault(Fault),
}

/// Where everything is read into, one for all connections, and the clock that says when.
#[derive(Debug)]
pub(super) struct Inlet {
    buffer: Box<[u8]>,
    pub(super) clock: Clock,
}

impl Inlet {
    /// As much as a socket's buffer holds by default, so that one call usually empties it.
    const BUFFER_LEN: usize = 128 * 1024;

    pub(super) fn new(clock: Clock) -> Self {
        Self {
            buffer: vec![0; Self::BUFFER_LEN].into(),
            clock,
        }
    }
}

impl Connection {
    /// Begins to connect; [`Connection::advance`] does the rest.
    pub(super) fn open(target: &Target, registry: &Registry, token: Token) -> io::Result<Self> {
        let mut stream = source::connect(target.address, token.0)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self {
            stream,
            parser: Parser::new(target.dialect),
            carry: Vec::new(),
            has_asked: false,
            has_joined: false,
        })
    }

    /// Goes on as far as the socket lets it. Each message goes to `on` with the instant at which it was read.
    ///
    /// Returns how many bytes came.
    pub(super) fn advance(
        &mut self,
        readiness: &Readiness,
        target: &Target,
        registry: &Registry,
        inlet: &mut Inlet,
        mut on: impl FnMut(&[u8], i64),
    ) -> Result<usize, End> {
        if !self.has_asked && !self.ask(target, registry, readiness.token())? {
            return Ok(0);
        }
        let mut total = 0;
        for _ in 0..READS_MAX {
            let len = match self.stream.read(&mut inlet.buffer) {
                Ok(0) => return Err(End::Closed(None)),
                Ok(len) => len,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(total),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(End::Broken(error)),
            };
            total += len;
            let now = inlet.clock.now().get();
            self.hear(&inlet.buffer[..len], target, |content| on(content, now))?;
            // A short read has emptied the socket, and what comes later is news to epoll: asking again would double
            // the system calls. Not so when the end has come already, of which there will be no further news.
            if len < inlet.buffer.len() && !readiness.is_read_closed() {
                return Ok(total);
            }
        }
        // The others are to have their turn; registering anew makes what is left news.
        registry.reregister(&mut self.stream, readiness.token(), Interest::READABLE)?;
        Ok(total)
    }

    /// Says the opening once the connection stands; returns whether it does.
    fn ask(&mut self, target: &Target, registry: &Registry, token: Token) -> Result<bool, End> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error.into());
        }
        match self.stream.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
            other => other?,
        };
        // Both ends write rarely and at once.
        self.stream.set_nodelay(true)?;
        self.say(&dialect::opening(target, token.0))?;
        self.has_asked = true;
        registry.reregister(&mut self.stream, token, Interest::READABLE)?;
        Ok(true)
    }

    fn hear(
        &mut self,
        bytes: &[u8],
        target: &Target,
        mut on: impl FnMut(&[u8]),
    ) -> Result<(), End> {
        let Self {
            stream,
            parser,
            carry,
            has_joined,
            ..
        } = self;
        dialect::feed(parser, carry, bytes, |event| {
            match event {
                Event::Message(content) => on(content),
                Event::Joined => *has_joined = true,
                Event::Ping(payload) => say(stream, &dialect::pong(target.dialect, payload))?,
                Event::Close(code) => return Err(End::Closed(code)),
                Event::Nothing => {}
            }
            Ok(())
        })
    }

    /// Sends `bytes`, all of them: what a viewer says is rare and far smaller than the socket's buffer.
    pub(super) fn say(&mut self, bytes: &[u8]) -> Result<(), End> {
        say(&mut self.stream, bytes)
    }
}

fn say(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), End> {
    Ok(stream.write_all(bytes)?)
}

impl End {
    /// A word or two that connections can be counted by.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Closed(Some(code)) => format!("close code {code}"),
            Self::Closed(None) => "closed without a code".to_owned(),
            Self::Broken(error) => error.kind().to_string(),
            Self::Fault(fault) => fault.to_string(),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => write!(f, "{error}; is the server running there?"),
            Self::Fault(fault) => write!(f, "{fault}"),
            Self::Closed(_) => write!(f, "{}", self.label()),
        }
    }
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}
