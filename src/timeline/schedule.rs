//! `Schedule`: the timeline of a topic, and its playout delay and coalescing window over time.
//!
//! Pure and immutable: a change makes a new schedule, ahead of time, so that it can be journalled before
//! anything it affects is published. The old and the new schedule agree on everything before the change.

use std::time::Duration;

use super::{SegmentPace, Timeline};
use crate::protocol::message::StateView;
use crate::protocol::{Author, Micros, Seq};

/// When each publication of a topic is due, and how it is played out.
#[derive(Debug, Clone)]
pub struct Schedule {
    timeline: Timeline,
    /// In ascending order; never empty: the first entry is what the process started with.
    playout: Vec<PlayoutChange>,
    /// The version of the timeline: 1 when its epoch begins, and one more with each change.
    version: u64,
}

/// Playout delay and coalescing window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlayoutSettings {
    /// The playout delay: viewers draw a publication this long after it is due.
    pub delay: Duration,
    /// The longest that publications may be held back to be sent together.
    pub coalesce: Duration,
}

/// Playout settings, with the start of the segment that they came with.
#[derive(Debug, Clone, Copy)]
struct PlayoutChange {
    /// The first publication to which they apply.
    seq0: Seq,
    /// From when they apply.
    t0: Micros,
    settings: PlayoutSettings,
}

/// A request to change a schedule.
#[derive(Debug, Clone)]
pub struct ScheduleChange {
    /// How fast the topic is played from then on.
    pub pace: SegmentPace,
    /// The playout settings from then on.
    pub playout: PlayoutSettings,
    /// The instant of the change.
    pub t: Micros,
    /// Who asks for it.
    pub by: Author,
}

impl Schedule {
    /// Creates the schedule of `timeline`, which is played out with `playout` from its beginning.
    #[must_use]
    pub fn new(timeline: Timeline, playout: PlayoutSettings, version: u64) -> Self {
        let initial = PlayoutChange {
            seq0: Seq::ZERO,
            t0: Micros::new(i64::MIN),
            settings: playout,
        };
        Self {
            timeline,
            playout: vec![initial],
            version,
        }
    }

    /// Returns the timeline.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The version of the timeline: 1 when its epoch begins, and one more with each change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The settings that apply to `seq`.
    #[must_use]
    pub fn playout_for(&self, seq: Seq) -> PlayoutSettings {
        let following = self.playout.partition_point(|change| change.seq0 <= seq);
        self.playout[following.saturating_sub(1)].settings
    }

    /// The settings in force at the instant `t`.
    #[must_use]
    pub fn playout_at(&self, t: Micros) -> PlayoutSettings {
        let following = self.playout.partition_point(|change| change.t0 <= t);
        self.playout[following.saturating_sub(1)].settings
    }

    /// Returns the schedule that makes `change`, where `published` is the last publication sent; `None` if the timeline
    /// has ended or has this pace already.
    #[must_use]
    pub fn with(&self, change: &ScheduleChange, published: Seq) -> Option<Self> {
        let mut timeline = self.timeline.clone();
        let last = timeline.due(Micros::new(change.t.get() - 1)).max(published);
        if !timeline.change_pace(change.pace, change.by.clone(), last, change.t) {
            return None;
        }
        let mut playout = self.playout.clone();
        playout.push(PlayoutChange {
            seq0: timeline.current().seq0,
            t0: timeline.current().t0,
            settings: change.playout,
        });
        Some(Self {
            timeline,
            playout,
            version: self.version + 1,
        })
    }

    /// The state of the newest segment.
    #[must_use]
    pub fn newest_state(&self) -> StateView {
        self.state_at(self.timeline.segments().len() - 1)
    }

    /// The states that a viewer has to know that draws what is due from `t` on: the one in force at `t`, and every later
    /// one, oldest first. Segments that were added after version `version` are left out.
    #[must_use]
    pub fn states_from(&self, t: Micros, version: u64) -> Vec<StateView> {
        let segments = self.timeline.segments();
        let in_force = segments.partition_point(|segment| segment.t0 <= t).max(1) - 1;
        let later = usize::try_from(self.version - version).unwrap_or(usize::MAX);
        let end = segments.len().saturating_sub(later);
        let begin = in_force.min(end.saturating_sub(1));
        (begin..end).map(|index| self.state_at(index)).collect()
    }

    fn state_at(&self, index: usize) -> StateView {
        let segment = &self.timeline.segments()[index];
        let delay = self.playout_at(segment.t0).delay;
        StateView {
            t: segment.t0,
            timeline: segment.view(),
            delay: u64::try_from(delay.as_micros()).unwrap_or(u64::MAX),
            by: segment.by.clone(),
        }
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
        let timeline = Timeline::new(Micros::new(1_000_000), rate, len, looping);
        Schedule::new(timeline, FAST, 1)
    }

    /// A change to `rate` and [`SLOW`] at `t`.
    fn change(rate: &str, t: i64) -> ScheduleChange {
        ScheduleChange {
            pace: SegmentPace::from_rate(rate.parse().unwrap()),
            playout: SLOW,
            t: Micros::new(t),
            by: Author::configuration(),
        }
    }

    #[test]
    fn old_and_new_schedule_agree_on_everything_before_the_change() {
        let old = schedule(true);
        let t = Micros::new(1_095_000);
        let new = old
            .with(&change("0.5", t.get()), Seq::saturating(5))
            .unwrap();
        let seq0 = new.timeline().current().seq0;
        assert_eq!(seq0.get(), 11);
        for seq in (1..11).map(Seq::saturating) {
            assert_eq!(new.timeline().t(seq), old.timeline().t(seq));
            assert_eq!(new.timeline().index(seq), old.timeline().index(seq));
            assert_eq!(new.playout_for(seq), FAST);
        }
        assert_eq!(new.timeline().t(seq0), Some(t));
        assert_eq!(new.timeline().index(seq0), old.timeline().index(seq0));
        assert_eq!(new.playout_for(seq0), SLOW);
        assert_eq!(new.playout_at(Micros::new(t.get() - 1)), FAST);
        assert_eq!(new.playout_at(t), SLOW);
        assert_eq!((old.version(), new.version()), (1, 2));
    }

    #[test]
    fn the_first_publication_of_a_change_is_never_due_later_than_before_the_change() {
        // The coalescer relies on it: it has already decided whether to wait for that publication.
        for t in (1_000_001..1_050_000).step_by(777) {
            let old = schedule(true);
            let new = old.with(&change("0.001", t), Seq::ZERO);
            let timeline = new.unwrap().timeline;
            let seq0 = timeline.current().seq0;
            assert!(timeline.t(seq0) <= old.timeline().t(seq0).max(Some(Micros::new(t))));
        }
    }

    #[test]
    fn the_states_from_an_instant_are_the_one_in_force_there_and_all_later_ones() {
        let mut schedule = schedule(true);
        for (t, rate) in [(1_100_000, "50"), (1_200_000, "20"), (1_400_000, "10")] {
            schedule = schedule.with(&change(rate, t), Seq::ZERO).unwrap();
        }
        let states = |t, version| {
            let states = schedule.states_from(Micros::new(t), version);
            states.iter().map(|state| state.t.get()).collect::<Vec<_>>()
        };
        let all = [1_000_000, 1_100_000, 1_200_000, 1_400_000];
        assert_eq!(states(0, 4), all);
        assert_eq!(states(1_099_999, 4), all);
        assert_eq!(states(1_100_000, 4), all[1..]);
        assert_eq!(states(9_999_999, 4), all[3..]);
        // Of the first two versions, the second is in force from 1.1 s on.
        assert_eq!(states(1_099_999, 2), all[..2]);
        assert_eq!(states(9_999_999, 2), all[1..2]);
        let delays: Vec<_> = schedule
            .states_from(Micros::new(0), 4)
            .iter()
            .map(|state| state.delay)
            .collect();
        assert_eq!(delays, [150_000, 3_000_000, 3_000_000, 3_000_000]);
        assert_eq!(
            schedule.newest_state(),
            schedule.states_from(Micros::new(i64::MAX), 4)[0]
        );
    }

    #[test]
    fn neither_the_same_rate_nor_a_timeline_that_has_ended_makes_a_new_schedule() {
        let t = 2_000_000;
        assert!(schedule(true).with(&change("100", t), Seq::ZERO).is_none());
        assert!(schedule(false).with(&change("5", t), Seq::ZERO).is_none());
    }
}
