//! The history API: any range of a topic, in three formats, up to the newest publication that is due.

mod cancelled_requests;
mod concurrent_requests;
mod decimation;
mod formats;
mod memory;
mod oversized_pages;
mod rejections;

use serde_json::{Value, json};

use super::support::{Hub, Project, RawClient, Viewer};

/// Records with white space, escapes, numbers and types that a JSON round trip would change.
const ODD: &str = "[ {\"b\" : 1.50, \"a\": \"x y \\u00e9\"} ,\n 1e3 , null,\t[ 1, {\"z\":-0} ], \"\\ud800\", {\"a\":9007199254740993},{} ]";
const ODD_RECORDS: [&str; 7] = [
    r#"{"b":1.50,"a":"x y \u00e9"}"#,
    "1e3",
    "null",
    r#"[1,{"z":-0}]"#,
    r#""\ud800""#,
    r#"{"a":9007199254740993}"#,
    "{}",
];

/// 2020-01-01T00:00:00Z, in microseconds.
const T0: u64 = 1_577_836_800_000_000;

/// Settings of a topic that started in 2020 with a record every millisecond.
const PAST: &str = "rate = 1000\nstart = \"2020-01-01T00:00:00Z\"";
/// The same without a loop, so that it has long ended with the last record of its dataset.
const OVER: &str = "rate = 1000\nstart = \"2020-01-01T00:00:00Z\"\nloop = false";

/// A dataset of the numbers 1 to `len`, so that each record contains its position.
fn counted(len: u64) -> String {
    json!((1..=len).collect::<Vec<_>>()).to_string()
}

/// A hub with at most `max` records per response.
fn hub_with_max(max: u64, topic: &str, dataset: &str) -> Hub {
    let project = Project::new("", dataset);
    let server = format!(
        "[server]\nport = 0\nhistory_max = {max}\nallowed_origins = [\"https://a.example\"]\n"
    );
    let topic = format!("[topics.demo]\ndataset = \"data.json\"\n{topic}\n");
    project.write(
        "tickcast.toml",
        &format!("{server}[ops]\nport = 0\n{topic}"),
    );
    project.start()
}

fn get(hub: &Hub, query: &str) -> super::support::http::Response {
    RawClient::get(hub.public(), &format!("/api/v1/topics/demo/history{query}"))
}

/// The JSON response to `query`, which must succeed.
fn history(hub: &Hub, query: &str) -> Value {
    let answer = get(hub, query);
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    answer.json()
}

/// `from`, `to` and `next` of a response; asserts that its items are dense between them.
fn bounds(history: &Value) -> (Option<u64>, Option<u64>, Option<u64>) {
    let seq = |name: &str| history[name].as_u64();
    let seqs: Vec<_> = seqs(history);
    match (seq("from"), seq("to")) {
        (Some(from), Some(to)) => assert_eq!(seqs, (from..=to).collect::<Vec<_>>()),
        ends => assert_eq!((ends, seqs), ((None, None), vec![])),
    }
    (seq("from"), seq("to"), seq("next"))
}

fn seqs(history: &Value) -> Vec<u64> {
    let items = history["items"].as_array().unwrap().iter();
    items.map(|item| item["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn the_history_equals_what_a_viewer_has_received() {
    let hub = Hub::start("rate = 500.0\ncoalesce = \"0ms\"", ODD);
    let mut bare = Viewer::bare(&hub).await;
    let mut viewer = Viewer::v1(&hub).await;
    viewer.until("hello").await;
    let (mut items, mut records) = (Vec::new(), Vec::new());
    while items.len() < 3 * ODD_RECORDS.len() {
        let text = viewer.next_text().await;
        // Jumps are not part of the history.
        items.extend(
            text.starts_with(r#"{"type":"data","#)
                .then(|| text.replacen(r#""type":"data","#, "", 1)),
        );
        records.push(bare.next_text().await);
    }
    let first: Value = serde_json::from_str(&items[0].replace(r"\ud800", "")).unwrap();
    let query = format!("?from={}&limit={}&format=ndjson", first["seq"], items.len());
    assert_eq!(get(&hub, &query).text().lines().collect::<Vec<_>>(), items);
    let begin = ODD_RECORDS
        .iter()
        .position(|record| *record == records[0])
        .unwrap();
    for (record, expected) in records.iter().zip(ODD_RECORDS.iter().cycle().skip(begin)) {
        assert_eq!(record, expected);
    }
    drop((bare, viewer));
    hub.stop_without_warnings();
}

#[test]
fn any_position_since_the_start_of_the_timeline_is_served_with_record_and_time() {
    let hub = Hub::start(PAST, ODD);
    // Not taken from a response with records, because one of them is JSON that serde_json rejects.
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    let newest = topic["retained"]["to"].as_u64().unwrap();
    assert!(newest > 200_000_000_000);
    let mut random = 7_u64;
    for _ in 0..200 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let seq = 1 + (random >> 8) % (newest - 10);
        let answer = get(&hub, &format!("?from={seq}&to={}&format=ndjson", seq + 9));
        let expected: Vec<_> = (seq..seq + 10)
            .map(|seq| {
                let record = ODD_RECORDS[usize::try_from((seq - 1) % 7).unwrap()];
                let t = T0 + (seq - 1) * 1_000;
                format!(r#"{{"seq":{seq},"t":{t},"data":{record}}}"#)
            })
            .collect();
        assert_eq!(answer.text().lines().collect::<Vec<_>>(), expected);
    }
}

#[test]
fn paging_by_next_is_dense_over_many_loops() {
    let hub = hub_with_max(500, PAST, &counted(7));
    let mut next = Some(11);
    let mut expected = 11;
    while let Some(from) = next {
        let page = history(&hub, &format!("?from={from}&to=5432&limit=1000000"));
        let (first, last, following) = bounds(&page);
        assert_eq!(first, Some(expected));
        expected = last.unwrap() + 1;
        assert!(following.is_none_or(|next| next == expected));
        next = following;
    }
    assert_eq!(expected, 5_433);
}

#[test]
fn a_range_of_times_can_be_paged_by_next() {
    let hub = hub_with_max(500, PAST, &counted(7));
    let to_t = T0 + 1_233_000;
    let page = |from: String| bounds(&history(&hub, &format!("?{from}&to_t={to_t}&limit=500")));
    let (first, last, next) = page(format!("from_t={}", T0 + 99_500));
    assert_eq!((first, last, next), (Some(101), Some(600), Some(601)));
    assert_eq!(
        page("from=601".into()),
        (Some(601), Some(1_100), Some(1_101))
    );
    assert_eq!(page("from=1101".into()), (Some(1_101), Some(1_234), None));
    assert_eq!(page("from=1235".into()), (None, None, None));
}

#[test]
fn a_range_includes_its_ends_and_is_clipped_to_what_exists() {
    let hub = hub_with_max(2_000, OVER, &counted(3_000));
    for (query, expected) in [
        ("", (2_001, 3_000, None)),
        ("?limit=10", (2_991, 3_000, None)),
        ("?from=1", (1, 1_000, Some(1_001))),
        ("?from=0&to=5", (1, 5, None)),
        ("?to=5", (1, 5, None)),
        ("?from=7&to=7", (7, 7, None)),
        ("?from=2990", (2_990, 3_000, None)),
        (
            "?from=2990&to=99999999999999999999999",
            (2_990, 3_000, None),
        ),
        (
            "?from=1&limit=99999999999999999999999",
            (1, 2_000, Some(2_001)),
        ),
        ("?last=5", (2_996, 3_000, None)),
        ("?last=1500", (1_501, 3_000, None)),
        ("?last=1500&limit=10", (1_501, 1_510, Some(1_511))),
        ("?last=99999999999999999999999", (1_001, 3_000, None)),
        ("?limit=99999999999999999999999", (1_001, 3_000, None)),
    ] {
        let (from, to, next) = expected;
        assert_eq!(
            bounds(&history(&hub, query)),
            (Some(from), Some(to), next),
            "{query}"
        );
    }
    let answer = history(&hub, "?from=3");
    assert_eq!(answer["topic"], "demo");
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    assert_eq!(answer["epoch"], topic["epoch"]);
    assert_eq!(topic["retained"], json!({"from": 1, "to": 3_000}));
    assert_eq!(
        answer["items"][0],
        json!({"seq": 3, "t": T0 + 2_000, "data": 3})
    );
}

#[test]
fn a_range_of_times_contains_everything_due_within_it() {
    let hub = Hub::start(OVER, &counted(3_000));
    let micros = |offset: u64| T0 + offset;
    for (query, expected) in [
        (
            format!("?from_t={}&to_t={}", micros(0), micros(2_000)),
            Some((1, 3)),
        ),
        (
            format!("?from_t={}&to_t={}", micros(1), micros(1_999)),
            Some((2, 2)),
        ),
        (format!("?from_t={}&to_t={}", micros(1), micros(999)), None),
        (
            "?from_t=2020-01-01T00:00:02.995Z".into(),
            Some((2_996, 3_000)),
        ),
        (
            "?from_t=2020-01-01T01:00:02.995+01:00".into(),
            Some((2_996, 3_000)),
        ),
        (
            "?from_t=2020-01-01T01:00:02.995%2B01:00&to_t=2099-01-01T00:00:00Z".into(),
            Some((2_996, 3_000)),
        ),
        ("?to_t=2020-01-01T00:00:00.004Z".into(), Some((1, 5))),
        ("?to_t=2019-12-31T23:59:59Z".into(), None),
        ("?from_t=2030-01-01T00:00:00Z".into(), None),
        (
            "?from_t=0&to_t=99999999999999999999999&limit=3000".into(),
            Some((1, 3_000)),
        ),
    ] {
        let (from, to, next) = bounds(&history(&hub, &query));
        assert_eq!((from.zip(to), next), (expected, None), "{query}");
    }
}

#[tokio::test]
async fn records_that_are_not_due_yet_are_not_served() {
    let hub = Hub::start("rate = 100.0", &counted(1_000));
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.next_unbatched().await;
    let now = hello["seq"].as_u64().unwrap();
    let ahead = history(&hub, &format!("?from={}", now + 1_000_000));
    assert_eq!(
        (&ahead["items"], bounds(&ahead)),
        (&json!([]), (None, None, None))
    );
    // A range far into the future ends with the newest publication, and contains all that has been sent.
    let sent = viewer.until("data").await["seq"].as_u64().unwrap();
    let (from, to, next) = bounds(&history(&hub, "?from=1&to=1000000&limit=100000"));
    assert_eq!((from, next), (Some(1), None));
    assert!(to >= Some(sent));
    // The newest publication is already due at the time of the request.
    for _ in 0..50 {
        let newest = history(&hub, "?from=1&to=1000000&limit=100000");
        let time = RawClient::get(hub.public(), "/api/v1/time").json();
        let last = newest["items"].as_array().unwrap().last().unwrap();
        assert!(last["t"].as_u64().unwrap() <= time["now"].as_u64().unwrap());
    }
    drop(viewer);
    hub.stop_without_warnings();
}

#[test]
fn a_topic_that_has_not_begun_has_no_history() {
    let hub = Hub::start("rate = 10\nstart = \"2099-01-01T00:00:00Z\"", "[1,2,3]");
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    assert_eq!(topic["retained"], Value::Null);
    for query in [
        "",
        "?from=1",
        "?last=5",
        "?to=0",
        "?from_t=0",
        "?points=5&field=data",
    ] {
        let empty = history(&hub, query);
        assert_eq!(bounds(&empty), (None, None, None), "{query}");
    }
}

#[test]
fn immutable_ranges_have_an_etag_and_are_revalidated() {
    let hub = Hub::start(PAST, &counted(10));
    let tag = |query: &str| get(&hub, query).header("etag").map(str::to_owned);
    let queries = [
        "?from=1&to=9",
        "?from=1&to=8",
        "?from=2&to=9",
        "?from=1&limit=9",
        "?from=1&to=9&format=csv",
        "?from=1&to=9&format=ndjson",
        "?from=1&to=9&points=4&field=data",
        "?from=1&to=9&points=5&field=data",
        "?from_t=1577836800000000&to_t=1577836800010000",
        "?to=7",
    ];
    let mut tags = Vec::new();
    for query in queries {
        let answer = get(&hub, query);
        let tag = answer.header("etag").expect(query).to_owned();
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{query}");
        let path = format!("/api/v1/topics/demo/history{query}");
        let again = RawClient::request(
            hub.public(),
            "GET",
            &path,
            &format!("if-none-match: \"x\", {tag}\r\n"),
        );
        assert_eq!((again.status, &again.body[..]), (304, &b""[..]), "{query}");
        assert_eq!(again.header("etag"), Some(&*tag));
        assert_eq!(
            again.header("tickcast-epoch"),
            answer.header("tickcast-epoch")
        );
        let other = RawClient::request(hub.public(), "GET", &path, "if-none-match: \"x\"\r\n");
        assert_eq!((other.status, &other.body), (200, &answer.body), "{query}");
        assert!(!tags.contains(&tag), "{query}");
        tags.push(tag);
    }
    assert_eq!(tag("?from=1&to=9&limit=50"), Some(tags[0].clone()));
    for query in [
        "",
        "?last=3",
        "?from=9999999999999",
        "?from=1&to=9999999999999&points=9&field=data",
    ] {
        let answer = get(&hub, query);
        assert_eq!(
            (answer.header("etag"), answer.header("cache-control")),
            (None, Some("no-store")),
            "{query}"
        );
    }
}
