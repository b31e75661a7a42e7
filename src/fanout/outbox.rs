//! `Outbox`: the frames a viewer's socket has not taken yet.

use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;

/// Frames in the order in which they go out. A frame once begun is finished before anything overtakes it.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Bytes>,
    is_front_begun: bool,
    /// The socket took less than it was given, and has not said since that it takes more.
    is_blocked: bool,
}

impl Outbox {
    /// Frames given to one system call. Beyond this a call costs less than what it carries.
    pub(super) const FRAMES_PER_CALL_MAX: usize = 64;

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// The socket takes more.
    pub(super) fn unblock(&mut self) {
        self.is_blocked = false;
    }

    /// Adds a frame behind all others.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.frames.push_back(frame);
    }

    /// Adds frames behind all others.
    pub(super) fn extend(&mut self, frames: impl IntoIterator<Item = Bytes>) {
        self.frames.extend(frames);
    }

    /// Adds a frame ahead of all that have not begun.
    pub(super) fn push_ahead(&mut self, frame: Bytes) {
        self.frames.insert(usize::from(self.is_front_begun), frame);
    }

    /// Gives the socket what it takes without blocking; returns the bytes it took.
    pub(super) fn write(&mut self, socket: &TcpStream) -> io::Result<usize> {
        let mut taken = 0;
        while let Some(front) = self.frames.front() {
            let result = if self.frames.len() == 1 {
                socket.try_write(front)
            } else {
                self.write_many(socket)
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => {
                    taken += len;
                    self.advance(len);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_blocked = true;
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    fn write_many(&self, socket: &TcpStream) -> io::Result<usize> {
        let mut slices = [IoSlice::new(&[]); Self::FRAMES_PER_CALL_MAX];
        let len = self.frames.len().min(slices.len());
        for (slice, frame) in slices.iter_mut().zip(&self.frames) {
            *slice = IoSlice::new(frame);
        }
        socket.try_write_vectored(&slices[..len])
    }

    fn advance(&mut self, mut len: usize) {
        while let Some(front) = self.frames.front_mut() {
            if len < front.len() {
                front.advance(len);
                self.is_front_begun |= len > 0;
                return;
            }
            len -= front.len();
            self.frames.pop_front();
            self.is_front_begun = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overtakes_waits_for_the_frame_that_has_begun() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"one"));
        outbox.push(Bytes::from_static(b"two"));
        outbox.push_ahead(Bytes::from_static(b"first"));
        outbox.advance(5);
        assert_eq!(outbox.frames, [&b"one"[..], b"two"]);
        outbox.advance(1);
        outbox.push_ahead(Bytes::from_static(b"urgent"));
        assert_eq!(outbox.frames, [&b"ne"[..], b"urgent", b"two"]);
        outbox.advance(2 + 6 + 3);
        assert!(outbox.is_empty());
    }
}
