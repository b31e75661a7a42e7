//! What hostile and broken clients get: the right status, and never a line in the log.

use super::support::http::Answer;
use super::support::{Hub, Project, Raw, Viewer};

fn hub() -> Hub {
    let project = Project::new("", "[1]");
    let toml = "[server]\nport = 0\nheader_timeout = \"300ms\"\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = 10.0\n";
    project.write("tickcast.toml", toml);
    project.start()
}

fn ask(hub: &Hub, path: &str, headers: &str) -> Answer {
    Raw::ask(hub.public(), "GET", path, headers)
}

#[test]
fn half_a_head_and_silence_are_closed_at_the_header_timeout() {
    let hub = hub();
    for beginning in [&b""[..], b"GET / HTTP/1.1\r\nhost: localhost\r\n", b"GE"] {
        assert_eq!(Raw::connect(hub.public()).send(beginning).rest(), b"");
    }
    // A kept-alive connection that asks for nothing more is closed the same way.
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n\r\n", hub.public());
    let answer = Raw::connect(hub.public()).send(request.as_bytes()).rest();
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    hub.end_without_complaint();
}

#[test]
fn oversized_heads_are_refused_by_the_parser() {
    let hub = hub();
    let headers: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(ask(&hub, "/", &headers).status, 431);
    assert_eq!(Raw::raw(hub.public(), b"nonsense\r\n\r\n").status, 400);
    hub.end_without_complaint();
}

#[test]
fn head_of_16_kib_is_served_and_a_longer_one_is_431_whatever_it_is_long_for() {
    let hub = hub();
    for address in [hub.public(), hub.ops()] {
        let status = |path: &str, headers: &str| Raw::ask(address, "GET", path, headers).status;
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
    hub.end_without_complaint();
}

/// The answer to a request line of these bytes.
fn ask_for(address: &str, request_line: &[u8]) -> Answer {
    let headers = format!(" HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    Raw::raw(address, &[request_line, headers.as_bytes()].concat())
}

#[test]
fn targets_that_are_no_path_and_no_url_are_refused_and_cost_no_other_connection() {
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
            let answer = ask_for(address, request.as_bytes());
            assert_eq!(answer.status, 400, "{request}");
            if !request.starts_with("HEAD") {
                answer.expect_problem(400);
            }
        }
        // What the parser cannot read at all has an empty body.
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
            let answer = ask_for(address, request);
            assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(request));
        }
        for path in ["/%00", "//", "//healthz", "/%", "/%zz"] {
            ask_for(address, format!("GET {path}").as_bytes()).expect_problem(404);
        }
        for target in [
            "/healthz?",
            "/healthz?%00",
            "http://localhost/healthz",
            "HTTP://LOCALHOST:1/healthz?x",
        ] {
            let answer = ask_for(address, format!("GET {target}").as_bytes());
            assert_eq!(answer.status, 200, "{target}");
        }
        assert_eq!(Raw::get(address, "/healthz").status, 200);
    }
    assert_eq!(ask_for(hub.public(), b"GET http://localhost").status, 200);
    assert_eq!(ask_for(hub.public(), b"GET http://localhost?x").status, 200);
    hub.end_without_complaint();
}

#[test]
fn requests_that_make_no_sense_get_problem_documents() {
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
        Raw::raw(hub.public(), request.as_bytes())
    };
    handshake("/ws", &format!("{upgrade}origin: http://evil.example\r\n")).expect_problem(403);
    handshake("/ws/nobody", upgrade).expect_problem(404);
    let head = format!(
        "HEAD /ws HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, close\r\n{upgrade}\r\n"
    );
    assert_eq!(Raw::raw(hub.public(), head.as_bytes()).status, 426);
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
    let post = Raw::ask(hub.public(), "POST", "/api/v1/topics", "");
    post.expect_problem(405);
    assert_eq!(post.header("allow"), Some("GET, HEAD, OPTIONS"));
    hub.end_without_complaint();
}

#[test]
fn the_second_version_of_http_is_not_spoken() {
    let hub = hub();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(Raw::connect(hub.public()).send(preface).rest(), b"");
    hub.end_without_complaint();
}

/// A hub that may have `count` files open.
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
fn however_many_connect_operators_are_answered_and_files_can_be_read() {
    let mut hub = hub_with_files(400);
    // More than there are files; they say nothing.
    let _crowd: Vec<_> = (0..450).map(|_| Raw::connect(hub.public())).collect();
    for _ in 0..20 {
        assert_eq!(Raw::get(hub.ops(), "/readyz").status, 200);
    }
    hub.signal("-HUP");
    hub.event("config.reloaded");
    hub.signal("-TERM");
    let (code, events) = hub.end();
    assert_eq!(code, Some(0));
    assert!(events.iter().all(|event| event["event"] != "accept.failed"));
}

#[test]
fn a_port_that_has_all_connections_it_may_have_is_told_and_newcomers_wait() {
    let mut hub = hub_with_files(400);
    let crowd: Vec<_> = (0..450).map(|_| Raw::connect(hub.public())).collect();
    let full = hub.event("accept.full");
    assert_eq!(
        (&full["listener"], &full["connections_max"]),
        (&"public".into(), &300.into())
    );
    drop(crowd);
    assert_eq!(Raw::get(hub.public(), "/healthz").status, 200);
}

#[tokio::test]
async fn when_descriptors_run_out_the_stream_goes_on_and_newcomers_wait() {
    let mut hub = hub_with_files(40);
    let mut viewer = Viewer::bare(&hub).await;
    let crowd: Vec<_> = (0..60).map(|_| Raw::connect(hub.public())).collect();
    assert_eq!(hub.event("accept.failed")["level"], "WARN");
    for _ in 0..20 {
        viewer.text().await;
    }
    drop(crowd);
    assert_eq!(Raw::get(hub.public(), "/healthz").status, 200);
}
