//! `WriteQueue`: frames for one viewer alone that its socket has not accepted yet; and `WriteBudget`: how many bytes a
//! viewer may be sent before it is the others' turn.
//!
//! Most viewers have no queued frames most of the time. The queue holds control messages, blocks of the history, and the
//! rest of a chunk that was written in part.
//!
//! Writing a long message in one call copies as much of it as the socket has room for, which may be several megabytes.
//! A thousand such calls in a row would stall the other topics of the lane. So long messages are written in parts, in
//! the time that live viewers leave.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes};

use super::frame_log::FrameLog;

/// Frames to write, in order.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    frames: VecDeque<QueuedFrame>,
}

/// A frame, or what is left of one.
#[derive(Debug)]
struct QueuedFrame {
    bytes: Bytes,
    /// How many publications count as sent with its last byte.
    publications: u64,
}

/// What was written to sockets.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct SentTotals {
    pub(super) bytes: u64,
    /// Publications whose last byte was written.
    pub(super) publications: u64,
}

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

impl SentTotals {
    pub(super) const fn add(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.publications += more.publications;
    }
}

impl WriteQueue {
    /// Frames per system call. Beyond this, copying the bytes dominates the cost of the call.
    const FRAMES_PER_CALL_MAX: usize = 16;

    /// Queues a frame that holds no publication.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.push_counted(bytes, 0);
    }

    /// Queues a frame that holds this number of `publications`.
    pub(super) fn push_counted(&mut self, bytes: Bytes, publications: u64) {
        self.frames.push_back(QueuedFrame {
            bytes,
            publications,
        });
    }

    /// Writes to `socket` within `budget`. Returns whether the queue is empty now.
    ///
    /// # Errors
    /// Those of `socket`; [`io::ErrorKind::WouldBlock`] if it accepts nothing more for now.
    pub(super) fn write(
        &mut self,
        socket: &mut impl Write,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<bool> {
        while !self.frames.is_empty() {
            let mut slices = Slices::default();
            let frames = self.frames.iter().take(Self::FRAMES_PER_CALL_MAX);
            let len = frames.map(|frame| frame.bytes.len()).sum();
            let Some(most) = budget.grant(len) else {
                return Ok(false);
            };
            for frame in self.frames.iter().take(Self::FRAMES_PER_CALL_MAX) {
                slices.push(&frame.bytes, most);
            }
            let taken = slices.write(socket)?;
            budget.spend(taken);
            self.advance(taken, sent);
        }
        Ok(true)
    }

    fn advance(&mut self, mut len: usize, sent: &mut SentTotals) {
        sent.bytes += len as u64;
        while let Some(front) = self.frames.front_mut() {
            if len < front.bytes.len() {
                front.bytes.advance(len);
                return;
            }
            len -= front.bytes.len();
            sent.publications += front.publications;
            self.frames.pop_front();
        }
    }
}

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

    /// Accepts a number of bytes, then blocks.
    struct LimitedSocket(usize, Vec<u8>);

    impl Write for LimitedSocket {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes.len().min(self.0);
            self.0 -= len;
            self.1.extend_from_slice(&bytes[..len]);
            if len == 0 {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                Ok(len)
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn frames_are_written_in_order_and_counted_with_their_last_byte() {
        let (mut queue, mut sent) = (WriteQueue::default(), SentTotals::default());
        queue.push(Bytes::from_static(b"hello "));
        queue.push_counted(Bytes::from_static(b"one two"), 2);
        let mut socket = LimitedSocket(7, Vec::new());
        let mut budget = WriteBudget::live();
        assert!(queue.write(&mut socket, &mut budget, &mut sent).is_err());
        assert_eq!((sent.bytes, sent.publications), (7, 0));
        socket.0 = 100;
        assert!(queue.write(&mut socket, &mut budget, &mut sent).unwrap());
        assert_eq!(socket.1, b"hello one two");
        assert_eq!((sent.bytes, sent.publications), (13, 2));
    }

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
