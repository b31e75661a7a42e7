use proptest::prelude::*;

use super::*;
use crate::source::{Dataset, ReadOptions, RecordSource as _, extremes};

#[test]
fn json_numbers_are_parsed_and_other_values_are_not() {
    for (json, expected) in [
        ("-0", Some(0.0)),
        ("1.50e+3", Some(1_500.0)),
        ("-1e999", Some(f64::NEG_INFINITY)),
        ("null", None),
        (r#""1""#, None),
        ("[1]", None),
        ("{}", None),
    ] {
        assert_eq!(parse_number(json), expected, "{json}");
    }
}

/// A dataset with the JSON texts `records`.
fn dataset(records: &[impl AsRef<str>]) -> Dataset {
    let records: Vec<_> = records.iter().map(AsRef::as_ref).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.json");
    std::fs::write(&path, format!("[{}]", records.join(","))).unwrap();
    Dataset::load(&path, &ReadOptions::DEFAULT).unwrap()
}

/// Indices of the minimum and maximum of `records` within `range`, by a linear search.
fn naive(records: &[String], range: &Range<u64>) -> Option<(u64, u64)> {
    let inside = (0..)
        .zip(records)
        .filter(|(index, _)| range.contains(index));
    let mut finite = inside.filter(|(_, json)| parse_number(json).is_some_and(f64::is_finite));
    let first = finite.next()?;
    let (least, greatest) = finite.fold((first, first), |(least, greatest), one| {
        let decimal = |(_, json): (u64, &String)| Decimal::parse(json).cmp(&Decimal::parse(one.1));
        (
            if decimal(least).is_gt() { one } else { least },
            if decimal(greatest).is_lt() {
                one
            } else {
                greatest
            },
        )
    });
    Some((least.0, greatest.0))
}

/// JSON numbers of many forms: some round to the same `f64` as others, some are out of its range.
fn spelling() -> impl Strategy<Value = String> {
    let near = |base: u64| (0_u64..6).prop_map(move |n| (base + n).to_string());
    prop_oneof![
        4 => (-9_i32..9).prop_map(|n| n.to_string()),
        1 => near(9_007_199_254_740_990),
        1 => near(18_446_744_073_709_551_000),
        1 => (-404_i32..-396, -3_i32..4).prop_map(|(exponent, n)| format!("{n}e{exponent}")),
        1 => (-330_i32..-300, 1_u64..99_999_999_999_999_999).prop_map(|(exponent, n)| format!("{n}e{exponent}")),
        1 => (0_u32..9).prop_map(|n| format!("0.300000000000000040{n}")),
        1 => Just("1e400".to_owned()),
        1 => Just("-1e400".to_owned()),
        1 => Just("9".repeat(400)),
        1 => Just("1.7976931348623157e308".to_owned()),
        1 => Just("null".to_owned()),
        1 => any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
    ]
}

proptest! {
    #[test]
    fn the_extremes_of_any_range_equal_those_of_a_linear_search(
        records in proptest::collection::vec(spelling(), 1..300),
        a in 0_u64..300,
        b in 0_u64..300,
    ) {
        let range = a.min(b)..a.max(b);
        let extremes = extremes(&dataset(&records), "data").unwrap();
        let found = extremes.as_ref().and_then(|extremes| extremes.min_max(&range));
        let found = found.map(|(least, greatest)| (least.index, greatest.index));
        prop_assert_eq!(found, naive(&records, &range));
    }
}

#[test]
fn a_field_with_only_numbers_out_of_range_has_no_extremes() {
    let huge = dataset(&["1e400", "-1e400"]);
    assert_eq!(
        extremes(&huge, "data").unwrap().unwrap().min_max(&(0..2)),
        None
    );
    assert!(extremes(&dataset(&["null"]), "data").unwrap().is_none());
}

#[test]
fn values_that_are_no_numbers_are_ordered_by_first_appearance() {
    let found = |records: &[&str], range: Range<u64>| {
        let extremes = extremes(&dataset(records), "data").unwrap().unwrap();
        let found = extremes.min_max(&range);
        found.map(|(least, greatest)| (least.index, greatest.index))
    };
    let states = [
        r#""b""#, "true", r#""a""#, r#""b""#, "null", "[1]", r#""b""#,
    ];
    assert_eq!(found(&states, 0..7), Some((0, 5)));
    assert_eq!(found(&states, 1..4), Some((3, 2)));
    assert_eq!(found(&states, 6..7), Some((6, 6)));
    assert_eq!(found(&states, 4..5), None);
    // One number makes all others irrelevant.
    assert_eq!(
        found(&[r#""b""#, "7", r#""3""#, "true"], 0..4),
        Some((2, 1))
    );
}

#[test]
fn extremes_are_computed_in_steps_and_only_once() {
    let records: Vec<_> = (0..40_000_u64)
        .map(|n| (n * 7_919 % 40_009).to_string())
        .collect();
    let dataset = dataset(&records);
    let mut steps = 0;
    while matches!(
        dataset.poll_extremes("data").unwrap(),
        crate::source::ExtremesLookup::InProgress
    ) {
        steps += 1;
    }
    // Two passes, of fields and of numbers, each of some 40,000 × 70 bytes.
    assert!((10..40).contains(&steps), "{steps}");
    assert!(matches!(
        dataset.poll_extremes("data").unwrap(),
        crate::source::ExtremesLookup::Done(Some(_))
    ));
    assert!(matches!(
        dataset.poll_extremes("other").unwrap(),
        crate::source::ExtremesLookup::Done(None)
    ));
}
