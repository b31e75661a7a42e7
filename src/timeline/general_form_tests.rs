//! The general form against a simulation that adds up gaps record by record, and shares no arithmetic with it.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::protocol::{Author, Speed};
use crate::source::{Stamps, StampsBuilder};

/// 2026-01-01T00:00:00Z.
const T0: i64 = 1_767_225_600_000_000;

fn seq(value: u64) -> Seq {
    Seq::new(value).unwrap()
}

fn speed(text: &str) -> Speed {
    text.parse().unwrap()
}

fn stamps(values: &[i64]) -> Stamps {
    let mut builder = StampsBuilder::new(None);
    for value in values {
        builder.push(Micros::new(*value)).unwrap();
    }
    builder.finish().unwrap()
}

fn stamped(values: &[i64], loop_gap: Option<Duration>) -> PlayedDataset {
    let stamps = stamps(values);
    PlayedDataset {
        len: NonZeroU64::new(stamps.count()).unwrap(),
        pace: DatasetPace::from_stamps(stamps.clone(), stamps.median_interval(), loop_gap),
    }
}

/// The timeline of one of `player` from `T0` on.
fn timeline(player: &[PlayedDataset], topic: usize, speed: Speed) -> Timeline {
    let rate = match &player[topic].pace {
        DatasetPace::Rate(rate) => Some(*rate),
        DatasetPace::Stamps { .. } => None,
    };
    let clock = PlayerClock::new(player).dataset(&player[topic], true);
    Timeline::begin(Micros::new(T0), SegmentPace { rate, speed }, clock)
}

/// Pseudo-random numbers, the same at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

/// `count` gaps between irregular stamps: many of nothing, and a few long ones.
fn irregular_gaps(count: usize) -> Vec<u64> {
    let mut random = Random(17);
    (0..count)
        .map(|_| match random.below(10) {
            0..4 => 0,
            4..8 => random.below(300),
            8 => random.below(100_000),
            _ => random.below(40) * random.below(1_000_003),
        })
        .collect()
}

/// Compares each publication of `timeline` with the simulated instants of consecutive records, in microseconds after
/// `T0`, and their indices.
fn assert_simulated(timeline: &Timeline, simulated: impl Iterator<Item = (i64, u64)>) {
    let mut previous: Option<i64> = None;
    // The first publication that is due at the instant of the one before, and how many there were.
    let mut count = 0;
    for (t, index) in simulated {
        let now = T0 + t;
        if previous != Some(now) {
            assert_eq!(
                timeline.due(Micros::new(now - 1)).get(),
                count,
                "before {t}"
            );
            if let Some(previous) = previous {
                let middle = Micros::new(previous + (now - previous) / 2);
                assert_eq!(timeline.due(middle).get(), count, "amid the gap before {t}");
            }
        }
        count += 1;
        let seq = seq(count);
        assert_eq!(timeline.t(seq), Some(Micros::new(now)), "{seq}");
        assert_eq!(timeline.index(seq), index, "{seq}");
        assert_eq!(timeline.jump_before(seq).is_some(), index == 0 && count > 1);
        let here = timeline.due(Micros::new(now));
        assert!(here >= seq, "{seq} is due at {t}");
        assert_eq!(timeline.t(here), Some(Micros::new(now)), "{seq}");
        previous = Some(now);
    }
}

#[test]
fn a_million_irregular_stamps_are_due_to_the_microsecond_across_loops_at_every_speed() {
    let gaps = irregular_gaps(1_000_000);
    let mut stamp = 1_234_567_890_123;
    let values: Vec<_> = std::iter::once(stamp)
        .chain(gaps[1..].iter().map(|gap| {
            stamp += i64::try_from(*gap).unwrap();
            stamp
        }))
        .collect();
    let dataset = [stamped(&values, Some(Duration::from_micros(2_000_001)))];
    let seam = 2_000_001_u128;
    for (text, thousandths) in [("0.1", 100_u128), ("1", 1_000), ("16", 16_000)] {
        let timeline = timeline(&dataset, 0, speed(text));
        let mut elapsed = 0_u128;
        let simulated = (0..3_200_000_usize).map(|n| {
            let index = n % gaps.len();
            if n > 0 {
                elapsed += if index == 0 {
                    seam
                } else {
                    u128::from(gaps[index])
                };
            }
            let t = elapsed * 1_000 / thousandths;
            (i64::try_from(t).unwrap(), index as u64)
        });
        assert_simulated(&timeline, simulated);
    }
}

#[test]
fn the_default_gap_at_the_seam_is_the_median_interval_and_at_least_a_millisecond() {
    for (values, lap) in [
        (&[0, 10_000, 20_000, 90_000][..], 100_000),
        (&[5, 5, 5, 7], 1_002),
        (&[42], 1_000),
    ] {
        let timeline = timeline(&[stamped(values, None)], 0, Speed::NORMAL);
        let next_lap = seq(values.len() as u64 + 1);
        assert_eq!(
            timeline.t(next_lap),
            Some(Micros::new(T0 + lap)),
            "{values:?}"
        );
    }
}

#[test]
fn a_dataset_that_is_played_once_by_its_stamps_ends_with_its_last_record() {
    let dataset = stamped(&[0, 500, 500, 2_000], None);
    let clock = PlayerClock::new(std::slice::from_ref(&dataset)).dataset(&dataset, false);
    let pace = SegmentPace {
        rate: None,
        speed: speed("2"),
    };
    let timeline = Timeline::begin(Micros::new(T0), pace, clock);
    let due = |t| timeline.due(Micros::new(T0 + t)).get();
    assert_eq!([-1, 0, 249, 250, 999, 1_000].map(due), [0, 1, 1, 3, 3, 4]);
    assert_eq!(due(i64::MAX - T0), 4);
    assert_eq!(timeline.next_due(seq(4)), NextDue::Ended);
    assert_eq!(timeline.position(Micros::new(T0 + 500)), Some(1_000));
}

#[test]
fn a_topic_of_a_player_waits_for_its_own_first_stamp_and_for_the_common_seam() {
    let player = [
        stamped(&[1_000, 3_000], Some(Duration::from_millis(1))),
        stamped(&[2_500, 2_600, 6_000], Some(Duration::from_millis(2))),
        PlayedDataset {
            len: NonZeroU64::new(2).unwrap(),
            pace: DatasetPace::Rate("1000".parse().unwrap()),
        },
    ];
    let first = |topic: usize| {
        let timeline = timeline(&player, topic, Speed::NORMAL);
        let t = |n| timeline.t(seq(n)).unwrap().get() - T0;
        (1..=5).map(t).collect::<Vec<_>>()
    };
    // One lap: from 1,000 to 6,000 and the gap of the topic that takes longest.
    let lap = 7_000;
    assert_eq!(first(0), [0, 2_000, lap, lap + 2_000, 2 * lap]);
    assert_eq!(first(1), [1_500, 1_600, 5_000, lap + 1_500, lap + 1_600]);
    assert_eq!(first(2), [0, 1_000, lap, lap + 1_000, 2 * lap]);
    let timeline = timeline(&player, 1, Speed::NORMAL);
    assert_eq!(timeline.due(Micros::new(T0 + 1_499)), Seq::ZERO);
    assert_eq!(timeline.position(Micros::new(T0 + lap + 5)), Some(5));
}

#[test]
fn the_densest_second_counts_what_follows_in_the_next_lap() {
    let densest = |values: &[i64], gap_ms| {
        let dataset = stamped(values, Some(Duration::from_millis(gap_ms)));
        PlayerClock::new(std::slice::from_ref(&dataset))
            .dataset(&dataset, true)
            .densest_second()
    };
    assert_eq!(densest(&[0, 999_999, 1_000_000, 5_000_000], 5_000), 2);
    assert_eq!(densest(&[0, 0, 0, 900_000], 1_000), 4);
    // The next lap begins half a second after the last record.
    assert_eq!(densest(&[0, 0, 5_000_000, 5_000_000], 500), 4);
    // A lap of 250 ms fits four times.
    assert_eq!(densest(&[0, 0, 0], 250), 12);
}

/// The speed from an instant on.
type SpeedChange = (i64, u16);

/// Simulates changes of the speed: each record is due when the position, which moves at the speed in force, reaches it.
fn simulate_changes(gaps: &[i64], laps: usize, first: u16, changes: &[SpeedChange]) -> Vec<i64> {
    let mut due = Vec::new();
    let (mut at, mut position, mut speed) = (0_i128, 0_i128, i128::from(first));
    let mut changes = changes.iter().peekable();
    let mut reached = 0_i128;
    for n in 0..laps * gaps.len() {
        if n > 0 {
            reached += i128::from(gaps[n % gaps.len()]);
        }
        loop {
            let t = at + ((reached - position) * 1_000).div_euclid(speed).max(0);
            match changes.peek() {
                Some((change, next)) if t >= i128::from(*change) => {
                    position += ((i128::from(*change) - at) * speed).div_euclid(1_000);
                    (at, speed) = (i128::from(*change), i128::from(*next));
                    changes.next();
                }
                _ => {
                    due.push(i64::try_from(t).unwrap());
                    break;
                }
            }
        }
    }
    due
}

prop_compose! {
    fn any_speed()(thousandths in prop_oneof![10_u16..=16_000, Just(10), Just(100), Just(1_000), Just(16_000)]) -> u16 {
        thousandths
    }
}

fn of_thousandths(thousandths: u16) -> Speed {
    format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
        .parse()
        .unwrap()
}

proptest! {
    #[test]
    fn a_changed_speed_divides_the_rest_of_the_gap(
        // The first is that at the seam.
        gaps in proptest::collection::vec(prop_oneof![Just(0_i64), 1_i64..50, 1_000_i64..5_000_000], 1..20),
        first in any_speed(),
        steps in proptest::collection::vec((1_i64..20_000_000, any_speed()), 0..5),
    ) {
        let mut gaps = gaps;
        gaps[0] += 1_000;
        let mut stamp = 7;
        let mut values = vec![stamp];
        values.extend(gaps[1..].iter().map(|gap| { stamp += gap; stamp }));
        let seam = Duration::from_micros(gaps[0].unsigned_abs());
        let mut changed = timeline(&[stamped(&values, Some(seam))], 0, of_thousandths(first));
        let (mut now, mut in_force, mut changes) = (0, first, Vec::new());
        for (later, thousandths) in steps {
            now += later;
            let published = changed.due(Micros::new(T0 + now - 1));
            let pace = SegmentPace { rate: None, speed: of_thousandths(thousandths) };
            let is_changed = changed.change_pace(pace, Author::configuration(), published, Micros::new(T0 + now));
            prop_assert_eq!(is_changed, thousandths != in_force);
            if is_changed {
                changes.push((now, thousandths));
                in_force = thousandths;
            }
        }
        let due = simulate_changes(&gaps, 4, first, &changes);
        for (n, t) in due.iter().enumerate() {
            let seq = seq(n as u64 + 1);
            prop_assert_eq!(changed.t(seq).map(|t| t.get() - T0), Some(*t), "{} of {:?}", seq, &changes);
            prop_assert_eq!(changed.index(seq), (n % gaps.len()) as u64);
            let before = due.iter().filter(|other| *other < t).count() as u64;
            prop_assert_eq!(changed.due(Micros::new(T0 + t - 1)).get(), before);
        }
        let restored = Timeline::from_segments(changed.segments().to_vec(), changed.len(), true).unwrap();
        let restored = restored.with_clock(changed.clock().clone());
        prop_assert_eq!(restored, Ok(changed));
    }

    #[test]
    fn records_at_fractional_rates_are_aligned_in_players_of_several_topics(
        rates in proptest::collection::vec(1_000_u64..=10_000_000_000, 1..4),
        lens in proptest::collection::vec(1_u64..40, 4),
        values in proptest::collection::vec(0_i64..3_000_000, 0..6),
        speed in any_speed(),
    ) {
        let mut values = values;
        values.sort_unstable();
        let mut player: Vec<_> = rates.iter().zip(&lens).map(|(rate, len)| PlayedDataset {
            len: NonZeroU64::new(*len).unwrap(),
            pace: DatasetPace::Rate(Rate::from_millionths(*rate).unwrap()),
        }).collect();
        if !values.is_empty() {
            player.push(stamped(&values, Some(Duration::from_millis(3))));
        }
        let origin = values.first().copied().unwrap_or(0);
        // The longest lap, as a fraction of microseconds.
        let mut lap = values.last().map_or((0, 1), |last| (i128::from(last - origin + 3_000), 1));
        for (rate, len) in rates.iter().zip(&lens) {
            let (micros, rate) = (i128::from(*len) * 1_000_000_000_000, i128::from(*rate));
            if micros * lap.1 > lap.0 * rate {
                lap = (micros, rate);
            }
        }
        for (topic, dataset) in player.iter().enumerate() {
            let timeline = timeline(&player, topic, of_thousandths(speed));
            let len = i128::from(dataset.len.get());
            let t = |k: i128| {
                // In units of a microsecond divided by the product of both denominators.
                let (within, denominator) = match rates.get(topic) {
                    Some(rate) => ((k % len) * 1_000_000_000_000, i128::from(*rate)),
                    None => (i128::from(values[usize::try_from(k % len).unwrap()] - origin), 1),
                };
                let micros = (k / len) * lap.0 * denominator + within * lap.1;
                i64::try_from(micros * 1_000 / (lap.1 * denominator * i128::from(speed))).unwrap()
            };
            for k in 0..3 * len + 2 {
                let (seq, next) = (seq(u64::try_from(k).unwrap() + 1), t(k + 1));
                prop_assert_eq!(timeline.t(seq).map(|t| t.get() - T0), Some(t(k)), "{} of {:?}", seq, dataset);
                if next > t(k) {
                    prop_assert_eq!(timeline.due(Micros::new(T0 + next - 1)), seq);
                    prop_assert_eq!(timeline.due(Micros::new(T0 + t(k))), seq);
                }
            }
        }
    }

    #[test]
    fn the_general_form_agrees_with_the_plain_one(
        millionths in prop_oneof![1_000_u64..=10_000_000_000, Just(59_940_000)],
        len in 1_u64..1_000,
        value in 1_u64..1_000_000_000,
    ) {
        let rate = Rate::from_millionths(millionths).unwrap();
        let len = NonZeroU64::new(len).unwrap();
        let plain = Timeline::new(Micros::new(T0), rate, len, true);
        // A position makes it general; this one changes nothing.
        let general = Segment { position0: Some(0), ..plain.segments()[0].clone() };
        let general = Timeline::from_segments(vec![general], len, true).unwrap();
        let seq = seq(value);
        prop_assert_eq!(general.t(seq), plain.t(seq));
        let t = plain.t(seq).unwrap();
        for now in [t.get() - 1, t.get(), t.get() + 1] {
            prop_assert_eq!(general.due(Micros::new(now)), plain.due(Micros::new(now)));
        }
    }
}
