use std::num::NonZeroU64;

use super::*;

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;
const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Micros {
    Micros::new(T0 + seconds * SECOND)
}

fn seq(value: u64) -> Seq {
    Seq::new(value).unwrap()
}

fn clock(looping: bool) -> DatasetClock {
    DatasetClock::even(NonZeroU64::new(1_000).unwrap(), looping)
}

fn pace(rate: &str) -> SegmentPace {
    SegmentPace::from_rate(rate.parse().unwrap())
}

/// Ten records a second, a thousand records, `start = "first-run"`.
fn spec() -> TimelineSpec {
    TimelineSpec {
        anchor: None,
        start: Start::FirstRun,
        dataset_sha256: [1; 32],
        clock: clock(true),
        pace: pace("10"),
    }
}

/// The checkpoint of a run that began at `T0`, after `value` publications.
fn checkpoint(value: u64) -> Checkpoint {
    let Startup {
        epoch, timeline, ..
    } = Startup::decide(&spec(), None, at(0));
    Checkpoint {
        dataset_sha256: spec().dataset_sha256,
        epoch,
        timeline,
        version: 1,
        seq: seq(value),
    }
}

#[test]
fn a_first_run_is_anchored_now_and_publishes_its_first_record_at_once() {
    let startup = Startup::decide(&spec(), None, at(7));
    assert_eq!(
        startup.start_mode,
        StartMode::NewEpoch(NewEpochReason::FirstRun)
    );
    assert_eq!(startup.published, Seq::ZERO);
    assert_eq!(startup.timeline.t(seq(1)), Some(at(7)));
}

#[test]
fn a_restart_resumes_and_does_not_publish_what_was_due_while_the_hub_was_down() {
    let startup = Startup::decide(&spec(), Some(checkpoint(50)), at(100));
    assert_eq!(startup.epoch, checkpoint(50).epoch);
    assert_eq!(startup.timeline, checkpoint(50).timeline);
    assert_eq!(startup.version, 1);
    // Publication 1001 is due exactly now, so it is still to be published.
    assert_eq!(startup.published, seq(1_000));
    assert_eq!(
        startup.start_mode,
        StartMode::Resumed {
            checkpoint_seq: seq(50),
            wait: Duration::ZERO,
            is_rate_changed: false
        }
    );
}

#[test]
fn a_changed_rate_keeps_the_epoch() {
    let spec = TimelineSpec {
        pace: pace("100"),
        ..spec()
    };
    let startup = Startup::decide(&spec, Some(checkpoint(50)), at(100));
    assert_eq!(startup.epoch, checkpoint(50).epoch);
    assert_eq!(startup.published, seq(1_000));
    assert_eq!(
        startup.timeline.t(seq(1_000)),
        checkpoint(50).timeline.t(seq(1_000))
    );
    assert_eq!(startup.timeline.t(seq(1_001)), Some(at(100)));
    assert_eq!(startup.timeline.t(seq(1_101)), Some(at(101)));
    assert_eq!(startup.timeline.index(seq(1_001)), 0);
    assert_eq!(startup.version, 2);
    assert!(matches!(
        startup.start_mode,
        StartMode::Resumed {
            is_rate_changed: true,
            ..
        }
    ));
}

#[test]
fn a_changed_dataset_or_loop_begins_a_new_epoch() {
    let other = TimelineSpec {
        dataset_sha256: [2; 32],
        ..spec()
    };
    let once = TimelineSpec {
        clock: clock(false),
        ..spec()
    };
    for (spec, reason) in [
        (other, NewEpochReason::DatasetChanged),
        (once, NewEpochReason::LoopChanged),
    ] {
        let startup = Startup::decide(&spec, Some(checkpoint(50)), at(100));
        assert_eq!(startup.start_mode, StartMode::NewEpoch(reason));
        assert_ne!(startup.epoch, checkpoint(50).epoch);
        assert_eq!(startup.timeline.t(seq(1)), Some(at(100)));
        assert_eq!(startup.published, Seq::ZERO);
    }
}

#[test]
fn a_clock_set_back_by_a_minute_is_waited_for_and_nothing_is_published_twice() {
    // Publication 1001 was due at 100 s.
    let startup = Startup::decide(&spec(), Some(checkpoint(1_001)), at(40));
    assert_eq!(startup.epoch, checkpoint(0).epoch);
    assert_eq!(startup.published, seq(1_001));
    assert_eq!(
        startup.start_mode,
        StartMode::Resumed {
            checkpoint_seq: seq(1_001),
            wait: Duration::from_secs(60),
            is_rate_changed: false
        }
    );
}

#[test]
fn a_clock_set_back_by_more_than_a_minute_begins_a_new_epoch() {
    let now = Micros::new(at(40).get() - 1);
    let startup = Startup::decide(&spec(), Some(checkpoint(1_001)), now);
    let reason = NewEpochReason::ClockBack {
        epoch: checkpoint(0).epoch,
        seq: seq(1_001),
        behind: Duration::from_micros(60_000_001),
    };
    assert_eq!(startup.start_mode, StartMode::NewEpoch(reason));
    assert_eq!(startup.timeline.t(seq(1)), Some(now));
    assert_eq!(startup.published, Seq::ZERO);
}

#[test]
fn a_clock_behind_an_anchor_that_has_sent_nothing_counts_as_set_back() {
    let start_mode = |now| Startup::decide(&spec(), Some(checkpoint(0)), now).start_mode;
    assert!(
        matches!(start_mode(at(-60)), StartMode::Resumed { wait, .. } if wait == Duration::from_secs(60))
    );
    assert!(matches!(
        start_mode(at(-61)),
        StartMode::NewEpoch(NewEpochReason::ClockBack { .. })
    ));
}

#[test]
fn a_rate_changed_while_the_clock_is_behind_takes_effect_after_the_last_publication() {
    let spec = TimelineSpec {
        pace: pace("100"),
        ..spec()
    };
    let startup = Startup::decide(&spec, Some(checkpoint(1_001)), at(70));
    assert_eq!(startup.published, seq(1_001));
    assert_eq!(
        startup.timeline.t(seq(1_002)),
        Some(Micros::new(at(100).get() + 1))
    );
}

#[test]
fn a_timeline_that_has_ended_stays_ended() {
    let once = TimelineSpec {
        clock: clock(false),
        ..spec()
    };
    let first = Startup::decide(&once, None, at(0));
    let checkpoint = Checkpoint {
        dataset_sha256: once.dataset_sha256,
        epoch: first.epoch.clone(),
        timeline: first.timeline,
        version: 1,
        seq: seq(1_000),
    };
    let startup = Startup::decide(&once, Some(checkpoint), at(86_400));
    assert_eq!(startup.epoch, first.epoch);
    assert_eq!(startup.published, seq(1_000));
    assert_eq!(startup.timeline.last(), Some(seq(1_000)));
}

#[test]
fn a_configured_start_ignores_the_checkpoint() {
    let spec = TimelineSpec {
        start: Start::At(at(0)),
        ..spec()
    };
    let alone = Startup::decide(&spec, None, at(100));
    assert_eq!(
        Startup::decide(&spec, Some(checkpoint(9_999)), at(100)),
        alone
    );
    assert_eq!(alone.start_mode, StartMode::Configured);
    assert_eq!(alone.published, seq(1_000));
}
