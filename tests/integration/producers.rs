//! Many topics, few threads: what publishes them.

use std::collections::HashSet;
use std::fs;

use super::support::{Hub, Project, Viewer};

/// The kernel's names of the threads of `hub` that publish.
fn producers(hub: &Hub) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", hub.pid())).unwrap();
    let name = |task: &std::path::Path| fs::read_to_string(task.join("comm")).unwrap_or_default();
    let names = tasks.map(|task| name(&task.unwrap().path()).trim_end().to_owned());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("producer-")).collect();
    names.sort_unstable();
    names
}

/// Waits until `count` threads that publish have their names, which each gives itself.
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

/// `count` topics over one dataset, and their numbers in the log each 200 ms.
fn topics(count: usize, rate: f64) -> String {
    let topic = |n| format!("[topics.t{n}]\ndataset = \"data.json\"\nrate = {rate:?}\n");
    let topics: String = (0..count).map(topic).collect();
    format!("[log]\nstats_every = \"200ms\"\n{topics}")
}

/// Waits until each topic that `names` says has published `count` records or more.
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
fn a_thousand_topics_have_as_many_threads_as_ten_and_all_are_published() {
    let ten = Project::new("", "[1,2,3]").configure(&topics(10, 20.0));
    let ten = ten.start();
    let most = std::thread::available_parallelism().unwrap().get().max(4);
    let (expected, total) = (await_producers(&ten, most.min(10)), threads(&ten));
    assert_eq!(expected.len(), most.min(10));
    ten.end_without_complaint();
    let thousand = Project::new("", "[1,2,3]").configure(&topics(1_000, 1.0));
    let mut thousand = thousand.start();
    assert_eq!(await_producers(&thousand, expected.len()), expected);
    // The runtime may have lent a thread or two to what blocks.
    assert!(threads(&thousand) <= total + 4, "{}", threads(&thousand));
    await_published(&mut thousand, (0..1_000).map(name), 3);
    thousand.end_without_complaint();
}

#[test]
fn a_hub_of_one_topic_has_one_thread_that_publishes() {
    let hub = Hub::start("rate = 10.0", "[1]");
    assert_eq!(await_producers(&hub, 1), ["producer-0"]);
    hub.end_without_complaint();
}

#[test]
fn topics_that_a_reload_adds_are_published_on_the_threads_that_there_are() {
    let project = Project::new("", "[1,2,3]").configure(&topics(20, 20.0));
    let mut hub = project.start();
    await_published(&mut hub, (0..20).map(name), 1);
    let before = producers(&hub);
    hub.project().clone().configure(&topics(60, 20.0));
    hub.signal("-HUP");
    hub.event("config.reloaded");
    await_published(&mut hub, (0..60).map(name), 5);
    assert_eq!(producers(&hub), before);
    hub.end_without_complaint();
}

#[tokio::test]
async fn a_stall_of_all_topics_is_made_up_for_by_each_without_a_hole() {
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
    // Another hub's records are the clock for the second in which this one is stopped.
    let other = Hub::start("rate = 100.0", "[1]");
    let mut clock = Viewer::v1(&other).await;
    hub.signal("-STOP");
    for _ in 0..100 {
        clock.until("data").await;
    }
    hub.signal("-CONT");
    // Everything that was due during the stall, many turns of the quick one, comes in order, and then what is due next.
    for ((mut viewer, mut last), count) in viewers.into_iter().zip([4, 20_000, 600]) {
        let end = last + count;
        while last < end {
            last += 1;
            assert_eq!(viewer.until("data").await["seq"], last);
        }
    }
    hub.end_without_complaint();
}
