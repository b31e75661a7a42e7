//! [`Decoder`]: decodes viewers' frames, which are masked, small, possibly fragmented and possibly malicious.
//!
//! Takes bytes as they arrive and returns messages. A violation is returned as the [`CloseReason`] that answers it.
//! After a violation, and after a close by the viewer, the decoder returns nothing more.
//!
//! Why not a crate: the hub receives pings of 30 bytes from thousands of viewers that are silent most of the time. The
//! available crates keep a buffer of 8 to 128 KiB per connection, or own the socket, or do not support compression. A
//! property test compares this decoder with tungstenite's parser and lists every difference.

use bytes::{Buf, BytesMut};

use super::fragments::{Fragments, MESSAGE_LEN_MAX, ViewerMessage};
use super::frame_header::FrameHeader;
use super::{CloseReason, Compression, Opcode};

/// The longest control payload (RFC 6455, section 5.5).
const CONTROL_LEN_MAX: usize = 125;

/// Decodes the messages in a viewer's bytes.
///
/// Holds less than one frame and one message at a time, and no heap memory between messages.
#[derive(Debug, Default)]
pub struct Decoder {
    /// Received bytes that are not decoded yet; without an allocation if empty.
    buffer: BytesMut,
    /// The incomplete message, if any. Boxed, because viewers rarely fragment messages.
    fragments: Option<Box<Fragments>>,
    compression: Compression,
    /// Set after a violation or a close: everything else is ignored.
    is_closed: bool,
}

impl Decoder {
    /// A decoder for a connection that negotiated `compression`.
    #[must_use]
    pub fn new(compression: Compression) -> Self {
        Self {
            compression,
            ..Self::default()
        }
    }

    /// Adds bytes from the socket. To bound memory, call [`Self::next_message`] until it returns `None` before adding
    /// more.
    pub fn feed(&mut self, bytes: &[u8]) {
        if !self.is_closed {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Returns the next message, `None` if more bytes are needed.
    ///
    /// # Errors
    /// Returns the [`CloseReason`] that answers a protocol violation.
    pub fn next_message(&mut self) -> Result<Option<ViewerMessage>, CloseReason> {
        let result = self.decode();
        self.is_closed |= matches!(result, Err(_) | Ok(Some(ViewerMessage::Close)));
        if self.is_closed || self.buffer.is_empty() {
            // Free the buffer while the viewer is silent.
            self.buffer = BytesMut::new();
        }
        if self.is_closed {
            self.fragments = None;
        }
        result
    }

    fn decode(&mut self) -> Result<Option<ViewerMessage>, CloseReason> {
        while let Some(header) = FrameHeader::parse(&self.buffer)? {
            self.check_header(&header)?;
            let Some(bytes) = self.buffer[header.header_len..].get(..header.len) else {
                return Ok(None);
            };
            let payload = header.unmask(bytes);
            self.buffer.advance(header.header_len + header.len);
            if let Some(incoming) = self.on_frame(&header, payload)? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    /// Validates a frame by its header, before its payload has arrived.
    fn check_header(&self, header: &FrameHeader) -> Result<(), CloseReason> {
        let begins = matches!(header.opcode, Opcode::Text | Opcode::Binary);
        // Only the first frame of a message may be marked as compressed (RFC 7692, section 6).
        if header.is_compressed && !(begins && self.compression.is_deflate()) {
            return Err(CloseReason::Protocol);
        }
        if header.opcode.is_control() {
            let is_well_formed = header.is_final && header.len <= CONTROL_LEN_MAX;
            return is_well_formed.then_some(()).ok_or(CloseReason::Protocol);
        }
        if begins != self.fragments.is_none() {
            return Err(CloseReason::Protocol);
        }
        let so_far = self.fragments.as_ref().map_or(0, |it| it.len());
        let is_within = header.len <= MESSAGE_LEN_MAX - so_far;
        is_within.then_some(()).ok_or(CloseReason::TooBig)
    }

    fn on_frame(
        &mut self,
        header: &FrameHeader,
        payload: Vec<u8>,
    ) -> Result<Option<ViewerMessage>, CloseReason> {
        match header.opcode {
            Opcode::Ping => Ok(Some(ViewerMessage::Ping(payload))),
            Opcode::Pong => Ok(Some(ViewerMessage::Pong)),
            Opcode::Close => check_close(&payload).map(|()| Some(ViewerMessage::Close)),
            Opcode::Text | Opcode::Binary | Opcode::Continuation => {
                self.add_fragment(header, payload)
            }
        }
    }

    fn add_fragment(
        &mut self,
        header: &FrameHeader,
        payload: Vec<u8>,
    ) -> Result<Option<ViewerMessage>, CloseReason> {
        let fragments = match self.fragments.take() {
            Some(mut fragments) => {
                fragments.push(&payload)?;
                *fragments
            }
            None => Fragments::new(header, payload),
        };
        if header.is_final {
            return fragments.into_message().map(Some);
        }
        self.fragments = Some(Box::new(fragments));
        Ok(None)
    }
}

/// Validates a close payload: empty, or a permitted code and a UTF-8 reason (RFC 6455, sections 5.5.1 and 7.4).
fn check_close(payload: &[u8]) -> Result<(), CloseReason> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(())
        } else {
            Err(CloseReason::Protocol)
        };
    };
    if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(CloseReason::Protocol);
    }
    std::str::from_utf8(reason)
        .map(|_| ())
        .map_err(|_| CloseReason::Utf8)
}

#[cfg(test)]
mod tests;
