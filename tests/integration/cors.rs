//! CORS for pages of other origins, and the headers of every response.

use super::support::http::Response;
use super::support::{Hub, Project, RawClient};

const LISTED: &str = "https://a.example";

fn hub() -> Hub {
    Project::raw(
        "[server]\nport = 0\nallowed_origins = [\"https://a.example\"]\n[ops]\nport = 0\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n",
    )
    .start()
}

fn preflight(hub: &Hub, path: &str, origin: &str) -> Response {
    let headers = format!(
        "origin: {origin}\r\naccess-control-request-method: GET\r\n\
         access-control-request-headers: cache-control,last-event-id\r\n"
    );
    RawClient::request(hub.public(), "OPTIONS", path, &headers)
}

const SHARED: [&str; 6] = [
    "/sse",
    "/sse/demo",
    "/api/v1/time",
    "/api/v1/topics",
    "/api/v1/topics/demo",
    "/api/v1/topics/demo/history?last=1",
];

#[test]
fn preflights_of_listed_origins_allow_the_headers_of_streaming_clients() {
    let hub = hub();
    for path in SHARED {
        let answer = preflight(&hub, path, LISTED);
        assert_eq!((answer.status, &answer.body[..]), (204, &b""[..]), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
        let headers = answer.header("access-control-allow-headers").unwrap();
        for header in ["last-event-id", "cache-control"] {
            assert!(headers.split(", ").any(|name| name == header), "{headers}");
        }
        assert!(
            answer
                .header("access-control-allow-methods")
                .unwrap()
                .contains("GET")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert!(answer.header("vary").unwrap().contains("origin"));
        for origin in ["https://b.example", "null", "https://u@a.example"] {
            let refusal = preflight(&hub, path, origin);
            refusal.expect_problem(403);
            assert_eq!(refusal.header("access-control-allow-origin"), None);
        }
    }
    // The page and its assets are not shared.
    for path in ["/", "/ws", "/healthz"] {
        let answer = preflight(&hub, path, LISTED);
        assert_eq!(
            (answer.status, answer.header("access-control-allow-origin")),
            (204, None)
        );
    }
    preflight(&hub, "/nothing", LISTED).expect_problem(404);
    hub.stop_without_warnings();
}

#[test]
fn pages_of_listed_origins_may_load_modules_and_documents_but_not_the_page() {
    let hub = hub();
    let from_listed = |path: &str| {
        RawClient::request(hub.public(), "GET", path, &format!("origin: {LISTED}\r\n"))
    };
    for path in [
        "/asyncapi.yaml",
        "/openapi.yaml",
        "/tick-chart.js",
        "/tickcast-client.js",
    ] {
        let answer = from_listed(path);
        assert_eq!(answer.header("access-control-allow-origin"), Some(LISTED));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("cross-origin")
        );
        assert!(answer.has_line("vary: accept-encoding") && answer.has_line("vary: origin"));
        assert_eq!(
            preflight(&hub, path, LISTED).header("access-control-allow-origin"),
            Some(LISTED)
        );
    }
    let page = from_listed("/");
    let mut in_quotes = page.text().split('"');
    let script = in_quotes
        .find(|text| text.starts_with("./assets/"))
        .unwrap();
    let script = from_listed(script.trim_start_matches('.'));
    for of_page in [page, script] {
        assert_eq!(of_page.status, 200);
        assert_eq!(of_page.header("access-control-allow-origin"), None);
        assert_eq!(
            of_page.header("cross-origin-resource-policy"),
            Some("same-origin")
        );
    }
    hub.stop_without_warnings();
}

/// An answer for the methods that the path has, whatever the page wants to send: the browser then refuses the rest.
#[test]
fn a_preflight_for_a_method_that_the_path_lacks_names_those_it_has() {
    let hub = hub();
    for method in ["POST", "DELETE", "PUT", "no-such-method", "()"] {
        let headers = format!("origin: {LISTED}\r\naccess-control-request-method: {method}\r\n");
        let answer = RawClient::request(hub.public(), "OPTIONS", SHARED[5], &headers);
        assert_eq!(
            (
                answer.status,
                answer.header("access-control-allow-origin"),
                answer.header("access-control-allow-methods")
            ),
            (204, Some(LISTED), Some("GET, HEAD, OPTIONS")),
            "{method}"
        );
    }
    hub.stop_without_warnings();
}

#[test]
fn an_unsupported_method_is_answered_with_the_methods_of_the_path() {
    let hub = hub();
    let public = SHARED.into_iter().chain(["/", "/ws/demo", "/version"]);
    let requests = public
        .map(|path| (hub.public(), path))
        .chain(["/readyz", "/metrics"].map(|path| (hub.ops(), path)));
    for (address, path) in requests {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = RawClient::request(address, method, path, "");
            answer.expect_problem(405);
            assert_eq!(answer.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
        let with_body = "content-length: 1\r\n\r\nx";
        for method in ["GET", "OPTIONS", "POST"] {
            let answer = RawClient::request(address, method, path, with_body);
            answer.expect_problem(413);
            assert_eq!(answer.header("connection"), Some("close"));
        }
    }
    hub.stop_without_warnings();
}

#[test]
fn options_returns_the_methods_of_a_path() {
    let hub = hub();
    for path in SHARED
        .into_iter()
        .chain(["/", "/ws", "/ws/demo", "/healthz", "/version"])
        .chain(["/sse/", "/api/v1/topics/demo/", "/healthz/"])
    {
        let answer = RawClient::request(hub.public(), "OPTIONS", path, "");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (204, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
    }
    RawClient::request(hub.public(), "OPTIONS", "/api/v1/nothing", "").expect_problem(404);
    for path in ["/healthz", "/readyz", "/metrics"] {
        let answer = RawClient::request(hub.ops(), "OPTIONS", path, "");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (204, Some("GET, HEAD, OPTIONS")),
            "{path}"
        );
    }
    RawClient::request(hub.ops(), "OPTIONS", "/sse", "").expect_problem(404);
    hub.stop_without_warnings();
}

#[test]
fn pages_of_listed_origins_can_read_why_a_stream_is_rejected() {
    let hub = hub();
    let refusal = RawClient::request(
        hub.public(),
        "GET",
        "/sse?since=x",
        &format!("origin: {LISTED}\r\n"),
    );
    refusal.expect_problem(400);
    assert_eq!(refusal.header("access-control-allow-origin"), Some(LISTED));
}

#[test]
fn responses_forbid_sniffing_and_loading_by_other_sites() {
    let hub = hub();
    let mut answers: Vec<_> = [
        "/api/v1/topics",
        "/api/v1/topics/demo",
        "/api/v1/topics/demo/history?last=1",
        "/api/v1/time",
        "/version",
        "/healthz",
        "/nothing",
        "/api/v1/topics/unknown",
        "/ws",
        "/sse?since=x",
        "/api/v1/topics/demo/history?last=x",
        "/api/v1/topics/demo/history?last=1&format=csv",
    ]
    .map(|path| RawClient::get(hub.public(), path))
    .into();
    answers.push(RawClient::request(hub.public(), "HEAD", "/sse", ""));
    answers.push(RawClient::request(hub.public(), "POST", "/version", ""));
    answers.push(RawClient::request_raw(
        hub.public(),
        b"GET / HTTP/1.1\r\n\r\n",
    ));
    answers.extend(["/metrics", "/readyz", "/nothing"].map(|path| RawClient::get(hub.ops(), path)));
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            Some("same-origin")
        );
    }
}

#[test]
fn metrics_use_the_format_with_the_highest_quality_value() {
    let hub = hub();
    let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let plain = "text/plain; version=0.0.4; charset=utf-8";
    for (accept, form) in [
        ("application/openmetrics-text", open),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            open,
        ),
        (
            "application/openmetrics-text; version=1.0.0; q=0.5, text/plain; q=0.5",
            open,
        ),
        ("application/openmetrics-text;q=0", plain),
        (
            "application/openmetrics-text;version=1.0.0;Q=0.000, */*",
            plain,
        ),
        (
            "application/openmetrics-text;q=0.1, text/plain;q=0.9",
            plain,
        ),
        ("*/*", plain),
        ("text/html", plain),
        ("x-application/openmetrics-text-like", plain),
    ] {
        let answer = RawClient::request(
            hub.ops(),
            "GET",
            "/metrics",
            &format!("accept: {accept}\r\n"),
        );
        assert_eq!(answer.header("content-type"), Some(form), "{accept}");
    }
    hub.stop_without_warnings();
}
