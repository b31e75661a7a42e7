use proptest::prelude::*;

use super::*;

const MAX: u64 = 5_000;

fn good(query: &str) -> Query {
    parse(query, MAX).unwrap_or_else(|problem| panic!("{query}: {problem:?}"))
}

fn seqs(from: Option<u64>, to: Option<u64>) -> Span {
    let seq = |value: Option<u64>| value.map(|seq| End::Seq(Seq::saturating(seq)));
    Span::Range {
        from: seq(from),
        to: seq(to),
    }
}

#[test]
fn a_query_says_a_range_and_a_limit_or_neither() {
    for (query, span, limit) in [
        ("", Span::Newest(1_000), 1_000),
        ("limit=7", Span::Newest(7), 7),
        ("from=3", seqs(Some(3), None), 1_000),
        ("to=3", seqs(None, Some(3)), 1_000),
        ("from=3&to=3&limit=4000", seqs(Some(3), Some(3)), 4_000),
        ("last=2000", Span::Newest(2_000), 2_000),
        ("last=2000&limit=10", Span::Newest(2_000), 10),
        ("last=0", Span::Newest(0), 1),
        ("last=9&points=2&field=v", Span::Newest(9), 9),
        ("points=2&field=v", seqs(None, None), 1_000),
    ] {
        let asked = good(query);
        assert_eq!((asked.span, asked.limit), (span, limit), "{query}");
    }
}

#[test]
fn what_is_enormous_is_the_most_there_can_be() {
    let enormous = "9".repeat(40);
    assert_eq!(good(&format!("limit={enormous}")).limit, MAX);
    assert_eq!(good(&format!("last={enormous}")).span, Span::Newest(MAX));
    let seqs = seqs(Some(u64::MAX), Some(u64::MAX));
    assert_eq!(good(&format!("from={enormous}&to={enormous}")).span, seqs);
    let thinned = good(&format!("points={enormous}&field=v&last={enormous}"));
    assert_eq!(thinned.thinning.unwrap().points, MAX);
    assert_eq!(thinned.span, Span::Newest(u64::MAX));
    let to = Some(End::Instant(Micros::new(i64::MAX)));
    assert_eq!(
        good(&format!("to_t={enormous}")).span,
        Span::Range { from: None, to }
    );
}

#[test]
fn instants_are_microseconds_or_as_people_and_programs_type_them() {
    let expected = Span::Range {
        from: Some(End::Instant(Micros::new(1_767_225_600_500_000))),
        to: None,
    };
    for typed in [
        "1767225600500000",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T02:00:00.5+02:00",
        "2026-01-01T02:00:00.5%2B02:00",
        "2026-01-01T02%3A00%3A00.5%2b02%3A00",
        "2026-01-01+02:00:00.5+02:00",
        "2025-12-31%2019:00:00.5-05:00",
    ] {
        assert_eq!(good(&format!("from_t={typed}")).span, expected, "{typed}");
    }
}

#[test]
fn the_ends_of_a_range_may_be_of_different_kinds() {
    let seq = Some(End::Seq(Seq::saturating(7)));
    let instant = Some(End::Instant(Micros::new(9)));
    let (from, to) = (seq, instant);
    assert_eq!(good("from=7&to_t=9").span, Span::Range { from, to });
    let (from, to) = (instant, seq);
    assert_eq!(good("from_t=9&to=7").span, Span::Range { from, to });
}

#[test]
fn names_of_fields_are_decoded() {
    let field = |query| good(query).thinning.unwrap().field;
    assert_eq!(field("points=2&field=a+b%20%C2%B5"), "a b µ");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_name() {
    for (query, said) in [
        ("from=-1", "`from`"),
        ("to=1.5", "`to`"),
        ("from=", "`from`"),
        ("from", "`from`"),
        ("from=5&to=4", "`from` is 5 and lies after `to`, 4"),
        ("last=-3", "`last`"),
        ("last=many", "`last`"),
        ("limit=0", "`limit` is 0"),
        ("limit=+1", "`limit`"),
        ("limit=0x10", "`limit`"),
        ("from_t=-1", "`from_t`"),
        ("to_t=yesterday", "`to_t`"),
        ("to_t=2026-01-01", "`to_t`"),
        ("from_t=2&to_t=1", "`from_t` is 2 and lies after `to_t`"),
        ("from=1&from_t=1", "`from` and `from_t` are both given"),
        ("from_t=1&to=1&to_t=1", "`to` and `to_t` are both given"),
        ("from=1&last=1", "`last` is given with"),
        ("to=1&last=1", "`last` is given with"),
        ("from_t=1&last=1", "`last` is given with"),
        ("from=1&to_t=1&last=1", "`last` is given with"),
        ("from=1&from=1", "`from` is given twice"),
        ("format=json&format=csv", "`format` is given twice"),
        ("format=xml", "`format`"),
        ("format=JSON", "`format`"),
        ("format=", "`format`"),
        ("points=1&field=v", "`points` is 1"),
        ("points=0&field=v", "`points` is 0"),
        ("points=0", "`points` is 0"),
        ("points=some&field=v", "`points`"),
        ("points=10", "without `field`"),
        ("field=v", "without `points`"),
        ("form=1", "`form` is no parameter"),
        ("FROM=1", "`FROM` is no parameter"),
        ("=", "`` is no parameter"),
    ] {
        let problem = parse(query, MAX).expect_err(query);
        let told = format!("{problem:?}");
        assert!(
            told.contains(said) && told.contains("code: Parameter"),
            "{query}: {told}"
        );
        assert!(told.contains(';') || told.contains("not one of"), "{told}");
    }
}

#[test]
fn what_is_said_back_is_short() {
    let problem = parse(&format!("from={}", "x".repeat(10_000)), MAX).unwrap_err();
    assert!(format!("{problem:?}").len() < 400);
}

proptest! {
    #[test]
    fn whatever_is_typed_is_taken_within_its_bounds_or_refused(
        query in "((from|to|from_t|to_t|last|limit|points|field|format|x)(=(-?[0-9]{0,25}|json|%[0-9A-F]{2}|.{0,9}))?&){0,4}",
        history_max in 1_u64..100,
    ) {
        if let Ok(asked) = parse(&query, history_max) {
            prop_assert!((1..=history_max).contains(&asked.limit));
            if let Some(thinning) = asked.thinning {
                prop_assert!((2..=history_max.max(2)).contains(&thinning.points));
            }
        }
    }
}
