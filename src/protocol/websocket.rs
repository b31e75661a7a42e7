//! WebSocket framing (RFC 6455, section 5), without I/O: encoding of the hub's frames, and a decoder for viewers'
//! frames.
//!
//! The hub's frames are unmasked and compressed without context takeover, so every viewer with the same encoding
//! receives the same bytes. Viewers' frames are few and small, so the decoder has one small buffer, and none while a
//! viewer is silent.

use bytes::{BufMut, Bytes, BytesMut};

use super::CloseReason;

mod decoder;
mod deflate;
mod extensions;
mod fragments;
mod frame_header;
mod inflate;

pub use decoder::Decoder;
pub use deflate::Deflater;
pub use extensions::{Compression, MalformedExtensions, negotiate};
pub use fragments::{MESSAGE_LEN_MAX, ViewerMessage};
pub use inflate::inflate;

const FIN: u8 = 0x80;
/// The reserved bit that marks a compressed message (RFC 7692, section 6).
const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;
/// The end of a flushed deflate stream, which is omitted on the wire (RFC 7692, section 7.2.1).
const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// The type of a frame (RFC 6455, section 5.2).
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

/// Upper bound for the length of a text frame with a payload of `payload_len` bytes.
#[must_use]
pub const fn text_frame_len_max(payload_len: usize) -> usize {
    payload_len + HEADER_LEN_MAX
}

/// Appends an unmasked text frame with `payload`.
pub fn put_text_frame(buffer: &mut BytesMut, payload: &[u8]) {
    put_frame(buffer, FIN | Opcode::Text as u8, payload);
}

/// Appends the header of an unmasked text frame; the caller appends the payload of `len` bytes.
pub fn put_text_frame_header(buffer: &mut BytesMut, len: usize) {
    put_header(buffer, FIN | Opcode::Text as u8, len);
}

/// An unmasked text frame with `payload`.
#[must_use]
pub fn text_frame(payload: &[u8]) -> Bytes {
    single_frame(FIN | Opcode::Text as u8, payload)
}

/// A ping frame without payload, the same for all viewers.
#[must_use]
pub const fn ping_frame() -> Bytes {
    Bytes::from_static(&[FIN | Opcode::Ping as u8, 0])
}

/// The pong frame that answers a ping with `payload`.
#[must_use]
pub fn pong_frame(payload: &[u8]) -> Bytes {
    single_frame(FIN | Opcode::Pong as u8, payload)
}

/// A close frame with the code and the reason phrase of `close`.
#[must_use]
pub fn close_frame(close: CloseReason) -> Bytes {
    let mut payload = BytesMut::with_capacity(2 + close.phrase().len());
    payload.put_u16(close.code());
    payload.put_slice(close.phrase().as_bytes());
    single_frame(FIN | Opcode::Close as u8, &payload)
}

fn single_frame(first: u8, payload: &[u8]) -> Bytes {
    let mut buffer = BytesMut::with_capacity(text_frame_len_max(payload.len()));
    put_frame(&mut buffer, first, payload);
    buffer.freeze()
}

fn put_frame(buffer: &mut BytesMut, first: u8, payload: &[u8]) {
    put_header(buffer, first, payload.len());
    buffer.put_slice(payload);
}

/// Appends the header of a frame; `first` is its first byte, flags and opcode.
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
