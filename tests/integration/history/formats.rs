//! The formats JSON, NDJSON and CSV, selected by `format` and `Accept`.

use super::*;

const MIXED: &str =
    r#"[{"b":1.50,"a":"x, \"y\"\r\n\u00e9"},{"a":null,"seq":7},{"c":{"d":[1, 2]},"b":true},8]"#;

fn asked(hub: &Hub, query: &str, accept: &str) -> crate::support::http::Response {
    let path = format!("/api/v1/topics/demo/history{query}");
    RawClient::request(hub.public(), "GET", &path, &format!("accept: {accept}\r\n"))
}

#[test]
fn csv_has_the_columns_of_the_whole_dataset_and_unescaped_text() {
    let hub = Hub::start(OVER, MIXED);
    let header = "seq,t,b,a,data.seq,c,data\r\n";
    let answer = get(&hub, "?format=csv");
    assert_eq!(
        answer.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    let t = |seq: u64| T0 + (seq - 1) * 1_000;
    assert_eq!(
        answer.text(),
        format!(
            "{header}1,{},1.50,\"x, \"\"y\"\"\r\né\",,,\r\n2,{},,,7,,\r\n3,{},true,,,\"{{\"\"d\"\":[1,2]}}\",\r\n4,{},,,,,8\r\n",
            t(1),
            t(2),
            t(3),
            t(4)
        )
    );
    assert_eq!(
        get(&hub, "?format=csv&from=4").text(),
        format!("{header}4,{},,,,,8\r\n", t(4))
    );
    assert_eq!(get(&hub, "?format=csv&from=5").text(), header);
}

#[test]
fn ndjson_has_one_item_per_line_and_metadata_in_headers() {
    let hub = Hub::start(OVER, ODD);
    let answer = get(&hub, "?format=ndjson&from=2&limit=2");
    let lines = [2, 3].map(|seq| {
        let t = T0 + u64::try_from(seq - 1).unwrap() * 1_000;
        format!(
            "{{\"seq\":{seq},\"t\":{t},\"data\":{}}}\n",
            ODD_RECORDS[seq - 1]
        )
    });
    assert_eq!(answer.text(), lines.concat());
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    let epoch = history(&hub, "?to=2")["epoch"].clone();
    assert_eq!(answer.header("tickcast-epoch"), epoch.as_str());
    assert_eq!(answer.header("tickcast-next"), Some("4"));
    assert_eq!(get(&hub, "?format=ndjson").header("tickcast-next"), None);
    let empty = get(&hub, "?format=ndjson&last=0");
    assert_eq!((empty.status, empty.text()), (200, ""));
}

#[test]
fn json_is_the_default_and_a_single_document() {
    let hub = Hub::start(OVER, "[{\"v\":1.0},2]");
    let epoch = history(&hub, "")["epoch"].clone();
    let answer = get(&hub, "?from=1");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.text(),
        format!(
            "{{\"topic\":\"demo\",\"epoch\":{epoch},\"from\":1,\"to\":2,\"next\":null,\"items\":[\
             {{\"seq\":1,\"t\":{T0},\"data\":{{\"v\":1.0}}}},{{\"seq\":2,\"t\":{},\"data\":2}}]}}\n",
            T0 + 1_000
        )
    );
}

#[test]
fn accept_selects_the_format_and_the_query_overrides_it() {
    let hub = Hub::start(OVER, "[1]");
    for (query, accept, expected) in [
        ("", "*/*", "application/json"),
        ("", "text/csv", "text/csv; charset=utf-8; header=present"),
        (
            "",
            "application/json;q=0.1, application/x-ndjson",
            "application/x-ndjson",
        ),
        ("?format=json", "text/csv", "application/json"),
        ("?format=ndjson", "image/png", "application/x-ndjson"),
    ] {
        let answer = asked(&hub, query, accept);
        assert_eq!(
            answer.header("content-type"),
            Some(expected),
            "{query} {accept}"
        );
        assert!(answer.has_line("vary: accept") && answer.has_line("vary: origin"));
    }
    asked(&hub, "", "image/png").expect_problem(400);
}

#[test]
fn head_answers_like_get_without_a_body() {
    let hub = Hub::start(PAST, ODD);
    for query in [
        "?from=1&to=9",
        "?last=3&format=csv",
        "?from=5&to=4",
        "?points=9&field=a",
    ] {
        let path = format!("/api/v1/topics/demo/history{query}");
        let (get, head) = (
            RawClient::get(hub.public(), &path),
            RawClient::request(hub.public(), "HEAD", &path, ""),
        );
        assert_eq!(
            (head.status, &head.body[..]),
            (get.status, &b""[..]),
            "{query}"
        );
        for name in [
            "content-type",
            "cache-control",
            "etag",
            "tickcast-epoch",
            "tickcast-next",
            "content-length",
        ] {
            assert_eq!(head.header(name), get.header(name), "{name} of {query}");
        }
    }
}

#[test]
fn pages_of_listed_origins_may_read_the_history() {
    let hub = hub_with_max(10, PAST, "[1]");
    for query in ["", "?from=2&to=1"] {
        let path = format!("/api/v1/topics/demo/history{query}");
        let from = |origin: &str| {
            RawClient::request(hub.public(), "GET", &path, &format!("origin: {origin}\r\n"))
        };
        let allowed = from("https://a.example");
        assert_eq!(
            allowed.header("access-control-allow-origin"),
            Some("https://a.example")
        );
        let exposed = allowed.header("access-control-expose-headers").unwrap();
        assert!(exposed.contains("tickcast-epoch") && exposed.contains("tickcast-next"));
        let refused = from("https://b.example");
        refused.expect_problem(403);
        assert_eq!(refused.header("access-control-allow-origin"), None);
    }
}
