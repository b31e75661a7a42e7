//! Malformed and hostile requests: they get the right status and are not logged.

use super::support::http::Response;
use super::support::{Hub, Project, RawClient, Viewer};

fn hub() -> Hub {
    let project = Project::new("", "[1]");
    let toml = "[server]\nport = 0\nheader_timeout = \"300ms\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    project.write("tickcast.toml", toml);
    project.start()
}

fn ask(hub: &Hub, path: &str, headers: &str) -> Response {
    RawClient::request(hub.public(), "GET", path, headers)
}

#[test]
fn incomplete_heads_and_idle_connections_are_closed_at_the_header_timeout() {
    let hub = hub();
    for beginning in [&b""[..], b"GET / HTTP/1.1\r\nhost: localhost\r\n", b"GE"] {
        assert_eq!(
            RawClient::connect(hub.public())
                .send(beginning)
                .read_to_end(),
            b""
        );
    }
    // An idle keep-alive connection is closed the same way.
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
    let answer = RawClient::connect(hub.public())
        .send(request.as_bytes())
        .read_to_end();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    hub.stop_without_warnings();
}

#[test]
fn oversized_heads_are_rejected_by_the_parser() {
    let hub = hub();
    let headers: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(ask(&hub, "/", &headers).status, 431);
    assert_eq!(
        RawClient::request_raw(hub.public(), b"nonsense\r\n\r\n").status,
        400
    );
    hub.stop_without_warnings();
}

#[test]
fn a_head_of_16_kib_is_served_and_a_longer_one_is_431() {
    let hub = hub();
    for address in [hub.public(), hub.ops()] {
        let status =
            |path: &str, headers: &str| RawClient::request(address, "GET", path, headers).status;
        for len in [17_000, 60_000, 100_000, 200_000] {
            let long = "a".repeat(len);
            assert_eq!(status(&format!("/{long}"), ""), 431, "{len}");
            assert_eq!(status(&format!("/healthz?{long}"), ""), 431, "{len}");
            assert_eq!(status("/healthz", &format!("x: {long}\r\n")), 431, "{len}");
            let many = "x: a\r\n".repeat(len / 6);
            assert_eq!(status("/healthz", &many), 431, "{len}");
        }
        let long = "a".repeat(15_000);
        assert_eq!(status(&format!("/healthz?{long}"), ""), 200);
        assert_eq!(status("/healthz", &format!("x: {long}\r\n")), 200);
    }
    hub.stop_without_warnings();
}

/// Sends a request with this request line and returns the response.
fn request_line(address: &str, request_line: &[u8]) -> Response {
    let headers = format!(" HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    RawClient::request_raw(address, &[request_line, headers.as_bytes()].concat())
}

#[test]
fn invalid_request_targets_are_rejected_without_affecting_other_connections() {
    let hub = hub();
    for address in [hub.public(), hub.ops()] {
        for request in [
            "CONNECT a:1",
            "CONNECT example.org:443",
            "CONNECT [::1]:443",
            "GET healthz",
            "GET a:1",
            "GET *",
            "OPTIONS *",
            "HEAD example.org",
            "GET ftp://a/healthz",
        ] {
            let answer = request_line(address, request.as_bytes());
            assert_eq!(answer.status, 400, "{request}");
            if !request.starts_with("HEAD") {
                answer.expect_problem(400);
            }
        }
        // Responses of the HTTP parser itself have an empty body.
        for request in [
            &b"GET ?x"[..],
            b"GET http://",
            b"GET http:///healthz",
            b"GET #",
            b"GET /\0",
            b"GET /a\x7f",
            b"GET \xff",
            b"GET /\xff\xfe",
            b"GET",
            b"CONNECT",
        ] {
            let answer = request_line(address, request);
            assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(request));
        }
        for path in ["/%00", "//", "//healthz", "/%", "/%zz"] {
            request_line(address, format!("GET {path}").as_bytes()).expect_problem(404);
        }
        for target in [
            "/healthz?",
            "/healthz?%00",
            "http://localhost/healthz",
            "HTTP://LOCALHOST:1/healthz?x",
        ] {
            let answer = request_line(address, format!("GET {target}").as_bytes());
            assert_eq!(answer.status, 200, "{target}");
        }
        assert_eq!(RawClient::get(address, "/healthz").status, 200);
    }
    assert_eq!(
        request_line(hub.public(), b"GET http://localhost").status,
        200
    );
    assert_eq!(
        request_line(hub.public(), b"GET http://localhost?x").status,
        200
    );
    hub.stop_without_warnings();
}

#[test]
fn invalid_requests_get_problem_documents() {
    let hub = hub();
    ask(&hub, "/version", "content-length: 3\r\n\r\nabc").expect_problem(413);
    ask(&hub, "/version", "transfer-encoding: chunked\r\n\r\n0\r\n").expect_problem(413);
    let no_upgrade = ask(&hub, "/ws", "");
    no_upgrade.expect_problem(426);
    assert_eq!(no_upgrade.header("upgrade"), Some("websocket"));
    let upgrade = "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let handshake = |path: &str, headers: &str| {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: upgrade, close\r\n{headers}\r\n",
            hub.public()
        );
        RawClient::request_raw(hub.public(), request.as_bytes())
    };
    handshake("/ws", &format!("{upgrade}origin: http://evil.example\r\n")).expect_problem(403);
    handshake("/ws/unknown", upgrade).expect_problem(404);
    let head = format!(
        "HEAD /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, close\r\n{upgrade}\r\n"
    );
    assert_eq!(
        RawClient::request_raw(hub.public(), head.as_bytes()).status,
        426
    );
    handshake("/ws/%00", upgrade).expect_problem(404);
    let old = handshake("/ws", &upgrade.replace("13", "8"));
    old.expect_problem(426);
    assert_eq!(old.header("sec-websocket-version"), Some("13"));
    handshake("/ws", &upgrade.replace("dGhlIHNhbXBsZSBub25jZQ==", "short")).expect_problem(400);
    for path in [
        "/%00",
        "/api/v1/topics/%00",
        "/api/v1/topics/DEMO",
        "/../Cargo.toml",
        "/..%2fCargo.toml",
        "/assets/",
        "/index.html.br",
        "//",
        "/ws/demo/more",
    ] {
        ask(&hub, path, "").expect_problem(404);
    }
    let post = RawClient::request(hub.public(), "POST", "/api/v1/topics", "");
    post.expect_problem(405);
    assert_eq!(post.header("allow"), Some("GET, HEAD, OPTIONS"));
    hub.stop_without_warnings();
}

#[test]
fn http_2_is_not_supported() {
    let hub = hub();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(
        RawClient::connect(hub.public()).send(preface).read_to_end(),
        b""
    );
    hub.stop_without_warnings();
}

/// A hub that may open `count` files.
fn hub_with_files(count: u32) -> Hub {
    let project = Project::new("rate = 50.0", "[1]");
    let mut command = std::process::Command::new("sh");
    let program = project.command(&[]);
    command
        .arg("-c")
        .arg(format!("ulimit -n {count}; exec \"$0\" \"$@\""))
        .arg(program.get_program())
        .args(program.get_args());
    Hub::spawn(command, project)
}

#[test]
fn with_too_many_connections_operations_requests_and_file_reads_still_work() {
    let mut hub = hub_with_files(400);
    // More idle connections than the hub can open files.
    let _crowd: Vec<_> = (0..450).map(|_| RawClient::connect(hub.public())).collect();
    for _ in 0..20 {
        assert_eq!(RawClient::get(hub.ops(), "/readyz").status, 200);
    }
    hub.signal("-HUP");
    hub.event("config.reloaded");
    hub.signal("-TERM");
    let (code, events) = hub.wait();
    assert_eq!(code, Some(0));
    assert!(events.iter().all(|event| event["event"] != "accept.failed"));
}

#[test]
fn a_listener_at_its_connection_limit_is_logged_and_new_connections_wait() {
    let mut hub = hub_with_files(400);
    let crowd: Vec<_> = (0..450).map(|_| RawClient::connect(hub.public())).collect();
    let full = hub.event("accept.full");
    assert_eq!(
        (&full["listener"], &full["connections_max"]),
        (&"public".into(), &300.into())
    );
    drop(crowd);
    assert_eq!(RawClient::get(hub.public(), "/healthz").status, 200);
}

#[tokio::test]
async fn when_descriptors_run_out_streams_continue_and_new_connections_wait() {
    let mut hub = hub_with_files(40);
    let mut viewer = Viewer::bare(&hub).await;
    let crowd: Vec<_> = (0..60).map(|_| RawClient::connect(hub.public())).collect();
    assert_eq!(hub.event("accept.failed")["level"], "WARN");
    for _ in 0..20 {
        viewer.next_text().await;
    }
    drop(crowd);
    assert_eq!(RawClient::get(hub.public(), "/healthz").status, 200);
}
