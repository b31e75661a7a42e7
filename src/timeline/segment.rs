//! [`Segment`]: a part of a timeline in which instants follow from `seq` by one formula.

use crate::protocol::message::TimelineView;
use crate::protocol::{Author, Micros, Rate, Seq};

/// A part of the timeline with one rate, from `seq0` up to the next segment.
///
/// The hub makes segments that play, each with a `seq0` of its own; paused and empty ones it only reads from a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The first publication of the segment. Two segments may share it; then the earlier one is empty.
    pub seq0: Seq,
    /// When `seq0` is due, and from when the segment is in force.
    pub t0: Micros,
    /// The index of `seq0` in the dataset.
    pub index0: u64,
    /// Records per second.
    pub rate: Rate,
    /// Whether the timeline moves in this segment. If not, nothing is due in it.
    pub playing: bool,
    /// Who began the segment.
    pub by: Author,
}

impl Segment {
    /// Microseconds per second times millionths per record: converts records at a rate into microseconds.
    const SCALE: i128 = 1_000_000_000_000;

    /// `t0 + floor((seq − seq0)·10¹² / R)` with R in millionths of a record per second.
    pub(super) fn t(&self, seq: Seq) -> Micros {
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
    pub(super) fn due(&self, now: Micros) -> Seq {
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

    /// Whether this segment may follow `earlier`: it does not begin before it, and begins after everything that is due
    /// in it.
    pub(super) fn follows(&self, earlier: &Self) -> bool {
        let has_later_seq = earlier.seq0 < self.seq0
            && (!earlier.playing || earlier.t(self.seq0.previous()) < self.t0);
        let replaces_it = earlier.seq0 == self.seq0 && earlier.t0 <= self.t0;
        has_later_seq || replaces_it
    }

    /// The segment as viewers see it.
    #[must_use]
    pub const fn view(&self) -> TimelineView {
        TimelineView {
            seq0: self.seq0,
            t0: self.t0,
            index0: self.index0,
            rate: self.rate,
            playing: self.playing,
        }
    }
}
