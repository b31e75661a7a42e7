//! `Gather`: which publications travel together.
//!
//! Pure, and a function of the schedule alone: nothing waits for a timer, because the timeline says whether the
//! next publication still falls into the window. When a hub was started shows nowhere: windows are counted from the
//! same places by all.

use std::time::Duration;

use super::timeline::Timeline;
use crate::protocol::{Micros, Seq};

/// The flush that is being gathered.
#[derive(Debug)]
pub struct Gather {
    window: Duration,
    open: Option<Open>,
}

/// Publications that have been published and not yet flushed.
#[derive(Debug, Clone, Copy)]
struct Open {
    first: Seq,
    t: Micros,
    bytes: usize,
}

impl Gather {
    /// Bytes of records, and of what stands around them, in one flush but for its last record. Long records gain nothing from travelling together.
    pub(super) const LEN_MAX: usize = 128 * 1024;

    /// Bytes that stand around a record in a flush, at most: a comma, and its offset in time with another.
    const AROUND_LEN: usize = 10;

    /// Windows begin anew at multiples of this, so that one who begins in the middle of a timeline need not go back
    /// to its beginning to know where they lie. Few enough to cost nothing: 65,536 records are a hundred windows or more.
    const ANEW: u64 = 1 << 16;

    /// The publication at or before `seq` with which a window begins for sure.
    pub(super) fn origin(timeline: &Timeline, seq: Seq) -> Seq {
        let mut origin = seq;
        while origin > Seq::ZERO.next()
            && !origin.previous().get().is_multiple_of(Self::ANEW)
            && timeline.jump_before(origin).is_none()
        {
            origin = origin.previous();
        }
        origin
    }

    /// Gathers what falls due within `window` of the first; zero gathers nothing.
    #[must_use]
    pub const fn new(window: Duration) -> Self {
        Self { window, open: None }
    }

    /// From now on gathers what falls due within `window`.
    pub const fn set_window(&mut self, window: Duration) {
        self.window = window;
    }

    /// Takes the publication `seq`, due at `t` and of `bytes` bytes, which follows the last one taken. When nothing
    /// is to be gathered behind it, the flush ends with it: returns the first publication of the flush.
    pub fn take(
        &mut self,
        timeline: &Timeline,
        (seq, t): (Seq, Micros),
        bytes: usize,
    ) -> Option<Seq> {
        let mut open = self.open.unwrap_or(Open {
            first: seq,
            t,
            bytes: 0,
        });
        open.bytes += bytes + Self::AROUND_LEN;
        let next = timeline.t(seq.next());
        let goes_on = open.bytes < Self::LEN_MAX
            && !seq.get().is_multiple_of(Self::ANEW)
            && next.is_some_and(|next| next.since(open.t) <= self.window)
            && timeline.jump_before(seq.next()).is_none();
        self.open = goes_on.then_some(open);
        (!goes_on).then_some(open.first)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    /// The flushes of the first `count` publications at `rate` over `len` records of 10 bytes each.
    fn flushes(rate: &str, len: u64, window_ms: u64, count: u64) -> Vec<(u64, u64)> {
        let timeline = Timeline::begin(
            Micros::new(0),
            rate.parse().unwrap(),
            NonZeroU64::new(len).unwrap(),
            true,
        );
        let mut gather = Gather::new(Duration::from_millis(window_ms));
        (1..=count)
            .filter_map(|n| {
                let seq = Seq::saturating(n);
                let first = gather.take(&timeline, (seq, timeline.t(seq).unwrap()), 10)?;
                Some((first.get(), n))
            })
            .collect()
    }

    #[test]
    fn what_falls_due_within_the_window_of_the_first_travels_together() {
        assert_eq!(flushes("100", 1_000, 50, 18), [(1, 6), (7, 12), (13, 18)]);
        assert_eq!(flushes("100", 1_000, 9, 3), [(1, 1), (2, 2), (3, 3)]);
        assert_eq!(flushes("100", 1_000, 0, 2), [(1, 1), (2, 2)]);
    }

    #[test]
    fn a_flush_never_spans_a_jump() {
        assert_eq!(flushes("1000", 4, 100, 10), [(1, 4), (5, 8)]);
    }

    #[test]
    fn whoever_begins_later_gathers_the_same() {
        let (rate, len) = ("333.3", 1_000_000);
        let all = flushes(rate, len, 50, 140_000);
        assert!(all.iter().any(|(_, last)| *last == Gather::ANEW));
        let timeline = Timeline::begin(
            Micros::new(0),
            rate.parse().unwrap(),
            NonZeroU64::new(len).unwrap(),
            true,
        );
        for begin in [1, 2, 65_536, 65_537, 65_540, 131_000] {
            let mut gather = Gather::new(Duration::from_millis(50));
            let origin = Gather::origin(&timeline, Seq::saturating(begin));
            let later: Vec<_> = (origin.get()..=140_000)
                .filter_map(|n| {
                    let seq = Seq::saturating(n);
                    let first = gather.take(&timeline, (seq, timeline.t(seq).unwrap()), 10)?;
                    Some((first.get(), n))
                })
                .filter(|(_, last)| *last >= begin)
                .collect();
            assert!(all.ends_with(&later), "{begin}");
        }
    }

    #[test]
    fn long_records_do_not_wait_for_each_other() {
        let timeline = Timeline::begin(
            Micros::new(0),
            "1000".parse().unwrap(),
            NonZeroU64::new(9).unwrap(),
            true,
        );
        let mut gather = Gather::new(Duration::from_secs(1));
        let at = |n| (Seq::saturating(n), timeline.t(Seq::saturating(n)).unwrap());
        let taken = [1, 2].map(|n| gather.take(&timeline, at(n), Gather::LEN_MAX / 2));
        assert_eq!(taken, [None, Some(Seq::saturating(1))]);
    }
}
