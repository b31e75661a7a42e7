//! Topics added by a reload: they are served and journalled, and which events are logged in which order.

use super::{RawClient, TOPIC, Viewer, Watched, toml};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_topic_is_served_and_continues_after_a_restart() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let path = "/api/v1/topics";
    let more = "[topics.first]\ndataset = \"data.json\"\nrate = 100.0\n";
    let fixed = "[topics.\"fixed.1\"]\ndataset = \"data.json\"\nrate = 1.0\nstart = \"2024-05-06T07:08:09Z\"\n";
    let all = toml("", &format!("{more}{TOPIC}{fixed}"));
    // The first topic in the file is the default.
    assert_eq!(watched.reload(&all), (vec![], 3));
    assert_eq!(
        watched.hub.last_event("topic.added").unwrap()["topic"],
        "fixed.1"
    );
    let topics = RawClient::get(watched.hub.public(), path).json();
    let names: Vec<_> = topics["topics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|topic| &topic["name"])
        .collect();
    assert_eq!(names, ["first", "demo", "fixed.1"]);
    let mut viewer = Viewer::v1(&watched.hub).await;
    let hello = viewer.until("hello").await;
    assert_eq!(hello["topic"], "first");
    let data = viewer.until("data").await;
    assert_eq!(data["data"]["i"], (data["seq"].as_u64().unwrap() - 1) % 70);
    // The timeline survives a kill, because it was journalled before anything was sent.
    let hub = watched.hub.kill().start();
    let after = RawClient::get(hub.public(), &format!("{path}/first")).json();
    assert_eq!(after["epoch"], hello["epoch"]);
    assert!(after["seq"].as_u64() >= data["seq"].as_u64());
    hub.stop_without_warnings();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_topic_that_needs_a_journal_opens_it() {
    let fixed =
        "[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\nstart = \"2024-05-06T07:08:09Z\"\n";
    let more = "[topics.new]\ndataset = \"data.json\"\nrate = 10.0\n";
    let mut watched = Watched::start(&toml("", fixed)).await;
    assert!(!watched.hub.project().state("journal").exists());
    assert_eq!(
        watched.reload(&toml("", &format!("{fixed}{more}"))),
        (vec![], 1)
    );
    assert!(watched.hub.project().state("journal").exists());
    watched.stop_and_check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_topic_that_has_already_ended_is_logged_as_ready_before_it_is_logged_as_ended() {
    let mut watched = Watched::start(&toml("", TOPIC)).await;
    let over: String = (0..60)
        .map(|n| {
            format!(
                "[topics.over{n}]\ndataset = \"data.json\"\nrate = 100.0\nloop = false\nstart = \"2024-05-06T07:08:09Z\"\n"
            )
        })
        .collect();
    assert_eq!(
        watched.reload(&toml("", &(TOPIC.to_owned() + &over))),
        (vec![], 60)
    );
    let (_, events) = watched.stop_and_check().await;
    for n in 0..60 {
        let topic = format!("over{n}");
        let of_topic = events.iter().filter(|event| event["topic"] == *topic);
        let names: Vec<_> = of_topic
            .filter_map(|event| event["event"].as_str())
            .filter(|event| !event.starts_with("hub."))
            .collect();
        assert!(
            names.starts_with(&["topic.added", "topic.ready"]),
            "{names:?}"
        );
    }
}
