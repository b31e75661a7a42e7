//! `Log`: the frames that the viewers of one form have lately been sent.
//!
//! Pure: no socket, no clock. A viewer is a place in it; one that is further back is served from the history, so the
//! log is short. What came in one go stands in one stretch of bytes: one system call a viewer.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::protocol::{Micros, Publication, Seq, SharedBytes};

/// What cannot be cut further: a record for bare viewers, a flush for the others, or a piece of the history.
#[derive(Debug, Clone)]
pub struct Unit {
    /// Its first publication.
    pub first: Seq,
    /// Its last publication.
    pub last: Seq,
    /// When its last publication is due.
    pub t: Micros,
    /// Bytes at the front for those alone who have the publication before.
    pub jump_len: usize,
    /// Its frames.
    pub bytes: SharedBytes,
}

/// Units that came in one go.
#[derive(Debug)]
pub struct Entry {
    first: Seq,
    last: Seq,
    t: Micros,
    bytes: SharedBytes,
    /// Where each unit ends when there are several; the bytes are in one piece then.
    marks: Vec<Mark>,
    jump_len: usize,
}

/// Where a unit ends, and the one behind it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    last: Seq,
    end: usize,
    /// Of the unit behind it.
    jump_len: usize,
}

/// What follows a viewer's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// Nothing yet.
    Live,
    /// What stands at a place in an entry.
    At {
        /// The entry, counted from the oldest kept.
        entry: usize,
        /// Bytes of it that the viewer has.
        skip: usize,
        /// Bytes behind those for those alone who have the publication before.
        jump_len: usize,
    },
    /// Publications up to this one that are in no unit of their own: they lie before the oldest kept, or inside a
    /// unit.
    Apart(Seq),
}

/// A part of an entry that a socket did not take whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The last publication of the units that were taken, and of the one begun.
    pub last: Seq,
    /// The rest of the unit that was begun, and how many publications it holds.
    pub(super) begun: Option<(Vec<Bytes>, u64)>,
}

/// See the head of this file.
#[derive(Debug)]
pub struct Log {
    entries: VecDeque<Entry>,
    next: Seq,
    len: usize,
}

impl Log {
    /// How old what is kept may be: longer than sockets stand still in passing.
    const KEPT_FOR: Duration = Duration::from_secs(5);
    /// Publications kept whatever their age.
    const KEPT_MIN: u64 = 256;
    /// Publications kept at most.
    const KEPT_MAX: u64 = 1 << 14;
    /// Bytes kept at most, but for the newest entry; long records are the dataset's, and do not count.
    const KEPT_LEN_MAX: usize = 1 << 20;
    /// Bytes of an entry made of several units. A system call this long costs what it carries.
    pub(super) const ENTRY_LEN_MAX: usize = 64 * 1024;

    /// An empty log, to which `next` is added next.
    pub const fn begin(next: Seq) -> Self {
        Self {
            entries: VecDeque::new(),
            next,
            len: 0,
        }
    }

    /// The publication that will be added next.
    pub const fn next(&self) -> Seq {
        self.next
    }

    /// Adds units that came in one go, and drops what is too old.
    pub fn extend(&mut self, units: &[Unit]) {
        let is_hole = |pair: &[Unit]| pair[1].first != pair[0].last.next();
        let hole = units.windows(2).rposition(is_hole);
        let units = &units[hole.map_or(0, |at| at + 1)..];
        if units.first().is_some_and(|unit| unit.first != self.next) {
            // There is a hole: everything before it is history.
            self.entries.clear();
            self.len = 0;
        }
        let mut rest = units;
        while let Some(first) = rest.first() {
            let mut len = first.bytes.len();
            let is_one = first.bytes.as_one().is_some();
            let more = rest[1..].iter().take_while(|unit| {
                len += unit.bytes.len();
                is_one && unit.bytes.as_one().is_some() && len <= Self::ENTRY_LEN_MAX
            });
            let (entry, left) = rest.split_at(1 + more.count());
            let entry = Entry::of(entry);
            self.len += entry.bytes.own_len();
            self.entries.push_back(entry);
            rest = left;
        }
        if let Some(last) = units.last() {
            self.next = last.last.next();
            self.trim();
        }
    }

    /// What follows `last`.
    pub fn after(&self, last: Seq) -> Following {
        let wanted = last.next();
        if wanted >= self.next {
            return Following::Live;
        }
        // Nearly all are at the newest.
        let newest = self.entries.len().saturating_sub(1);
        let entry = match self.entries.get(newest) {
            Some(entry) if entry.first <= wanted => newest,
            _ => match self.entries.partition_point(|entry| entry.first <= wanted) {
                0 => return Following::Apart(self.oldest().previous()),
                following => following - 1,
            },
        };
        self.entries[entry].following(entry, last)
    }

    /// The oldest publication kept; the next one while it is empty.
    fn oldest(&self) -> Seq {
        self.entries.front().map_or(self.next, |entry| entry.first)
    }

    /// The entries from `entry` on.
    pub fn entries_from(&self, entry: usize) -> impl Iterator<Item = &Entry> {
        self.entries.range(entry..)
    }

    /// Entry `entry`, if it is the newest.
    pub fn newest(&self, entry: usize) -> Option<&Entry> {
        self.entries
            .back()
            .filter(|_| entry + 1 == self.entries.len())
    }

    fn trim(&mut self) {
        while self.entries.len() > 1 {
            let (oldest, newest) = (&self.entries[0], &self.entries[self.entries.len() - 1]);
            let younger = self.next.get() - oldest.last.get() - 1;
            let is_old = newest.t.since(oldest.t) > Self::KEPT_FOR && younger >= Self::KEPT_MIN;
            let is_much = younger >= Self::KEPT_MAX || self.len > Self::KEPT_LEN_MAX;
            if !(is_old || is_much) {
                return;
            }
            self.len -= oldest.bytes.own_len();
            self.entries.pop_front();
        }
    }
}

impl Entry {
    fn of(units: &[Unit]) -> Self {
        let (first, last) = (&units[0], &units[units.len() - 1]);
        let mut entry = Self {
            first: first.first,
            last: last.last,
            t: last.t,
            bytes: first.bytes.clone(),
            marks: Vec::new(),
            jump_len: first.jump_len,
        };
        if units.len() > 1 {
            let len = units.iter().map(|unit| unit.bytes.len()).sum();
            let mut bytes = BytesMut::with_capacity(len);
            entry.marks.reserve_exact(units.len() - 1);
            for (unit, following) in units.iter().zip(&units[1..]) {
                unit.bytes
                    .parts()
                    .iter()
                    .for_each(|part| bytes.extend_from_slice(part));
                entry.marks.push(Mark {
                    last: unit.last,
                    end: bytes.len(),
                    jump_len: following.jump_len,
                });
            }
            last.bytes
                .parts()
                .iter()
                .for_each(|part| bytes.extend_from_slice(part));
            entry.bytes = bytes.freeze().into();
        }
        entry
    }

    /// The last publication in it.
    pub const fn last(&self) -> Seq {
        self.last
    }

    /// All its frames.
    pub const fn bytes(&self) -> &SharedBytes {
        &self.bytes
    }

    fn following(&self, entry: usize, last: Seq) -> Following {
        if last.next() == self.first {
            let jump_len = self.jump_len;
            return Following::At {
                entry,
                skip: 0,
                jump_len,
            };
        }
        match self.marks.binary_search_by_key(&last, |mark| mark.last) {
            Ok(mark) => {
                let Mark { end, jump_len, .. } = self.marks[mark];
                Following::At {
                    entry,
                    skip: end,
                    jump_len,
                }
            }
            Err(mark) => Following::Apart(self.marks.get(mark).map_or(self.last, |mark| mark.last)),
        }
    }

    /// Bytes `at` to `end`. A viewer that never takes them keeps a unit at most, not the whole entry.
    fn rest(&self, at: usize, end: usize) -> Vec<Bytes> {
        let pieces = self.bytes.pieces(at, end);
        if self.marks.is_empty() {
            pieces.collect()
        } else {
            pieces.map(|piece| Bytes::copy_from_slice(&piece)).collect()
        }
    }

    /// Where a socket stands that has taken this entry up to byte `at`, having begun it after `before`.
    pub(super) fn cut(&self, at: usize, before: Seq) -> Cut {
        let ended = self.marks.partition_point(|mark| mark.end <= at);
        let (begin, last) = match ended.checked_sub(1).map(|mark| self.marks[mark]) {
            Some(mark) => (mark.end, mark.last),
            None => (0, before),
        };
        if begin == at {
            return Cut { last, begun: None };
        }
        let (end, unit_last) = self
            .marks
            .get(ended)
            .map_or((self.bytes.len(), self.last), |mark| (mark.end, mark.last));
        Cut {
            last: unit_last,
            begun: Some((self.rest(at, end), unit_last.get() - last.get())),
        }
    }
}

impl Unit {
    /// Adds a frame that holds no publication. Whoever is sent the whole unit is sent it too, and nobody else.
    pub(super) fn append(&mut self, frame: &[u8]) {
        self.bytes = self.bytes.with(frame);
    }

    /// A record for bare viewers.
    pub fn bare(publication: &Publication) -> Self {
        Self {
            first: publication.seq(),
            last: publication.seq(),
            t: publication.t(),
            jump_len: 0,
            bytes: publication.frame().clone(),
        }
    }
}

#[cfg(test)]
mod tests;
