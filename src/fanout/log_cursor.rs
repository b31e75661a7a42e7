//! `LogCursor`: one viewer's position in the log, and the frames queued for this viewer alone.
//!
//! It writes to any [`Write`], so tests need no sockets. It knows nothing of the history: if the next publication is
//! not in the log, it returns [`WriteOutcome::NotInLog`], and the lane supplies a chunk.

use std::io::{self, Write};

use bytes::Bytes;

use super::frame_log::{Chunk, FrameLog, LogEntry, LogLookup};
use super::write_queue::{SentTotals, Slices, WriteBudget, WriteQueue};
use crate::protocol::Seq;

/// A viewer's position in the log.
#[derive(Debug)]
pub(super) struct LogCursor {
    /// The last publication that was sent to the viewer or is in its queue.
    last: Seq,
    /// Whether the viewer has `last` itself. If so, it is also sent a jump that follows `last`.
    has_last: bool,
    /// Frames that go out before anything from the log. Allocated for the first frame, freed after the last.
    queue: Option<Box<WriteQueue>>,
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
}

impl LogCursor {
    /// Writes for one viewer before it is the others' turn.
    const WRITES_MAX: usize = 16;

    /// Creates a cursor after `last`; `has_last` says whether the viewer has `last` itself.
    pub(super) fn new(last: Seq, has_last: bool) -> Self {
        Self {
            last,
            has_last,
            queue: None,
        }
    }

    /// The last publication that was sent to the viewer or is in its queue.
    pub(super) const fn last(&self) -> Seq {
        self.last
    }

    /// Queues a frame that holds no publication.
    pub(super) fn push(&mut self, frame: Bytes) {
        self.queue().push(frame);
    }

    /// Queues the chunk that follows the position, and moves past it.
    pub(super) fn push_chunk(&mut self, chunk: &Chunk) {
        let count = chunk.last.get() - self.last.get();
        let skip = if self.has_last { 0 } else { chunk.jump_len };
        let pieces = chunk.bytes.slices(skip, chunk.bytes.len()).collect();
        self.push_pieces(pieces, count);
        (self.last, self.has_last) = (chunk.last, true);
    }

    /// Queues the pieces of a frame that holds this number of `publications`.
    fn push_pieces(&mut self, pieces: Vec<Bytes>, publications: u64) {
        let queue = self.queue();
        let end = pieces.len();
        for (n, piece) in (1..).zip(pieces) {
            queue.push_counted(piece, if n == end { publications } else { 0 });
        }
    }

    /// Skips everything up to `last`.
    pub(super) fn skip_to(&mut self, last: Seq) {
        (self.last, self.has_last) = (last, false);
    }

    /// Returns whether all queued frames have been written.
    pub(super) fn is_queue_empty(&self) -> bool {
        self.queue.is_none()
    }

    fn queue(&mut self) -> &mut WriteQueue {
        self.queue.get_or_insert_default()
    }

    /// Writes the queued frames. Returns whether the queue is empty now.
    fn flush_queue(
        &mut self,
        socket: &mut impl Write,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<bool> {
        if let Some(queue) = &mut self.queue {
            if !queue.write(socket, budget, sent)? {
                return Ok(false);
            }
            self.queue = None;
        }
        Ok(true)
    }

    /// Writes the queued frames to `socket`, and nothing from the log.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write_queued(
        &mut self,
        socket: &mut impl Write,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<WriteOutcome> {
        let is_empty = self.flush_queue(socket, budget, sent);
        blocked_or(is_empty.map(|is_empty| {
            if is_empty {
                WriteOutcome::Done
            } else {
                WriteOutcome::Yield
            }
        }))
    }

    /// Writes the queued frames and then the log to `socket`. Chunks that arrived together go out in one system call.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write(
        &mut self,
        log: &FrameLog,
        socket: &mut impl Write,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<WriteOutcome> {
        blocked_or(self.write_until_blocked(log, socket, budget, sent))
    }

    fn write_until_blocked(
        &mut self,
        log: &FrameLog,
        socket: &mut impl Write,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<WriteOutcome> {
        for _ in 0..Self::WRITES_MAX {
            if !self.flush_queue(socket, budget, sent)? {
                return Ok(WriteOutcome::Yield);
            }
            match log.after(self.last) {
                LogLookup::CaughtUp => return Ok(WriteOutcome::Done),
                LogLookup::NotInLog(to) => return Ok(WriteOutcome::NotInLog(to)),
                LogLookup::At {
                    entry,
                    skip,
                    jump_len,
                } => {
                    let skip = skip + if self.has_last { 0 } else { jump_len };
                    if !self.write_entries(log, entry, skip, socket, budget, sent)? {
                        return Ok(WriteOutcome::Yield);
                    }
                }
            }
        }
        Ok(WriteOutcome::Yield)
    }

    /// Writes the log from byte `skip` of `entry` on in one system call. Returns false if that has to wait.
    fn write_entries(
        &mut self,
        log: &FrameLog,
        entry: usize,
        skip: usize,
        socket: &mut impl Write,
        budget: &mut WriteBudget,
        sent: &mut SentTotals,
    ) -> io::Result<bool> {
        let newest = log.as_newest(entry);
        let first = log.entries_from(entry).next();
        let len = first.map_or(0, |first| first.bytes().len() - skip);
        let Some(most) = budget.grant(len) else {
            return Ok(false);
        };
        let taken = match newest.and_then(|newest| newest.bytes().as_contiguous()) {
            // The common case: a viewer that is live gets the newest entry.
            Some(bytes) if len <= most => match socket.write(&bytes[skip..])? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                taken => taken,
            },
            _ => slices_from(log, entry, skip, most).write(socket)?,
        };
        budget.spend(taken);
        sent.bytes += taken as u64;
        self.advance(log.entries_from(entry), skip, taken, sent);
        Ok(true)
    }

    /// Advances by `taken` bytes, counted from byte `skip` of the first of `entries`. The rest of a chunk that was
    /// written in part is queued, so the position is always between two chunks.
    fn advance<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a LogEntry>,
        skip: usize,
        taken: usize,
        sent: &mut SentTotals,
    ) {
        let mut at = skip + taken;
        for entry in entries {
            if at < entry.bytes().len() {
                let written = entry.partial_write(at, self.last);
                let rest_publications = written
                    .rest
                    .as_ref()
                    .map_or(0, |(_, publications)| *publications);
                sent.publications += written.last.get() - self.last.get() - rest_publications;
                self.move_to(written.last);
                if let Some((rest, publications)) = written.rest {
                    self.push_pieces(rest, publications);
                }
                return;
            }
            sent.publications += entry.last().get() - self.last.get();
            self.move_to(entry.last());
            at -= entry.bytes().len();
            if at == 0 {
                return;
            }
        }
    }

    fn move_to(&mut self, last: Seq) {
        if last > self.last {
            (self.last, self.has_last) = (last, true);
        }
    }
}

/// Returns at most `most` bytes of the log from byte `skip` of `entry` on: whole entries, or a part of the first.
fn slices_from(log: &FrameLog, entry: usize, mut skip: usize, most: usize) -> Slices<'_> {
    let mut slices = Slices::default();
    for entry in log.entries_from(entry) {
        if slices.len() > 0 && slices.len() + entry.bytes().len() > most {
            break;
        }
        for part in entry.bytes().parts() {
            let skipped = skip.min(part.len());
            skip -= skipped;
            if skipped < part.len() && !slices.push(&part[skipped..], most) {
                return slices;
            }
        }
    }
    slices
}

fn blocked_or(result: io::Result<WriteOutcome>) -> io::Result<WriteOutcome> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(WriteOutcome::Blocked),
        // A signal interrupted the call; the lane tries again.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(WriteOutcome::Yield),
        result => result,
    }
}

#[cfg(test)]
mod tests;
