//! `Coalescer`: decides which consecutive publications are sent together, in one flush.
//!
//! Pure and a function of the schedule alone: no timer is needed, because the timeline says whether the next
//! publication is due within the window. Windows start at fixed points of the timeline, so a restart of the hub does
//! not shift them, and hubs with the same timeline send the same flushes.

use std::time::Duration;

use super::Timeline;
use crate::protocol::{Micros, Seq};

/// Collects publications into flushes.
#[derive(Debug)]
pub struct Coalescer {
    /// How long after the first publication of a flush others may be due and still belong to it.
    window: Duration,
    /// A flush ends before what is due at this instant or later.
    end: Micros,
    pending: Option<PendingFlush>,
}

/// A flush that is not complete.
#[derive(Debug, Clone, Copy)]
struct PendingFlush {
    first: Seq,
    t: Micros,
    bytes: usize,
}

impl Coalescer {
    /// A flush that reaches this many bytes is complete. Coalescing gains nothing for long records.
    pub const BYTES_MAX: usize = 128 * 1024;

    /// The most bytes that a record adds to a flush besides its text: a comma, and its time offset with a comma.
    const OVERHEAD_LEN: usize = 10;

    /// A flush always ends at multiples of this, so that the window of any publication can be computed without going
    /// back to the beginning of the timeline. Rare enough to cost nothing: 65,536 records are at least a hundred
    /// windows.
    const RESTART_INTERVAL: u64 = 1 << 16;

    /// Returns a publication at or before `seq` that is certain to start a window.
    pub fn window_start(timeline: &Timeline, seq: Seq) -> Seq {
        let mut window_start = seq;
        while window_start > timeline.first()
            && !window_start
                .previous()
                .get()
                .is_multiple_of(Self::RESTART_INTERVAL)
            && timeline.jump_before(window_start).is_none()
        {
            window_start = window_start.previous();
        }
        window_start
    }

    /// Creates a coalescer. With a `window` of zero, each flush is one publication.
    #[must_use]
    pub const fn new(window: Duration) -> Self {
        Self {
            window,
            end: Micros::new(i64::MAX),
            pending: None,
        }
    }

    /// Changes the window, also of the pending flush.
    pub const fn set_window(&mut self, window: Duration) {
        self.window = window;
    }

    /// Sets the instant before which each flush ends, because the timeline is about to change there.
    pub const fn set_end(&mut self, end: Micros) {
        self.end = end;
    }

    /// The first publication of the flush that is not complete.
    #[must_use]
    pub fn pending_first(&self) -> Option<Seq> {
        self.pending.map(|pending| pending.first)
    }

    /// Adds the publication `seq`, due at `t` and of `bytes` bytes, which must follow the last one added. If the flush
    /// is complete with it, returns the first publication of the flush.
    pub fn push(
        &mut self,
        timeline: &Timeline,
        (seq, t): (Seq, Micros),
        bytes: usize,
    ) -> Option<Seq> {
        let mut pending = self.pending.unwrap_or(PendingFlush {
            first: seq,
            t,
            bytes: 0,
        });
        pending.bytes += bytes + Self::OVERHEAD_LEN;
        let next = timeline.t(seq.next());
        let is_incomplete = pending.bytes < Self::BYTES_MAX
            && !seq.get().is_multiple_of(Self::RESTART_INTERVAL)
            && !self.window.is_zero()
            && next.is_some_and(|next| next.since(pending.t) <= self.window && next < self.end)
            && !timeline.is_segment_start(seq.next())
            && timeline.jump_before(seq.next()).is_none();
        self.pending = is_incomplete.then_some(pending);
        (!is_incomplete).then_some(pending.first)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    /// First and last publication of each flush, for `count` publications at `rate` over `len` records of 10 bytes.
    fn flushes(rate: &str, len: u64, window_ms: u64, count: u64) -> Vec<(u64, u64)> {
        let timeline = Timeline::new(
            Micros::new(0),
            rate.parse().unwrap(),
            NonZeroU64::new(len).unwrap(),
            true,
        );
        let mut coalescer = Coalescer::new(Duration::from_millis(window_ms));
        (1..=count)
            .filter_map(|n| {
                let seq = Seq::saturating(n);
                let first = coalescer.push(&timeline, (seq, timeline.t(seq).unwrap()), 10)?;
                Some((first.get(), n))
            })
            .collect()
    }

    #[test]
    fn publications_due_within_the_window_of_the_first_are_one_flush() {
        assert_eq!(flushes("100", 1_000, 50, 18), [(1, 6), (7, 12), (13, 18)]);
        assert_eq!(flushes("100", 1_000, 9, 3), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(flushes("100", 1_000, 0, 2), [(1, 1), (2, 2)]);
    }

    #[test]
    fn a_flush_never_spans_a_jump() {
        assert_eq!(flushes("1000", 4, 100, 10), [(1, 4), (5, 8)]);
    }

    #[test]
    fn a_coalescer_that_starts_later_makes_the_same_flushes() {
        let (rate, len) = ("333.3", 1_000_000);
        let all = flushes(rate, len, 50, 140_000);
        assert!(
            all.iter()
                .any(|(_, last)| *last == Coalescer::RESTART_INTERVAL)
        );
        let timeline = Timeline::new(
            Micros::new(0),
            rate.parse().unwrap(),
            NonZeroU64::new(len).unwrap(),
            true,
        );
        for begin in [1, 2, 65_536, 65_537, 65_540, 131_000] {
            let mut coalescer = Coalescer::new(Duration::from_millis(50));
            let window_start = Coalescer::window_start(&timeline, Seq::saturating(begin));
            let later: Vec<_> = (window_start.get()..=140_000)
                .filter_map(|n| {
                    let seq = Seq::saturating(n);
                    let first = coalescer.push(&timeline, (seq, timeline.t(seq).unwrap()), 10)?;
                    Some((first.get(), n))
                })
                .filter(|(_, last)| *last >= begin)
                .collect();
            assert!(all.ends_with(&later), "{begin}");
        }
    }

    #[test]
    fn long_records_are_not_coalesced() {
        let timeline = Timeline::new(
            Micros::new(0),
            "1000".parse().unwrap(),
            NonZeroU64::new(9).unwrap(),
            true,
        );
        let mut coalescer = Coalescer::new(Duration::from_secs(1));
        let at = |n| (Seq::saturating(n), timeline.t(Seq::saturating(n)).unwrap());
        let firsts = [1, 2].map(|n| coalescer.push(&timeline, at(n), Coalescer::BYTES_MAX / 2));
        assert_eq!(firsts, [None, Some(Seq::saturating(1))]);
    }
}
