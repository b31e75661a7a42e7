//! `WriteBudget`: how many bytes a viewer may be sent before it is the others' turn.
//!
//! Writing a long message in one call copies as much of it as the socket has room for, which may be several megabytes.
//! A thousand such calls in a row would stall the other topics of the lane. So long messages are written in parts, in
//! the time that live viewers leave.

use std::io::{self, IoSlice, Write};

use super::frame_log::FrameLog;

/// The bytes that a viewer may still be sent in this turn.
#[derive(Debug)]
pub(super) struct WriteBudget {
    remaining: usize,
    /// The longest message that may be started in this turn.
    message_len_max: usize,
}

/// The slices for one vectored write, truncated to a length.
#[derive(Debug)]
pub(super) struct Slices<'a> {
    slices: [IoSlice<'a>; SLICES_MAX],
    count: usize,
    len: usize,
}

/// Slices per system call. Beyond this, copying the bytes dominates the cost of the call.
const SLICES_MAX: usize = 64;

impl WriteBudget {
    /// Bytes for one viewer in one turn, which take about 0.1 ms to copy.
    const TURN_LEN_MAX: usize = 256 * 1024;

    /// For a viewer that is live or whose socket has become writable: long messages wait.
    pub(super) const fn live() -> Self {
        Self {
            remaining: Self::TURN_LEN_MAX,
            message_len_max: FrameLog::ENTRY_LEN_MAX,
        }
    }

    /// For a viewer of the backfill queue, which may be sent long messages.
    pub(super) const fn long() -> Self {
        Self {
            remaining: Self::TURN_LEN_MAX,
            message_len_max: usize::MAX,
        }
    }

    /// Returns how many bytes a call that starts with a message of `len` bytes may write; `None` if it has to wait.
    pub(super) fn grant(&self, len: usize) -> Option<usize> {
        let may_go = self.remaining > 0 && len <= self.message_len_max;
        may_go.then_some(self.remaining)
    }

    /// Subtracts `len` bytes that have been written.
    pub(super) const fn spend(&mut self, len: usize) {
        self.remaining = self.remaining.saturating_sub(len);
    }
}

impl Default for Slices<'_> {
    fn default() -> Self {
        Self {
            slices: [IoSlice::new(&[]); SLICES_MAX],
            count: 0,
            len: 0,
        }
    }
}

impl<'a> Slices<'a> {
    /// The total length so far.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds `bytes`, truncated so that the total is at most `most`. Returns false if there is no room.
    pub(super) fn push(&mut self, bytes: &'a [u8], most: usize) -> bool {
        if self.count == SLICES_MAX || self.len >= most {
            return false;
        }
        let bytes = &bytes[..bytes.len().min(most - self.len)];
        self.slices[self.count] = IoSlice::new(bytes);
        self.count += 1;
        self.len += bytes.len();
        true
    }

    /// Writes all slices to `socket` in one call, and returns how many bytes it accepted, at least one.
    pub(super) fn write(&self, socket: &mut impl Write) -> io::Result<usize> {
        match socket.write_vectored(&self.slices[..self.count])? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            taken => Ok(taken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_waits_for_a_long_budget_and_is_written_in_parts() {
        let long = FrameLog::ENTRY_LEN_MAX + 1;
        assert_eq!(WriteBudget::live().grant(long), None);
        assert!(WriteBudget::live().grant(FrameLog::ENTRY_LEN_MAX).is_some());
        let mut budget = WriteBudget::long();
        assert_eq!(budget.grant(usize::MAX), Some(WriteBudget::TURN_LEN_MAX));
        budget.spend(WriteBudget::TURN_LEN_MAX);
        assert_eq!(budget.grant(1), None);
    }

    #[test]
    fn slices_are_truncated_to_the_length_of_a_call() {
        let mut slices = Slices::default();
        assert!(slices.push(b"hello ", 8) && slices.push(b"world", 8));
        assert!(!slices.push(b"!", 8));
        let mut socket = Vec::new();
        assert_eq!(slices.write(&mut socket).unwrap(), 8);
        assert_eq!(socket, b"hello wo");
    }
}
