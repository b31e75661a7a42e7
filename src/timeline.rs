//! The timeline: the pure function between `seq`, the instant at which it is due, and the index in the dataset.
//!
//! Integer arithmetic from an anchor; nothing is accumulated. So the billionth record is as exact as the first, and two
//! hubs with the same anchor agree without talking. Reads no clock; the current time is an argument. It knows no record
//! and no viewer.
//!
//! [`Timeline`] is the list of [`Segment`]s over the [`DatasetClock`] of its records, whose laps are those of their
//! [player](PlayerClock); [`Schedule`] adds the playout delay and the coalescing window to it. What
//! follows from a schedule alone is here too: which publications are sent together ([`Coalescer`]), which ones a range
//! of the history contains ([`RangeQuery`]), and which of them are drawn ([`decimation`]).

mod coalescer;
mod dataset_clock;
mod dataset_ranges;
pub mod decimation;
mod lap_length;
mod pace_change;
mod player_clock;
mod range_query;
mod restore;
mod schedule;
mod segment;

use std::num::NonZeroU64;

pub use coalescer::Coalescer;
pub use dataset_clock::DatasetClock;
pub use lap_length::LapLength;
pub use player_clock::{DatasetPace, PlayedDataset, PlayerClock};
pub use range_query::{RangeEnd, RangePage, RangeQuery};
pub use restore::RestoreError;
pub use schedule::{PlayoutSettings, Schedule, ScheduleChange};
pub use segment::{Segment, SegmentPace};

use crate::protocol::{Epoch, EpochInputs, Jump, JumpReason, Micros, Rate, Seq};

/// When the publication after the newest one is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextDue {
    /// At this instant.
    At(Micros),
    /// Not before the timeline is changed; also while a change waits for the journal.
    Paused,
    /// Never: the dataset is over and does not loop.
    Ended,
}

/// The segments of one epoch over a dataset of a known length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    /// In ascending order of `seq0` and of `t0`; never empty. Segments are appended, and the oldest are dropped once
    /// there are more than [`SEGMENTS_MAX`](Self::SEGMENTS_MAX).
    segments: Vec<Segment>,
    /// When the records are due within the dataset.
    clock: DatasetClock,
}

impl Timeline {
    /// The most segments that are kept: about 10 MB. What lies before them is no longer in the history.
    pub const SEGMENTS_MAX: usize = 100_000;

    /// Creates a timeline whose first record is due at `t0`, over a dataset of `len` records at a rate.
    ///
    /// ```
    /// use std::num::NonZeroU64;
    /// use tickcast::timeline::Timeline;
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
        let pace = SegmentPace::from_rate(rate);
        Self::begin(t0, pace, DatasetClock::even(len, looping))
    }

    /// The first publication that the timeline covers: 1 unless its oldest segments were dropped.
    #[must_use]
    pub fn first(&self) -> Seq {
        self.segments[0].seq0
    }

    /// Where the oldest segment that is kept begins.
    #[must_use]
    pub fn begins(&self) -> Micros {
        self.segments[0].t0
    }

    /// Returns when `seq` is due; `None` before [`first`](Self::first), beyond the end of the timeline, and while it is
    /// paused.
    #[must_use]
    pub fn t(&self, seq: Seq) -> Option<Micros> {
        let is_covered = seq >= self.first() && self.last().is_none_or(|last| seq <= last);
        let segment = self.segment_of(seq);
        if is_covered && segment.playing {
            segment.t(&self.clock, seq)
        } else {
            None
        }
    }

    /// When the publication after `published` is due.
    #[must_use]
    pub fn next_due(&self, published: Seq) -> NextDue {
        match self.t(published.next()) {
            Some(t) => NextDue::At(t),
            None if self.last() == Some(published) => NextDue::Ended,
            None => NextDue::Paused,
        }
    }

    /// Whether a segment begins with the publication `seq`.
    #[must_use]
    pub fn is_segment_start(&self, seq: Seq) -> bool {
        self.segment_of(seq).seq0 == seq
    }

    /// Returns the last publication due at `now`; 0 before the first.
    #[must_use]
    pub fn due(&self, now: Micros) -> Seq {
        let following = self.segments.partition_point(|segment| segment.t0 <= now);
        let due = self.segments[following.saturating_sub(1)].due(&self.clock, now);
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
        (segment.index0 + seq.get().saturating_sub(segment.seq0.get())) % self.len()
    }

    /// Returns the discontinuity of the dataset just before `seq`, if there is one. A dataset of one record has none.
    #[must_use]
    pub fn jump_before(&self, seq: Seq) -> Option<Jump> {
        if seq <= self.first() || self.len() == NonZeroU64::MIN {
            return None;
        }
        let (index, expected) = (self.index(seq), self.index(seq.previous()) + 1);
        if index == expected {
            return None;
        }
        let is_loop = index == 0 && expected == self.len().get();
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
        let left = self.len().get() - segment.index0;
        (!self.is_looping()).then(|| Seq::saturating(segment.seq0.get() + left - 1))
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
        self.clock.len()
    }

    /// Dataset time at the instant `now`, in microseconds, within a lap; `None` if the time stamps are not known.
    #[must_use]
    pub fn position(&self, now: Micros) -> Option<i64> {
        let segment = self.segment_at(now);
        let elapsed = (i128::from(now.get()) - i128::from(segment.t0.get())).max(0);
        let elapsed = if segment.playing { elapsed } else { 0 };
        self.clock.position_at(&segment.phase(), elapsed)
    }

    /// How many records are due per second in the newest segment; with time stamps, the mean over a lap.
    #[must_use]
    pub fn mean_rate(&self) -> f64 {
        let segment = self.current();
        self.clock.mean_rate(segment.rate) * segment.speed.factor()
    }

    /// When the records are due within the dataset.
    #[must_use]
    pub const fn clock(&self) -> &DatasetClock {
        &self.clock
    }

    /// The epoch of this timeline over the dataset with this digest. Later segments do not change it. `None` if the
    /// first segment was dropped.
    #[must_use]
    pub fn epoch(&self, dataset: &[u8; 32]) -> Option<Epoch> {
        let first = &self.segments[0];
        let is_complete = first.seq0 == Seq::ZERO.next();
        is_complete.then(|| {
            Epoch::from_timeline(&EpochInputs {
                dataset,
                looping: self.is_looping(),
                t0: first.t0,
                rate: first.rate,
                speed: first.speed,
            })
        })
    }

    /// Whether the dataset starts again after its end.
    #[must_use]
    pub const fn is_looping(&self) -> bool {
        self.clock.is_looping()
    }

    /// The segment in force at the instant `t`; before the first one, the first.
    #[must_use]
    pub fn segment_at(&self, t: Micros) -> &Segment {
        let following = self.segments.partition_point(|segment| segment.t0 <= t);
        &self.segments[following.saturating_sub(1)]
    }

    /// The last publication of the segment that contains `seq`; `None` in the newest segment.
    #[must_use]
    pub fn segment_end(&self, seq: Seq) -> Option<Seq> {
        let following = self.segments.partition_point(|segment| segment.seq0 <= seq);
        let next = self.segments.get(following)?;
        Some(next.seq0.previous())
    }

    /// The segment that contains `seq`.
    fn segment_of(&self, seq: Seq) -> &Segment {
        let following = self.segments.partition_point(|segment| segment.seq0 <= seq);
        &self.segments[following.saturating_sub(1)]
    }
}

#[cfg(test)]
mod general_form_tests;
#[cfg(test)]
mod segment_tests;
#[cfg(test)]
mod tests;
