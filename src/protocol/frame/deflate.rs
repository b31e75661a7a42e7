//! Outgoing compression (RFC 7692, section 7.2.1): a message as one deflated frame that is the same for everybody.
//!
//! Without context takeover nothing of one message enters the next, so the bytes depend on the message alone. A
//! viewer that agreed to compression may be sent either form of any message: RSV1 tells which.

use std::fmt;

use bytes::Bytes;
use miniz_oxide::DataFormat;
use miniz_oxide::deflate::CompressionLevel;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress};

use super::{FIN, FLUSH_TAIL, Opcode, RSV1, one};

/// The shortest payload that is compressed, in bytes. One publication does not shrink at all; below this a batch
/// shrinks by less than the 52 bytes of headers that TCP and IP put around it.
const DEFLATED_LEN_MIN: usize = 200;

/// zlib's default. A batch is compressed once and sent to all, so a byte less is worth more than the time: of 256
/// records in 3,768 bytes the fastest level leaves 735 in 27 µs, this one 672 in 84 µs, the best one 671.
const LEVEL: CompressionLevel = CompressionLevel::DefaultLevel;

/// Makes compressed frames. It holds some 300 KiB, so one is kept where messages are encoded, never one per viewer.
pub struct Deflater {
    compressor: CompressorOxide,
    /// Where a message is deflated; as long as the longest so far.
    deflated: Vec<u8>,
}

impl Deflater {
    /// One unmasked text frame with `payload` deflated in it, or `None` where the plain frame is as good: the
    /// payload is too short to be worth it, or does not shrink.
    pub fn text(&mut self, payload: &[u8]) -> Option<Bytes> {
        if payload.len() < DEFLATED_LEN_MIN {
            return None;
        }
        // No longer than the payload: what does not fit does not pay. The flush is whole if room is left after it.
        if self.deflated.len() < payload.len() {
            self.deflated.resize(payload.len(), 0);
        }
        let room = &mut self.deflated[..payload.len()];
        self.compressor.reset();
        let (_, _, len) = compress(&mut self.compressor, payload, room, TDEFLFlush::Sync);
        let message = room[..len].strip_suffix(&FLUSH_TAIL)?;
        (len < payload.len()).then(|| one(FIN | RSV1 | Opcode::Text as u8, message))
    }
}

impl Default for Deflater {
    fn default() -> Self {
        Self {
            compressor: CompressorOxide::with_format_and_level(DataFormat::Raw, LEVEL),
            deflated: Vec::new(),
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
