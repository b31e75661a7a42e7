//! The contents of a compressed message from a viewer (RFC 7692, section 7.2.2), within a bound.
//!
//! Nothing is kept between messages, and the output is its own window, so a bomb holds no more than the bound.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::FLUSH_TAIL;
use crate::protocol::Close;

/// An empty final block. Put after a message, it is reached exactly when the message ends where a block does, so
/// that a message cut short is told from a whole one.
const END: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

/// The most blocks of one message, the two behind it included. A block of ten bits has the decoder build tables for
/// some 6 µs, so 1 KiB of nothing else would keep a core busy for 5 ms. A message as short as a viewer's needs one block.
const BLOCKS_MAX: usize = 16;

/// Inflates the payload of a whole message, its fragments joined.
///
/// A block marked as final ends nothing but itself: what follows may refer to what came before it (RFC 7692,
/// sections 7.2.1 and 7.2.3.4).
///
/// # Errors
/// - [`Close::TooBig`]: it inflates to more than `len_max` bytes, of which no more are ever held.
/// - [`Close::TooMany`]: it has more blocks than any honest message.
/// - [`Close::Protocol`]: it is not deflated data. RFC 7692 names no code for it; 1007 is about contents that do not
///   fit the type of their message (RFC 6455, section 7.4.1), and here there are no contents.
pub fn inflate(payload: &[u8], len_max: usize) -> Result<Vec<u8>, Close> {
    let deflated = [payload, &FLUSH_TAIL, &END].concat();
    let mut inflated = vec![0; len_max];
    // 11 KiB, on the stack.
    let mut decompressor = DecompressorOxide::new();
    let (mut read, mut written) = (0, 0);
    for _ in 0..BLOCKS_MAX {
        let (status, read_now, written_now) = decompress(
            &mut decompressor,
            &deflated[read..],
            &mut inflated,
            written,
            TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF | TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
        );
        read += read_now;
        written += written_now;
        match status {
            TINFLStatus::Done if read == deflated.len() => {
                inflated.truncate(written);
                return Ok(inflated);
            }
            TINFLStatus::Done => decompressor.init(),
            TINFLStatus::BlockBoundary => {}
            TINFLStatus::HasMoreOutput => return Err(Close::TooBig),
            _ => return Err(Close::Protocol),
        }
    }
    Err(Close::TooMany)
}

#[cfg(test)]
mod tests;
