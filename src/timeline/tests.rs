use proptest::prelude::*;

use super::*;

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;

fn timeline(rate: &str, len: u64, looping: bool) -> Timeline {
    Timeline::new(
        Micros::new(T0),
        rate.parse().unwrap(),
        NonZeroU64::new(len).unwrap(),
        looping,
    )
}

fn seq(value: u64) -> Seq {
    Seq::new(value).unwrap()
}

fn t(timeline: &Timeline, value: u64) -> i64 {
    timeline.t(seq(value)).unwrap().get()
}

#[test]
fn the_schedule_is_exact_at_every_rate_beyond_a_billion_records() {
    let n = 1_000_000_007;
    for (rate, offset_us) in [
        ("0.001", 1_000_000_007_i64 * 1_000_000_000),
        ("3", 333_333_335_666_666),
        ("30", 33_333_333_566_666),
        ("59.94", 16_683_350_133_466),
        ("10000", 100_000_000_700),
    ] {
        let timeline = timeline(rate, 10, true);
        assert_eq!(t(&timeline, n + 1), T0 + offset_us, "{rate}");
    }
}

#[test]
fn three_a_second_rounds_down_and_never_drifts() {
    let timeline = timeline("3", 10, true);
    let offsets: Vec<_> = (1..=7).map(|seq| t(&timeline, seq) - T0).collect();
    assert_eq!(
        offsets,
        [
            0, 333_333, 666_666, 1_000_000, 1_333_333, 1_666_666, 2_000_000
        ]
    );
}

#[test]
fn before_the_start_nothing_is_due() {
    let timeline = timeline("100", 10, true);
    assert_eq!(timeline.due(Micros::new(T0 - 1)), Seq::ZERO);
    assert_eq!(timeline.due(Micros::new(T0)), seq(1));
    assert_eq!(timeline.t(Seq::ZERO), None);
}

#[test]
fn what_is_due_years_after_the_start_is_exact() {
    let timeline = timeline("59.94", 9_467, true);
    let ten_years_us = 10 * 365 * 86_400 * 1_000_000;
    // 315,360,000 s at 59.94 records a second, plus the record at 0.
    assert_eq!(
        timeline.due(Micros::new(T0 + ten_years_us)),
        seq(18_902_678_401)
    );
}

#[test]
fn a_start_in_1970_and_one_in_2100_do_not_overflow() {
    for t0 in [0, 4_102_444_800_000_000] {
        let timeline = Timeline::new(
            Micros::new(t0),
            "10000".parse().unwrap(),
            NonZeroU64::MIN,
            true,
        );
        assert_eq!(timeline.due(Micros::new(t0 + 1_000_000)), seq(10_001));
        assert_eq!(
            timeline.t(Seq::MAX).unwrap().get(),
            t0 + 900_719_925_474_099_000
        );
    }
}

#[test]
fn the_loop_seam_is_a_jump_in_the_dataset_and_not_in_time() {
    let timeline = timeline("100", 3, true);
    let indices: Vec<_> = (1..=7).map(|value| timeline.index(seq(value))).collect();
    assert_eq!(indices, [0, 1, 2, 0, 1, 2, 0]);
    let jumps: Vec<_> = (1..=7)
        .filter(|&value| timeline.jump_before(seq(value)).is_some())
        .collect();
    assert_eq!(jumps, [4, 7]);
    assert_eq!(
        timeline.jump_before(seq(4)),
        Some(Jump {
            index: 0,
            reason: JumpReason::Loop
        })
    );
    assert_eq!(t(&timeline, 4) - t(&timeline, 3), 10_000);
}

#[test]
fn a_dataset_of_one_record_has_no_jump() {
    assert_eq!(timeline("100", 1, true).jump_before(seq(2)), None);
}

#[test]
fn without_a_loop_the_timeline_ends() {
    let timeline = timeline("100", 3, false);
    assert_eq!(timeline.last(), Some(seq(3)));
    assert_eq!(timeline.due(Micros::new(i64::MAX)), seq(3));
    assert_eq!(timeline.t(seq(4)), None);
}

prop_compose! {
    fn any_rate()(millionths in prop_oneof![1_000_u64..=10_000_000_000, Just(1_000), Just(59_940_000), Just(10_000_000_000)]) -> Rate {
        Rate::from_millionths(millionths).unwrap()
    }
}

proptest! {
    #[test]
    fn instants_strictly_increase_and_due_is_their_inverse(
        rate in any_rate(),
        t0 in 0_i64..4_102_444_800_000_000,
        // At the slowest rate the instant overflows 64 bits a little later, in the year 293000.
        value in 1_u64..9_000_000_000,
    ) {
        let timeline = Timeline::new(Micros::new(t0), rate, NonZeroU64::MIN, true);
        let (here, next) = (timeline.t(seq(value)).unwrap(), timeline.t(seq(value + 1)).unwrap());
        prop_assert!(here < next);
        prop_assert_eq!(timeline.due(here), seq(value));
        prop_assert_eq!(timeline.due(Micros::new(next.get() - 1)), seq(value));
        prop_assert_eq!(timeline.due(next), seq(value + 1));
    }

    #[test]
    fn due_never_skips_a_publication(rate in any_rate(), elapsed in 0_i64..1_000_000_000_000, step in 0_i64..100) {
        // Within 100 µs, the shortest period allowed, at most one more publication becomes due.
        let timeline = Timeline::new(Micros::new(T0), rate, NonZeroU64::MIN, true);
        let due = |offset| timeline.due(Micros::new(T0 + offset)).get();
        prop_assert!(due(elapsed + step) - due(elapsed) <= 1);
    }

    #[test]
    fn the_index_runs_through_the_dataset_in_order(rate in any_rate(), len in 1_u64..10_000, value in 1_u64..1_000_000_000_000) {
        let timeline = Timeline::new(Micros::new(T0), rate, NonZeroU64::new(len).unwrap(), true);
        let (here, next) = (timeline.index(seq(value)), timeline.index(seq(value + 1)));
        prop_assert_eq!(next, (here + 1) % len);
        prop_assert_eq!(timeline.jump_before(seq(value + 1)).is_some(), next == 0 && len > 1);
    }
}
