use proptest::prelude::*;

use super::*;

const MAX: u64 = 5_000;

fn parse_valid(query: &str) -> HistoryQuery {
    parse(query, MAX).unwrap_or_else(|problem| panic!("{query}: {problem:?}"))
}

fn seqs(from: Option<u64>, to: Option<u64>) -> RangeQuery {
    let seq = |value: Option<u64>| value.map(|seq| RangeEnd::Seq(Seq::saturating(seq)));
    RangeQuery::Range {
        from: seq(from),
        to: seq(to),
    }
}

#[test]
fn a_query_selects_a_range_and_a_limit_or_gets_the_defaults() {
    for (query, range, limit) in [
        ("", RangeQuery::Newest(1_000), 1_000),
        ("limit=7", RangeQuery::Newest(7), 7),
        ("from=3", seqs(Some(3), None), 1_000),
        ("to=3", seqs(None, Some(3)), 1_000),
        ("from=3&to=3&limit=4000", seqs(Some(3), Some(3)), 4_000),
        ("last=2000", RangeQuery::Newest(2_000), 2_000),
        ("last=2000&limit=10", RangeQuery::Newest(2_000), 10),
        ("last=0", RangeQuery::Newest(0), 1),
        ("last=9&points=2&field=v", RangeQuery::Newest(9), 9),
        ("points=2&field=v", seqs(None, None), 1_000),
    ] {
        let parsed = parse_valid(query);
        assert_eq!((parsed.range, parsed.limit), (range, limit), "{query}");
    }
}

#[test]
fn huge_numbers_are_clamped_to_the_maximum() {
    let enormous = "9".repeat(40);
    assert_eq!(parse_valid(&format!("limit={enormous}")).limit, MAX);
    assert_eq!(
        parse_valid(&format!("last={enormous}")).range,
        RangeQuery::Newest(MAX)
    );
    let seqs = seqs(Some(u64::MAX), Some(u64::MAX));
    assert_eq!(
        parse_valid(&format!("from={enormous}&to={enormous}")).range,
        seqs
    );
    let decimated = parse_valid(&format!("points={enormous}&field=v&last={enormous}"));
    assert_eq!(decimated.decimation.unwrap().points, MAX);
    assert_eq!(decimated.range, RangeQuery::Newest(u64::MAX));
    let to = Some(RangeEnd::Instant(Micros::new(i64::MAX)));
    assert_eq!(
        parse_valid(&format!("to_t={enormous}")).range,
        RangeQuery::Range { from: None, to }
    );
}

#[test]
fn timestamps_are_microseconds_or_rfc_3339_in_any_escaping() {
    let expected = RangeQuery::Range {
        from: Some(RangeEnd::Instant(Micros::new(1_767_225_600_500_000))),
        to: None,
    };
    for text in [
        "1767225600500000",
        "2026-01-01T00:00:00.5Z",
        "2026-01-01T02:00:00.5+02:00",
        "2026-01-01T02:00:00.5%2B02:00",
        "2026-01-01T02%3A00%3A00.5%2b02%3A00",
        "2026-01-01+02:00:00.5+02:00",
        "2025-12-31%2019:00:00.5-05:00",
    ] {
        assert_eq!(
            parse_valid(&format!("from_t={text}")).range,
            expected,
            "{text}"
        );
    }
}

#[test]
fn one_end_of_a_range_may_be_a_seq_and_the_other_a_timestamp() {
    let seq = Some(RangeEnd::Seq(Seq::saturating(7)));
    let instant = Some(RangeEnd::Instant(Micros::new(9)));
    let (from, to) = (seq, instant);
    assert_eq!(
        parse_valid("from=7&to_t=9").range,
        RangeQuery::Range { from, to }
    );
    let (from, to) = (instant, seq);
    assert_eq!(
        parse_valid("from_t=9&to=7").range,
        RangeQuery::Range { from, to }
    );
}

#[test]
fn field_names_are_percent_decoded() {
    let field = |query| parse_valid(query).decimation.unwrap().field;
    assert_eq!(field("points=2&field=a+b%20%C2%B5"), "a b µ");
}

#[test]
fn invalid_queries_are_rejected_with_the_name_of_the_parameter() {
    for (query, expected) in [
        ("from=-1", "`from`"),
        ("to=1.5", "`to`"),
        ("from=", "`from`"),
        ("from", "`from`"),
        ("from=5&to=4", "`from` (5) is after `to` (4)"),
        ("last=-3", "`last`"),
        ("last=many", "`last`"),
        ("limit=0", "`limit` is 0"),
        ("limit=+1", "`limit`"),
        ("limit=0x10", "`limit`"),
        ("from_t=-1", "`from_t`"),
        ("to_t=yesterday", "`to_t`"),
        ("to_t=2026-01-01", "`to_t`"),
        ("from_t=2&to_t=1", "`from_t` (2) is after `to_t`"),
        ("from=1&from_t=1", "`from` and `from_t` cannot be combined"),
        ("from_t=1&to=1&to_t=1", "`to` and `to_t` cannot be combined"),
        ("from=1&last=1", "`last` cannot be combined with"),
        ("to=1&last=1", "`last` cannot be combined with"),
        ("from_t=1&last=1", "`last` cannot be combined with"),
        ("from=1&to_t=1&last=1", "`last` cannot be combined with"),
        ("from=1&from=1", "`from` occurs more than once"),
        ("format=json&format=csv", "`format` occurs more than once"),
        ("format=xml", "`format`"),
        ("format=JSON", "`format`"),
        ("format=", "`format`"),
        ("points=1&field=v", "`points` is 1"),
        ("points=0&field=v", "`points` is 0"),
        ("points=0", "`points` is 0"),
        ("points=some&field=v", "`points`"),
        ("points=10", "without `field`"),
        ("field=v", "without `points`"),
        ("form=1", "`form` is not a parameter"),
        ("FROM=1", "`FROM` is not a parameter"),
        ("=", "`` is not a parameter"),
    ] {
        let problem = parse(query, MAX).expect_err(query);
        let text = format!("{problem:?}");
        assert!(
            text.contains(expected) && text.contains("code: Parameter"),
            "{query}: {text}"
        );
        assert!(text.contains(';') || text.contains("not one of"), "{text}");
    }
}

#[test]
fn quoted_input_is_shortened() {
    let problem = parse(&format!("from={}", "x".repeat(10_000)), MAX).unwrap_err();
    assert!(format!("{problem:?}").len() < 400);
}

proptest! {
    #[test]
    fn any_query_is_rejected_or_within_the_limits(
        query in "((from|to|from_t|to_t|last|limit|points|field|format|x)(=(-?[0-9]{0,25}|json|%[0-9A-F]{2}|.{0,9}))?&){0,4}",
        history_max in 1_u64..100,
    ) {
        if let Ok(parsed) = parse(&query, history_max) {
            prop_assert!((1..=history_max).contains(&parsed.limit));
            if let Some(decimation) = parsed.decimation {
                prop_assert!((2..=history_max.max(2)).contains(&decimation.points));
            }
        }
    }
}
