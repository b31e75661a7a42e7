//! Restores a timeline from the segments in the journal, and checks that they form one.

use std::fmt;
use std::num::NonZeroU64;

use super::{DatasetClock, Segment, Timeline};
use crate::protocol::Seq;

/// Why a list of segments is not a valid timeline. Segments are numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// The list is empty.
    Empty,
    /// The first segment begins with publication 0.
    First,
    /// This segment begins before the one before it, or before something that is due in it.
    Order(usize),
    /// This segment has a rate and the first one has none, or the other way round.
    Pace(usize),
    /// This segment begins at an index beyond the end of the dataset.
    Index(usize),
}

impl Timeline {
    /// Creates the timeline of `segments` over a dataset of `len` records, which is played alone. If they follow time
    /// stamps, it knows no instants before it has a [clock](Self::with_clock).
    ///
    /// # Errors
    /// The segments are not a valid timeline over such a dataset.
    pub fn from_segments(
        segments: Vec<Segment>,
        len: NonZeroU64,
        looping: bool,
    ) -> Result<Self, RestoreError> {
        let first = segments.first().ok_or(RestoreError::Empty)?;
        let clock = match first.rate {
            Some(_) => DatasetClock::even(len, looping),
            None => DatasetClock::unread(len, looping),
        };
        Self { segments, clock }.checked()
    }

    /// The same timeline over the records of `clock`.
    ///
    /// # Errors
    /// Its segments are not a valid timeline over such a dataset.
    pub fn with_clock(self, clock: DatasetClock) -> Result<Self, RestoreError> {
        let segments = self.segments;
        Self { segments, clock }.checked()
    }

    fn checked(self) -> Result<Self, RestoreError> {
        let first = &self.segments[0];
        if first.seq0 == Seq::ZERO {
            return Err(RestoreError::First);
        }
        for (number, segment) in (1..).zip(&self.segments) {
            if segment.index0 >= self.len().get() {
                return Err(RestoreError::Index(number));
            }
            if segment.rate.is_none() != self.clock.is_stamped() {
                return Err(RestoreError::Pace(number));
            }
        }
        for (number, pair) in (2..).zip(self.segments.windows(2)) {
            if !pair[1].follows(&pair[0], &self.clock) {
                return Err(RestoreError::Order(number));
            }
        }
        Ok(self)
    }
}

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "it has no segments"),
            Self::First => write!(f, "its first segment begins with publication 0"),
            Self::Order(number) => {
                write!(
                    f,
                    "segment {number} begins too early after the one before it"
                )
            }
            Self::Pace(number) => {
                write!(
                    f,
                    "segment {number} is not played like the dataset: by rate or by time stamps"
                )
            }
            Self::Index(number) => {
                write!(f, "segment {number} begins beyond the end of the dataset")
            }
        }
    }
}

impl std::error::Error for RestoreError {}
