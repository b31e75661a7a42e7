//! `LogCursor`: a subscription's position in the log of its group.
//!
//! It writes to any [`Write`], so tests need no sockets. It knows nothing of the history: if the next publication is
//! not in the log, it returns [`WriteOutcome::NotInLog`], and the lane supplies a chunk.

use std::io::{self, Write};

use bytes::Bytes;

use super::frame_log::{Chunk, FrameLog, LogEntry, LogLookup};
use super::socket_writer::{Slices, SocketWriter, WriteOutcome, WriteQueue};
use crate::hub::AnnouncementNumber;
use crate::protocol::Seq;

/// A position in the log.
#[derive(Debug)]
pub(super) struct LogCursor {
    /// The last publication that was sent to the viewer or is in its queue.
    last: Seq,
    /// Whether the viewer has `last` itself. If so, it is also sent a jump that follows `last`.
    has_last: bool,
    /// The last announcement that was sent to the viewer or is in its queue. Later ones are sent in order.
    announced: AnnouncementNumber,
}

/// Where in the log a write starts.
#[derive(Debug, Clone, Copy)]
struct LogStart {
    /// The index of the entry, counted from the oldest.
    entry: usize,
    /// The bytes of the entry before that place.
    skip: usize,
}

impl LogCursor {
    /// Writes for one viewer before it is the others' turn.
    const WRITES_MAX: usize = 16;

    /// Creates a cursor after the publication `last` and the announcement `announced`; `has_last` says whether the
    /// viewer has `last` itself.
    pub(super) const fn new(last: Seq, has_last: bool, announced: AnnouncementNumber) -> Self {
        Self {
            last,
            has_last,
            announced,
        }
    }

    /// The last announcement that was sent to the viewer or is in its queue.
    pub(super) const fn announced(&self) -> AnnouncementNumber {
        self.announced
    }

    /// Queues the announcement with this number, which follows the last one.
    pub(super) fn push_announcement(
        &mut self,
        number: AnnouncementNumber,
        frame: Bytes,
        queue: &mut WriteQueue,
    ) {
        self.announced = number;
        queue.push(frame);
    }

    /// Skips the announcements up to `announced`.
    pub(super) fn skip_announcements(&mut self, announced: AnnouncementNumber) {
        self.announced = self.announced.max(announced);
    }

    /// The last publication that was sent to the viewer or is in its queue.
    pub(super) const fn last(&self) -> Seq {
        self.last
    }

    /// Queues the chunk that follows the position, and moves past it.
    pub(super) fn push_chunk(&mut self, chunk: &Chunk, queue: &mut WriteQueue) {
        let count = chunk.last.get() - self.last.get();
        let skip = if self.has_last { 0 } else { chunk.jump_len };
        let pieces = chunk.bytes.slices(skip, chunk.bytes.len()).collect();
        queue.push_pieces(pieces, count);
        (self.last, self.has_last) = (chunk.last, true);
    }

    /// Skips everything up to `last`.
    pub(super) const fn skip_to(&mut self, last: Seq) {
        (self.last, self.has_last) = (last, false);
    }

    /// Writes the queued frames and then the log. Chunks that arrived together go out in one system call.
    ///
    /// # Errors
    /// The connection is lost.
    pub(super) fn write<S: Write>(
        &mut self,
        log: &FrameLog,
        writer: &mut SocketWriter<'_, S>,
    ) -> io::Result<WriteOutcome> {
        WriteOutcome::from_io(self.write_until_blocked(log, writer))
    }

    fn write_until_blocked<S: Write>(
        &mut self,
        log: &FrameLog,
        writer: &mut SocketWriter<'_, S>,
    ) -> io::Result<WriteOutcome> {
        for _ in 0..Self::WRITES_MAX {
            if !writer.flush_queue()? {
                return Ok(WriteOutcome::Yield);
            }
            match log.after(self.last, self.announced) {
                LogLookup::MissedAnnouncement => return Ok(WriteOutcome::MissedAnnouncement),
                LogLookup::CaughtUp => return Ok(WriteOutcome::Done),
                LogLookup::NotInLog(to) => return Ok(WriteOutcome::NotInLog(to)),
                LogLookup::At {
                    entry,
                    skip,
                    jump_len,
                } => {
                    if !self.has_last && self.queue_announcement(log, entry, writer.queue) {
                        continue;
                    }
                    let skip = skip + if self.has_last { 0 } else { jump_len };
                    if !self.write_entries(log, LogStart { entry, skip }, writer)? {
                        return Ok(WriteOutcome::Yield);
                    }
                }
            }
        }
        Ok(WriteOutcome::Yield)
    }

    /// Queues the entry if it is an announcement, and returns whether it is. Not written together with the publications
    /// that follow it, because the jump before them has to be left out.
    fn queue_announcement(&mut self, log: &FrameLog, entry: usize, queue: &mut WriteQueue) -> bool {
        let entry = log.entries_from(entry).next();
        let Some((entry, number)) = entry.and_then(|entry| Some((entry, entry.announcement()?)))
        else {
            return false;
        };
        self.push_announcement(number, entry.bytes().to_bytes(), queue);
        true
    }

    /// Writes the log from `start` on in one system call. Returns false if that has to wait.
    fn write_entries<S: Write>(
        &mut self,
        log: &FrameLog,
        start: LogStart,
        writer: &mut SocketWriter<'_, S>,
    ) -> io::Result<bool> {
        let LogStart { entry, skip } = start;
        let newest = log.as_newest(entry);
        let first = log.entries_from(entry).next();
        let len = first.map_or(0, |first| first.bytes().len() - skip);
        let Some(most) = writer.budget.grant(len) else {
            return Ok(false);
        };
        let taken = match newest.and_then(|newest| newest.bytes().as_contiguous()) {
            // The common case: a viewer that is live gets the newest entry.
            Some(bytes) if len <= most => match writer.socket.write(&bytes[skip..])? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                taken => taken,
            },
            _ => slices_from(log, start, self.announced, most).write(writer.socket)?,
        };
        let publications = self.advance(log.entries_from(entry), skip + taken, writer.queue);
        writer.record(taken, publications);
        Ok(true)
    }

    /// Advances to byte `at`, counted from the first of `entries`. The rest of a chunk that was written in part is
    /// queued, so the position is always between two chunks. Returns how many publications have been sent.
    fn advance<'a>(
        &mut self,
        entries: impl Iterator<Item = &'a LogEntry>,
        mut at: usize,
        queue: &mut WriteQueue,
    ) -> u64 {
        // The same entries as in `slices_from`, whatever `self.announced` becomes meanwhile.
        let (mut publications, announced) = (0, self.announced);
        for entry in entries.filter(|entry| entry.is_for(announced)) {
            if at > 0 {
                self.announced = entry.announcement().unwrap_or(self.announced);
            }
            if at < entry.bytes().len() {
                let written = entry.partial_write(at, self.last);
                publications += written.last.get() - self.last.get();
                self.move_to(written.last);
                if let Some(rest) = written.rest {
                    publications -= rest.publications;
                    queue.push_pieces(rest.pieces, rest.publications);
                }
                return publications;
            }
            publications += entry.last().get() - self.last.get();
            self.move_to(entry.last());
            at -= entry.bytes().len();
            if at == 0 {
                return publications;
            }
        }
        publications
    }

    const fn move_to(&mut self, last: Seq) {
        if last.get() > self.last.get() {
            (self.last, self.has_last) = (last, true);
        }
    }
}

/// Returns at most `most` bytes of the log from `start` on: whole entries, or a part of the first. Leaves out the
/// announcements up to `announced`.
fn slices_from(
    log: &FrameLog,
    start: LogStart,
    announced: AnnouncementNumber,
    most: usize,
) -> Slices<'_> {
    let mut skip = start.skip;
    let mut slices = Slices::default();
    let entries = log.entries_from(start.entry);
    for entry in entries.filter(|entry| entry.is_for(announced)) {
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

#[cfg(test)]
mod tests;
