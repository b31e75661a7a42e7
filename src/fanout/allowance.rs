//! `Allowance`: how many bytes a viewer may be sent before the others get their turn.
//!
//! A call that hands over a whole long message copies as much of it as the socket has room for, which may be several
//! megabytes: a thousand such calls in a row would stop the other topics of the lane. So long messages go out in parts,
//! in the time that live viewers leave.

use std::io::{self, IoSlice, Write};

use super::log::Log;

/// Bytes that may still be sent in this turn.
#[derive(Debug)]
pub(super) struct Allowance {
    left: usize,
    /// The longest that is begun in this turn.
    begun_max: usize,
}

/// What one system call is given, cut to a length.
#[derive(Debug)]
pub(super) struct Slices<'a> {
    slices: [IoSlice<'a>; SLICES_MAX],
    count: usize,
    len: usize,
}

/// Pieces in one system call. Beyond this a call costs less than what it carries.
const SLICES_MAX: usize = 64;

impl Allowance {
    /// Bytes for one viewer in one turn: a tenth of a millisecond or so of copying.
    const TURN_LEN_MAX: usize = 256 * 1024;

    /// For a viewer that is live, or whose socket has room again: long messages wait.
    pub(super) const fn live() -> Self {
        Self {
            left: Self::TURN_LEN_MAX,
            begun_max: Log::ENTRY_LEN_MAX,
        }
    }

    /// For a viewer whose turn it is to be sent long messages.
    pub(super) const fn long() -> Self {
        Self {
            left: Self::TURN_LEN_MAX,
            begun_max: usize::MAX,
        }
    }

    /// Returns how many bytes may go out in a call that begins with a message of `len` bytes; `None` if that has to
    /// wait.
    pub(super) fn next(&self, len: usize) -> Option<usize> {
        let may_go = self.left > 0 && len <= self.begun_max;
        may_go.then_some(self.left)
    }

    /// Subtracts `len` bytes that have been sent.
    pub(super) const fn spend(&mut self, len: usize) {
        self.left = self.left.saturating_sub(len);
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
    /// Bytes so far.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Adds `bytes`, as many as there is room for within `most` in all; whether there was room for any.
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

    /// Gives `socket` all of it in one call; returns how much it took, which is something.
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
    fn what_is_long_waits_for_a_turn_of_its_own_and_then_goes_out_in_parts() {
        let long = Log::ENTRY_LEN_MAX + 1;
        assert_eq!(Allowance::live().next(long), None);
        assert!(Allowance::live().next(Log::ENTRY_LEN_MAX).is_some());
        let mut allowance = Allowance::long();
        assert_eq!(allowance.next(usize::MAX), Some(Allowance::TURN_LEN_MAX));
        allowance.spend(Allowance::TURN_LEN_MAX);
        assert_eq!(allowance.next(1), None);
    }

    #[test]
    fn a_call_is_cut_to_its_length() {
        let mut slices = Slices::default();
        assert!(slices.push(b"hello ", 8) && slices.push(b"world", 8));
        assert!(!slices.push(b"!", 8));
        let mut socket = Vec::new();
        assert_eq!(slices.write(&mut socket).unwrap(), 8);
        assert_eq!(socket, b"hello wo");
    }
}
