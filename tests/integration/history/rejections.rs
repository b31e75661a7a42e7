//! Invalid history requests: the error names the parameter and the remedy.

use super::*;

#[test]
fn an_invalid_query_is_rejected_with_the_name_of_the_parameter() {
    let hub = Hub::start(OVER, "[{\"v\":1,\"s\":null},{\"v\":2}]");
    for (query, named) in [
        ("?from=2&to=1", "`from`"),
        ("?from=-1", "`from`"),
        ("?to=-1", "`to`"),
        ("?last=-1", "`last`"),
        ("?limit=-1", "`limit`"),
        ("?limit=0", "`limit`"),
        ("?from_t=-1", "`from_t`"),
        ("?to_t=tomorrow", "`to_t`"),
        (
            "?from_t=2026-01-01T00:00:00Z&to_t=2025-01-01T00:00:00Z",
            "`from_t`",
        ),
        ("?from_t=1767225600", "seconds since 1970"),
        ("?to_t=1767225600", "`1767225600000000`"),
        ("?from_t=1767225600000", "milliseconds since 1970"),
        ("?to_t=1767225600000", "`1767225600000000`"),
        ("?from=abc", "`from`"),
        ("?from=%FF", "`from`"),
        ("?from=", "`from`"),
        ("?from=1&last=1", "`last`"),
        ("?from=1&from_t=1", "`from_t`"),
        ("?to=1&to_t=1", "`to_t`"),
        ("?from_t=1&last=1", "`last`"),
        ("?limit=1&limit=2", "`limit`"),
        ("?points=1&field=v", "`points`"),
        ("?points=x&field=v", "`points`"),
        ("?points=5", "`field`"),
        ("?field=v", "`points`"),
        ("?points=5&field=nothing", "`nothing`"),
        ("?points=5&field=s", "`s`"),
        ("?points=5&field=", "`field`"),
        ("?format=xml", "`format`"),
        ("?froom=1", "`froom`"),
    ] {
        let answer = get(&hub, query);
        answer.expect_problem(400);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(named), "{query}: {detail}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    hub.stop_without_warnings();
}

#[test]
fn an_invalid_query_is_rejected_even_if_the_client_accepts_any_etag() {
    let hub = Hub::start(OVER, "[{\"v\":1},{\"v\":2}]");
    let ask = |query: &str| {
        let path = format!("/api/v1/topics/demo/history?from=1&to=2{query}");
        RawClient::request(hub.public(), "GET", &path, "if-none-match: *\r\n")
    };
    assert_eq!(ask("").status, 304);
    assert_eq!(ask("&points=5&field=v").status, 304);
    ask("&points=5&field=w").expect_problem(400);
}

#[test]
fn long_field_names_are_abbreviated_in_errors() {
    let hub = Hub::start(OVER, &json!([{"k".repeat(10_000): 1}]).to_string());
    let answer = get(&hub, "?points=5&field=k");
    answer.expect_problem(400);
    assert!(answer.text().len() < 400, "{}", answer.text());
    assert!(answer.text().contains(&format!("`{}…`", "k".repeat(60))));
}

#[test]
fn the_history_of_an_unknown_topic_is_404() {
    let hub = Hub::start(OVER, "[1]");
    for path in [
        "/api/v1/topics/other/history",
        "/api/v1/topics/../history?from=x",
        "/api/v1/topics/DEMO/history",
        "/api/v1/topics/demo/history/more",
    ] {
        RawClient::get(hub.public(), path).expect_problem(404);
    }
    let path = "/api/v1/topics/demo/history";
    RawClient::request(hub.public(), "POST", path, "").expect_problem(405);
    RawClient::get(hub.ops(), path).expect_problem(404);
}
