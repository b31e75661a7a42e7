//! The `Host` header: which forms are valid, and which names the hub accepts.

use super::support::http::Response;
use super::support::{Hub, Project, RawClient};

/// A hub with `server` and `ops` lines.
fn hub(server: &str, ops: &str) -> Hub {
    Project::raw(&format!(
        "[server]\nport = 0\n{server}\n[ops]\nport = 0\n{ops}\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n"
    ))
    .start()
}

/// Sends `request`, in which `~` stands for CRLF, and returns the response.
fn ask(address: &str, request: &str) -> Response {
    RawClient::request_raw(address, request.replace('~', "\r\n").as_bytes())
}

fn get_with_host(address: &str, path: &str, host: &str) -> Response {
    ask(
        address,
        &format!("GET {path} HTTP/1.1~host: {host}~connection: close~~"),
    )
}

/// The port of `address` on 127.0.0.1.
fn on_loopback(address: &str) -> String {
    format!("127.0.0.1:{}", address.rsplit_once(':').unwrap().1)
}

fn expect_forbidden(answer: &Response, name: &str) {
    answer.expect_problem(403);
    assert_eq!(answer.code(), "host_forbidden");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(
        detail.contains("`server.hosts`") && detail.contains(name),
        "{detail}"
    );
}

#[test]
fn a_request_names_exactly_one_well_formed_host() {
    let hub = hub("", "");
    for address in [hub.public(), hub.ops()] {
        for (request, code) in [
            ("GET /healthz HTTP/1.1~connection: close~~", "host_missing"),
            (
                "GET /healthz HTTP/1.1~host: localhost~host: localhost~~",
                "host_repeated",
            ),
            ("GET /nothing HTTP/1.0~~", "host_missing"),
            ("GET /healthz/ HTTP/1.0~~", "host_missing"),
            ("GET /healthz HTTP/1.0~host:~~", "host_invalid"),
            ("GET /healthz HTTP/1.0~host: a~host: a~~", "host_repeated"),
        ] {
            let answer = ask(address, request);
            answer.expect_problem(400);
            assert_eq!(answer.code(), code, "{request}");
        }
        for host in [
            "",
            ".",
            "a b",
            "a,b",
            "localhost/",
            "user@localhost",
            "localhost:+80",
            "localhost:99999",
            "localhost:8o",
            "::1",
            "[::1",
            "[::1%25lo]",
            "127.0.0.1:80:80",
            "127.0.0.256",
            "b\u{fc}cher.example",
            "a..b",
        ] {
            let answer = get_with_host(address, "/healthz", host);
            answer.expect_problem(400);
            assert_eq!(answer.code(), "host_invalid", "{host}");
        }
        assert_eq!(ask(address, "GET /healthz HTTP/1.0~~").status, 200);
        assert_eq!(ask(address, "HEAD /healthz HTTP/1.0~~").status, 200);
    }
    assert_eq!(ask(hub.ops(), "GET /readyz HTTP/1.0~~").status, 200);
    hub.stop_without_warnings();
}

#[test]
fn an_absolute_target_names_the_host() {
    let hub = hub("", "");
    let ask = |target: &str, host: &str| {
        ask(
            hub.public(),
            &format!("GET {target} HTTP/1.1~host: {host}~connection: close~~"),
        )
    };
    assert_eq!(
        ask("http://localhost:1/healthz", "evil.example").status,
        200
    );
    expect_forbidden(
        &ask("http://evil.example/healthz", "localhost"),
        "evil.example",
    );
    for target in ["http://user@localhost/healthz", "http://a..b/healthz"] {
        let answer = ask(target, "localhost");
        answer.expect_problem(400);
        assert_eq!(answer.code(), "host_invalid", "{target}");
    }
    // The `Host` header must be valid nevertheless (RFC 9112, section 3.2).
    ask("http://localhost/healthz", "a b").expect_problem(400);
}

/// DNS rebinding: the name of a foreign page resolves to a loopback address.
#[test]
fn on_a_loopback_address_other_names_are_rejected() {
    let hub = hub("", "");
    for address in [hub.public(), hub.ops()] {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "localhost.",
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]",
            "[0:0::1]:8000",
            "[::ffff:127.0.0.1]",
        ] {
            assert_eq!(
                get_with_host(address, "/healthz", host).status,
                200,
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "0.0.0.0",
            "[::]",
            "[2001:db8::1]",
        ] {
            expect_forbidden(&get_with_host(address, "/healthz", host), host);
        }
    }
    for path in ["/", "/ws", "/sse", "/api/v1/topics", "/nothing"] {
        expect_forbidden(
            &get_with_host(hub.public(), path, "evil.example"),
            "evil.example",
        );
    }
    // Not even for what the browser considers the same origin.
    let page = "GET /api/v1/topics HTTP/1.1~host: evil.example~origin: http://evil.example~connection: close~~";
    expect_forbidden(&ask(hub.public(), page), "evil.example");
    hub.stop_without_warnings();
}

#[test]
fn configured_names_take_effect_at_a_reload() {
    let mut hub = hub("hosts = [\"Hub.Example.org.\"]", "");
    let asked = |hub: &Hub, host: &str| get_with_host(hub.public(), "/version", host).status;
    assert_eq!(asked(&hub, "hub.example.org:443"), 200);
    assert_eq!(asked(&hub, "HUB.example.ORG."), 200);
    assert_eq!(asked(&hub, "localhost"), 200);
    assert_eq!(asked(&hub, "other.example.org"), 403);
    let toml = "[server]\nport = 0\nhosts = [\"other.example.org\", \"192.0.2.1\"]\n[ops]\nport = 0\n\
                [topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    hub.project().write("tickcast.toml", toml);
    hub.signal("-HUP");
    hub.event("config.reloaded");
    assert_eq!(asked(&hub, "hub.example.org"), 403);
    assert_eq!(asked(&hub, "other.example.org"), 200);
    assert_eq!(asked(&hub, "192.0.2.1:80"), 200);
    assert_eq!(
        get_with_host(hub.ops(), "/readyz", "other.example.org").status,
        200
    );
    hub.stop_without_warnings();
}

/// This depends on the address that is bound, not on the one that a client connects to.
#[test]
fn on_other_addresses_any_name_is_accepted_unless_names_are_configured() {
    let open = hub("host = \"0.0.0.0\"", "host = \"0.0.0.0\"");
    for address in [open.public(), open.ops()] {
        for host in ["anything.example", "192.0.2.1", "localhost"] {
            assert_eq!(
                get_with_host(&on_loopback(address), "/healthz", host).status,
                200
            );
        }
        get_with_host(&on_loopback(address), "/healthz", "a b").expect_problem(400);
    }
    let named = hub(
        "host = \"0.0.0.0\"\nhosts = [\"hub.example.org\"]",
        "host = \"0.0.0.0\"",
    );
    let (public, ops) = (on_loopback(named.public()), on_loopback(named.ops()));
    assert_eq!(
        get_with_host(&public, "/version", "hub.example.org").status,
        200
    );
    assert_eq!(
        get_with_host(&public, "/healthz", "10.1.2.3:8000").status,
        200
    );
    expect_forbidden(
        &get_with_host(&public, "/healthz", "evil.example"),
        "evil.example",
    );
    for host in ["localhost", "127.0.0.1", "192.0.2.1", "evil.example"] {
        expect_forbidden(&get_with_host(&public, "/version", host), host);
    }
    // Kubernetes probes and scrapers use the address of the pod.
    for host in ["10.1.2.3:8001", "[2001:db8::1]:8001", "hub.example.org"] {
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(get_with_host(&ops, path, host).status, 200, "{host}");
        }
    }
    expect_forbidden(
        &get_with_host(&ops, "/metrics", "evil.example"),
        "evil.example",
    );
    assert_eq!(ask(&public, "GET /healthz HTTP/1.0~~").status, 200);
}

/// A page on the proxy's machine is trusted like the proxy and can set any header.
#[test]
fn a_forwarded_host_is_checked_in_addition_to_the_host_itself() {
    let hub = hub(
        "trusted_proxies = [\"127.0.0.1\"]\nhosts = [\"hub.example.org\"]",
        "",
    );
    let asked = |host: &str, forwarded: &str| {
        let request = format!(
            "GET /api/v1/topics HTTP/1.1~host: {host}~{forwarded}~origin: https://hub.example.org~connection: close~~"
        );
        ask(hub.public(), &request)
    };
    for forwarded in [
        "x-forwarded-host: hub.example.org",
        "x-forwarded-host: hub.example.org:443, localhost",
        "x-forwarded-host: hub.example.org~x-forwarded-host: 127.0.0.1",
    ] {
        assert_eq!(
            asked("127.0.0.1:8000", forwarded).status,
            200,
            "{forwarded}"
        );
    }
    expect_forbidden(
        &asked("evil.example", "x-forwarded-host: hub.example.org"),
        "evil.example",
    );
    expect_forbidden(
        &asked("localhost", "x-forwarded-host: evil.example"),
        "X-Forwarded-Host",
    );
    expect_forbidden(
        &asked(
            "localhost",
            "x-forwarded-host: hub.example.org, evil.example",
        ),
        "evil.example",
    );
    let answer = asked("localhost", "x-forwarded-host: a b");
    answer.expect_problem(400);
    assert_eq!(answer.code(), "host_invalid");
    // Without a forwarded host, the host of the proxy's request does not match the origin of the page.
    assert_eq!(
        asked("localhost", "x-forwarded-host:").code(),
        "origin_forbidden"
    );
}

/// With one viewer per address, a client that is mistaken for another client or for the proxy is rejected.
#[test]
fn the_address_of_a_client_behind_a_trusted_proxy_is_parsed_in_any_notation() {
    let hub = hub(
        "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\nmax_viewers_per_ip = 1",
        "",
    );
    let join = |forwarded: &str| RawClient::upgrade(hub.public(), &forwarded.replace('~', "\r\n"));
    let mut viewers = Vec::new();
    for (forwarded, again) in [
        (
            "x-forwarded-for: 203.0.113.1:50124~",
            "x-forwarded-for: 203.0.113.1:50125~",
        ),
        (
            "x-forwarded-for: \"[2001:db8:1::1]:50124\"~",
            "x-forwarded-for: 2001:db8:1::1~",
        ),
        (
            "x-forwarded-for: 6.6.6.6, 203.0.113.2~x-forwarded-for: 10.0.0.2:80~",
            "forwarded: for=203.0.113.2~",
        ),
        (
            "forwarded: for=\"[2001:db8:2::1]:4711\";proto=https~",
            "x-forwarded-for: [2001:db8:2::1]~",
        ),
        (
            "forwarded: For=203.0.113.3, for=10.0.0.3~",
            "x-forwarded-for: 203.0.113.3~",
        ),
        // An unknown client counts as the proxy.
        (
            "x-forwarded-for: 6.6.6.6, unknown~",
            "x-forwarded-for: 7.7.7.7, _hidden~",
        ),
    ] {
        let (viewer, head) = join(forwarded);
        assert!(head.starts_with("HTTP/1.1 101 "), "{forwarded}: {head}");
        viewers.push(viewer);
        let (_, head) = join(again);
        assert!(head.starts_with("HTTP/1.1 429 "), "{again}: {head}");
    }
}
