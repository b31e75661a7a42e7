//! [`Fragments`]: assembles a viewer's data message from its fragments (RFC 6455, section 5.4).

use super::frame_header::FrameHeader;
use super::{CloseReason, Opcode, inflate};

/// The longest message that a viewer may send, in bytes: the sum of all fragments, before and after decompression.
pub const MESSAGE_LEN_MAX: usize = 1024;

/// The most fragments per message. Such short messages need none, and an endless series of empty fragments would
/// otherwise bypass the limit on messages.
const FRAGMENTS_MAX: usize = 16;

/// A complete message from a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewerMessage {
    /// A text message, valid UTF-8.
    Text(String),
    /// A binary message, whose content the hub ignores.
    Binary,
    /// A ping, to be answered by a pong with the same payload.
    Ping(Vec<u8>),
    /// A pong, whose payload the hub ignores.
    Pong,
    /// A close, or the answer to the hub's close.
    Close,
}

/// The fragments of a message that have arrived.
#[derive(Debug)]
pub(super) struct Fragments {
    is_text: bool,
    is_compressed: bool,
    count: usize,
    payload: Vec<u8>,
}

impl Fragments {
    pub(super) fn new(header: &FrameHeader, payload: Vec<u8>) -> Self {
        Self {
            is_text: header.opcode == Opcode::Text,
            is_compressed: header.is_compressed,
            count: 1,
            payload,
        }
    }

    /// The number of payload bytes so far, as received.
    pub(super) fn len(&self) -> usize {
        self.payload.len()
    }

    pub(super) fn push(&mut self, payload: &[u8]) -> Result<(), CloseReason> {
        self.count += 1;
        if self.count > FRAGMENTS_MAX {
            return Err(CloseReason::TooManyMessages);
        }
        self.payload.extend_from_slice(payload);
        Ok(())
    }

    /// Decodes the message after its last fragment.
    pub(super) fn into_message(self) -> Result<ViewerMessage, CloseReason> {
        let content = if self.is_compressed {
            inflate(&self.payload, MESSAGE_LEN_MAX)?
        } else {
            self.payload
        };
        if !self.is_text {
            return Ok(ViewerMessage::Binary);
        }
        String::from_utf8(content)
            .map(ViewerMessage::Text)
            .map_err(|_| CloseReason::Utf8)
    }
}
