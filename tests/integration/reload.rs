//! SIGHUP: the configuration is reloaded while viewers watch; each change is applied or rejected by name.

mod documented;
mod every_key;
mod new_topics;
mod rates;

use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};

const TOPIC: &str =
    "[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n[topics.demo.fields.i]\nunit = \"V\"\n";

/// A configuration on free ports with the lines `server` in `[server]`, followed by `rest`.
fn toml(server: &str, rest: &str) -> String {
    format!("[server]\nport = 0\n{server}\n[ops]\nport = 0\n{rest}\n")
}

/// A hub with a viewer that reads until the hub closes the connection.
struct Watched {
    hub: Hub,
    watcher: JoinHandle<Vec<Value>>,
}

/// Everything that the viewer receives from `hello` on, with batches expanded into `data` messages.
async fn watch(mut viewer: Viewer) -> Vec<Value> {
    let (texts, close) = viewer.text_until_close().await;
    assert_eq!(u16::from(close.code), 1012);
    let messages = texts.iter().map(|text| serde_json::from_str(text).unwrap());
    let data = |message: Value| match message["type"].as_str() {
        Some("batch") => super::support::viewer::unpack(&message),
        _ => vec![message],
    };
    messages.flat_map(data).collect()
}

impl Watched {
    async fn start(toml: &str) -> Self {
        let project = Project::new("", &indexed_dataset(70));
        project.write("tickcast.toml", toml);
        Self::with_hub(project.start()).await
    }

    async fn with_hub(hub: Hub) -> Self {
        let watcher = tokio::spawn(watch(Viewer::v1(&hub).await));
        Self { hub, watcher }
    }

    /// Reloads `toml`; returns the rejected keys and the number of changed ones.
    fn reload(&mut self, toml: &str) -> (Vec<String>, u64) {
        self.hub.project().write("tickcast.toml", toml);
        self.read_again()
    }

    /// Waits until `count` more records have been published.
    async fn published(&self, count: u64) {
        let (_, from) = self.hub.position();
        while self.hub.position().1 < from + count {
            tokio::task::yield_now().await;
        }
    }

    fn read_again(&mut self) -> (Vec<String>, u64) {
        self.hub.signal("-HUP");
        let events = self.hub.events_until("config.reloaded");
        let refused = events
            .iter()
            .filter(|event| event["event"] == "config.refused");
        let key = |event: &Value| event["key"].as_str().unwrap().to_owned();
        let changed = events.last().unwrap()["changed"].as_u64().unwrap();
        (refused.map(key).collect(), changed)
    }

    /// Reloads `toml`, which is invalid; returns the key and message of the error, which `check` must report, too.
    fn fail(&mut self, toml: &str) -> String {
        self.hub.project().write("tickcast.toml", toml);
        self.hub.signal("-HUP");
        let failed = self.hub.event("config.failed");
        let check = self.hub.project().run(&["check"]);
        let (error, check) = (
            failed["message"].as_str().unwrap(),
            String::from_utf8(check.stderr).unwrap(),
        );
        assert!(
            check.contains(&format!("error: {error}\n")),
            "{check} does not contain {error}"
        );
        format!("{} {error}", failed["key"].as_str().unwrap())
    }

    /// Stops the hub after some more records and asserts that the viewer has received every record once and in order.
    /// Returns what the viewer has received and the hub has logged.
    async fn stop_and_check(self) -> (Vec<Value>, Vec<Value>) {
        // More than one batch, so that everything published before has been sent.
        self.published(100).await;
        self.hub.signal("-TERM");
        let messages = self.watcher.await.unwrap();
        let mut last = messages[0]["seq"].as_u64().unwrap();
        let mut t = 0;
        for data in messages.iter().filter(|message| message["type"] == "data") {
            assert_eq!(data["seq"], last + 1);
            assert_eq!(data["data"]["i"], last % 70);
            assert!(data["t"].as_i64().unwrap() > t);
            (last, t) = (last + 1, data["t"].as_i64().unwrap());
        }
        assert!(messages.iter().all(|message| message["type"] != "gap"));
        assert!(last > messages[0]["seq"].as_u64().unwrap());
        let (code, events) = self.hub.wait();
        assert_eq!(code, Some(0));
        (messages, events)
    }
}

async fn status_of(hub: &Hub, headers: &[(&'static str, &str)]) -> u16 {
    match Viewer::connect(hub, "/ws", headers).await {
        Ok(_) => 101,
        Err(refusal) => refusal.status,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_access_rules_are_applied_without_disconnecting_viewers() {
    let elsewhere = [("origin", "https://a.example")];
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    assert_eq!(status_of(&watched.hub, &elsewhere).await, 403);
    let _second = Viewer::v1(&watched.hub).await;

    let change = watched.reload(&toml("max_viewers = 1", TOPIC));
    assert_eq!(change, (vec![], 1));
    assert_eq!(status_of(&watched.hub, &[]).await, 503);

    let change = watched.reload(&toml("max_viewers_per_ip = 1", TOPIC));
    assert_eq!(change, (vec![], 2));
    assert_eq!(status_of(&watched.hub, &[]).await, 429);

    let trusting = "max_viewers_per_ip = 1\ntrusted_proxies = [\"127.0.0.0/8\"]";
    assert_eq!(watched.reload(&toml(trusting, TOPIC)), (vec![], 1));
    let from_afar = [("x-forwarded-for", "192.0.2.1")];
    assert_eq!(status_of(&watched.hub, &from_afar).await, 101);

    let allowing = "allowed_origins = [\"https://a.example\"]";
    assert_eq!(watched.reload(&toml(allowing, TOPIC)), (vec![], 3));
    assert_eq!(status_of(&watched.hub, &elsewhere).await, 101);
    let page = RawClient::get(watched.hub.public(), "/");
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .ends_with("'self' https://a.example")
    );

    let change = watched.reload(&toml("history_max = 7\nrecover_max = 5", TOPIC));
    assert_eq!(change, (vec![], 3));
    watched.published(10).await;
    let history =
        RawClient::get(watched.hub.public(), "/api/v1/topics/demo/history?last=50").json();
    assert_eq!(history["items"].as_array().unwrap().len(), 7);
    let (epoch, seq) = watched.hub.position();
    let mut far = Viewer::v1_at(&watched.hub, &format!("/ws?since={epoch}:{}", seq - 6)).await;
    assert_eq!(far.until("gap").await["reason"], "expired");

    let change = watched.reload(&toml("header_timeout = \"300ms\"\ndrain = \"1s\"", TOPIC));
    assert_eq!(change, (vec![], 4));
    // An incomplete request.
    let mut slow = RawClient::connect(watched.hub.public());
    slow.send(b"GET / HTTP/1.1\r\n");
    slow.read_to_end();
    let (_, events) = watched.stop_and_check().await;
    let drain = events.iter().find(|event| event["event"] == "drain");
    assert_eq!(drain.unwrap()["grace_seconds"], 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_level_and_statistics_interval_follow_the_file() {
    let log = |lines: &str| toml("", &format!("[log]\n{lines}\n{TOPIC}"));
    let mut watched = Watched::start(&log("stats_every = \"24h\"")).await;
    assert_eq!(watched.reload(&log("level = \"debug\"")), (vec![], 2));
    assert_eq!(
        watched.hub.last_event("log.level").unwrap()["level"],
        "INFO"
    );
    drop(Viewer::bare(&watched.hub).await);
    watched.hub.event("viewer.joined");
    assert_eq!(watched.reload(&log("stats_every = \"100ms\"")), (vec![], 2));
    watched.hub.event("hub.stats");
    watched.hub.event("hub.stats");
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn labels_backfill_and_policy_apply_to_viewers_that_join_later() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let other = TOPIC
        .replace("unit = \"V\"", "unit = \"mV\"\nlabel = \"x\"")
        .replace(
            "\n[topics.demo.f",
            "\nbackfill = 3\nslow = \"disconnect\"\nmax_lag = \"1s\"\n[topics.demo.f",
        );
    assert_eq!(watched.reload(&toml("", &other)), (vec![], 5));
    watched.published(10).await;
    let mut viewer = Viewer::v1_at(&watched.hub, "/ws").await;
    let hello = viewer.until("hello").await;
    assert_eq!(hello["fields"], json!({"i": {"label": "x", "unit": "mV"}}));
    let first = viewer.until("data").await;
    assert_eq!(
        first["seq"].as_u64().unwrap(),
        hello["seq"].as_u64().unwrap() - 2
    );
    drop(viewer);
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_need_a_restart_are_rejected_by_name_and_others_are_applied() {
    let fixed =
        "[topics.fixed]\ndataset = \"data.json\"\nrate = 1.0\nstart = \"2024-05-06T07:08:09Z\"\n";
    let before = format!("{TOPIC}{fixed}");
    let mut watched = Watched::start(&toml("", &before)).await;
    let with = |topic: &str| toml("", &before.replace("rate = 200.0", topic));
    let refusals = [
        (
            "[server]\nhost = \"127.0.0.2\"\nport = 0\n[ops]\nport = 0\n".to_owned() + &before,
            "server.host",
        ),
        (
            toml("", &before).replacen("port = 0", "port = 1", 1),
            "server.port",
        ),
        (
            toml("", &format!("enabled = false\n{before}")),
            "ops.enabled",
        ),
        (
            toml("", &format!("[state]\ndir = \"elsewhere\"\n{before}")),
            "state.dir",
        ),
        (
            toml("", &format!("[log]\nformat = \"text\"\n{before}")),
            "log.format",
        ),
        (toml("", TOPIC), "topics.fixed"),
        (with("rate = 200.0\nloop = false"), "topics.demo.loop"),
        (
            with("rate = 200.0\nstart = \"2024-05-06T07:08:09Z\""),
            "topics.demo.start",
        ),
        (with("rate = 200.0\ndelay = \"2s\""), "topics.demo.delay"),
        (
            with("rate = 200.0\ncoalesce = \"20ms\""),
            "topics.demo.coalesce",
        ),
        (
            toml("", &before.replace("rate = 1.0", "rate = 2.0")),
            "topics.fixed.rate",
        ),
    ];
    for (toml, key) in refusals {
        assert_eq!(watched.reload(&toml), (vec![key.to_owned()], 0), "{toml}");
    }
    let both = toml(
        "drain = \"2s\"",
        &before.replace("rate = 200.0", "rate = 100.0\nloop = false"),
    );
    let (mut refused, changed) = watched.reload(&both);
    refused.sort();
    assert_eq!(
        (refused, changed),
        (
            vec!["topics.demo.loop".to_owned(), "topics.demo.rate".to_owned()],
            1
        )
    );
    assert_eq!(
        watched.reload(&toml("drain = \"2s\"", &before)),
        (vec![], 0)
    );
    assert_eq!(
        RawClient::get(watched.hub.public(), "/api/v1/topics/fixed").json()["rate"],
        1.0
    );
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_dataset_is_detected_and_the_old_one_stays_in_use() {
    let before = toml("", TOPIC);
    let mut watched = Watched::start(&before).await;
    watched
        .hub
        .project()
        .write("data.json", "[{\"i\":1},{\"i\":2}]");
    assert_eq!(
        watched.read_again(),
        (vec!["topics.demo.dataset".to_owned()], 0)
    );
    watched
        .hub
        .project()
        .write("data.json", "[{\"i\":1},{\"i\"");
    let error = watched.fail(&before);
    assert!(
        error.contains("data.json:1:13: malformed dataset"),
        "{error}"
    );
    let long = format!("[1,\"{}\"]", "x".repeat(16 << 20));
    watched.hub.project().write("data.json", &long);
    let error = watched.fail(&before);
    assert!(
        error.contains("data.json:1:4: record 2 has 1677"),
        "{error}"
    );
    watched
        .hub
        .project()
        .write("data.json", &indexed_dataset(70));
    assert_eq!(watched.read_again(), (vec![], 0));
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_configuration_changes_nothing_and_is_reported_as_by_check() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    for (wrong, expected) in [
        (toml("max_viewer = 1", TOPIC), "unknown key"),
        (
            toml("max_viewers = 1", &TOPIC.replace("200.0", "0")),
            "topics.demo.rate",
        ),
        (
            toml(
                "max_viewers = 1",
                &format!("[log]\nlevel = \"loud\"\n{TOPIC}"),
            ),
            "log.level",
        ),
        (
            toml(
                "max_viewers = 1",
                &format!("{TOPIC}[topics.new]\ndataset = \"none.json\"\nrate = 1.0\n"),
            ),
            "topics.new.dataset",
        ),
        ("[".to_owned(), "tickcast.toml:1"),
    ] {
        let message = watched.fail(&wrong);
        assert!(message.contains(expected), "{message}");
        assert_eq!(status_of(&watched.hub, &[]).await, 101);
    }
    assert_eq!(watched.reload(&toml("max_viewers = 1", TOPIC)), (vec![], 1));
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn environment_variables_and_flags_still_apply_after_a_reload() {
    let project = Project::new("", &indexed_dataset(70));
    project.write("tickcast.toml", &toml("", TOPIC));
    let mut command = project.command(&["--log-level", "warn,tickcast=info"]);
    command.env("TICKCAST__SERVER__MAX_VIEWERS", "1");
    let mut watched = Watched::with_hub(Hub::spawn(command, project)).await;
    let log = format!("[log]\nlevel = \"error\"\n{TOPIC}");
    assert_eq!(watched.reload(&toml("max_viewers = 7", &log)), (vec![], 0));
    assert_eq!(status_of(&watched.hub, &[]).await, 503);
    watched.stop_and_check().await;
}
