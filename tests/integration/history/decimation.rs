//! Decimation (`points`): fewer points that keep every extreme.

use super::*;

/// A sawtooth with one high and one low outlier, which plain sampling would miss.
fn saw(len: u64) -> String {
    let value = |n: u64| match n {
        617 => json!({"v": 1_000.5, "n": n}),
        4_211 => json!({"v": -1_000.5, "n": n}),
        _ => json!({"v": n * 7_919 % 101, "n": n}),
    };
    json!((0..len).map(value).collect::<Vec<_>>()).to_string()
}

fn numbers(history: &Value) -> Vec<f64> {
    let items = history["items"].as_array().unwrap().iter();
    items
        .map(|item| item["data"]["v"].as_f64().unwrap())
        .collect()
}

#[test]
fn the_points_contain_the_ends_and_every_extreme_of_the_range() {
    let hub = Hub::start(PAST, &saw(5_000));
    let loops = "&to=1000000000";
    for (points, to) in [
        (4, "&to=5000"),
        (5, loops),
        (100, "&to=5000"),
        (1_001, loops),
        (3_000, loops),
    ] {
        let decimated = history(&hub, &format!("?from=1{to}&points={points}&field=v"));
        let seqs = seqs(&decimated);
        assert!(
            seqs.len() <= points && seqs.len() + 2 > points,
            "{} of {points}",
            seqs.len()
        );
        assert!(seqs.is_sorted_by(|one, other| one < other));
        assert_eq!(
            (Some(seqs[0]), seqs.last().copied()),
            (decimated["from"].as_u64(), decimated["to"].as_u64())
        );
        let numbers = numbers(&decimated);
        assert!(
            numbers.contains(&1_000.5) && numbers.contains(&-1_000.5),
            "{points}"
        );
        for item in decimated["items"].as_array().unwrap() {
            let seq = item["seq"].as_u64().unwrap();
            assert_eq!(
                (&item["t"], &item["data"]["n"]),
                (&json!(T0 + (seq - 1) * 1_000), &json!((seq - 1) % 5_000))
            );
        }
        assert_eq!(decimated["next"], Value::Null);
    }
}

#[test]
fn with_two_or_three_points_the_extremes_come_first() {
    let hub = Hub::start(PAST, &saw(5_000));
    let decimated = |points: u64| {
        seqs(&history(
            &hub,
            &format!("?from=1&to=5000&points={points}&field=v"),
        ))
    };
    assert_eq!(decimated(2), [618, 4_212]);
    assert_eq!(decimated(3), [1, 618, 4_212]);
    assert_eq!(decimated(4), [1, 618, 4_212, 5_000]);
}

#[test]
fn a_range_with_no_more_records_than_points_is_complete() {
    let hub = hub_with_max(2_500, OVER, &saw(5_000));
    let whole = history(&hub, "?from=600&to=700&points=101&field=v");
    assert_eq!(bounds(&whole), (Some(600), Some(700), None));
    // Points are limited by `history_max`, not by `limit`; without a range they cover the whole history.
    let all = history(&hub, "?points=99999999999999999999999&field=v&limit=5");
    assert_eq!(
        (all["from"].as_u64(), all["to"].as_u64()),
        (Some(1), Some(5_000))
    );
    assert!((2_498..=2_500).contains(&seqs(&all).len()));
    let last = history(&hub, "?last=4000&points=10&field=v");
    assert_eq!(
        (last["from"].as_u64(), last["to"].as_u64()),
        (Some(1_001), Some(5_000))
    );
}

#[test]
fn records_without_a_number_are_not_extremes_and_bare_numbers_are_the_field_data() {
    let hub = Hub::start(
        OVER,
        r#"[{"v":5},"a",{"v":"nine"},3,{"v":null},-7,{"v":6},{},12,0,{"v":-1}]"#,
    );
    let decimated = |field: &str| seqs(&history(&hub, &format!("?points=4&field={field}")));
    assert_eq!(decimated("v"), [1, 7, 11]);
    assert_eq!(decimated("data"), [1, 6, 9, 11]);
    // A range without any numbers is represented by its ends.
    assert_eq!(
        seqs(&history(&hub, "?from=2&to=6&points=3&field=v")),
        [2, 6]
    );
    let table = get(&hub, "?points=4&field=data&format=csv");
    assert_eq!(table.text().lines().count(), 5);
}

#[test]
fn a_single_number_among_thousands_of_buckets_is_found() {
    const LEN: u64 = 20_000;
    let value = |n: u64| if n == 12_344 { json!(0) } else { json!(null) };
    let dataset = json!((0..LEN).map(value).collect::<Vec<_>>()).to_string();
    let hub = Hub::start(OVER, &dataset);
    let decimated = history(&hub, "?from=1&points=15000&field=data");
    assert_eq!(seqs(&decimated), [1, 12_345, LEN]);
}

#[test]
fn concurrent_first_requests_get_the_same_points() {
    let hub = Hub::start(PAST, &saw(5_000));
    let path = "/api/v1/topics/demo/history?from=1&to=4000000&points=50&field=v&format=csv";
    let address = hub.public();
    let ask = || RawClient::get(address, path).body;
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16).map(|_| scope.spawn(ask)).collect();
        asking
            .into_iter()
            .map(|answer| answer.join().unwrap())
            .collect()
    });
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    hub.stop_without_warnings();
}

#[test]
fn numbers_that_exceed_a_double_do_not_hide_extremes() {
    // A sawtooth from 0 to 6 with one value of 1000, mixed with values that a client cannot draw.
    let value = |n: u64| match n {
        57 => "1000".to_owned(),
        58 => "-1000".to_owned(),
        n if n % 10 == 3 => "1e400".to_owned(),
        n if n % 10 == 6 => "-1e400".to_owned(),
        n if n % 10 == 9 => format!("1{}", "0".repeat(400)),
        n => (n % 7).to_string(),
    };
    let values: Vec<_> = (0..100)
        .map(|n| format!("{{\"v\":{}}}", value(n)))
        .collect();
    let hub = Hub::start(PAST, &format!("[{}]", values.join(",")));
    for points in [2, 3, 4, 5, 10, 20, 50] {
        for to in [100, 1_000_000] {
            let query = format!("?from=1&to={to}&points={points}&field=v&format=ndjson");
            let answer = get(&hub, &query);
            for tooth in [r#"{"v":1000}"#, r#"{"v":-1000}"#] {
                assert!(answer.text().contains(tooth), "{query}: {}", answer.text());
            }
        }
    }
}

#[test]
fn numbers_that_round_to_the_same_double_are_distinguished() {
    let near = |n: u64| 9_007_199_254_740_992 + n % 2;
    let mut values: Vec<_> = (0..100).map(|n| near(n).to_string()).collect();
    values[40] = "9007199254740993.25".into();
    values[41] = "9007199254740991.75".into();
    let hub = Hub::start(OVER, &format!("[{}]", values.join(",")));
    let decimated = history(&hub, "?points=2&field=data");
    assert_eq!(seqs(&decimated), [41, 42]);
    let tiny = ["0", "1e-400", "-1e-400", "2e-400", "-3e-400", "0", "0", "0"].join(",");
    let hub = Hub::start(OVER, &format!("[{tiny}]"));
    let decimated = get(&hub, "?points=2&field=data&format=ndjson");
    let kept: Vec<_> = decimated.text().lines().collect();
    assert!(
        kept[0].contains("2e-400") && kept[1].contains("-3e-400"),
        "{kept:?}"
    );
}

#[test]
fn a_field_with_only_numbers_that_exceed_a_double_is_represented_by_its_ends() {
    let hub = Hub::start(OVER, &format!("[{}]", ["1e400"; 50].join(",")));
    let answer = get(&hub, "?points=10&field=data&format=ndjson");
    assert_eq!((answer.status, answer.text().lines().count()), (200, 2));
}

#[test]
fn a_field_is_a_key_or_a_path_and_its_numbers_may_be_texts() {
    let dataset = r#"[{"a":{"b":1},"a.b":"-3","c":{"d.e":[]}},{"a":{"b":9},"a.b":"40"},{"a":{"b":"-7.5"},"a.b":"x"},
        {"a":{"b":2},"a.b":5,"c":{"d.e":2}},{"a":7,"c":{"d.e":"1"}}]"#;
    let hub = Hub::start(OVER, dataset);
    for (field, extremes) in [
        ("a.b", vec![2, 3]),
        (r"a\.b", vec![1, 2]),
        (r"c.d\.e", vec![4, 5]),
    ] {
        let decimated = history(&hub, &format!("?points=2&field={field}"));
        assert_eq!(seqs(&decimated), extremes, "{field}");
    }
    let unknown = get(&hub, "?points=2&field=a.c");
    unknown.expect_problem(400);
    assert!(
        unknown
            .text()
            .contains(r"`a`, `a\\.b`, `c`, `a.b`, `c.d\\.e`"),
        "{}",
        unknown.text()
    );
}

#[test]
fn a_field_without_numbers_keeps_every_state_of_each_part() {
    let state = |n: u64| match n {
        617 => json!({"on": true}),
        _ if n < 4_000 => json!({"on": false}),
        _ => json!({"on": "broken"}),
    };
    let states = json!((0..5_000).map(state).collect::<Vec<_>>()).to_string();
    let hub = Hub::start(OVER, &states);
    let decimated = history(&hub, "?from=1&to=5000&points=100&field=on");
    let items = decimated["items"].as_array().unwrap();
    assert!(items.len() <= 100, "{}", items.len());
    let of = |value: Value| items.iter().find(|item| item["data"]["on"] == value);
    assert_eq!(of(json!(true)).unwrap()["seq"], 618);
    let first_broken = of(json!("broken")).unwrap()["seq"].as_u64().unwrap();
    assert!((4_001..4_150).contains(&first_broken), "{first_broken}");
}
