use proptest::prelude::*;

use super::*;

fn seq(n: u64) -> Seq {
    Seq::saturating(n)
}

/// A unit of publications `first` to `last`, one a millisecond, of so many bytes.
fn unit(first: u64, last: u64, bytes: &[u8]) -> Unit {
    Unit {
        first: seq(first),
        last: seq(last),
        t: Micros::new(i64::try_from(last * 1_000).unwrap()),
        jump_len: 0,
        bytes: bytes.to_vec().into(),
    }
}

fn log() -> Log {
    Log::begin(seq(1))
}

fn at(entry: usize, skip: usize) -> Following {
    Following::At {
        entry,
        skip,
        jump_len: 0,
    }
}

#[test]
fn what_came_in_one_go_is_one_entry_that_can_be_joined_between_units() {
    let mut log = log();
    log.extend(&[unit(1, 1, b"a"), unit(2, 2, b"bb"), unit(3, 3, b"ccc")]);
    log.extend(&[unit(4, 4, b"d")]);
    assert_eq!(log.after(seq(0)), at(0, 0));
    assert_eq!(log.after(seq(1)), at(0, 1));
    assert_eq!(log.after(seq(2)), at(0, 3));
    assert_eq!(log.after(seq(3)), at(1, 0));
    assert_eq!(log.after(seq(4)), Following::Live);
    assert_eq!(log.after(seq(9)), Following::Live);
    let bytes: Vec<_> = log
        .entries_from(0)
        .map(|entry| entry.bytes().to_bytes())
        .collect();
    assert_eq!(bytes, [&b"abbccc"[..], b"d"]);
}

#[test]
fn the_inside_of_a_unit_and_what_lies_before_the_beginning_are_apart() {
    let mut log = Log::begin(seq(5));
    log.extend(&[unit(5, 7, b"five to seven"), unit(8, 9, b"eight and nine")]);
    assert_eq!(log.after(seq(2)), Following::Apart(seq(4)));
    assert_eq!(log.after(seq(5)), Following::Apart(seq(7)));
    assert_eq!(log.after(seq(8)), Following::Apart(seq(9)));
}

#[test]
fn what_is_older_than_a_few_seconds_is_dropped_but_not_the_newest_few_hundred() {
    let mut log = log();
    for n in 1..=10_000 {
        log.extend(&[unit(n, n, b"x")]);
    }
    assert_eq!(log.after(seq(4_998)), Following::Apart(seq(4_999)));
    assert_eq!(log.after(seq(4_999)), at(0, 0));
    let mut log = self::log();
    for n in 1..=1_000 {
        let mut unit = unit(n, n, b"x");
        unit.t = Micros::new(i64::try_from(n).unwrap() * 1_000_000);
        log.extend(&[unit]);
    }
    assert_eq!(log.oldest(), seq(1_001 - Log::KEPT_MIN));
}

#[test]
fn a_log_keeps_no_more_than_its_bounds_but_always_the_newest() {
    let mut log = log();
    for n in 0..200 {
        let mut unit = unit(n * 256 + 1, (n + 1) * 256, b"x");
        unit.t = Micros::new(0);
        log.extend(&[unit]);
    }
    let kept = log.next().get() - log.oldest().get();
    assert!(kept <= Log::KEPT_MAX + 256, "{kept}");
    let record = SharedBytes::from(vec![b'x'; Log::KEPT_LEN_MAX / 3]);
    let mut log = self::log();
    for n in 1..=9 {
        let mut unit = unit(n, n, b"");
        unit.bytes = record.clone();
        log.extend(&[unit]);
    }
    assert_eq!(log.oldest(), seq(7));
    let mut unit = unit(10, 10, b"");
    unit.bytes = vec![b'x'; Log::KEPT_LEN_MAX + 1].into();
    log.extend(&[unit]);
    assert_eq!(log.oldest(), seq(10));
}

#[test]
fn what_lies_before_a_hole_is_apart() {
    let mut log = log();
    log.extend(&[unit(1, 1, b"a")]);
    log.extend(&[unit(5, 5, b"e")]);
    assert_eq!(log.after(seq(0)), Following::Apart(seq(4)));
    let mut log = self::log();
    log.extend(&[unit(1, 1, b"a"), unit(5, 5, b"e")]);
    assert_eq!(log.next(), seq(6));
    assert_eq!(log.after(seq(2)), Following::Apart(seq(4)));
    assert_eq!(log.after(seq(4)), at(0, 0));
}

#[test]
fn the_jump_of_a_unit_is_known_wherever_it_stands() {
    let mut log = log();
    let jump = |mut unit: Unit| {
        unit.jump_len = 2;
        unit
    };
    log.extend(&[jump(unit(1, 1, b"jja")), jump(unit(2, 2, b"jjb"))]);
    let jump_len = 2;
    let skip = 3;
    let entry = 0;
    assert_eq!(
        log.after(seq(1)),
        Following::At {
            entry,
            skip,
            jump_len
        }
    );
    assert_eq!(
        log.after(seq(0)),
        Following::At {
            entry,
            skip: 0,
            jump_len
        }
    );
}

proptest! {
    /// Wherever a socket stops, the rest of the unit it stopped in and what is said to have been taken add up.
    #[test]
    fn a_cut_loses_nothing(lens in prop::collection::vec(1_usize..20, 1..30), at in 0.0..1.0_f64) {
        let units: Vec<_> = (1..)
            .zip(&lens)
            .map(|(n, len)| unit(n, n, &vec![b'x'; *len]))
            .collect();
        let mut log = log();
        log.extend(&units);
        let entry = log.entries_from(0).next().unwrap();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a fraction of a small length"
        )]
        let at = (entry.bytes().len() as f64 * at) as usize;
        let cut = entry.cut(at, seq(0));
        let (rest, count) = cut.begun.map_or((0, 0), |(rest, count)| (rest.concat().len(), count));
        let taken: usize = lens[..usize::try_from(cut.last.get()).unwrap()].iter().sum();
        prop_assert_eq!(taken, at + rest);
        prop_assert_eq!(count, u64::from(rest > 0));
    }
}
