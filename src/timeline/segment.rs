//! [`Segment`]: a part of a timeline in which instants follow from `seq` by one formula.

use super::dataset_clock::{DatasetClock, DatasetPhase};
use crate::protocol::message::TimelineView;
use crate::protocol::{Author, Micros, Rate, Seq, Speed};

/// A part of the timeline with one pace, from `seq0` up to the next segment.
///
/// The hub makes segments that play; paused ones it only reads from a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The first publication of the segment. Two segments may share it; then the earlier one is empty.
    pub seq0: Seq,
    /// From when the segment is in force. Without a `position0`, `seq0` is due then.
    pub t0: Micros,
    /// The index of `seq0` in the dataset.
    pub index0: u64,
    /// Dataset time at `t0`, in microseconds, in the lap of `index0`; `None`: when the record at `index0` is due.
    pub position0: Option<i64>,
    /// Records per second; `None` if the records have time stamps.
    pub rate: Option<Rate>,
    /// How many times faster than at its pace the dataset is played.
    pub speed: Speed,
    /// Whether the timeline moves in this segment. If not, nothing is due in it.
    pub playing: bool,
    /// Who began the segment.
    pub by: Author,
}

/// What says how fast a segment is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentPace {
    /// Records per second at speed 1; `None` if the records have time stamps.
    pub rate: Option<Rate>,
    /// How many times faster than that it is played.
    pub speed: Speed,
}

impl SegmentPace {
    /// The pace of `rate` at speed 1.
    #[must_use]
    pub const fn from_rate(rate: Rate) -> Self {
        Self {
            rate: Some(rate),
            speed: Speed::NORMAL,
        }
    }
}

impl Segment {
    /// When `seq` is due; `None` if the time stamps have not been read.
    pub(super) fn t(&self, clock: &DatasetClock, seq: Seq) -> Option<Micros> {
        let records = i128::from(seq.get()) - i128::from(self.seq0.get());
        let micros = clock.offset(&self.phase(), records)?;
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        Some(Micros::new(self.t0.get().saturating_add(micros)))
    }

    /// The inverse of `t`: the last publication due at or before `now`; `seq0 − 1` before the first.
    pub(super) fn due(&self, clock: &DatasetClock, now: Micros) -> Seq {
        if now < self.t0 || !self.playing {
            return self.seq0.previous();
        }
        let elapsed = i128::from(now.get()) - i128::from(self.t0.get());
        let records = clock.records_due(&self.phase(), elapsed).unwrap_or(0);
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        match records.checked_sub(1) {
            Some(after_first) => Seq::saturating(self.seq0.get().saturating_add(after_first)),
            None => self.seq0.previous(),
        }
    }

    /// How fast the segment is played.
    #[must_use]
    pub const fn pace(&self) -> SegmentPace {
        SegmentPace {
            rate: self.rate,
            speed: self.speed,
        }
    }

    /// The dataset time at which it begins.
    pub(super) const fn phase(&self) -> DatasetPhase {
        DatasetPhase {
            index: self.index0,
            position: self.position0,
            rate: self.rate,
            speed: self.speed,
        }
    }

    /// Whether this segment may follow `earlier`: it does not begin before it, and begins after everything that is due
    /// in it, as far as that is known.
    pub(super) fn follows(&self, earlier: &Self, clock: &DatasetClock) -> bool {
        let is_after = |last: Micros| last < self.t0;
        let has_later_seq = earlier.seq0 < self.seq0
            && (!earlier.playing || earlier.t(clock, self.seq0.previous()).is_none_or(is_after));
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
            position0: self.position0,
            rate: self.rate,
            speed: self.speed,
            playing: self.playing,
        }
    }
}
