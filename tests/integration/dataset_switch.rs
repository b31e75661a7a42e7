//! `[topics.NAME.next]`: a topic switches to another dataset at an instant, on every hub with the same file.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::support::{Hub, Project, RawClient, Viewer, indexed_dataset};

const NEXT: &str = "[{\"n\":0},{\"n\":1},{\"n\":2}]";

/// An instant this many milliseconds ahead, as the configuration and as messages have it.
struct Instant {
    text: String,
    micros: i64,
}

impl Instant {
    fn ahead(ms: i64) -> Self {
        let instant = Timestamp::now() + ms.milliseconds();
        let micros = instant.as_millisecond() * 1_000;
        Self {
            text: Timestamp::from_microsecond(micros).unwrap().to_string(),
            micros,
        }
    }

    fn wait(&self) {
        while Timestamp::now().as_microsecond() <= self.micros {
            std::thread::yield_now();
        }
    }

    fn next(&self) -> String {
        let at = &self.text;
        format!("[topics.demo.next]\ndataset = \"next.json\"\nat = \"{at}\"\nrate = 50.0\n")
    }
}

fn toml(topic: &str, next: &str) -> String {
    format!(
        "[server]\nport = 0\ndefault_topic = \"demo\"\n[ops]\nport = 0\n\
         [topics.other]\ndataset = \"data.json\"\nrate = 200.0\n[topics.demo]\nrate = 200.0\n{topic}\n{next}\n"
    )
}

fn project(topic: &str, next: &str) -> Project {
    let project = Project::new("", &indexed_dataset(70));
    project.write("next.json", NEXT);
    project.write("tickcast.toml", &toml(topic, next));
    project
}

const OLD: &str = "dataset = \"data.json\"";

fn reload(hub: &mut Hub, toml: &str) -> Value {
    hub.project().write("tickcast.toml", toml);
    hub.signal("-HUP");
    hub.event("config.reloaded")
}

fn entry(hub: &Hub) -> Value {
    RawClient::get(hub.public(), "/api/v1/topics/demo").json()
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_instant_the_old_epoch_ends_and_every_viewer_moves_to_the_new_one() {
    let mut hub = project(OLD, "").start();
    let mut viewer = Viewer::v1(&hub).await;
    let hello = viewer.until("hello").await;
    let mut bare = Viewer::bare(&hub).await;
    let mut other = Viewer::v1_at(&hub, "/ws/other?last=0").await;
    let first = other.until("data").await["seq"].as_u64().unwrap();
    let at = Instant::ahead(1_500);
    assert_eq!(reload(&mut hub, &toml(OLD, &at.next()))["pending_keys"], "");
    let next = hub.last_event("topic.next").unwrap().clone();
    assert_eq!(
        (&next["at"], &next["records"]),
        (&json!(at.micros), &json!(3))
    );
    assert_eq!(
        entry(&hub)["next"],
        json!({"at": at.micros, "epoch": next["epoch"], "name": "next.json", "len": 3, "sha256": next["sha256"]})
    );
    // The whole old timeline, and nothing of it beyond.
    let mut last = json!(null);
    let bye = loop {
        let message = viewer.next_unbatched().await;
        match message["type"].as_str().unwrap() {
            "data" => last = message,
            "jump" => {}
            _ => break message,
        }
    };
    assert_eq!(
        (&bye["type"], &bye["reason"]),
        (&json!("bye"), &json!("switched"))
    );
    let (seq, t) = (last["seq"].as_u64().unwrap(), last["t"].as_i64().unwrap());
    assert!(
        (at.micros - 5_000..at.micros).contains(&t),
        "{t} {}",
        at.micros
    );
    assert_eq!(last["data"]["i"], (seq - 1) % 70);
    // Back with the old position.
    let epoch = hello["epoch"].as_str().unwrap();
    let mut back = Viewer::v1_at(&hub, &format!("/ws/demo?since={epoch}:{seq}")).await;
    let hello = back.until("hello").await;
    assert_eq!(
        (&hello["epoch"], &hello["recovered"]),
        (&next["epoch"], &json!(false))
    );
    assert_eq!(hello["timeline"]["t0"], at.micros);
    assert_eq!(back.until("gap").await["reason"], "epoch");
    let data = back.until("data").await;
    assert_eq!(
        (&data["seq"], &data["t"], &data["data"]["n"]),
        (&json!(1), &json!(at.micros), &json!(0))
    );
    // Those that have not left by themselves.
    assert_eq!(u16::from(viewer.wait_for_close().await.code), 1012);
    let (records, close) = bare.text_until_close().await;
    assert_eq!(
        (u16::from(close.code), &*close.reason),
        (1012, "dataset switched")
    );
    assert!(records.iter().all(|record| record.starts_with("{\"i\":")));
    let switched = hub.event("topic.switched");
    assert_eq!(
        (&switched["from_epoch"], &switched["seq"]),
        (&json!(epoch), &json!(seq))
    );
    let (last, _) = (other.until("data").await, ());
    assert!(last["seq"].as_u64().unwrap() > first);
    hub.stop_without_warnings();
}

#[tokio::test(flavor = "multi_thread")]
async fn once_switched_the_values_can_be_moved_into_the_topic_without_another_epoch() {
    let at = Instant::ahead(700);
    let mut hub = project(OLD, &at.next()).start();
    let switched = hub.event("topic.switched");
    let epoch = &switched["epoch"];
    // The same file is no change.
    let again = reload(&mut hub, &toml(OLD, &at.next()));
    assert_eq!(
        (&again["changed"], &again["pending_keys"]),
        (&json!(0), &json!(""))
    );
    let moved = toml("dataset = \"next.json\"", "")
        .replace("rate = 200.0\ndataset", "rate = 50.0\ndataset");
    let reloaded = reload(&mut hub, &moved);
    assert_eq!(
        (&reloaded["changed"], &reloaded["pending_keys"]),
        (&json!(0), &json!(""))
    );
    assert_eq!(entry(&hub)["epoch"], *epoch);
    assert_eq!(entry(&hub)["next"], json!(null));
    let hub = hub.stop().start();
    assert_eq!(hub.last_event("timeline.resumed").unwrap()["epoch"], *epoch);
    hub.stop_without_warnings();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_was_down_at_the_instant_starts_in_the_same_epoch_as_every_other() {
    let at = Instant::ahead(1_000);
    let mut first = project(OLD, &at.next()).start();
    let next = first.event("topic.next");
    let killed = first.kill();
    at.wait();
    let second = project(OLD, &at.next()).start();
    let restarted = killed.start();
    for hub in [&restarted, &second] {
        let begun = hub.last_event("timeline.begun").unwrap();
        assert_eq!(
            (&begun["epoch"], &begun["t0"]),
            (&next["epoch"], &json!(at.micros))
        );
    }
    assert_eq!(
        restarted.last_event("timeline.begun").unwrap()["reason"],
        "next"
    );
    restarted.stop_without_warnings();
    second.stop_without_warnings();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switch_that_is_taken_back_does_not_take_place() {
    let at = Instant::ahead(1_000);
    let mut hub = project(OLD, &at.next()).start();
    let epoch = entry(&hub)["epoch"].clone();
    let mut viewer = Viewer::v1(&hub).await;
    reload(&mut hub, &toml(OLD, ""));
    assert!(hub.last_event("topic.next_dropped").is_some());
    let mut t = 0;
    while t < at.micros {
        t = viewer.until("data").await["t"].as_i64().unwrap();
    }
    assert_eq!(entry(&hub)["epoch"], epoch);
    hub.stop_without_warnings();
}

#[test]
fn a_next_dataset_that_cannot_be_played_is_an_error_that_changes_nothing() {
    let at = Instant::ahead(60_000);
    let mut hub = project(OLD, "").start();
    for (next, expected) in [
        (
            at.next().replace("next.json", "missing.json"),
            "topics.demo.next.dataset: ",
        ),
        (
            at.next().replace(&at.text, "first-run"),
            "topics.demo.next.at: `first-run` is not an instant",
        ),
        (
            "[topics.demo.next]\ndataset = \"next.json\"\n".to_owned(),
            "topics.demo.next.at: missing",
        ),
        (
            format!("[topics.demo.next]\nat = \"{}\"\n", at.text),
            "topics.demo.next.dataset: missing",
        ),
    ] {
        hub.project().write("tickcast.toml", &toml(OLD, &next));
        let check = hub.project().run(&["check"]);
        assert_eq!(check.status.code(), Some(2));
        let text = String::from_utf8(check.stderr).unwrap();
        assert!(text.contains(expected), "{text}");
        hub.signal("-HUP");
        let failed = hub.event("config.failed");
        assert!(
            failed["message"].as_str().unwrap().contains(expected),
            "{failed}"
        );
        assert_eq!(entry(&hub)["next"], json!(null));
    }
    hub.project().write("tickcast.toml", &toml(OLD, &at.next()));
    let check = hub.project().run(&["check"]);
    let text = String::from_utf8(check.stdout).unwrap();
    let line = "3 records, 50 per second, from next.json";
    assert!(
        text.contains("topic demo, from ") && text.contains("3 records"),
        "{line}: {text}"
    );
    hub.stop();
}
