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

/// Ten records a second over a thousand of them, from the first run on.
fn plan() -> Plan {
    Plan {
        start: Start::FirstRun,
        dataset_sha256: [1; 32],
        len: NonZeroU64::new(1_000).unwrap(),
        looping: true,
        rate: "10".parse().unwrap(),
    }
}

/// What a run that began at `T0` leaves after `value` publications.
fn past(value: u64) -> Past {
    let Beginning {
        epoch, timeline, ..
    } = Beginning::decide(&plan(), None, at(0));
    Past {
        dataset_sha256: plan().dataset_sha256,
        epoch,
        timeline,
        seq: seq(value),
    }
}

#[test]
fn a_first_run_is_anchored_now_and_publishes_its_first_record_at_once() {
    let beginning = Beginning::decide(&plan(), None, at(7));
    assert_eq!(beginning.how, How::Begun(Reason::FirstRun));
    assert_eq!(beginning.published, Seq::ZERO);
    assert_eq!(beginning.timeline.t(seq(1)), Some(at(7)));
}

#[test]
fn a_restart_goes_on_and_what_was_due_meanwhile_is_history() {
    let beginning = Beginning::decide(&plan(), Some(past(50)), at(100));
    assert_eq!(beginning.epoch, past(50).epoch);
    assert_eq!(beginning.timeline, past(50).timeline);
    // Publication 1001 is due at this very instant: it is news.
    assert_eq!(beginning.published, seq(1_000));
    assert_eq!(
        beginning.how,
        How::Resumed {
            remembered: seq(50),
            wait: Duration::ZERO,
            is_rate_changed: false
        }
    );
}

#[test]
fn a_changed_rate_keeps_the_epoch() {
    let plan = Plan {
        rate: "100".parse().unwrap(),
        ..plan()
    };
    let beginning = Beginning::decide(&plan, Some(past(50)), at(100));
    assert_eq!(beginning.epoch, past(50).epoch);
    assert_eq!(beginning.published, seq(1_000));
    assert_eq!(
        beginning.timeline.t(seq(1_000)),
        past(50).timeline.t(seq(1_000))
    );
    assert_eq!(beginning.timeline.t(seq(1_001)), Some(at(100)));
    assert_eq!(beginning.timeline.t(seq(1_101)), Some(at(101)));
    assert_eq!(beginning.timeline.index(seq(1_001)), 0);
    assert!(matches!(
        beginning.how,
        How::Resumed {
            is_rate_changed: true,
            ..
        }
    ));
}

#[test]
fn another_dataset_and_another_loop_begin_anew() {
    let other = Plan {
        dataset_sha256: [2; 32],
        ..plan()
    };
    let once = Plan {
        looping: false,
        ..plan()
    };
    for (plan, reason) in [(other, Reason::Dataset), (once, Reason::Loop)] {
        let beginning = Beginning::decide(&plan, Some(past(50)), at(100));
        assert_eq!(beginning.how, How::Begun(reason));
        assert_ne!(beginning.epoch, past(50).epoch);
        assert_eq!(beginning.timeline.t(seq(1)), Some(at(100)));
        assert_eq!(beginning.published, Seq::ZERO);
    }
}

#[test]
fn a_clock_a_minute_back_is_waited_for_and_nothing_is_published_twice() {
    // Publication 1001 was due at 100 s.
    let beginning = Beginning::decide(&plan(), Some(past(1_001)), at(40));
    assert_eq!(beginning.epoch, past(0).epoch);
    assert_eq!(beginning.published, seq(1_001));
    assert_eq!(
        beginning.how,
        How::Resumed {
            remembered: seq(1_001),
            wait: Duration::from_secs(60),
            is_rate_changed: false
        }
    );
}

#[test]
fn a_clock_further_back_begins_anew() {
    let now = Micros::new(at(40).get() - 1);
    let beginning = Beginning::decide(&plan(), Some(past(1_001)), now);
    let reason = Reason::ClockBack {
        epoch: past(0).epoch,
        seq: seq(1_001),
        behind: Duration::from_micros(60_000_001),
    };
    assert_eq!(beginning.how, How::Begun(reason));
    assert_eq!(beginning.timeline.t(seq(1)), Some(now));
    assert_eq!(beginning.published, Seq::ZERO);
}

#[test]
fn a_clock_before_an_anchor_from_which_nothing_was_sent_counts_as_set_back() {
    let how = |now| Beginning::decide(&plan(), Some(past(0)), now).how;
    assert!(matches!(how(at(-60)), How::Resumed { wait, .. } if wait == Duration::from_secs(60)));
    assert!(matches!(how(at(-61)), How::Begun(Reason::ClockBack { .. })));
}

#[test]
fn a_rate_changed_while_the_clock_is_back_comes_after_what_was_sent() {
    let plan = Plan {
        rate: "100".parse().unwrap(),
        ..plan()
    };
    let beginning = Beginning::decide(&plan, Some(past(1_001)), at(70));
    assert_eq!(beginning.published, seq(1_001));
    assert_eq!(
        beginning.timeline.t(seq(1_002)),
        Some(Micros::new(at(100).get() + 1))
    );
}

#[test]
fn a_timeline_that_is_over_stays_over() {
    let once = Plan {
        looping: false,
        ..plan()
    };
    let first = Beginning::decide(&once, None, at(0));
    let past = Past {
        dataset_sha256: once.dataset_sha256,
        epoch: first.epoch.clone(),
        timeline: first.timeline,
        seq: seq(1_000),
    };
    let beginning = Beginning::decide(&once, Some(past), at(86_400));
    assert_eq!(beginning.epoch, first.epoch);
    assert_eq!(beginning.published, seq(1_000));
    assert_eq!(beginning.timeline.last(), Some(seq(1_000)));
}

#[test]
fn a_configured_start_asks_nobody() {
    let plan = Plan {
        start: Start::At(at(0)),
        ..plan()
    };
    let alone = Beginning::decide(&plan, None, at(100));
    assert_eq!(Beginning::decide(&plan, Some(past(9_999)), at(100)), alone);
    assert_eq!(alone.how, How::Configured);
    assert_eq!(alone.published, seq(1_000));
}
