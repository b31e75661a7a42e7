//! `Course`: how a topic runs: its timeline, and the pace at which it is shown. Replaced as a whole.
//!
//! Pure. A change is made ahead of time, so that it can be written down before anything of it is published; up to the
//! publication before it, the old course and the new one say the same.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::Guard;

use super::timeline::Timeline;
use crate::protocol::message::Message;
use crate::protocol::{Micros, Rate, Seq};

/// See the head of this file.
#[derive(Debug, Clone)]
pub struct Course {
    timeline: Timeline,
    /// Each with the publication from which on it holds; the first is the one that the process began with. Never empty.
    paces: Vec<(Seq, Pace)>,
}

/// How what is published is sent and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long after it is due all viewers show a publication.
    pub delay: Duration,
    /// How long publications may be gathered to travel together.
    pub coalesce: Duration,
}

/// The timeline that a topic has now. Short-lived: what it shows does not change while it is held.
#[derive(Debug)]
pub struct Current(pub(super) Guard<Arc<Course>>);

impl Course {
    pub(super) fn begin(timeline: Timeline, pace: Pace) -> Self {
        Self {
            timeline,
            paces: vec![(Seq::ZERO, pace)],
        }
    }

    /// Its timeline.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The pace at which `seq` is shown.
    pub(super) fn pace_at(&self, seq: Seq) -> Pace {
        let following = self.paces.partition_point(|(from, _)| *from <= seq);
        self.paces[following.saturating_sub(1)].1
    }

    /// The course that goes on at `rate` from the instant `t` on, when `published` is the last publication sent;
    /// `None` for a timeline that is over, and for one that has this rate already.
    pub(super) fn with_rate(
        &self,
        rate: Rate,
        pace: Pace,
        published: Seq,
        t: Micros,
    ) -> Option<Self> {
        let mut timeline = self.timeline.clone();
        let last = timeline.due(Micros::new(t.get() - 1)).max(published);
        timeline.change_rate(rate, last, t);
        let mut paces = self.paces.clone();
        paces.push((timeline.current().seq0, pace));
        (timeline != self.timeline).then_some(Self { timeline, paces })
    }

    /// The changes that this process has made at one of the publications `first` to `last`, as viewers are told them who
    /// know the course before, the newest last.
    pub(super) fn states(
        &self,
        first: Seq,
        last: Seq,
    ) -> impl DoubleEndedIterator<Item = Message<'static>> {
        let changes = &self.paces[1..];
        let is_there = move |(at, _): &&(Seq, Pace)| (first..=last).contains(at);
        changes.iter().filter(is_there).map(|(at, pace)| {
            let timeline = self.timeline.view_at(*at);
            Message::State {
                t: timeline.t0,
                timeline,
                delay: u64::try_from(pace.delay.as_micros()).unwrap_or(u64::MAX),
                by: "configuration",
            }
        })
    }

    /// The newest change, if it lies there: all that somebody has to know who is sent what lies back.
    pub(super) fn newest_state(&self, first: Seq, last: Seq) -> Option<Message<'static>> {
        let (newest, _) = self.paces.last()?;
        let state = self.states(first, last).next_back()?;
        (first..=last).contains(newest).then_some(state)
    }
}

impl Deref for Current {
    type Target = Timeline;

    fn deref(&self) -> &Timeline {
        self.0.timeline()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    const PACE: Pace = Pace {
        delay: Duration::from_millis(150),
        coalesce: Duration::from_millis(50),
    };
    const SLOW: Pace = Pace {
        delay: Duration::from_secs(3),
        coalesce: Duration::ZERO,
    };

    fn course(looping: bool) -> Course {
        let len = NonZeroU64::new(7).unwrap();
        let rate = "100".parse().unwrap();
        Course::begin(
            Timeline::begin(Micros::new(1_000_000), rate, len, looping),
            PACE,
        )
    }

    #[test]
    fn up_to_the_change_the_old_course_and_the_new_one_say_the_same() {
        let old = course(true);
        let t = Micros::new(1_095_000);
        let new = old
            .with_rate("0.5".parse().unwrap(), SLOW, Seq::saturating(5), t)
            .unwrap();
        let seq0 = new.timeline().current().seq0;
        assert_eq!(seq0.get(), 11);
        for seq in (1..11).map(Seq::saturating) {
            assert_eq!(new.timeline().t(seq), old.timeline().t(seq));
            assert_eq!(new.timeline().index(seq), old.timeline().index(seq));
            assert_eq!(new.pace_at(seq), PACE);
        }
        assert_eq!(new.timeline().t(seq0), Some(t));
        assert_eq!(new.timeline().index(seq0), old.timeline().index(seq0));
        assert_eq!(new.pace_at(seq0), SLOW);
    }

    #[test]
    fn the_first_of_a_change_never_comes_later_than_it_would_have() {
        // Whoever gathers publications has counted on it.
        for t in (1_000_001..1_050_000).step_by(777) {
            let old = course(true);
            let new = old.with_rate("0.001".parse().unwrap(), SLOW, Seq::ZERO, Micros::new(t));
            let timeline = new.unwrap().timeline;
            let seq0 = timeline.current().seq0;
            assert!(timeline.t(seq0) <= old.timeline().t(seq0).max(Some(Micros::new(t))));
        }
    }

    #[test]
    fn changes_are_told_where_they_lie_and_to_whoever_comes_later_only_the_newest() {
        let mut course = course(true);
        for (t, rate) in [(1_100_000, "50"), (1_200_000, "20"), (1_400_000, "10")] {
            let rate = rate.parse().unwrap();
            course = course
                .with_rate(rate, SLOW, Seq::ZERO, Micros::new(t))
                .unwrap();
        }
        let t = |state: Message<'_>| match state {
            Message::State { t, .. } => t.get(),
            other => panic!("{other:?}"),
        };
        let (first, last) = (Seq::ZERO, Seq::saturating(100));
        let all: Vec<_> = course.states(first, last).map(t).collect();
        assert_eq!(all, [1_100_000, 1_200_000, 1_400_000]);
        let newest = course.timeline().current().seq0;
        let before: Vec<_> = course.states(first, newest.previous()).map(t).collect();
        assert_eq!(before, all[..2]);
        assert_eq!(course.newest_state(first, last).map(t), Some(all[2]));
        assert!(course.newest_state(first, newest.previous()).is_none());
        assert!(course.newest_state(newest.next(), last).is_none());
    }

    #[test]
    fn the_same_rate_and_a_timeline_that_is_over_change_nothing() {
        let t = Micros::new(2_000_000);
        let (same, other) = ("100".parse().unwrap(), "5".parse().unwrap());
        assert!(course(true).with_rate(same, SLOW, Seq::ZERO, t).is_none());
        assert!(course(false).with_rate(other, SLOW, Seq::ZERO, t).is_none());
    }
}
