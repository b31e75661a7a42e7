//! The decoder for viewers' frames: masked, small, possibly fragmented, possibly hostile.
//!
//! Bytes go in as they arrive; messages come out. Every violation maps to the close that answers it,
//! and after one the decoder yields nothing more.

use bytes::{Buf, BytesMut};

use super::{Close, FIN, MASKED, Opcode};

/// The longest message a viewer may send, in bytes, all fragments together.
pub const MESSAGE_LEN_MAX: usize = 1024;

/// The most fragments of one message. None are needed for messages this short, and a stream of empty ones would
/// otherwise never become a message that is counted.
const FRAGMENTS_MAX: usize = 16;

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
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: BytesMut,
    fragments: Option<Fragments>,
    is_failed: bool,
}

/// The message under way while its fragments arrive.
#[derive(Debug)]
struct Fragments {
    is_text: bool,
    count: usize,
    payload: Vec<u8>,
}

/// One frame's header.
struct Header {
    is_final: bool,
    opcode: Opcode,
    mask: [u8; 4],
    len: usize,
    header_len: usize,
}

impl Decoder {
    /// Takes bytes as they came from the socket. After a violation they are dropped.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.is_failed {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// The next message, `None` when more bytes are needed.
    ///
    /// # Errors
    /// The [`Close`] that answers what the viewer did wrong.
    pub fn message(&mut self) -> Result<Option<Incoming>, Close> {
        if self.is_failed {
            return Ok(None);
        }
        let result = self.advance();
        self.is_failed = result.is_err();
        if self.buffer.is_empty() {
            // A silent viewer costs no buffer.
            self.buffer = BytesMut::new();
        }
        result
    }

    fn advance(&mut self) -> Result<Option<Incoming>, Close> {
        while let Some(header) = Header::parse(&self.buffer)? {
            self.check(&header)?;
            if self.buffer.len() < header.header_len + header.len {
                return Ok(None);
            }
            self.buffer.advance(header.header_len);
            let mut payload = self.buffer.split_to(header.len).to_vec();
            for (byte, mask) in payload.iter_mut().zip(header.mask.iter().cycle()) {
                *byte ^= mask;
            }
            if let Some(incoming) = self.accept(&header, payload)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// Judges a frame by its header alone, before its payload is awaited.
    fn check(&self, header: &Header) -> Result<(), Close> {
        if header.opcode.is_control() {
            let is_well_formed = header.is_final && header.len <= CONTROL_LEN_MAX;
            return if is_well_formed {
                Ok(())
            } else {
                Err(Close::Protocol)
            };
        }
        let continues = header.opcode == Opcode::Continuation;
        if continues != self.fragments.is_some() {
            return Err(Close::Protocol);
        }
        let so_far = self
            .fragments
            .as_ref()
            .map_or(0, |fragments| fragments.payload.len());
        if header.len > MESSAGE_LEN_MAX - so_far {
            Err(Close::TooBig)
        } else {
            Ok(())
        }
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
        let message = match self.fragments.take() {
            Some(mut fragments) => {
                fragments.payload.extend_from_slice(&payload);
                fragments.count += 1;
                fragments
            }
            None => Fragments {
                is_text: header.opcode == Opcode::Text,
                count: 1,
                payload,
            },
        };
        if message.count > FRAGMENTS_MAX {
            return Err(Close::TooMany);
        }
        if !header.is_final {
            self.fragments = Some(message);
            return Ok(None);
        }
        if !message.is_text {
            return Ok(Some(Incoming::Binary));
        }
        String::from_utf8(message.payload)
            .map(|text| Some(Incoming::Text(text)))
            .map_err(|_| Close::Utf8)
    }
}

impl Header {
    /// The header at the front of `bytes`, `None` while it is incomplete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Close> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let opcode = Opcode::parse(first & 0x0F).ok_or(Close::Protocol)?;
        // Reserved bits mean extensions, and none is negotiated; a viewer's frames are always masked.
        if first & 0x70 != 0 || second & MASKED == 0 {
            return Err(Close::Protocol);
        }
        let (len, len_len) = match (second & 0x7F, rest) {
            (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 2),
            (127, [a, b, c, d, e, f, g, h, ..]) => {
                (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 8)
            }
            (126 | 127, _) => return Ok(None),
            (len, _) => (u64::from(len), 0),
        };
        let Some(mask) = rest[len_len..].first_chunk::<4>() else {
            return Ok(None);
        };
        // A length beyond memory is beyond every limit as well; the caller refuses it as too big.
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Ok(Some(Self {
            is_final: first & FIN != 0,
            opcode,
            mask: *mask,
            len,
            header_len: 2 + len_len + 4,
        }))
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
