//! `WriteQueue`: frames for one viewer alone that its socket has not accepted yet.
//!
//! Most viewers have none most of the time. It holds control messages, blocks of the history, and the rest of a chunk
//! that was written in part.

use std::collections::VecDeque;
use std::io::{self, Write};

use bytes::{Buf, Bytes};

use super::write_budget::{Slices, WriteBudget};

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
}
