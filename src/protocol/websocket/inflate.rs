//! Decompression of viewers' messages (RFC 7692, section 7.2.2), with limits on memory and time.
//!
//! No state is kept between messages and the output serves as the window, so a decompression bomb uses no more memory
//! than the limit.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::FLUSH_TAIL;
use crate::protocol::CloseReason;

/// An empty final block, appended to every message. The decoder reaches it only if the message ends at a block
/// boundary, which detects truncated messages.
const FINAL_BLOCK: [u8; 5] = [0x01, 0x00, 0x00, 0xFF, 0xFF];

/// The most blocks per message, including the two appended ones. The decoder spends about 6 µs building tables for a
/// block of ten bits, so 1 KiB of such blocks would keep a core busy for 5 ms. Viewers' short messages need one block.
const BLOCKS_MAX: usize = 16;

/// Decompresses the payload of a complete message, its fragments joined.
///
/// Blocks may follow a block marked as final, and may refer to data before it (RFC 7692, sections 7.2.1 and 7.2.3.4).
///
/// # Errors
/// - [`CloseReason::TooBig`]: the output exceeds `len_max` bytes; no more than that is ever allocated.
/// - [`CloseReason::TooManyMessages`]: it has more blocks than a legitimate message.
/// - [`CloseReason::Protocol`]: it is not valid deflate data. RFC 7692 defines no code for this; 1007 is for contents
///   that do not match the type of the message (RFC 6455, section 7.4.1), but here the contents are unknown.
pub fn inflate(payload: &[u8], len_max: usize) -> Result<Vec<u8>, CloseReason> {
    let deflated = [payload, &FLUSH_TAIL, &FINAL_BLOCK].concat();
    let mut inflated = vec![0; len_max];
    // 11 KiB on the stack.
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
            TINFLStatus::HasMoreOutput => return Err(CloseReason::TooBig),
            _ => return Err(CloseReason::Protocol),
        }
    }
    Err(CloseReason::TooManyMessages)
}

#[cfg(test)]
mod tests;
