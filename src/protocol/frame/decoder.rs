//! The decoder for viewers' frames: masked, small, possibly fragmented, possibly hostile.
//!
//! Bytes go in as they arrive; messages come out. Every violation maps to the close that answers it; after one,
//! and after the viewer's close, the decoder yields nothing more.
//!
//! Why our own: a hub hears pings of 30 bytes from thousands of viewers that are silent most of the time. The
//! crates hold a buffer of 8 to 128 KiB for each connection, or own its socket, or lack compression; none is at once
//! small, free of I/O and able to inflate. What this one does is held to tungstenite's parser by a property test
//! that names every difference.

use bytes::{Buf, BytesMut};

use super::fragments::{Fragments, MESSAGE_LEN_MAX};
use super::header::Header;
use super::{Close, Compression, Opcode};

/// The longest control payload (RFC 6455, section 5.5).
const CONTROL_LEN_MAX: usize = 125;

/// Something a viewer sent, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text message, checked to be UTF-8.
    Text(String),
    /// A binary message; its content is of no interest to the hub.
    Binary,
    /// A ping, to be answered with the same payload.
    Ping(Vec<u8>),
    /// A pong; only its arrival counts.
    Pong,
    /// The viewer closes, or answers our close.
    Close,
}

/// Collects a viewer's bytes and yields what they say.
///
/// It holds less than one frame and one message at a time, and no heap memory between messages.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    /// Boxed, because hardly any viewer fragments.
    fragments: Option<Box<Fragments>>,
    compression: Compression,
    /// The viewer broke the rules or closed: nothing more counts.
    is_over: bool,
}

impl Decoder {
    /// A decoder for a connection on which `compression` was agreed upon.
    #[must_use]
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            ..Self::default()
        }
    }

    /// Takes bytes as they came from the socket. Before the next ones, [`Self::message`] is asked until it has no
    /// more: that bounds what is held.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.is_over {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next message, `None` when more bytes are needed.
    ///
    /// # Errors
    /// The [`Close`] that answers what the viewer did wrong.
    pub fn message(&mut self) -> Result<Option<Incoming>, Close> {
        let result = self.advance();
        self.is_over |= matches!(result, Err(_) | Ok(Some(Incoming::Close)));
        if self.is_over || self.buffer.is_empty() {
            // A silent viewer costs no buffer.
            self.buffer = BytesMut::new();
        }
        if self.is_over {
            self.fragments = None;
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Incoming>, Close> {
        while let Some(header) = Header::parse(&self.buffer)? {
            self.check(&header)?;
            let Some(bytes) = self.buffer[header.header_len..].get(..header.len) else {
                return Ok(None);
            };
            let payload = header.unmask(bytes);
            self.buffer.advance(header.header_len + header.len);
            if let Some(incoming) = self.accept(&header, payload)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// Judges a frame by its header alone, before its payload is awaited.
    fn check(&self, header: &Header) -> Result<(), Close> {
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        // Only the frame that begins a message says that it is compressed (RFC 7692, section 6).
        if header.is_compressed && !(begins && self.compression.is_deflate()) {
            return Err(Close::Protocol);
        }
        if header.opcode.is_control() {
            let is_well_formed = header.is_final && header.len <= CONTROL_LEN_MAX;
            return is_well_formed.then_some(()).ok_or(Close::Protocol);
        }
        if begins != self.fragments.is_none() {
            return Err(Close::Protocol);
        }
        let so_far = self.fragments.as_ref().map_or(0, |it| it.len());
        let is_within = header.len <= MESSAGE_LEN_MAX - so_far;
        is_within.then_some(()).ok_or(Close::TooBig)
    }

    fn accept(&mut self, header: &Header, payload: Vec<u8>) -> Result<Option<Incoming>, Close> {
        match header.opcode {
            Opcode::Ping => Ok(Some(Incoming::Ping(payload))),
            Opcode::Pong => Ok(Some(Incoming::Pong)),
            Opcode::Close => check_close(&payload).map(|()| Some(Incoming::Close)),
            Opcode::Text | Opcode::Binary | Opcode::Continuation => self.gather(header, payload),
        }
    }

    fn gather(&mut self, header: &Header, payload: Vec<u8>) -> Result<Option<Incoming>, Close> {
        let fragments = match self.fragments.take() {
            Some(mut fragments) => {
                fragments.add(&payload)?;
                *fragments
            }
            None => Fragments::begin(header, payload),
        };
        if header.is_final {
            return fragments.join().map(Some);
        }
        self.fragments = Some(Box::new(fragments));
        Ok(None)
    }
}

/// A close payload is empty, or a permitted code and a UTF-8 reason (RFC 6455, sections 5.5.1 and 7.4).
fn check_close(payload: &[u8]) -> Result<(), Close> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(())
        } else {
            Err(Close::Protocol)
        };
    };
    if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Close::Protocol);
    }
    std::str::from_utf8(reason)
        .map(|_| ())
        .map_err(|_| Close::Utf8)
}

#[cfg(test)]
mod tests;
