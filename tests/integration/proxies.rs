//! The hub behind nginx, Caddy and HAProxy with TLS: the files of `deploy/proxy/`, run by the real programs.

mod client;
mod front;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::support::{Hub, Project, Raw, Viewer, viewer::Refusal};
use client::{Curl, connect, connect_bare};
use front::{Front, Make};

const V1: (&str, &str) = ("sec-websocket-protocol", "tickcast.v1");

/// Viewers that are still there at the end are not waited for.
const NO_DRAIN: &str = "drain = \"0s\"";

/// A hub that believes the proxy and nobody else, with `more` lines for its server and `rate` for its topic.
fn hub(more: &str, rate: &str) -> Hub {
    let toml = format!(
        "[server]\nport = 0\ntrusted_proxies = [\"127.0.0.1/32\"]\nhosts = [\"hub.example.org\"]\n{more}\n[ops]\nport = 0\n\
         [topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n"
    );
    Project::raw(&toml).start()
}

/// A viewer of v1 through `front`, from the address `from`.
async fn view(
    front: &Front,
    from: &str,
    headers: &[(&'static str, &str)],
) -> Result<Viewer, Refusal> {
    let url = format!("wss://{}/ws?last=0", front.host());
    Viewer::over(connect(front, from), &url, &[&[V1], headers].concat()).await
}

/// Asks for `path` over TLS as a browser would; the whole answer.
fn get(front: &Front, path: &str) -> String {
    let mut raw = Raw::from(connect(front, "127.0.0.2"));
    let host = front.host();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    String::from_utf8_lossy(&raw.send(request.as_bytes()).rest()).into_owned()
}

/// The `seq` that is due now, from the hub itself.
fn newest(hub: &Hub) -> u64 {
    hub.place().1
}

fn seq(data: &Value) -> u64 {
    assert_eq!(data["type"], "data", "{data}");
    data["seq"].as_u64().unwrap()
}

/// The page, the API and a stream each way; a record is there before the next one is due.
async fn everything_passes(make: Make) {
    // One record in five seconds: what a buffer holds back would not come before the next.
    let hub = hub(NO_DRAIN, "0.2");
    let front = Front::start(make, &hub);
    let request = "GET /x?y=z HTTP/1.1\r\nhost: hub.example.org\r\nconnection: close\r\n\r\n";
    let redirect = Raw::raw(&front.plain(), request.as_bytes());
    assert_eq!(redirect.status, 308);
    let location = redirect.header("location").unwrap();
    assert!(
        location.starts_with("https://hub.example.org") && location.ends_with("/x?y=z"),
        "{location}"
    );
    let page = get(&front, "/");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(page.contains("<!doctype html>"), "{page}");
    assert!(get(&front, "/api/v1/topics/demo").contains("\"name\":\"demo\""));

    let own = format!("https://{}", front.host());
    let mut viewer = view(&front, "127.0.0.2", &[("origin", &own)])
        .await
        .ok()
        .unwrap();
    let mut streams = ["--http1.1", "--http2"]
        .map(|version| (version, Curl::ask(&front, version, "/sse?last=0")));
    viewer.until("hello").await;
    for (version, events) in &mut streams {
        let status = events.line().await.unwrap();
        let expected = version.replace("--http", "HTTP/").replace("/2", "/2 ");
        assert!(status.starts_with(&expected), "{status}");
        assert_eq!(events.message().await["type"], "hello");
    }
    // What came while they joined is not for all of them.
    let joined = newest(&hub);
    for next in joined + 1..=joined + 2 {
        while seq(&viewer.until("data").await) < next {}
        for (_, events) in &mut streams {
            while seq(&events.data().await) < next {}
        }
        assert_eq!(newest(&hub), next, "it came to all before the next");
    }
    hub.end_without_complaint();
}

/// Two viewers at two addresses are two, and nobody is somebody else for saying so.
async fn addresses_count(make: Make) {
    let hub = hub(&format!("{NO_DRAIN}\nmax_viewers_per_ip = 1"), "0.001");
    let front = Front::start(make, &hub);
    let forged = [("x-forwarded-for", "198.51.100.7")];
    let _first = view(&front, "127.0.0.2", &[]).await.ok().unwrap();
    let _other = view(&front, "127.0.0.3", &forged).await.ok().unwrap();
    // Each time somebody new, by what is said.
    for (from, claim) in [("127.0.0.2", "198.51.100.8"), ("127.0.0.3", "198.51.100.9")] {
        let forged = [("x-forwarded-for", claim)];
        let refusal = view(&front, from, &forged).await.err().unwrap();
        assert_eq!(
            (refusal.status, &refusal.problem["status"]),
            (429, &json!(429))
        );
    }
    // Who is no trusted proxy is one viewer, whatever it says.
    let url = format!("ws://{}/ws", hub.public());
    let bare = || connect_bare(hub.public(), "127.0.0.4");
    let _third = Viewer::over(bare(), &url, &forged).await.ok().unwrap();
    let again = [("x-forwarded-for", "198.51.100.8")];
    assert_eq!(
        Viewer::over(bare(), &url, &again)
            .await
            .err()
            .unwrap()
            .status,
        429
    );
    // Nor is a page of another site one of ours, because it names us.
    let host = front.host();
    let foreign = [
        ("origin", "https://evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("host", host.as_str()),
    ];
    assert_eq!(
        view(&front, "127.0.0.5", &foreign)
            .await
            .err()
            .unwrap()
            .status,
        403
    );
    hub.end_without_complaint();
}

/// How long a stream is silent but for the hub's own signs of life, in seconds; and the patience of the proxies.
///
/// With `SOAK=1` (`make soak`) it is that of the files themselves, and two of it pass.
fn silence() -> (u64, &'static str) {
    if std::env::var_os("SOAK").is_some() {
        (130, "60s")
    } else {
        (28, "28s")
    }
}

fn now(hub: &Hub) -> u64 {
    Raw::get(hub.public(), "/api/v1/time").json()["now"]
        .as_u64()
        .unwrap()
        / 1_000_000
}

/// A WebSocket and a stream of events through `front` bear a silence of `seconds`.
async fn outlives(hub: &Hub, front: &Front, seconds: u64) {
    let mut viewer = view(front, "127.0.0.2", &[]).await.ok().unwrap();
    let mut events = Curl::ask(front, "--http1.1", "/sse?last=0");
    let websocket = async {
        let mut since = now(hub);
        while now(hub) <= since + seconds {
            match viewer.message().await {
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
            let line = events.line().await.expect("the stream goes on");
            if !line.is_empty() && !line.starts_with(':') {
                since = now(hub);
            }
        }
    };
    tokio::join!(websocket, event_stream);
}

#[tokio::test]
async fn nginx_passes_everything_on_at_once() {
    everything_passes(Make::Nginx).await;
}

#[tokio::test]
async fn caddy_passes_everything_on_at_once() {
    everything_passes(Make::Caddy).await;
}

#[tokio::test]
async fn haproxy_passes_everything_on_at_once() {
    everything_passes(Make::Haproxy).await;
}

#[tokio::test]
async fn behind_nginx_viewers_are_told_apart_by_their_addresses() {
    addresses_count(Make::Nginx).await;
}

#[tokio::test]
async fn behind_caddy_viewers_are_told_apart_by_their_addresses() {
    addresses_count(Make::Caddy).await;
}

#[tokio::test]
async fn behind_haproxy_viewers_are_told_apart_by_their_addresses() {
    addresses_count(Make::Haproxy).await;
}

#[tokio::test]
async fn a_silent_stream_outlives_the_patience_of_each_proxy() {
    let hub = hub(NO_DRAIN, "0.001");
    let (seconds, patience) = silence();
    let fronts = Make::ALL.map(|make| Front::with_patience(make, &hub, patience));
    let [one, two, three] = fronts
        .each_ref()
        .map(|front| outlives(&hub, front, seconds));
    tokio::join!(one, two, three);
    hub.end_without_complaint();
}

#[tokio::test]
async fn it_is_the_patience_in_the_files_that_counts() {
    let hub = hub(NO_DRAIN, "0.001");
    for make in Make::ALL {
        let front = Front::with_patience(make, &hub, "1s");
        let mut viewer = view(&front, "127.0.0.2", &[]).await.ok().unwrap();
        let mut events = Curl::ask(&front, "--http1.1", "/sse?last=0");
        viewer.gone().await;
        while events.line().await.is_some() {}
    }
}

#[tokio::test]
async fn haproxy_leaves_out_a_hub_that_drains_when_it_is_told_to_ask() {
    let mut hub = hub("drain = \"10s\"", "0.001");
    let checks = [
        ("# option httpchk", "option httpchk"),
        ("# default-server", "default-server"),
    ];
    let front = Front::changed(Make::Haproxy, &hub, &checks);
    let _viewer = view(&front, "127.0.0.2", &[]).await.ok().unwrap();
    assert!(get(&front, "/version").starts_with("HTTP/1.1 200 OK\r\n"));
    hub.signal("-TERM");
    hub.event("drain");
    // Until it has asked twice, what the hub says of itself comes through.
    while !get(&front, "/version").contains("No server is available") {
        assert!(hub.past_event("stop").is_none(), "the hub was not left out");
    }
}

/// The page, the API and a stream each way, all under the path of the sample.
async fn a_path_before_it_changes_nothing(make: Make) {
    let hub = hub(NO_DRAIN, "10.0");
    let front = Front::with_path(make, &hub);
    let bare = get(&front, "/live?topic=demo&at=x:1");
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
        let answer = get(&front, path);
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{path}: {answer}"
        );
        assert!(answer.contains(part), "{path}: {answer}");
    }
    assert!(get(&front, "/api/v1/topics").starts_with("HTTP/1.1 404 "));
    let own = format!("https://{}", front.host());
    let url = format!("wss://{}/live/ws?last=0", front.host());
    let stream = connect(&front, "127.0.0.2");
    let mut viewer = Viewer::over(stream, &url, &[V1, ("origin", &own)])
        .await
        .ok()
        .unwrap();
    viewer.until("data").await;
    let mut events = Curl::ask(&front, "--http1.1", "/live/sse?last=0");
    while events.data().await["type"] != "data" {}
    hub.end_without_complaint();
}

#[tokio::test]
async fn under_a_path_everything_passes_nginx() {
    a_path_before_it_changes_nothing(Make::Nginx).await;
}

#[tokio::test]
async fn under_a_path_everything_passes_caddy() {
    a_path_before_it_changes_nothing(Make::Caddy).await;
}

#[tokio::test]
async fn under_a_path_everything_passes_haproxy() {
    a_path_before_it_changes_nothing(Make::Haproxy).await;
}

#[test]
fn each_proxy_is_patient_for_longer_than_two_pings() {
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
