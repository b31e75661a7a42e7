//! `WriteQueue`: frames for one connection alone that its socket has not accepted yet.
//!
//! Most connections have none most of the time. The queue holds control messages, blocks of the history, and the rest of
//! a chunk that was written in part.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// Frames to write, in order, before anything from a log.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    /// Allocated for the first frame, freed after the last; never empty.
    #[allow(
        clippy::box_collection,
        reason = "a pointer keeps the viewer within one cache line"
    )]
    frames: Option<Box<VecDeque<QueuedFrame>>>,
}

/// A frame, or what is left of one.
#[derive(Debug)]
struct QueuedFrame {
    bytes: Bytes,
    /// How many publications count as sent with its last byte.
    publications: u64,
}

impl WriteQueue {
    /// Returns whether all queued frames have been written.
    pub(super) const fn is_empty(&self) -> bool {
        self.frames.is_none()
    }

    /// Queues a frame that holds no publication.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.push_counted(frame, 0);
    }

    /// Queues the pieces of a frame that holds this number of `publications`.
    pub(super) fn push_pieces(&mut self, pieces: Vec<Bytes>, publications: u64) {
        let end = pieces.len();
        for (n, piece) in (1..).zip(pieces) {
            self.push_counted(piece, if n == end { publications } else { 0 });
        }
    }

    fn push_counted(&mut self, bytes: Bytes, publications: u64) {
        self.frames.get_or_insert_default().push_back(QueuedFrame {
            bytes,
            publications,
        });
    }

    /// The first frames, at most `most`.
    pub(super) fn front(&self, most: usize) -> impl Iterator<Item = &[u8]> {
        let frames = self.frames.iter().flat_map(|frames| frames.iter());
        frames.take(most).map(|frame| &frame.bytes[..])
    }

    /// Removes the first `len` bytes, which have been written. Returns how many publications were sent with them.
    pub(super) fn advance(&mut self, mut len: usize) -> u64 {
        let mut publications = 0;
        let Some(frames) = &mut self.frames else {
            return publications;
        };
        while let Some(front) = frames.front_mut() {
            if len < front.bytes.len() {
                front.bytes.advance(len);
                return publications;
            }
            len -= front.bytes.len();
            publications += front.publications;
            frames.pop_front();
        }
        self.frames = None;
        publications
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_counts_with_the_last_byte_of_its_frame() {
        let mut queue = WriteQueue::default();
        queue.push(Bytes::from_static(b"hello "));
        queue.push_pieces(vec!["one ".into(), "two".into()], 2);
        assert_eq!(queue.advance(7), 0);
        assert_eq!(queue.front(9).collect::<Vec<_>>(), [&b"ne "[..], b"two"]);
        assert_eq!(queue.advance(5), 0);
        assert_eq!(queue.advance(1), 2);
        assert!(queue.is_empty());
    }
}
