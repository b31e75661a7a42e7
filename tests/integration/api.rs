//! The API, the page and health.

use serde_json::json;

use super::support::{Hub, Project, RawClient, Viewer};

fn hub() -> Hub {
    let toml = "[topics.zulu]\ndataset = \"data.json\"\nrate = 59.94\n[topics.alpha]\ndataset = \"data.json\"\nrate = 2\n[topics.alpha.fields.data]\nunit = \"µV\"\n";
    Project::new("", "[1,2,3]").configure(toml).start()
}

#[tokio::test]
async fn topics_come_in_the_order_of_the_file_and_the_first_is_the_default() {
    let hub = hub();
    let topics = RawClient::get(hub.public(), "/api/v1/topics").json();
    let names: Vec<_> = topics["topics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|topic| &topic["name"])
        .collect();
    assert_eq!(names, ["zulu", "alpha"]);
    assert_eq!(topics["topics"][0]["rate"], 59.94);
    let mut viewer = Viewer::v1(&hub).await;
    assert_eq!(viewer.next_unbatched().await["topic"], "zulu");
    let mut viewer = Viewer::v1_at(&hub, "/ws/alpha").await;
    assert_eq!(viewer.next_unbatched().await["topic"], "alpha");
    let alpha = RawClient::get(hub.public(), "/api/v1/topics/alpha").json();
    assert_eq!(
        (
            &alpha["viewers"],
            &alpha["source"],
            &alpha["ended"],
            &alpha["playing"]
        ),
        (&json!(1), &json!("dataset"), &json!(false), &json!(true))
    );
    assert_eq!(alpha["fields"], json!({"data": {"unit": "µV"}}));
    hub.stop_without_warnings();
}

#[test]
fn a_topic_says_what_it_carries_and_where_its_data_comes_from() {
    let toml = "[topics.plain]\ndataset = \"data.json\"\nrate = 2\n[topics.told]\ndataset = \"data.json\"\nrate = 2\nloop = false\n\
                [topics.told.about]\ntitle = \"Counting <b>\"\nlicence = \"CC0\"\n";
    let hub = Project::new("", "[1,2,3]").configure(toml).start();
    let topic = |name: &str| RawClient::get(hub.public(), &format!("/api/v1/topics/{name}")).json();
    let (plain, told) = (topic("plain"), topic("told"));
    assert_eq!(
        (&plain["kind"], &plain["about"]),
        (&json!("replay"), &json!(null))
    );
    assert_eq!(
        told["about"],
        json!({"title": "Counting <b>", "licence": "CC0"})
    );
    let dataset = &told["dataset"];
    assert_eq!(
        (&dataset["name"], &dataset["len"], &dataset["loop"]),
        (&json!("data.json"), &json!(3), &json!(false))
    );
    assert_eq!(dataset["sha256"].as_str().unwrap().len(), 64);
    hub.stop_without_warnings();
}

#[test]
fn browsers_get_the_list_of_topics_as_a_page_and_everybody_else_as_json() {
    let toml = "[topics.told]\ndataset = \"data.json\"\nrate = 2\n[topics.told.about]\ntitle = \"Counting <b>\"\n";
    let hub = Project::new("", "[1,2,3]").configure(toml).start();
    let get = |path: &str, accept: &str| {
        RawClient::request(hub.public(), "GET", path, &format!("Accept: {accept}\r\n"))
    };
    for (path, link) in [
        ("/api/v1/topics", "href=\"../../?topic=told\""),
        ("/api/v1/topics/", "href=\"../../../?topic=told\""),
    ] {
        let page = get(path, "text/html,application/xhtml+xml,*/*;q=0.8");
        assert_eq!(page.status, 200);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(page.header("vary"), Some("accept"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        let text = page.text();
        assert!(text.contains(link), "{text}");
        assert!(
            text.contains("Replay of Counting &lt;b&gt;, 3 records"),
            "{text}"
        );
    }
    for accept in ["*/*", "application/json", "application/json, text/html"] {
        let list = get("/api/v1/topics", accept);
        assert_eq!(
            list.header("content-type"),
            Some("application/json"),
            "{accept}"
        );
        assert_eq!(list.header("vary"), Some("accept"));
        assert_eq!(list.json()["topics"][0]["name"], "told");
    }
    hub.stop_without_warnings();
}

#[test]
fn head_answers_like_get_without_a_body() {
    // Slow, so that nothing is published between the two requests, which would change the list of topics.
    let toml = "[topics.zulu]\ndataset = \"data.json\"\nrate = 0.001\n";
    let hub = Project::new("", "[1,2,3]").configure(toml).start();
    for path in [
        "/",
        "/api/v1/topics",
        "/api/v1/topics/zulu",
        "/api/v1/time",
        "/healthz",
        "/version",
        "/ws",
        "/nothing",
    ] {
        let (get, head) = (
            RawClient::get(hub.public(), path),
            RawClient::request(hub.public(), "HEAD", path, ""),
        );
        assert_eq!(
            (head.status, &head.body[..]),
            (get.status, &b""[..]),
            "{path}"
        );
        for name in [
            "content-type",
            "content-length",
            "cache-control",
            "etag",
            "content-security-policy",
        ] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(RawClient::request(hub.ops(), "HEAD", path, "").status, 200);
    }
}

#[test]
fn time_and_version_are_served() {
    let hub = hub();
    let (one, other) = (
        RawClient::get(hub.public(), "/api/v1/time").json(),
        RawClient::get(hub.public(), "/api/v1/time").json(),
    );
    assert!(one["now"].as_u64().unwrap() < other["now"].as_u64().unwrap());
    let version = RawClient::get(hub.public(), "/version").json();
    assert_eq!(
        (&version["name"], &version["version"]),
        (&json!("tickcast"), &json!(env!("CARGO_PKG_VERSION")))
    );
}

/// A proxy may serve the page under any path.
#[test]
fn the_page_has_no_root_relative_urls() {
    let hub = hub();
    let page = RawClient::get(hub.public(), "/");
    let rooted: Vec<_> = ["=\"/", "='/", "url(/"]
        .into_iter()
        .filter(|text| page.text().contains(text))
        .collect();
    assert_eq!(rooted, [""; 0], "{}", page.text());
}

#[test]
fn the_page_has_a_strict_policy_and_is_revalidated_by_etag() {
    let hub = hub();
    let page = RawClient::get(hub.public(), "/?topic=zulu&window=30s");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self';"),
        "{policy}"
    );
    assert!(policy.ends_with("frame-ancestors 'self'"), "{policy}");
    assert!(!policy.contains("unsafe-"), "{policy}");
    let tag = page.header("etag").unwrap();
    let again = RawClient::request(
        hub.public(),
        "GET",
        "/",
        &format!("if-none-match: W/\"x\", {tag}\r\n"),
    );
    assert_eq!(
        (again.status, &again.body[..], again.header("etag")),
        (304, &b""[..], Some(tag))
    );
}

#[test]
fn pages_of_listed_origins_may_read_the_api_and_frame_the_page() {
    let project = Project::new("", "[1]");
    let toml = "[server]\nport = 0\nallowed_origins = [\"https://a.example\"]\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    project.write("tickcast.toml", toml);
    let hub = project.start();
    let from = |origin: &str| {
        RawClient::request(
            hub.public(),
            "GET",
            "/api/v1/topics",
            &format!("origin: {origin}\r\n"),
        )
    };
    assert_eq!(
        from("https://a.example").header("access-control-allow-origin"),
        Some("https://a.example")
    );
    let exposed = from("https://a.example");
    let exposed = exposed.header("access-control-expose-headers");
    assert_eq!(
        exposed,
        Some("tickcast-epoch, tickcast-next, etag, retry-after")
    );
    let page = RawClient::get(hub.public(), "/");
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .ends_with("frame-ancestors 'self' https://a.example")
    );
}

/// A browser does not tell a page why its handshake failed, so the page must be able to read the API's error response.
#[test]
fn pages_of_other_origins_are_rejected_with_a_response_that_they_can_read() {
    let hub = hub();
    let from = |origin: &str, path: &str| {
        RawClient::request(hub.public(), "GET", path, &format!("origin: {origin}\r\n"))
    };
    for path in ["/api/v1/topics", "/api/v1/topics/alpha"] {
        let refusal = from("https://b.example", path);
        assert_eq!(refusal.status, 403, "{path}");
        assert_eq!(refusal.header("access-control-allow-origin"), Some("*"));
        assert_eq!(from("null", path).status, 403, "{path}");
        let own = format!("http://{}", hub.public());
        assert_eq!(from(&own, path).status, 200, "{path}");
    }
    let time = from("https://b.example", "/api/v1/time");
    assert_eq!(time.status, 200);
    assert_eq!(time.header("access-control-allow-origin"), None);
}

#[test]
fn operations_endpoints_have_a_separate_listener() {
    let hub = hub();
    assert_eq!(RawClient::get(hub.ops(), "/readyz").status, 200);
    assert_eq!(RawClient::get(hub.ops(), "/healthz").status, 200);
    RawClient::get(hub.ops(), "/api/v1/topics").expect_problem(404);
    RawClient::get(hub.public(), "/readyz").expect_problem(404);
    hub.stop_without_warnings();
}
