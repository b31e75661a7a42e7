use std::fmt::Write;
use std::num::NonZeroU64;

use proptest::prelude::*;

use super::*;
use crate::protocol::Micros;
use crate::source::{Dataset, ReadOptions, extremes};

/// A dataset of `numbers`, some of them missing.
fn dataset(numbers: &[Option<i32>]) -> Dataset {
    let mut json = String::new();
    for number in numbers {
        let separator = if json.is_empty() { '[' } else { ',' };
        match number {
            Some(number) => write!(json, "{separator}{{\"v\":{number}}}").unwrap(),
            None => write!(json, "{separator}{{\"v\":null}}").unwrap(),
        }
    }
    json.push(']');
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("d.json"), json).unwrap();
    Dataset::load(&folder.path().join("d.json"), &ReadOptions::DEFAULT).unwrap()
}

fn timeline(len: usize) -> Timeline {
    let len = NonZeroU64::new(len as u64).unwrap();
    Timeline::new(Micros::new(0), "1".parse().unwrap(), len, true)
}

/// The publications of `seqs` with the smallest and the greatest number, found by looking at each.
fn naive_min_max(number: &dyn Fn(u64) -> Option<i32>, seqs: std::ops::Range<u64>) -> Vec<u64> {
    let known: Vec<_> = seqs.filter_map(|seq| Some((number(seq)?, seq))).collect();
    let min = known.iter().min_by_key(|&&(number, seq)| (number, seq));
    let max = known.iter().min_by_key(|&&(number, seq)| (-number, seq));
    let mut ends: Vec<_> = min.into_iter().chain(max).map(|end| end.1).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

/// The rule as the API documents it, over every publication of the range.
fn naive_decimate(
    number: &dyn Fn(u64) -> Option<i32>,
    first: u64,
    last: u64,
    points: u64,
) -> Vec<u64> {
    if last - first < points {
        return (first..=last).collect();
    }
    let mut seqs = vec![];
    if points < 4 {
        seqs = naive_min_max(number, first..last + 1);
        seqs.extend(
            [first, last]
                .iter()
                .filter(|end| !seqs.contains(end))
                .copied()
                .collect::<Vec<_>>(),
        );
        seqs.truncate(usize::try_from(points).unwrap());
        seqs.sort_unstable();
        return seqs;
    }
    let (buckets, between) = ((points - 2) / 2, last - first - 1);
    seqs.push(first);
    for bucket in 0..buckets {
        let begin = |bucket| first + 1 + between * bucket / buckets;
        seqs.extend(naive_min_max(number, begin(bucket)..begin(bucket + 1)));
    }
    seqs.push(last);
    seqs
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn decimation_gives_the_same_as_looking_at_every_record(
        numbers in proptest::collection::vec(proptest::option::weighted(0.8, -9_i32..9), 1..80),
        a in 1_u64..500,
        b in 1_u64..500,
        points in 2_u64..60,
    ) {
        let (dataset, timeline) = (dataset(&numbers), timeline(numbers.len()));
        let Some(extremes) = extremes(&dataset, "v").unwrap() else {
            prop_assert!(numbers.iter().all(Option::is_none));
            return Ok(());
        };
        let number = |seq: u64| numbers[usize::try_from((seq - 1) % numbers.len() as u64).unwrap()];
        let (first, last) = (a.min(b), a.max(b));
        let ends = (Seq::saturating(first), Seq::saturating(last));
        let seqs: Vec<_> = decimate(&timeline, extremes, ends, points).flatten().map(Seq::get).collect();
        prop_assert!(seqs.len() as u64 <= points);
        prop_assert!(seqs.is_sorted_by(|one, other| one < other));
        for extreme in naive_min_max(&number, first..last + 1) {
            let is_kept = seqs.iter().any(|&seq| number(seq) == number(extreme));
            prop_assert!(is_kept, "{extreme} of {seqs:?}");
        }
        prop_assert_eq!(seqs, naive_decimate(&number, first, last, points));
    }
}

#[test]
fn a_range_of_a_trillion_laps_is_decimated_as_fast_as_a_short_one() {
    let numbers: Vec<_> = (0..1_000).map(|n| Some((n * 7_919) % 1_009)).collect();
    let (dataset, timeline) = (dataset(&numbers), timeline(numbers.len()));
    let ends = (Seq::saturating(1), Seq::MAX);
    let seqs = decimate(
        &timeline,
        extremes(&dataset, "v").unwrap().unwrap(),
        ends,
        10_000,
    );
    assert_eq!(seqs.flatten().count(), 10_000);
}
