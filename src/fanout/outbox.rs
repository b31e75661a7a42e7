//! `Outbox`: the frames that are one viewer's own and that its socket has not taken yet.
//!
//! A viewer has one only now and then: for greetings, answers, gaps, and the rest of what a socket took in part.

use std::collections::VecDeque;
use std::io::{self, Write};

use bytes::{Buf, Bytes};

use super::allowance::{Allowance, Slices};

/// Frames in the order in which they go out.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Frame>,
}

/// A frame, and how many publications it holds.
#[derive(Debug)]
struct Frame {
    bytes: Bytes,
    publications: u64,
}

/// What was given to sockets.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) bytes: u64,
    /// Publications whose last byte was given.
    pub(super) publications: u64,
}

impl Tally {
    pub(super) const fn add(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.publications += more.publications;
    }
}

impl Outbox {
    /// Frames given to one system call. Beyond this a call costs less than what it carries.
    const FRAMES_PER_CALL_MAX: usize = 16;

    /// Adds a frame behind all others.
    pub(super) fn push(&mut self, bytes: Bytes) {
        self.push_holding(bytes, 0);
    }

    /// Adds a frame that holds so many publications behind all others.
    pub(super) fn push_holding(&mut self, bytes: Bytes, publications: u64) {
        self.frames.push_back(Frame {
            bytes,
            publications,
        });
    }

    /// Gives `socket` everything, as far as `allowance` allows; whether that was everything.
    ///
    /// # Errors
    /// As `socket` does; [`io::ErrorKind::WouldBlock`] when it takes no more for now.
    pub(super) fn write(
        &mut self,
        socket: &mut impl Write,
        allowance: &mut Allowance,
        tally: &mut Tally,
    ) -> io::Result<bool> {
        while !self.frames.is_empty() {
            let mut slices = Slices::default();
            let frames = self.frames.iter().take(Self::FRAMES_PER_CALL_MAX);
            let len = frames.map(|frame| frame.bytes.len()).sum();
            let Some(most) = allowance.next(len) else {
                return Ok(false);
            };
            for frame in self.frames.iter().take(Self::FRAMES_PER_CALL_MAX) {
                slices.push(&frame.bytes, most);
            }
            let taken = slices.write(socket)?;
            allowance.spend(taken);
            self.advance(taken, tally);
        }
        Ok(true)
    }

    fn advance(&mut self, mut len: usize, tally: &mut Tally) {
        tally.bytes += len as u64;
        while let Some(front) = self.frames.front_mut() {
            if len < front.bytes.len() {
                front.bytes.advance(len);
                return;
            }
            len -= front.bytes.len();
            tally.publications += front.publications;
            self.frames.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, then blocks.
    struct Socket(usize, Vec<u8>);

    impl Write for Socket {
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
    fn frames_go_out_in_order_whatever_a_socket_takes_and_count_when_they_are_gone() {
        let (mut outbox, mut tally) = (Outbox::default(), Tally::default());
        outbox.push(Bytes::from_static(b"hello "));
        outbox.push_holding(Bytes::from_static(b"one two"), 2);
        let mut socket = Socket(7, Vec::new());
        let mut allowance = Allowance::live();
        assert!(
            outbox
                .write(&mut socket, &mut allowance, &mut tally)
                .is_err()
        );
        assert_eq!((tally.bytes, tally.publications), (7, 0));
        socket.0 = 100;
        assert!(
            outbox
                .write(&mut socket, &mut allowance, &mut tally)
                .unwrap()
        );
        assert_eq!(socket.1, b"hello one two");
        assert_eq!((tally.bytes, tally.publications), (13, 2));
    }
}
