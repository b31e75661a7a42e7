//! `Timeline`: the pure function between `seq`, the instant at which it is due, and the index in the dataset.
//!
//! Integer arithmetic from an anchor; nothing is accumulated. So the billionth record is as exact as the first, and two
//! hubs with the same anchor agree without talking. Reads no clock; the current time is an argument.

mod dataset_ranges;

use std::num::NonZeroU64;
use std::time::Duration;

use crate::protocol::message::TimelineView;
use crate::protocol::{Epoch, Jump, JumpReason, Micros, Rate, Seq};

mod restore;

pub use restore::RestoreError;

/// A part of the timeline with one rate, from `seq0` up to the next segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The first publication of the segment.
    pub seq0: Seq,
    /// When `seq0` is due.
    pub t0: Micros,
    /// The index of `seq0` in the dataset.
    pub index0: u64,
    /// Records per second.
    pub rate: Rate,
    /// Whether the timeline moves in this segment.
    pub playing: bool,
}

impl Segment {
    /// Microseconds per second times millionths per record: converts records at a rate into microseconds.
    const SCALE: i128 = 1_000_000_000_000;

    /// `t0 + floor((seq − seq0)·10¹² / R)` with R in millionths of a record per second.
    fn t(&self, seq: Seq) -> Micros {
        let records = i128::from(seq.get()) - i128::from(self.seq0.get());
        let micros = (records * Self::SCALE).div_euclid(i128::from(self.rate.millionths()));
        Micros::new(
            self.t0
                .get()
                .saturating_add(i64::try_from(micros).unwrap_or(i64::MAX)),
        )
    }

    /// The inverse of `t`: the last publication due at or before `now`; `seq0 − 1` before the first.
    ///
    /// The largest n with `floor(n·10¹² / R) ≤ d` is the largest n with `n·10¹² < (d + 1)·R`.
    fn due(&self, now: Micros) -> Seq {
        if now < self.t0 || !self.playing {
            return self.seq0.previous();
        }
        let elapsed = i128::from(now.get()) - i128::from(self.t0.get());
        let records = ((elapsed + 1) * i128::from(self.rate.millionths()) - 1) / Self::SCALE;
        Seq::saturating(
            self.seq0
                .get()
                .saturating_add(u64::try_from(records).unwrap_or(u64::MAX)),
        )
    }
}

/// The segments of one epoch over a dataset of a known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// In ascending order of `seq0` and of `t0`; never empty. Segments are only appended.
    segments: Vec<Segment>,
    /// The number of records in the dataset.
    len: NonZeroU64,
    /// Whether the dataset starts again after its end.
    looping: bool,
}

impl Timeline {
    /// Creates a timeline whose first record is due at `t0`, over a dataset of `len` records.
    ///
    /// ```
    /// use std::num::NonZeroU64;
    /// use tickcast::hub::Timeline;
    /// use tickcast::protocol::{Micros, Seq};
    ///
    /// let (t0, rate) = (Micros::new(1_000_000), "3".parse()?);
    /// let timeline = Timeline::new(t0, rate, NonZeroU64::MIN, true);
    /// let third = Seq::saturating(3);
    /// assert_eq!(timeline.t(third), Some(Micros::new(1_666_666)));
    /// assert_eq!(timeline.due(Micros::new(1_666_666)), third);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(t0: Micros, rate: Rate, len: NonZeroU64, looping: bool) -> Self {
        let first = Segment {
            seq0: Seq::ZERO.next(),
            t0,
            index0: 0,
            rate,
            playing: true,
        };
        Self {
            segments: vec![first],
            len,
            looping,
        }
    }

    /// Changes to `rate` after the publication `published`: the next one is due `now`, or just after `published` if
    /// that is later. It is the next record of the dataset, so there is no jump.
    ///
    /// If nothing of the current segment has been published, its first publication stays in it, so that segments never
    /// share a `seq`. Does nothing if the timeline has ended.
    pub fn change_rate(&mut self, rate: Rate, published: Seq, now: Micros) {
        let current = *self.current();
        let last = published.max(current.seq0);
        let next = last.next();
        if rate == current.rate || self.t(next).is_none() {
            return;
        }
        let after_last = current.t(last).after(Duration::from_micros(1));
        self.segments.push(Segment {
            seq0: next,
            t0: now.max(after_last),
            index0: self.index(next),
            rate,
            playing: true,
        });
    }

    /// Returns when `seq` is due; `None` for 0 and beyond the end of the timeline.
    #[must_use]
    pub fn t(&self, seq: Seq) -> Option<Micros> {
        let is_due_once = seq > Seq::ZERO && self.last().is_none_or(|last| seq <= last);
        is_due_once.then(|| self.segment_of(seq).t(seq))
    }

    /// Returns the last publication due at `now`; 0 before the first.
    #[must_use]
    pub fn due(&self, now: Micros) -> Seq {
        let following = self.segments.partition_point(|segment| segment.t0 <= now);
        let due = self.segments[following.saturating_sub(1)].due(now);
        let ends = [
            self.segments
                .get(following)
                .map(|next| next.seq0.previous()),
            self.last(),
        ];
        ends.into_iter().flatten().fold(due, Seq::min)
    }

    /// Returns the index in the dataset of the record at `seq`.
    #[must_use]
    pub fn index(&self, seq: Seq) -> u64 {
        let segment = self.segment_of(seq);
        (segment.index0 + seq.get().saturating_sub(segment.seq0.get())) % self.len
    }

    /// Returns the discontinuity of the dataset just before `seq`, if there is one. A dataset of one record has none.
    #[must_use]
    pub fn jump_before(&self, seq: Seq) -> Option<Jump> {
        if seq <= Seq::ZERO.next() || self.len == NonZeroU64::MIN {
            return None;
        }
        let (index, expected) = (self.index(seq), self.index(seq.previous()) + 1);
        if index == expected {
            return None;
        }
        let is_loop = index == 0 && expected == self.len.get();
        Some(Jump {
            index,
            reason: if is_loop {
                JumpReason::Loop
            } else {
                JumpReason::Seek
            },
        })
    }

    /// The last publication of the timeline; `None` if it loops.
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        let segment = self.current();
        let left = self.len.get() - segment.index0;
        (!self.looping).then(|| Seq::saturating(segment.seq0.get() + left - 1))
    }

    /// The newest segment.
    #[must_use]
    pub fn current(&self) -> &Segment {
        self.segments
            .last()
            .expect("a timeline has at least one segment")
    }

    /// All segments, the oldest first; never empty.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The number of records in the dataset.
    #[must_use]
    pub const fn len(&self) -> NonZeroU64 {
        self.len
    }

    /// The epoch of this timeline over the dataset with this digest. Later segments do not change it.
    #[must_use]
    pub fn epoch(&self, dataset_sha256: &[u8; 32]) -> Epoch {
        let first = &self.segments[0];
        Epoch::from_timeline(dataset_sha256, self.looping, first.t0, first.rate)
    }

    /// Whether the dataset starts again after its end.
    #[must_use]
    pub const fn is_looping(&self) -> bool {
        self.looping
    }

    /// The segment that contains `seq`, as viewers see it.
    #[must_use]
    pub fn view_at(&self, seq: Seq) -> TimelineView {
        let Segment {
            seq0,
            t0,
            index0,
            rate,
            playing,
        } = *self.segment_of(seq);
        TimelineView {
            seq0,
            t0,
            index0,
            rate,
            playing,
        }
    }

    fn segment_of(&self, seq: Seq) -> &Segment {
        let following = self.segments.partition_point(|segment| segment.seq0 <= seq);
        &self.segments[following.saturating_sub(1)]
    }
}

#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod tests;
