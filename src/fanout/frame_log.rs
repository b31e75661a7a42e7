//! `FrameLog`: the most recent frames of one encoding, shared by all viewers of a group.
//!
//! Pure logic, without socket or clock. A viewer is a position in the log ([`FrameLog::after`]). The log is short,
//! because a viewer further back is served from the history. Chunks that arrived together become one entry of
//! contiguous bytes, so that a viewer gets them in one system call.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::hub::AnnouncementNumber;
use crate::protocol::{Micros, Publication, Seq, SharedBytes};

/// The smallest unit that is sent as a whole: a record for bare viewers, a flush for the others, or a block of history.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The first publication in it.
    pub first: Seq,
    /// The last publication in it.
    pub last: Seq,
    /// When `last` is due.
    pub t: Micros,
    /// The length of the `jump` at the front, which only viewers that have the previous publication are sent.
    pub jump_len: usize,
    /// The number of the announcement that the chunk holds instead of publications; then `last` precedes `first`.
    pub announcement: Option<AnnouncementNumber>,
    /// The frames.
    pub bytes: SharedBytes,
}

/// Chunks that arrived together.
#[derive(Debug)]
pub struct LogEntry {
    first: Seq,
    last: Seq,
    t: Micros,
    bytes: SharedBytes,
    /// Where each chunk but the last ends. Empty for a single chunk; only then may `bytes` have several parts.
    chunk_ends: Vec<ChunkEnd>,
    jump_len: usize,
    /// The number of the announcement that is the only chunk of the entry. Only viewers that lack it are sent it.
    announcement: Option<AnnouncementNumber>,
}

/// The boundary between two chunks of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ChunkEnd {
    /// The last publication of the chunk that ends here.
    last: Seq,
    /// Its end in the bytes of the entry.
    end: usize,
    /// The `jump_len` of the chunk that follows.
    jump_len: usize,
}

/// Where the log continues after a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLookup {
    /// Nothing follows yet.
    CaughtUp,
    /// The next chunk is in an entry.
    At {
        /// The index of the entry, counted from the oldest.
        entry: usize,
        /// Where in the entry the chunk starts.
        skip: usize,
        /// The length of the `jump` there, which only viewers that have the previous publication are sent.
        jump_len: usize,
    },
    /// The next publications, up to this one, do not start a chunk of the log: they are older than the log, or inside a
    /// chunk. They must be sent from the history.
    NotInLog(Seq),
    /// The viewer lacks an announcement that was sent before its position, and that the log has dropped.
    MissedAnnouncement,
}

/// The result of writing an entry in part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartialWrite {
    /// The last publication of the chunks that were written, including the one that was started.
    pub(super) last: Seq,
    /// What is left of the chunk that was started, if any.
    pub(super) rest: Option<ChunkRest>,
}

/// The end of a chunk whose beginning has been written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ChunkRest {
    pub(super) pieces: Vec<Bytes>,
    /// How many publications the chunk holds.
    pub(super) publications: u64,
}

/// The most recent frames of one encoding.
#[derive(Debug)]
pub struct FrameLog {
    /// Oldest first, dense in `seq`.
    entries: VecDeque<LogEntry>,
    /// The publication after the last entry.
    next: Seq,
    /// The last announcement that was appended, or sent before the log was created.
    announced: AnnouncementNumber,
    /// The bytes that the entries own; those of the dataset do not count.
    len: usize,
}

impl FrameLog {
    /// The greatest age of entries: longer than a socket is blocked in normal operation.
    const AGE_MAX: Duration = Duration::from_secs(5);
    /// Publications kept regardless of their age.
    const PUBLICATIONS_MIN: u64 = 256;
    /// The most publications kept.
    const PUBLICATIONS_MAX: u64 = 1 << 14;
    /// The most bytes kept, except for the newest entry. Long records are in the dataset's memory and do not count.
    const LEN_MAX: usize = 1 << 20;
    /// The most bytes of an entry made of several chunks. At this length, copying dominates the cost of a system call.
    pub(super) const ENTRY_LEN_MAX: usize = 64 * 1024;

    /// Creates an empty log that starts at the publication `next` and after the announcement `announced`.
    pub const fn new(next: Seq, announced: AnnouncementNumber) -> Self {
        Self {
            entries: VecDeque::new(),
            next,
            announced,
            len: 0,
        }
    }

    /// The publication to append next.
    pub const fn next(&self) -> Seq {
        self.next
    }

    /// The last announcement that was appended, or sent before the log was created.
    pub const fn announced(&self) -> AnnouncementNumber {
        self.announced
    }

    /// Appends chunks that arrived together, and drops entries that are too old.
    ///
    /// If publications are missing in between, the log drops everything before the hole, so that it stays dense;
    /// viewers get that range from the history.
    pub fn extend(&mut self, chunks: &[Chunk]) {
        // Also of those before a hole, which viewers then get from the topic.
        let announced = chunks.iter().filter_map(|chunk| chunk.announcement).max();
        self.announced = self.announced.max(announced.unwrap_or_default());
        let is_hole = |pair: &[Chunk]| pair[1].first != pair[0].last.next();
        let start = chunks.windows(2).rposition(is_hole).map_or(0, |at| at + 1);
        let chunks = &chunks[start..];
        // A hole: viewers get everything before it from the history.
        if chunks.first().is_some_and(|chunk| chunk.first != self.next) {
            self.entries.clear();
            self.len = 0;
        }
        let mut rest = chunks;
        while let Some(first) = rest.first() {
            let mut len = first.bytes.len();
            let is_one = first.can_be_merged();
            let more = rest[1..].iter().take_while(|chunk| {
                len += chunk.bytes.len();
                is_one && chunk.can_be_merged() && len <= Self::ENTRY_LEN_MAX
            });
            let (entry, left) = rest.split_at(1 + more.count());
            let entry = LogEntry::from_chunks(entry);
            self.len += entry.bytes.owned_len();
            self.entries.push_back(entry);
            rest = left;
        }
        if let Some(last) = chunks.last() {
            self.next = last.last.next();
            self.trim();
        }
    }

    /// Looks up what follows the publication `last`, for a viewer that has the announcements up to `announced`.
    pub fn after(&self, last: Seq, announced: AnnouncementNumber) -> LogLookup {
        let wanted = last.next();
        if announced < self.announced
            && let Some(lookup) = self.missing_announcement(wanted, announced)
        {
            return lookup;
        }
        // Greater if the viewer joined ahead of the lane's reader.
        if wanted >= self.next {
            return LogLookup::CaughtUp;
        }
        let newest = self.entries.len().saturating_sub(1); // where nearly all viewers are
        let entry = match self.entries.get(newest) {
            Some(entry) if entry.first <= wanted => newest,
            _ => match self.entries.partition_point(|entry| entry.first <= wanted) {
                0 => return LogLookup::NotInLog(self.oldest().previous()),
                next => next - 1,
            },
        };
        self.entries[entry].lookup(entry, last)
    }

    /// Looks up the announcement after `announced`, if it comes before the publication `wanted`.
    fn missing_announcement(
        &self,
        wanted: Seq,
        announced: AnnouncementNumber,
    ) -> Option<LogLookup> {
        let is_it = |entry: &LogEntry| entry.announcement == Some(announced.next());
        let entry = self.entries.iter().rposition(is_it);
        match entry.map(|entry| (entry, self.entries[entry].first)) {
            Some((entry, at)) if at == wanted => Some(LogLookup::At {
                entry,
                skip: 0,
                jump_len: 0,
            }),
            // It comes later in the log.
            Some((_, at)) if at > wanted => None,
            None if wanted < self.oldest() => None,
            _ => Some(LogLookup::MissedAnnouncement),
        }
    }

    /// The oldest publication in the log; `next` if it is empty.
    fn oldest(&self) -> Seq {
        self.entries.front().map_or(self.next, |entry| entry.first)
    }

    /// The entries from `entry` on.
    pub fn entries_from(&self, entry: usize) -> impl Iterator<Item = &LogEntry> {
        self.entries.range(entry..)
    }

    /// Returns the entry at this index if it is the newest.
    pub fn as_newest(&self, entry: usize) -> Option<&LogEntry> {
        self.entries
            .back()
            .filter(|_| entry + 1 == self.entries.len())
    }

    fn trim(&mut self) {
        while self.entries.len() > 1 {
            let (oldest, newest) = (&self.entries[0], &self.entries[self.entries.len() - 1]);
            let younger = self.next.get() - oldest.last.get() - 1;
            let is_old =
                newest.t.since(oldest.t) > Self::AGE_MAX && younger >= Self::PUBLICATIONS_MIN;
            let is_much = younger >= Self::PUBLICATIONS_MAX || self.len > Self::LEN_MAX;
            if !(is_old || is_much) {
                return;
            }
            self.len -= oldest.bytes.owned_len();
            self.entries.pop_front();
        }
    }
}

impl LogEntry {
    fn from_chunks(chunks: &[Chunk]) -> Self {
        let (first, last) = (&chunks[0], &chunks[chunks.len() - 1]);
        let mut entry = Self {
            first: first.first,
            last: last.last,
            t: last.t,
            bytes: first.bytes.clone(),
            chunk_ends: Vec::new(),
            jump_len: first.jump_len,
            announcement: first.announcement,
        };
        if chunks.len() > 1 {
            let len = chunks.iter().map(|chunk| chunk.bytes.len()).sum();
            let mut bytes = BytesMut::with_capacity(len);
            entry.chunk_ends.reserve_exact(chunks.len() - 1);
            for (chunk, next) in chunks.iter().zip(&chunks[1..]) {
                for part in chunk.bytes.parts() {
                    bytes.extend_from_slice(part);
                }
                entry.chunk_ends.push(ChunkEnd {
                    last: chunk.last,
                    end: bytes.len(),
                    jump_len: next.jump_len,
                });
            }
            for part in last.bytes.parts() {
                bytes.extend_from_slice(part);
            }
            entry.bytes = bytes.freeze().into();
        }
        entry
    }

    /// The last publication in it.
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// The number of the announcement that it holds instead of publications.
    pub const fn announcement(&self) -> Option<AnnouncementNumber> {
        self.announcement
    }

    /// Whether a viewer that has the announcements up to `announced` is sent this entry.
    pub(super) fn is_for(&self, announced: AnnouncementNumber) -> bool {
        self.announcement.is_none_or(|number| number > announced)
    }

    /// The frames of all its chunks.
    pub const fn bytes(&self) -> &SharedBytes {
        &self.bytes
    }

    fn lookup(&self, entry: usize, last: Seq) -> LogLookup {
        if last.next() == self.first {
            let jump_len = self.jump_len;
            return LogLookup::At {
                entry,
                skip: 0,
                jump_len,
            };
        }
        match self
            .chunk_ends
            .binary_search_by_key(&last, |chunk_end| chunk_end.last)
        {
            Ok(at) => {
                let ChunkEnd { end, jump_len, .. } = self.chunk_ends[at];
                LogLookup::At {
                    entry,
                    skip: end,
                    jump_len,
                }
            }
            Err(at) => {
                let chunk_end = self.chunk_ends.get(at);
                LogLookup::NotInLog(chunk_end.map_or(self.last, |chunk_end| chunk_end.last))
            }
        }
    }

    /// Returns bytes `at` to `end`. If the entry has several chunks, they are copied, so that a blocked viewer keeps
    /// one chunk in memory instead of the whole entry.
    fn rest(&self, at: usize, end: usize) -> Vec<Bytes> {
        let pieces = self.bytes.slices(at, end);
        if self.chunk_ends.is_empty() {
            pieces.collect()
        } else {
            pieces.map(|piece| Bytes::copy_from_slice(&piece)).collect()
        }
    }

    /// Returns the position after writing this entry up to byte `at`, given that its first chunk follows `before`.
    pub(super) fn partial_write(&self, at: usize, before: Seq) -> PartialWrite {
        let ended = self
            .chunk_ends
            .partition_point(|chunk_end| chunk_end.end <= at);
        let (begin, last) = match ended.checked_sub(1).map(|at| self.chunk_ends[at]) {
            Some(chunk_end) => (chunk_end.end, chunk_end.last),
            None => (0, before),
        };
        if begin == at {
            return PartialWrite { last, rest: None };
        }
        let (end, chunk_last) = self
            .chunk_ends
            .get(ended)
            .map_or((self.bytes.len(), self.last), |chunk_end| {
                (chunk_end.end, chunk_end.last)
            });
        PartialWrite {
            last: chunk_last,
            rest: Some(ChunkRest {
                pieces: self.rest(at, end),
                publications: chunk_last.get() - last.get(),
            }),
        }
    }
}

impl Chunk {
    /// Whether the chunk may become part of an entry of several chunks. An announcement may not, because some viewers
    /// have it already.
    fn can_be_merged(&self) -> bool {
        self.announcement.is_none() && self.bytes.as_contiguous().is_some()
    }

    /// Appends a frame without a publication. Viewers that are sent the whole chunk get it.
    pub(super) fn append(&mut self, frame: &[u8]) {
        self.bytes = self.bytes.with_suffix(frame);
    }

    /// Creates a chunk for bare viewers.
    pub fn from_publication(publication: &Publication) -> Self {
        Self {
            first: publication.seq(),
            last: publication.seq(),
            t: publication.t(),
            jump_len: 0,
            announcement: None,
            bytes: publication.frame().clone(),
        }
    }
}

#[cfg(test)]
mod tests;
