//! A data message of a viewer, put together from its fragments (RFC 6455, section 5.4).

use super::header::Header;
use super::{Close, Incoming, Opcode, inflate};

/// The longest message a viewer may send, in bytes, all fragments together, on the wire as well as inflated.
pub const MESSAGE_LEN_MAX: usize = 1024;

/// The most fragments of one message. None are needed for messages this short, and a stream of empty ones would
/// otherwise never become a message that is counted.
const FRAGMENTS_MAX: usize = 16;

/// A message as far as it has arrived.
#[derive(Debug)]
pub(super) struct Fragments {
    is_text: bool,
    is_compressed: bool,
    count: usize,
    payload: Vec<u8>,
}

impl Fragments {
    pub(super) fn begin(header: &Header, payload: Vec<u8>) -> Self {
        Self {
            is_text: header.opcode == Opcode::Text,
            is_compressed: header.is_compressed,
            count: 1,
            payload,
        }
    }

    /// Bytes so far, as they came.
    pub(super) fn len(&self) -> usize {
        self.payload.len()
    }

    pub(super) fn add(&mut self, payload: &[u8]) -> Result<(), Close> {
        self.count += 1;
        if self.count > FRAGMENTS_MAX {
            return Err(Close::TooMany);
        }
        self.payload.extend_from_slice(payload);
        Ok(())
    }

    /// The message that the fragments make up.
    pub(super) fn join(self) -> Result<Incoming, Close> {
        let content = if self.is_compressed {
            inflate(&self.payload, MESSAGE_LEN_MAX)?
        } else {
            self.payload
        };
        if !self.is_text {
            return Ok(Incoming::Binary);
        }
        String::from_utf8(content)
            .map(Incoming::Text)
            .map_err(|_| Close::Utf8)
    }
}
