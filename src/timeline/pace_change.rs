//! How a timeline begins, and how it goes on at another pace.

use std::time::Duration;

use super::{DatasetClock, Segment, SegmentPace, Timeline};
use crate::protocol::{Author, Micros, Rate, Seq};

impl Timeline {
    /// Creates a timeline that plays the records of `clock` from `t0` on, from the beginning of its player.
    #[must_use]
    pub fn begin(t0: Micros, pace: SegmentPace, clock: DatasetClock) -> Self {
        let first = Segment {
            seq0: Seq::ZERO.next(),
            t0,
            index0: 0,
            // In a player, the first record of a topic may be due later than that of another.
            position0: clock.is_in_player().then_some(0),
            rate: pace.rate,
            speed: pace.speed,
            playing: true,
            by: Author::configuration(),
        };
        Self {
            segments: vec![first],
            clock,
        }
    }

    /// Changes to `rate` on behalf of `by`, at the same speed. See [`change_pace`](Self::change_pace).
    pub fn change_rate(&mut self, rate: Rate, by: Author, published: Seq, now: Micros) {
        let pace = SegmentPace {
            rate: Some(rate),
            speed: self.current().speed,
        };
        self.change_pace(pace, by, published, now);
    }

    /// Changes to `pace` on behalf of `by`, after the publication `published`, at `now`, or just after `published` if
    /// that is later. The next record of the dataset follows, so there is no jump. Returns whether anything has changed;
    /// nothing does if the timeline has ended.
    ///
    /// At another rate the next record is due at once. If nothing of the current segment has been published, its first
    /// publication stays in it. At another speed the phase is kept: what is left of the gap before the next record is
    /// divided by the new speed.
    pub fn change_pace(
        &mut self,
        pace: SegmentPace,
        by: Author,
        published: Seq,
        now: Micros,
    ) -> bool {
        let current = self.current();
        if pace == current.pace() {
            return false;
        }
        let changed = if pace.rate == current.rate {
            self.at_other_speed(pace, published, now)
        } else {
            self.at_other_rate(pace, published, now)
        };
        let Some(segment) = changed else {
            return false;
        };
        self.push(Segment { by, ..segment });
        true
    }

    /// The next record, at once.
    fn at_other_rate(&self, pace: SegmentPace, published: Seq, now: Micros) -> Option<Segment> {
        let current = self.current();
        let last = published.max(current.seq0);
        let next = last.next();
        self.t(next)?;
        let after_last = self.t(last)?.after(Duration::from_micros(1));
        Some(Segment {
            seq0: next,
            t0: now.max(after_last),
            index0: self.index(next),
            position0: None,
            rate: pace.rate,
            speed: pace.speed,
            ..current.clone()
        })
    }

    /// The next record when the rest of the gap before it is over.
    fn at_other_speed(&self, pace: SegmentPace, published: Seq, now: Micros) -> Option<Segment> {
        let current = self.current();
        let last = published.max(current.seq0.previous());
        let next = last.next();
        self.t(next)?;
        let earliest = if last < current.seq0 {
            current.t0
        } else {
            self.t(last)?.after(Duration::from_micros(1))
        };
        let t0 = now.max(earliest);
        let elapsed = i128::from(t0.get()) - i128::from(current.t0.get());
        let records = i128::from(next.get()) - i128::from(current.seq0.get());
        let phase = self.clock.phase_after(&current.phase(), elapsed, records)?;
        Some(Segment {
            seq0: next,
            t0,
            index0: phase.index,
            position0: phase.position,
            speed: pace.speed,
            ..current.clone()
        })
    }

    fn push(&mut self, segment: Segment) {
        self.segments.push(segment);
        let excess = self.segments.len().saturating_sub(Self::SEGMENTS_MAX);
        self.segments.drain(..excess);
    }
}
