//! Two hubs behind one proxy: while one of them drains, and when it is killed, every request and every viewer finds the
//! other, and resumes there without a gap.

use serde_json::Value;

use super::proxy::{Make, Proxy};
use super::{V1, connect, get};
use crate::support::{Hub, Project, RawClient, Viewer};

/// How many requests and how many viewers have to succeed.
const ATTEMPTS: usize = 12;

/// Hubs with the same dataset and the same fixed start agree about the timeline.
fn hub() -> Hub {
    let toml = "[server]\nport = 0\ntrusted_proxies = [\"127.0.0.1/32\"]\nhosts = [\"hub.example.org\"]\n\
                drain = \"20s\"\n[ops]\nport = 0\n\
                [topics.demo]\ndataset = \"data.json\"\nrate = 20.0\nstart = \"2026-01-01T00:00:00Z\"\n";
    Project::raw(toml).start()
}

/// A viewer with its position.
struct Joined {
    viewer: Viewer,
    epoch: String,
    seq: u64,
}

impl Joined {
    /// Joins through `proxy` with the parameter `from`, and reads the first record.
    async fn through(proxy: &Proxy, from: &str) -> (Self, Value) {
        let url = format!("wss://{}/ws?{from}", proxy.host());
        let connected = Viewer::connect_over(connect(proxy, "127.0.0.2"), &url, &[V1]).await;
        let mut viewer = connected
            .map_err(|rejection| format!("{}: {}", rejection.status, rejection.problem))
            .expect("one of the hubs admits the viewer");
        let hello = viewer.until("hello").await;
        let seq = viewer.until("data").await["seq"].as_u64().unwrap();
        let epoch = hello["epoch"].as_str().unwrap().to_owned();
        (Self { viewer, epoch, seq }, hello)
    }

    /// Joins again at once, as pages do; asserts that nothing is missing.
    async fn again(self, proxy: &Proxy) -> Self {
        let position = format!("since={}:{}", self.epoch, self.seq);
        let (joined, hello) = Self::through(proxy, &position).await;
        assert_eq!(hello["recovered"], true, "{hello}");
        assert_eq!(
            (joined.epoch.as_str(), joined.seq),
            (self.epoch.as_str(), self.seq + 1)
        );
        joined
    }
}

fn viewers(hub: &Hub) -> u64 {
    let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
    topic["viewers"].as_u64().unwrap()
}

/// Joins through `proxy` until each hub has two viewers; returns those of `one`. The others are kept in `kept`.
async fn viewers_of_both(
    proxy: &Proxy,
    one: &Hub,
    two: &Hub,
    kept: &mut Vec<Joined>,
) -> Vec<Joined> {
    let mut of_one = Vec::new();
    while viewers(one) < 2 || viewers(two) < 2 {
        let before = viewers(one);
        let (joined, _) = Joined::through(proxy, "last=0").await;
        if viewers(one) > before {
            &mut of_one
        } else {
            &mut *kept
        }
        .push(joined);
        assert!(
            kept.len() + of_one.len() < 40,
            "the proxy uses only one of the hubs"
        );
    }
    of_one
}

/// Asserts that every request is answered and every viewer is admitted.
async fn everything_works(proxy: &Proxy, kept: &mut Vec<Joined>) {
    for _ in 0..ATTEMPTS {
        let answer = get(proxy, "/version");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        kept.push(Joined::through(proxy, "last=0").await.0);
    }
}

async fn a_killed_hub_is_replaced_by_the_other(make: Make) {
    if make.is_missing() {
        return;
    }
    let (one, two) = (hub(), hub());
    let proxy = Proxy::with_hubs(make, &one, &two);
    let mut kept = Vec::new();
    let cut = viewers_of_both(&proxy, &one, &two, &mut kept).await;
    one.kill();
    for mut joined in cut {
        joined.viewer.wait_for_disconnect().await;
        kept.push(joined.again(&proxy).await);
    }
    everything_works(&proxy, &mut kept).await;
    assert_eq!(viewers(&two), kept.len() as u64);
}

async fn viewers_of_a_draining_hub_move_to_the_other(make: Make) {
    if make.is_missing() {
        return;
    }
    let (mut one, two) = (hub(), hub());
    let proxy = Proxy::with_hubs(make, &one, &two);
    let mut kept = Vec::new();
    let asked = viewers_of_both(&proxy, &one, &two, &mut kept).await;
    one.signal("-TERM");
    one.event("drain");
    everything_works(&proxy, &mut kept).await;
    for mut joined in asked {
        // Streams go on after `bye`: a viewer leaves only when the other hub has admitted it.
        joined.viewer.until("bye").await;
        joined.seq = joined.viewer.until("data").await["seq"].as_u64().unwrap();
        kept.push(joined.again(&proxy).await);
    }
    let (code, events) = one.wait();
    assert_eq!(
        (code, &events.last().unwrap()["remaining"]),
        (Some(0), &0.into())
    );
    assert_eq!(viewers(&two), kept.len() as u64);
    everything_works(&proxy, &mut kept).await;
}

#[tokio::test]
async fn behind_nginx_a_killed_hub_is_replaced_by_the_other() {
    a_killed_hub_is_replaced_by_the_other(Make::Nginx).await;
}

#[tokio::test]
async fn behind_haproxy_a_killed_hub_is_replaced_by_the_other() {
    a_killed_hub_is_replaced_by_the_other(Make::Haproxy).await;
}

#[tokio::test]
async fn behind_nginx_viewers_of_a_draining_hub_move_to_the_other() {
    viewers_of_a_draining_hub_move_to_the_other(Make::Nginx).await;
}

#[tokio::test]
async fn behind_haproxy_viewers_of_a_draining_hub_move_to_the_other() {
    viewers_of_a_draining_hub_move_to_the_other(Make::Haproxy).await;
}

#[test]
fn the_samples_under_a_path_pass_requests_on_as_the_others_do() {
    for (plain, under_a_path, words) in [
        (
            "nginx.conf",
            "nginx-path.conf",
            &["proxy_next_upstream", "fail_timeout"][..],
        ),
        (
            "haproxy.cfg",
            "haproxy-path.cfg",
            &["redispatch", "retries", "retry-on", "disable-l7-retry"],
        ),
    ] {
        let lines = |name: &str| {
            let text = super::proxy::shipped(name);
            let lines = text
                .lines()
                .map(str::trim)
                .filter(|line| words.iter().any(|word| line.contains(word)));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(plain), lines(under_a_path));
        assert!(lines(plain).len() >= words.len(), "{plain}");
    }
}
