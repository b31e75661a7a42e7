//! `SocketWriter`: writes to one socket within a `WriteBudget`: how many bytes a viewer may be sent before it is the
//! others' turn; and `WriteQueue`: frames for one connection alone that its socket has not accepted yet.
//!
//! Most queues are empty most of the time. A queue holds control messages, blocks of the history, and the rest of a chunk
//! that was written in part.
//!
//! Writing a long message in one call copies as much of it as the socket has room for, which may be several megabytes.
//! A thousand such calls in a row would stall the other topics of the lane. So long messages are written in parts, in
//! the time that live viewers leave.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes};

use super::frame_log::FrameLog;
use crate::protocol::Seq;

/// What is needed to write to one connection in one turn.
#[derive(Debug)]
pub(super) struct SocketWriter<'a, S> {
    pub(super) socket: &'a mut S,
    /// Frames that go out before anything else.
    pub(super) queue: &'a mut WriteQueue,
    pub(super) budget: &'a mut WriteBudget,
    /// Counts what is written.
    pub(super) sent: &'a mut SentTotals,
}

/// Why a write returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteOutcome {
    /// Everything has been written.
    Done,
    /// The socket accepts more, but it is the turn of other viewers, or the next message is long.
    Yield,
    /// The socket accepts nothing more for now.
    Blocked,
    /// The next publications, up to this one, must come from the history.
    NotInLog(Seq),
    /// The next announcement must come from the topic.
    MissedAnnouncement,
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

impl<S: Write> SocketWriter<'_, S> {
    /// Frames per system call. Beyond this, copying the bytes dominates the cost of the call.
    const FRAMES_PER_CALL_MAX: usize = 16;

    /// Writes the queued frames, and nothing from a log.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write_queued(&mut self) -> io::Result<WriteOutcome> {
        WriteOutcome::from_io(self.flush_queue().map(|is_empty| {
            if is_empty {
                WriteOutcome::Done
            } else {
                WriteOutcome::Yield
            }
        }))
    }

    /// Writes the queued frames. Returns whether the queue is empty now.
    ///
    /// # Errors
    /// Those of the socket; [`io::ErrorKind::WouldBlock`] if it accepts nothing more for now.
    #[inline]
    pub(super) fn flush_queue(&mut self) -> io::Result<bool> {
        // Nearly always, and then a flush costs no more than this.
        if self.queue.is_empty() {
            return Ok(true);
        }
        self.write_frames()
    }

    fn write_frames(&mut self) -> io::Result<bool> {
        while !self.queue.is_empty() {
            let front = || self.queue.front(Self::FRAMES_PER_CALL_MAX);
            let Some(most) = self.budget.grant(front().map(<[u8]>::len).sum()) else {
                return Ok(false);
            };
            let mut slices = Slices::default();
            for frame in front() {
                slices.push(frame, most);
            }
            let taken = slices.write(self.socket)?;
            let publications = self.queue.advance(taken);
            self.record(taken, publications);
        }
        Ok(true)
    }

    /// Records that the socket has accepted `len` bytes, and with them the last byte of this number of `publications`.
    pub(super) fn record(&mut self, len: usize, publications: u64) {
        self.budget.spend(len);
        self.sent.add(SentTotals {
            bytes: len as u64,
            publications,
        });
    }
}

impl WriteOutcome {
    /// Distinguishes a socket that accepts nothing for now from a lost connection.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn from_io(result: io::Result<Self>) -> io::Result<Self> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Self::Blocked),
            // A signal interrupted the call; the lane tries again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Self::Yield),
            result => result,
        }
    }
}

impl SentTotals {
    pub(super) const fn add(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.publications += more.publications;
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
        queue.push_pieces(vec![Bytes::from_static(b"one two")], 2);
        let mut socket = LimitedSocket(7, Vec::new());
        let mut writer = SocketWriter {
            socket: &mut socket,
            queue: &mut queue,
            budget: &mut WriteBudget::live(),
            sent: &mut sent,
        };
        assert_eq!(writer.write_queued().unwrap(), WriteOutcome::Blocked);
        assert_eq!((writer.sent.bytes, writer.sent.publications), (7, 0));
        writer.socket.0 = 100;
        assert_eq!(writer.write_queued().unwrap(), WriteOutcome::Done);
        assert!(queue.is_empty());
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
