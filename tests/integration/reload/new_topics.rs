//! Topics added by a reload: which events are logged, and in which order.

use super::{TOPIC, Watched, toml};

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
