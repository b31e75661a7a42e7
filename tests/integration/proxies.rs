//! The hub behind nginx, Caddy and HAProxy with TLS: the files of `deploy/proxy/`, run by the real programs.

mod curl;
mod proxy;
mod several_hubs;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Hub, Project, RawClient, Viewer, viewer::HandshakeRejection};
use curl::{Curl, connect, connect_bare};
use proxy::{Make, Proxy};

const V1: (&str, &str) = ("sec-websocket-protocol", "tickcast.v1");

/// Viewers that are still connected at the end are not waited for.
const NO_DRAIN: &str = "drain = \"0s\"";

/// A hub that trusts only the proxy, with further server settings in `more` and a topic with `rate`.
fn hub(more: &str, rate: &str) -> Hub {
    let toml = format!(
        "[server]\nport = 0\ntrusted_proxies = [\"127.0.0.1/32\"]\nhosts = [\"hub.example.org\"]\n{more}\n[ops]\nport = 0\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n"
    );
    Project::raw(&toml).start()
}

/// Joins with v1 through `proxy`, from the address `from`.
async fn view(
    proxy: &Proxy,
    from: &str,
    headers: &[(&'static str, &str)],
) -> Result<Viewer, HandshakeRejection> {
    let url = format!("wss://{}/ws?last=0", proxy.host());
    Viewer::connect_over(connect(proxy, from), &url, &[&[V1], headers].concat()).await
}

/// Requests `path` over TLS as a browser would; returns the whole response.
fn get(proxy: &Proxy, path: &str) -> String {
    let mut raw = RawClient::from(connect(proxy, "127.0.0.2"));
    let host = proxy.host();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    String::from_utf8_lossy(&raw.send(request.as_bytes()).read_to_end()).into_owned()
}

/// The newest `seq`, from the hub itself.
fn newest(hub: &Hub) -> u64 {
    hub.position().1
}

fn seq(data: &Value) -> u64 {
    assert_eq!(data["type"], "data", "{data}");
    data["seq"].as_u64().unwrap()
}

/// Tests the page, the API and both kinds of stream; each record must arrive before the next one is due.
async fn everything_is_forwarded(make: Make) {
    if make.is_missing() {
        return;
    }
    // One record every five seconds: a record held back in a buffer would not arrive before the next one.
    let hub = hub(NO_DRAIN, "0.2");
    let proxy = Proxy::start(make, &hub);
    let request = "GET /x?y=z HTTP/1.1\r\nhost: hub.example.org\r\nconnection: close\r\n\r\n";
    let redirect = RawClient::request_raw(&proxy.plain(), request.as_bytes());
    assert_eq!(redirect.status, 308);
    let location = redirect.header("location").unwrap();
    assert!(
        location.starts_with("https://hub.example.org") && location.ends_with("/x?y=z"),
        "{location}"
    );
    let page = get(&proxy, "/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("<!doctype html>"), "{page}");
    assert!(get(&proxy, "/api/v1/topics/demo").contains("\"name\":\"demo\""));

    let own = format!("https://{}", proxy.host());
    let mut viewer = view(&proxy, "127.0.0.2", &[("origin", &own)])
        .await
        .ok()
        .unwrap();
    let mut streams = ["--http1.1", "--http2"]
        .map(|version| (version, Curl::ask(&proxy, version, "/sse?last=0")));
    viewer.until("hello").await;
    for (version, events) in &mut streams {
        let status = events.line().await.unwrap();
        let expected = version.replace("--http", "HTTP/").replace("/2", "/2 ");
        assert!(status.starts_with(&expected), "{status}");
        assert_eq!(events.message().await["type"], "hello");
    }
    // Skips records that were published before all viewers had joined.
    let joined = newest(&hub);
    for next in joined + 1..=joined + 2 {
        while seq(&viewer.until("data").await) < next {}
        for (_, events) in &mut streams {
            while seq(&events.data().await) < next {}
        }
        assert_eq!(
            newest(&hub),
            next,
            "it reached all viewers before the next one"
        );
    }
    hub.stop_without_warnings();
}

/// Tests that viewers are counted by their addresses, and that a client cannot claim another one.
async fn viewers_are_counted_by_address(make: Make) {
    if make.is_missing() {
        return;
    }
    let hub = hub(&format!("{NO_DRAIN}\nmax_viewers_per_ip = 1"), "0.001");
    let proxy = Proxy::start(make, &hub);
    let forged = [("x-forwarded-for", "198.51.100.7")];
    let _first = view(&proxy, "127.0.0.2", &[]).await.ok().unwrap();
    let _other = view(&proxy, "127.0.0.3", &forged).await.ok().unwrap();
    // Each request claims to be from a new client.
    for (from, claim) in [("127.0.0.2", "198.51.100.8"), ("127.0.0.3", "198.51.100.9")] {
        let forged = [("x-forwarded-for", claim)];
        let refusal = view(&proxy, from, &forged).await.err().unwrap();
        assert_eq!(
            (refusal.status, &refusal.problem["status"]),
            (429, &json!(429))
        );
    }
    // A client that is not a trusted proxy counts as one viewer, whatever it claims.
    let url = format!("ws://{}/ws", hub.public());
    let bare = || connect_bare(hub.public(), "127.0.0.4");
    let _third = Viewer::connect_over(bare(), &url, &forged)
        .await
        .ok()
        .unwrap();
    let again = [("x-forwarded-for", "198.51.100.8")];
    assert_eq!(
        Viewer::connect_over(bare(), &url, &again)
            .await
            .err()
            .unwrap()
            .status,
        429
    );
    // A page of another site is not accepted because it claims our host.
    let host = proxy.host();
    let foreign = [
        ("origin", "https://evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("host", host.as_str()),
    ];
    assert_eq!(
        view(&proxy, "127.0.0.5", &foreign)
            .await
            .err()
            .unwrap()
            .status,
        403
    );
    hub.stop_without_warnings();
}

/// For how many seconds a stream is silent except for keep-alives, and the read timeout of the proxies.
///
/// With `SOAK=1` (`make soak`) the timeout is that of the files, and the silence lasts twice as long.
fn silence() -> (u64, &'static str) {
    if std::env::var_os("SOAK").is_some() {
        (130, "60s")
    } else {
        (28, "28s")
    }
}

fn now(hub: &Hub) -> u64 {
    RawClient::get(hub.public(), "/api/v1/time").json()["now"]
        .as_u64()
        .unwrap()
        / 1_000_000
}

/// Asserts that a WebSocket and an event stream through `proxy` survive a silence of `seconds`.
async fn survives(hub: &Hub, proxy: &Proxy, seconds: u64) {
    let mut viewer = view(proxy, "127.0.0.2", &[]).await.ok().unwrap();
    let mut events = Curl::ask(proxy, "--http1.1", "/sse?last=0");
    let websocket = async {
        let mut since = now(hub);
        while now(hub) <= since + seconds {
            match viewer.next_frame().await {
                Message::Ping(_) => {}
                Message::Text(_) => since = now(hub),
                other => panic!("{other:?}"),
            }
        }
        viewer.send(r#"{"type":"ping","id":7}"#).await;
        assert_eq!(viewer.until("pong").await["id"], 7);
    };
    let event_stream = async {
        let mut since = now(hub);
        while now(hub) <= since + seconds {
            let line = events.line().await.expect("the stream is still open");
            if !line.is_empty() && !line.starts_with(':') {
                since = now(hub);
            }
        }
    };
    tokio::join!(websocket, event_stream);
}

#[tokio::test]
async fn nginx_forwards_everything_at_once() {
    everything_is_forwarded(Make::Nginx).await;
}

#[tokio::test]
async fn caddy_forwards_everything_at_once() {
    everything_is_forwarded(Make::Caddy).await;
}

#[tokio::test]
async fn haproxy_forwards_everything_at_once() {
    everything_is_forwarded(Make::Haproxy).await;
}

#[tokio::test]
async fn behind_nginx_viewers_are_counted_by_their_addresses() {
    viewers_are_counted_by_address(Make::Nginx).await;
}

#[tokio::test]
async fn behind_caddy_viewers_are_counted_by_their_addresses() {
    viewers_are_counted_by_address(Make::Caddy).await;
}

#[tokio::test]
async fn behind_haproxy_viewers_are_counted_by_their_addresses() {
    viewers_are_counted_by_address(Make::Haproxy).await;
}

#[tokio::test]
async fn a_silent_stream_survives_the_read_timeout_of_each_proxy() {
    if Make::ALL.into_iter().any(Make::is_missing) {
        return;
    }
    let hub = hub(NO_DRAIN, "0.001");
    let (seconds, read_timeout) = silence();
    let proxies = Make::ALL.map(|make| Proxy::with_read_timeout(make, &hub, read_timeout));
    let [one, two, three] = proxies
        .each_ref()
        .map(|proxy| survives(&hub, proxy, seconds));
    tokio::join!(one, two, three);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn the_read_timeouts_in_the_files_are_effective() {
    if Make::ALL.into_iter().any(Make::is_missing) {
        return;
    }
    let hub = hub(NO_DRAIN, "0.001");
    for make in Make::ALL {
        let proxy = Proxy::with_read_timeout(make, &hub, "1s");
        let mut viewer = view(&proxy, "127.0.0.2", &[]).await.ok().unwrap();
        let mut events = Curl::ask(&proxy, "--http1.1", "/sse?last=0");
        viewer.wait_for_disconnect().await;
        while events.line().await.is_some() {}
    }
}

#[tokio::test]
async fn haproxy_with_health_checks_stops_using_a_draining_hub() {
    if Make::Haproxy.is_missing() {
        return;
    }
    let mut hub = hub("drain = \"10s\"", "0.001");
    let checks = [
        ("# option httpchk", "option httpchk"),
        ("# default-server", "default-server"),
    ];
    let proxy = Proxy::changed(Make::Haproxy, &hub, &checks);
    let _viewer = view(&proxy, "127.0.0.2", &[]).await.ok().unwrap();
    assert!(get(&proxy, "/version").starts_with("HTTP/1.1 200 OK\r\n"));
    hub.signal("-TERM");
    hub.event("drain");
    // Until two checks have failed, requests still reach the hub.
    while !get(&proxy, "/version").contains("No server is available") {
        assert!(
            hub.logged_event("stop").is_none(),
            "HAProxy still uses the hub"
        );
    }
}

/// Tests the page, the API and both kinds of stream under the path of the sample.
async fn everything_works_under_a_path(make: Make) {
    if make.is_missing() {
        return;
    }
    let hub = hub(NO_DRAIN, "10.0");
    let proxy = Proxy::with_path(make, &hub);
    let bare = get(&proxy, "/live?topic=demo&at=x:1");
    assert!(bare.starts_with("HTTP/1.1 308 "), "{bare}");
    let location = bare.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("location").then_some(value)
    });
    assert_eq!(location, Some("/live/?topic=demo&at=x:1"), "{make:?}");
    for (path, part) in [
        ("/live/?topic=demo", "<!doctype html>"),
        ("/live/api/v1/topics/demo", "\"name\":\"demo\""),
        ("/live/api/v1/topics/demo/history?last=1", "\"items\":["),
        ("/live/openapi.yaml", "openapi: 3.1"),
    ] {
        let answer = get(&proxy, path);
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{path}: {answer}"
        );
        assert!(answer.contains(part), "{path}: {answer}");
    }
    assert!(get(&proxy, "/api/v1/topics").starts_with("HTTP/1.1 404 "));
    let own = format!("https://{}", proxy.host());
    let url = format!("wss://{}/live/ws?last=0", proxy.host());
    let stream = connect(&proxy, "127.0.0.2");
    let mut viewer = Viewer::connect_over(stream, &url, &[V1, ("origin", &own)])
        .await
        .ok()
        .unwrap();
    viewer.until("data").await;
    let mut events = Curl::ask(&proxy, "--http1.1", "/live/sse?last=0");
    while events.data().await["type"] != "data" {}
    hub.stop_without_warnings();
}

#[tokio::test]
async fn everything_works_under_a_path_of_nginx() {
    everything_works_under_a_path(Make::Nginx).await;
}

#[tokio::test]
async fn everything_works_under_a_path_of_caddy() {
    everything_works_under_a_path(Make::Caddy).await;
}

#[tokio::test]
async fn everything_works_under_a_path_of_haproxy() {
    everything_works_under_a_path(Make::Haproxy).await;
}

#[test]
fn the_read_timeout_of_each_proxy_is_longer_than_two_ping_intervals() {
    for make in Make::ALL {
        let text = make.text();
        let bounds: Vec<_> = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#') && line.contains("timeout"))
            .filter(|line| {
                !["connect", "dial", "http-request", "next_upstream"]
                    .iter()
                    .any(|name| line.contains(name))
            })
            .collect();
        assert!(bounds.len() >= 2, "{make:?}");
        assert!(
            bounds.iter().all(|line| line.contains(" 60s")),
            "{bounds:?}"
        );
    }
}
