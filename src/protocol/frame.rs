//! WebSocket framing (RFC 6455, section 5), without I/O: what the hub sends, and a decoder for what viewers send.
//!
//! Server frames are unmasked and compressed without context, so one encoded frame serves every viewer that
//! agreed to its form. Viewers' frames are few and small, hence the decoder holds one small buffer and nothing
//! while a viewer is silent.

use bytes::{BufMut, Bytes, BytesMut};

use super::Close;

mod decoder;
mod deflate;
mod extensions;
mod fragments;
mod header;
mod inflate;

pub use decoder::{Decoder, Incoming};
pub use deflate::Deflater;
pub use extensions::{Compression, MalformedExtensions, negotiate};
pub use fragments::MESSAGE_LEN_MAX;
pub use inflate::inflate;

const FIN: u8 = 0x80;
/// The reserved bit that marks a compressed message (RFC 7692, section 6).
const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;
/// How a flushed deflate stream ends; left out on the wire (RFC 7692, section 7.2.1).
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// What a frame is (RFC 6455, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

impl Opcode {
    const fn parse(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The longest header of a server frame: two bytes and a 64-bit length.
const HEADER_LEN_MAX: usize = 10;

/// Room for a text frame around `payload_len` bytes.
#[must_use]
pub const fn text_len_max(payload_len: usize) -> usize {
    payload_len + HEADER_LEN_MAX
}

/// Appends one unmasked text frame holding `payload`.
pub fn put_text(buffer: &mut BytesMut, payload: &[u8]) {
    put(buffer, FIN | Opcode::Text as u8, payload);
}

/// Appends the header of an unmasked text frame whose payload of `len` bytes follows.
pub fn put_text_header(buffer: &mut BytesMut, len: usize) {
    put_header(buffer, FIN | Opcode::Text as u8, len);
}

/// One unmasked text frame holding `payload`.
#[must_use]
pub fn text(payload: &[u8]) -> Bytes {
    one(FIN | Opcode::Text as u8, payload)
}

/// A WebSocket ping without payload: the same bytes for everybody.
#[must_use]
pub const fn ping() -> Bytes {
    Bytes::from_static(&[FIN | Opcode::Ping as u8, 0])
}

/// A WebSocket pong answering a ping that carried `payload`.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    one(FIN | Opcode::Pong as u8, payload)
}

/// A close frame with the code and the reason phrase of `close`.
#[must_use]
pub fn close(close: Close) -> Bytes {
    let mut payload = BytesMut::with_capacity(2 + close.reason().len());
    payload.put_u16(close.code());
    payload.put_slice(close.reason().as_bytes());
    one(FIN | Opcode::Close as u8, &payload)
}

fn one(first: u8, payload: &[u8]) -> Bytes {
    let mut buffer = BytesMut::with_capacity(text_len_max(payload.len()));
    put(&mut buffer, first, payload);
    buffer.freeze()
}

fn put(buffer: &mut BytesMut, first: u8, payload: &[u8]) {
    put_header(buffer, first, payload.len());
    buffer.put_slice(payload);
}

/// Appends the header of a frame whose first byte, flags and opcode, is `first`.
fn put_header(buffer: &mut BytesMut, first: u8, len: usize) {
    buffer.put_u8(first);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..=125), _) => buffer.put_u8(len),
        (_, Ok(len)) => {
            buffer.put_u8(126);
            buffer.put_u16(len);
        }
        _ => {
            buffer.put_u8(127);
            buffer.put_u64(len as u64);
        }
    }
}
