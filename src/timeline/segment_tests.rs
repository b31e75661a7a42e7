use proptest::prelude::*;

use super::*;
use crate::protocol::{Author, Speed};

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;

fn seq(value: u64) -> Seq {
    Seq::new(value).unwrap()
}

fn rate(text: &str) -> Rate {
    text.parse().unwrap()
}

fn segment(seq0: u64, t0: i64, index0: u64) -> Segment {
    Segment {
        seq0: seq(seq0),
        t0: Micros::new(T0 + t0),
        index0,
        position0: None,
        rate: Some(rate("10")),
        speed: Speed::NORMAL,
        playing: true,
        by: Author::configuration(),
    }
}

fn len(value: u64) -> NonZeroU64 {
    NonZeroU64::new(value).unwrap()
}

#[test]
fn a_changed_rate_continues_now_with_the_next_record() {
    let mut timeline = Timeline::new(Micros::new(T0), rate("10"), len(4), true);
    let now = Micros::new(T0 + 250_000);
    timeline.change_rate(rate("2"), Author::configuration(), timeline.due(now), now);
    let offsets: Vec<_> = (1..=6)
        .map(|value| timeline.t(seq(value)).unwrap().get() - T0)
        .collect();
    assert_eq!(offsets, [0, 100_000, 200_000, 250_000, 750_000, 1_250_000]);
    let indices: Vec<_> = (1..=6).map(|value| timeline.index(seq(value))).collect();
    assert_eq!(indices, [0, 1, 2, 3, 0, 1]);
    assert_eq!(timeline.current().rate, Some(rate("2")));
}

#[test]
fn neither_the_same_rate_nor_a_change_after_the_end_adds_a_segment() {
    let before = Timeline::new(Micros::new(T0), rate("10"), len(3), false);
    let mut timeline = before.clone();
    timeline.change_rate(
        rate("10"),
        Author::configuration(),
        seq(1),
        Micros::new(T0 + 1),
    );
    timeline.change_rate(
        rate("2"),
        Author::configuration(),
        seq(3),
        Micros::new(T0 + 1_000_000),
    );
    assert_eq!(timeline, before);
}

#[test]
fn a_rate_changed_before_the_last_publication_is_due_takes_effect_after_it() {
    let mut timeline = Timeline::new(Micros::new(T0), rate("10"), len(3), true);
    timeline.change_rate(rate("2"), Author::configuration(), seq(5), Micros::new(T0));
    assert_eq!(timeline.t(seq(6)), Some(Micros::new(T0 + 400_001)));
    // Nothing of the segment has been published: its first publication keeps its instant.
    timeline.change_rate(rate("5"), Author::configuration(), seq(5), Micros::new(T0));
    assert_eq!(timeline.t(seq(6)), Some(Micros::new(T0 + 400_001)));
    assert_eq!(timeline.t(seq(7)), Some(Micros::new(T0 + 400_002)));
}

#[test]
fn invalid_segments_are_not_restored() {
    let restore = |segments: &[Segment]| Timeline::from_segments(segments.to_vec(), len(3), true);
    assert_eq!(restore(&[]), Err(RestoreError::Empty));
    assert_eq!(restore(&[segment(0, 0, 0)]), Err(RestoreError::First));
    assert_eq!(restore(&[segment(1, 0, 3)]), Err(RestoreError::Index(1)));
    for second in [
        segment(1, -1, 1),
        // Publication 2 is due at 100,000 µs, so 3 has to be due later.
        segment(3, 100_000, 2),
        segment(3, 0, 2),
    ] {
        assert_eq!(
            restore(&[segment(1, 0, 0), second]),
            Err(RestoreError::Order(2))
        );
    }
    assert!(restore(&[segment(1, 0, 0), segment(3, 100_001, 2)]).is_ok());
}

#[test]
fn a_segment_that_begins_with_the_same_publication_as_the_one_before_replaces_it() {
    let segments = vec![
        segment(1, 0, 0),
        segment(3, 500_000, 2),
        segment(3, 900_000, 0),
    ];
    let timeline = Timeline::from_segments(segments, len(3), true).unwrap();
    assert_eq!(timeline.due(Micros::new(T0 + 899_999)), seq(2));
    assert_eq!(timeline.t(seq(3)), Some(Micros::new(T0 + 900_000)));
    assert_eq!((timeline.index(seq(3)), timeline.index(seq(4))), (0, 1));
    assert_eq!(timeline.segment_at(Micros::new(T0 + 600_000)).index0, 2);
}

#[test]
fn nothing_is_due_in_a_paused_segment() {
    let paused = Segment {
        playing: false,
        ..segment(3, 150_000, 2)
    };
    let segments = vec![segment(1, 0, 0), paused.clone()];
    let timeline = Timeline::from_segments(segments, len(3), true).unwrap();
    assert_eq!(
        timeline.next_due(seq(1)),
        NextDue::At(Micros::new(T0 + 100_000))
    );
    assert_eq!(timeline.next_due(seq(2)), NextDue::Paused);
    assert_eq!(timeline.due(Micros::new(i64::MAX)), seq(2));
    let resumed = vec![segment(1, 0, 0), paused, segment(3, 900_000, 2)];
    let timeline = Timeline::from_segments(resumed, len(3), false).unwrap();
    assert_eq!(
        timeline.next_due(seq(2)),
        NextDue::At(Micros::new(T0 + 900_000))
    );
    assert_eq!(timeline.next_due(seq(3)), NextDue::Ended);
}

#[test]
fn without_its_oldest_segments_a_timeline_covers_only_the_rest() {
    let timeline = Timeline::from_segments(vec![segment(7, 0, 1)], len(3), true).unwrap();
    assert_eq!(timeline.first(), seq(7));
    assert_eq!(timeline.t(seq(6)), None);
    assert_eq!(timeline.t(seq(7)), Some(Micros::new(T0)));
    assert_eq!(timeline.due(Micros::new(T0 - 1)), seq(6));
    assert_eq!(timeline.jump_before(seq(7)), None);
    assert_eq!(timeline.epoch(&[7; 32]), None);
}

#[test]
fn only_the_newest_segments_are_kept() {
    let mut timeline = Timeline::new(Micros::new(T0), rate("10000"), len(3), true);
    let mut now = T0;
    for n in 0..Timeline::SEGMENTS_MAX + 9 {
        now += 1_000;
        let rate = if n % 2 == 0 { "5000" } else { "10000" };
        let published = timeline.due(Micros::new(now - 1));
        timeline.change_rate(
            rate.parse().unwrap(),
            Author::configuration(),
            published,
            Micros::new(now),
        );
    }
    assert_eq!(timeline.segments().len(), Timeline::SEGMENTS_MAX);
    assert!(timeline.first() > seq(1));
    assert_eq!(
        timeline.t(timeline.first()),
        Some(timeline.segments()[0].t0)
    );
}

prop_compose! {
    fn any_rate()(millionths in prop_oneof![1_000_u64..=10_000_000_000, Just(1_000), Just(59_940_000), Just(10_000_000_000)]) -> Rate {
        Rate::from_millionths(millionths).unwrap()
    }
}

prop_compose! {
    /// A timeline whose rate was changed up to five times: later, at once, or after the clock was set back.
    fn changed()(
        first in any_rate(),
        records in 1_u64..1_000,
        changes in proptest::collection::vec((any_rate(), 0_i64..10_000_000_000, prop_oneof![Just(0), 0_i64..60_000_000]), 0..6),
    ) -> Timeline {
        let mut timeline = Timeline::new(Micros::new(T0), first, NonZeroU64::new(records).unwrap(), true);
        let mut now = T0;
        for (rate, later, back) in changes {
            now += later;
            let published = timeline.due(Micros::new(now - 1));
            timeline.change_rate(rate, Author::configuration(), published, Micros::new(now - back));
        }
        timeline
    }
}

/// Sequence numbers around each seam between segments, and `other`.
fn values_to_check(timeline: &Timeline, other: u64) -> Vec<u64> {
    let seams = timeline.segments().iter().flat_map(|segment| {
        let seq0 = segment.seq0.get();
        seq0.saturating_sub(2).max(1)..=seq0 + 2
    });
    seams.chain([other]).collect()
}

proptest! {
    #[test]
    fn across_segments_instants_strictly_increase_and_due_is_their_inverse(timeline in changed(), value in 1_u64..1_000_000) {
        for value in values_to_check(&timeline, value) {
            let (here, next) = (timeline.t(seq(value)).unwrap(), timeline.t(seq(value + 1)).unwrap());
            prop_assert!(here < next, "{} at {}", value, here);
            prop_assert_eq!(timeline.due(here), seq(value));
            prop_assert_eq!(timeline.due(Micros::new(next.get() - 1)), seq(value));
            prop_assert_eq!(timeline.due(next), seq(value + 1));
        }
    }

    #[test]
    fn across_segments_the_dataset_continues_without_a_jump(timeline in changed(), value in 1_u64..1_000_000) {
        for value in values_to_check(&timeline, value) {
            let (here, next) = (timeline.index(seq(value)), timeline.index(seq(value + 1)));
            prop_assert_eq!(next, (here + 1) % timeline.len());
            let is_seam = next == 0 && timeline.len().get() > 1;
            prop_assert_eq!(timeline.jump_before(seq(value + 1)).is_some(), is_seam);
        }
    }

    #[test]
    fn a_timeline_is_restored_from_its_segments(timeline in changed()) {
        let restored = Timeline::from_segments(timeline.segments().to_vec(), timeline.len(), timeline.is_looping());
        prop_assert_eq!(restored, Ok(timeline));
    }

    #[test]
    fn later_segments_do_not_change_the_epoch(timeline in changed()) {
        let first = &timeline.segments()[0];
        let alone = Timeline::new(first.t0, first.rate.unwrap(), timeline.len(), true);
        prop_assert_eq!(timeline.epoch(&[7; 32]), alone.epoch(&[7; 32]));
    }
}
