//! Producer threads: a few threads publish any number of topics.

use std::collections::HashSet;
use std::fs;

use super::support::{Hub, Project, Viewer};

/// The names of the producer threads of `hub`.
fn producers(hub: &Hub) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", hub.pid())).unwrap();
    let name = |task: &std::path::Path| fs::read_to_string(task.join("comm")).unwrap_or_default();
    let names = tasks.map(|task| name(&task.unwrap().path()).trim_end().to_owned());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("producer-")).collect();
    names.sort_unstable();
    names
}

/// Waits until `count` producer threads have set their names.
fn await_producers(hub: &Hub, count: usize) -> Vec<String> {
    loop {
        let names = producers(hub);
        if names.len() >= count {
            return names;
        }
        std::thread::yield_now();
    }
}

fn threads(hub: &Hub) -> usize {
    fs::read_dir(format!("/proc/{}/task", hub.pid()))
        .unwrap()
        .count()
}

/// A configuration of `count` topics with one dataset, and statistics every 200 ms.
fn topics(count: usize, rate: f64) -> String {
    let topic = |n| format!("[topics.t{n}]\ndataset = \"data.json\"\nrate = {rate:?}\n");
    let topics: String = (0..count).map(topic).collect();
    format!("[log]\nstats_every = \"200ms\"\n{topics}")
}

/// Waits until each topic in `names` has published at least `count` records.
fn await_published(hub: &mut Hub, names: impl Iterator<Item = String>, count: u64) {
    let mut missing: HashSet<_> = names.collect();
    while !missing.is_empty() {
        let stats = hub.event("hub.stats");
        if stats["published_total"].as_u64().unwrap() >= count {
            missing.remove(stats["topic"].as_str().unwrap());
        }
    }
}

fn name(n: usize) -> String {
    format!("t{n}")
}

#[test]
fn a_thousand_topics_use_no_more_threads_than_ten_and_all_are_published() {
    let ten = Project::new("", "[1,2,3]").configure(&topics(10, 20.0));
    let ten = ten.start();
    let most = std::thread::available_parallelism().unwrap().get().max(4);
    let (expected, total) = (await_producers(&ten, most.min(10)), threads(&ten));
    assert_eq!(expected.len(), most.min(10));
    ten.stop_without_warnings();
    let thousand = Project::new("", "[1,2,3]").configure(&topics(1_000, 1.0));
    let mut thousand = thousand.start();
    assert_eq!(await_producers(&thousand, expected.len()), expected);
    // The runtime may have started a thread or two for blocking work.
    assert!(threads(&thousand) <= total + 4, "{}", threads(&thousand));
    await_published(&mut thousand, (0..1_000).map(name), 3);
    thousand.stop_without_warnings();
}

#[test]
fn a_hub_with_one_topic_has_one_producer_thread() {
    let hub = Hub::start("rate = 10.0", "[1]");
    assert_eq!(await_producers(&hub, 1), ["producer-0"]);
    hub.stop_without_warnings();
}

#[test]
fn topics_added_by_a_reload_are_published_by_existing_threads() {
    let project = Project::new("", "[1,2,3]").configure(&topics(20, 20.0));
    let mut hub = project.start();
    await_published(&mut hub, (0..20).map(name), 1);
    let before = producers(&hub);
    hub.project().clone().configure(&topics(60, 20.0));
    hub.signal("-HUP");
    hub.event("config.reloaded");
    await_published(&mut hub, (0..60).map(name), 5);
    assert_eq!(producers(&hub), before);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn after_a_stall_every_topic_catches_up_without_a_hole() {
    let rates = [("slow", 2.0), ("quick", 10_000.0), ("other", 300.0)];
    let topic = |(name, rate): &(&str, f64)| {
        format!("[topics.{name}]\ndataset = \"data.json\"\nrate = {rate:?}\nmax_lag = \"10m\"\n")
    };
    let toml: String = rates.iter().map(topic).collect();
    let hub = Project::new("", "[1,2,3]").configure(&toml).start();
    let mut viewers = Vec::new();
    for (name, _) in rates {
        let mut viewer = Viewer::v1_at(&hub, &format!("/ws/{name}?last=0")).await;
        let hello = viewer.until("hello").await;
        viewers.push((viewer, hello["seq"].as_u64().unwrap()));
    }
    // Records of another hub time the second for which this one is suspended.
    let other = Hub::start("rate = 100.0", "[1]");
    let mut clock = Viewer::v1(&other).await;
    hub.signal("-STOP");
    for _ in 0..100 {
        clock.until("data").await;
    }
    hub.signal("-CONT");
    // Everything that was due during the stall arrives in order, followed by what is due next.
    for ((mut viewer, mut last), count) in viewers.into_iter().zip([4, 20_000, 600]) {
        let end = last + count;
        while last < end {
            last += 1;
            assert_eq!(viewer.until("data").await["seq"], last);
        }
    }
    hub.stop_without_warnings();
}
