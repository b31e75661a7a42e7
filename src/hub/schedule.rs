//! `Schedule`: the timeline of a topic, and its playout delay and coalescing window over time.
//!
//! Pure and immutable: a change of rate makes a new schedule, ahead of time, so that it can be journalled before
//! anything it affects is published. The old and the new schedule agree on everything before the change.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::Guard;

use super::timeline::Timeline;
use crate::protocol::message::Message;
use crate::protocol::{Micros, Rate, Seq};

/// When each publication of a topic is due, and how it is played out.
#[derive(Debug, Clone)]
pub struct Schedule {
    timeline: Timeline,
    /// Each entry with the publication from which it applies, in ascending order. Never empty: the first entry, at 0,
    /// is what the process started with.
    playout: Vec<(Seq, PlayoutSettings)>,
}

/// Playout delay and coalescing window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutSettings {
    /// The playout delay: viewers draw a publication this long after it is due.
    pub delay: Duration,
    /// The longest that publications may be held back to be sent together.
    pub coalesce: Duration,
}

/// A reference to the current timeline of a topic. It does not see later changes, so do not keep it.
#[derive(Debug)]
pub struct TimelineRef(pub(super) Guard<Arc<Schedule>>);

impl Schedule {
    pub(super) fn new(timeline: Timeline, playout: PlayoutSettings) -> Self {
        Self {
            timeline,
            playout: vec![(Seq::ZERO, playout)],
        }
    }

    /// Returns the timeline.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The settings that apply to `seq`.
    pub(super) fn playout_at(&self, seq: Seq) -> PlayoutSettings {
        let following = self.playout.partition_point(|(from, _)| *from <= seq);
        self.playout[following.saturating_sub(1)].1
    }

    /// Returns the schedule that changes to `rate` and `playout` at the instant `t`, where `published` is the last
    /// publication sent; `None` if the timeline has ended or has this rate already.
    pub(super) fn with_rate(
        &self,
        rate: Rate,
        playout: PlayoutSettings,
        published: Seq,
        t: Micros,
    ) -> Option<Self> {
        let mut timeline = self.timeline.clone();
        let last = timeline.due(Micros::new(t.get() - 1)).max(published);
        timeline.change_rate(rate, last, t);
        let mut changes = self.playout.clone();
        changes.push((timeline.current().seq0, playout));
        (timeline != self.timeline).then_some(Self {
            timeline,
            playout: changes,
        })
    }

    /// The `state` messages for the changes that took effect at one of the publications `first` to `last`, oldest
    /// first. Only changes made by this process are known.
    pub(super) fn states(
        &self,
        first: Seq,
        last: Seq,
    ) -> impl DoubleEndedIterator<Item = Message<'static>> {
        let changes = &self.playout[1..];
        let is_within = move |(at, _): &&(Seq, PlayoutSettings)| (first..=last).contains(at);
        changes.iter().filter(is_within).map(|(at, playout)| {
            let timeline = self.timeline.view_at(*at);
            Message::State {
                t: timeline.t0,
                timeline,
                delay: u64::try_from(playout.delay.as_micros()).unwrap_or(u64::MAX),
                by: "configuration",
            }
        })
    }

    /// The `state` message for the newest change of all, if it took effect within `first` to `last`. A viewer that is
    /// sent older publications needs no other.
    pub(super) fn newest_state(&self, first: Seq, last: Seq) -> Option<Message<'static>> {
        let (newest, _) = self.playout.last()?;
        let state = self.states(first, last).next_back()?;
        (first..=last).contains(newest).then_some(state)
    }
}

impl Deref for TimelineRef {
    type Target = Timeline;

    fn deref(&self) -> &Timeline {
        self.0.timeline()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    const FAST: PlayoutSettings = PlayoutSettings {
        delay: Duration::from_millis(150),
        coalesce: Duration::from_millis(50),
    };
    const SLOW: PlayoutSettings = PlayoutSettings {
        delay: Duration::from_secs(3),
        coalesce: Duration::ZERO,
    };

    fn schedule(looping: bool) -> Schedule {
        let len = NonZeroU64::new(7).unwrap();
        let rate = "100".parse().unwrap();
        Schedule::new(
            Timeline::new(Micros::new(1_000_000), rate, len, looping),
            FAST,
        )
    }

    #[test]
    fn old_and_new_schedule_agree_on_everything_before_the_change() {
        let old = schedule(true);
        let t = Micros::new(1_095_000);
        let new = old
            .with_rate("0.5".parse().unwrap(), SLOW, Seq::saturating(5), t)
            .unwrap();
        let seq0 = new.timeline().current().seq0;
        assert_eq!(seq0.get(), 11);
        for seq in (1..11).map(Seq::saturating) {
            assert_eq!(new.timeline().t(seq), old.timeline().t(seq));
            assert_eq!(new.timeline().index(seq), old.timeline().index(seq));
            assert_eq!(new.playout_at(seq), FAST);
        }
        assert_eq!(new.timeline().t(seq0), Some(t));
        assert_eq!(new.timeline().index(seq0), old.timeline().index(seq0));
        assert_eq!(new.playout_at(seq0), SLOW);
    }

    #[test]
    fn the_first_publication_of_a_change_is_never_due_later_than_before_the_change() {
        // The coalescer relies on it: it has already decided whether to wait for that publication.
        for t in (1_000_001..1_050_000).step_by(777) {
            let old = schedule(true);
            let new = old.with_rate("0.001".parse().unwrap(), SLOW, Seq::ZERO, Micros::new(t));
            let timeline = new.unwrap().timeline;
            let seq0 = timeline.current().seq0;
            assert!(timeline.t(seq0) <= old.timeline().t(seq0).max(Some(Micros::new(t))));
        }
    }

    #[test]
    fn states_within_a_range_are_all_the_changes_there_and_newest_state_is_the_last_of_all() {
        let mut schedule = schedule(true);
        for (t, rate) in [(1_100_000, "50"), (1_200_000, "20"), (1_400_000, "10")] {
            let rate = rate.parse().unwrap();
            schedule = schedule
                .with_rate(rate, SLOW, Seq::ZERO, Micros::new(t))
                .unwrap();
        }
        let t = |state: Message<'_>| match state {
            Message::State { t, .. } => t.get(),
            other => panic!("{other:?}"),
        };
        let (first, last) = (Seq::ZERO, Seq::saturating(100));
        let all: Vec<_> = schedule.states(first, last).map(t).collect();
        assert_eq!(all, [1_100_000, 1_200_000, 1_400_000]);
        let newest = schedule.timeline().current().seq0;
        let before: Vec<_> = schedule.states(first, newest.previous()).map(t).collect();
        assert_eq!(before, all[..2]);
        assert_eq!(schedule.newest_state(first, last).map(t), Some(all[2]));
        assert!(schedule.newest_state(first, newest.previous()).is_none());
        assert!(schedule.newest_state(newest.next(), last).is_none());
    }

    #[test]
    fn neither_the_same_rate_nor_a_timeline_that_has_ended_makes_a_new_schedule() {
        let t = Micros::new(2_000_000);
        let (same, other) = ("100".parse().unwrap(), "5".parse().unwrap());
        assert!(schedule(true).with_rate(same, SLOW, Seq::ZERO, t).is_none());
        assert!(
            schedule(false)
                .with_rate(other, SLOW, Seq::ZERO, t)
                .is_none()
        );
    }
}
