//! [`FrameHeader`]: the header of a viewer's frame (RFC 6455, section 5.2).

use super::{CloseReason, FIN, MASKED, Opcode, RSV1};

/// The reserved bits that no supported extension uses.
const RSV2_AND_3: u8 = 0x30;

/// The header of a viewer's frame.
pub(super) struct FrameHeader {
    pub(super) is_final: bool,
    /// RSV1: the frame begins a compressed message.
    pub(super) is_compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) mask: [u8; 4],
    /// Length of the payload, in bytes.
    pub(super) len: usize,
    /// Length of the header, in bytes.
    pub(super) header_len: usize,
}

impl FrameHeader {
    /// Parses the header at the start of `bytes`; `None` if it is incomplete.
    ///
    /// A length encoded in more bytes than necessary is accepted: nothing depends on it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, CloseReason> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        let opcode = Opcode::parse(first & 0x0F).ok_or(CloseReason::Protocol)?;
        // Clients must mask all frames (RFC 6455, section 5.1).
        if first & RSV2_AND_3 != 0 || second & MASKED == 0 {
            return Err(CloseReason::Protocol);
        }
        let (len, len_len) = match (second & !MASKED, rest) {
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
        // A length that does not fit exceeds every limit; the caller rejects it as too big.
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Ok(Some(Self {
            is_final: first & FIN != 0,
            is_compressed: first & RSV1 != 0,
            opcode,
            mask: *mask,
            len,
            header_len: 2 + len_len + 4,
        }))
    }

    /// Returns the payload at the start of `bytes`, unmasked.
    pub(super) fn unmask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut payload = bytes[..self.len].to_vec();
        for chunk in payload.chunks_mut(self.mask.len()) {
            for (byte, mask) in chunk.iter_mut().zip(self.mask) {
                *byte ^= mask;
            }
        }
        payload
    }
}
