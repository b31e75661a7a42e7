//! The histograms of `/metrics`: what they measure, and that a stall shows in them.

use super::super::support::event_stream::EventStream;
use super::super::support::metrics::{Scrape, scrape_until};
use super::super::support::{Hub, RawClient, Viewer, indexed_dataset};

/// The cumulative counts of the buckets of a histogram, by their bounds.
fn buckets(scrape: &Scrape, name: &str, labels: &str) -> Vec<(f64, f64)> {
    let separator = if labels.is_empty() { "" } else { "," };
    let start = format!("{name}_bucket{{le=\"");
    let middle = format!("\"{separator}{labels}}} ");
    let lines = scrape.0.lines();
    lines
        .filter_map(|line| {
            let (bound, count) = line.strip_prefix(&start)?.split_once(&middle)?;
            Some((bound.parse().unwrap(), count.parse().unwrap()))
        })
        .collect()
}

/// The number of values in a histogram, after checking that its parts agree.
fn checked_count(scrape: &Scrape, name: &str, labels: &str) -> f64 {
    let buckets = buckets(scrape, name, labels);
    assert!(buckets.is_sorted(), "{buckets:?}");
    let (last, total) = buckets.last().copied().unwrap();
    let braces = if labels.is_empty() {
        String::new()
    } else {
        format!("{{{labels}}}")
    };
    assert!(last.is_infinite());
    assert_eq!(scrape.value(&format!("{name}_count{braces}")), total);
    let sum = scrape.value(&format!("{name}_sum{braces}"));
    assert!((0.0..=total * 60.0).contains(&sum), "{sum}");
    total
}

/// How many values of a histogram are above `bound`, which has to be a bucket's.
fn above(scrape: &Scrape, name: &str, labels: &str, bound: f64) -> f64 {
    let buckets = buckets(scrape, name, labels);
    let below = buckets.iter().find(|(other, _)| *other == bound).unwrap();
    buckets.last().unwrap().1 - below.1
}

fn delivery(encoding: &str) -> String {
    format!("topic=\"demo\",encoding=\"{encoding}\"")
}

#[tokio::test]
async fn delivery_is_measured_for_the_viewers_of_each_encoding() {
    let hub = Hub::start("rate = 100.0\ncoalesce = \"50ms\"", &indexed_dataset(1_000));
    let mut bare = [Viewer::bare(&hub).await, Viewer::bare(&hub).await];
    let mut v1 = Viewer::v1(&hub).await;
    let mut events = EventStream::connect(&hub, "/sse?last=0", "");
    for _ in 0..20 {
        for viewer in &mut bare {
            viewer.next_text().await;
        }
        v1.until("data").await;
        events.next_data();
    }
    let is_measured = |scrape: &Scrape| {
        ["bare", "v1", "sse"].iter().all(|encoding| {
            let sample = format!("tickcast_delivery_seconds_count{{{}}}", delivery(encoding));
            scrape.0.contains(&sample) && scrape.value(&sample) > 0.0
        })
    };
    let scrape = scrape_until(&hub, is_measured);
    let count = |encoding| checked_count(&scrape, "tickcast_delivery_seconds", &delivery(encoding));
    // Every write to so few viewers is measured: two bare ones with a record a write, and the others with batches.
    assert!(count("bare") >= 20.0 && count("v1") >= 4.0 && count("sse") >= 4.0);
    let delivered = scrape.value("tickcast_delivered_total{topic=\"demo\"}");
    assert!(count("bare") + count("v1") + count("sse") <= delivered);
    // A record that opens a window of 50 ms waits for the window to close.
    assert!(above(&scrape, "tickcast_delivery_seconds", &delivery("v1"), 0.027) > 0.0);
    // No viewer of this encoding has joined.
    assert!(!scrape.0.contains("v1_deflated"));
    hub.stop_without_warnings();
}

#[tokio::test]
async fn the_spread_is_measured_for_flushes_to_several_viewers() {
    let hub = Hub::start("rate = 100.0", "[1,2,3]");
    let lanes = std::thread::available_parallelism().unwrap().get();
    let mut alone = Viewer::v1(&hub).await;
    alone.until("data").await;
    let spread = |encoding| {
        let sample = format!(
            "tickcast_delivery_spread_seconds_count{{{}}}",
            delivery(encoding)
        );
        move |scrape: &Scrape| scrape.0.contains(&sample) && scrape.value(&sample) > 0.0
    };
    // Two on each lane.
    let mut several = Vec::new();
    for _ in 0..2 * lanes {
        several.push(Viewer::bare(&hub).await);
    }
    for viewer in &mut several {
        viewer.next_text().await;
    }
    let scrape = scrape_until(&hub, spread("bare"));
    checked_count(
        &scrape,
        "tickcast_delivery_spread_seconds",
        &delivery("bare"),
    );
    assert!(!spread("v1")(&scrape), "one viewer has no spread");
}

#[tokio::test]
async fn a_stall_of_the_hub_shows_in_delivery_and_lateness() {
    const DELIVERY: &str = "tickcast_delivery_seconds";
    const LATENESS: &str = "tickcast_lateness_seconds";
    let hub = Hub::start("rate = 100.0", "[1,2,3]");
    let mut viewer = Viewer::bare(&hub).await;
    viewer.next_text().await;
    // Records of another hub time the half second for which this one is suspended.
    let other = Hub::start("rate = 100.0", "[1]");
    let mut clock = Viewer::v1(&other).await;
    hub.signal("-STOP");
    for _ in 0..50 {
        clock.until("data").await;
    }
    hub.signal("-CONT");
    for _ in 0..55 {
        viewer.next_text().await;
    }
    let labels = "topic=\"demo\"";
    // Some 28 records were more than 220 ms late, and they leave in a single write.
    let is_late = |scrape: &Scrape| {
        scrape.0.contains(DELIVERY)
            && above(scrape, DELIVERY, &delivery("bare"), 0.22) >= 20.0
            && above(scrape, LATENESS, labels, 0.2) > 0.0
    };
    let scrape = scrape_until(&hub, is_late);
    checked_count(&scrape, LATENESS, labels);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn records_from_before_a_viewer_joined_do_not_count_as_late() {
    let hub = Hub::start(
        "rate = 100.0\nstart = \"2024-01-01T00:00:00Z\"",
        "[1,2,3,4,5,6,7]",
    );
    let mut viewer = Viewer::v1_at(&hub, "/ws?last=5000").await;
    let newest = viewer.until("hello").await["seq"].as_u64().unwrap();
    while viewer.until("data").await["seq"] != newest + 20 {}
    let scrape = scrape_until(&hub, |scrape| {
        scrape.0.contains("tickcast_delivery_seconds")
    });
    // The oldest ones were due 50 s ago.
    let old = above(&scrape, "tickcast_delivery_seconds", &delivery("v1"), 10.0);
    assert_eq!(old, 0.0);
}

#[tokio::test]
async fn the_lag_of_each_viewer_is_observed_whether_it_reads_or_not() {
    const LAG: &str = "tickcast_lag_seconds";
    let labels = "topic=\"demo\"";
    let record = format!("[\"{}\"]", "x".repeat(1_000));
    let hub = Hub::start("rate = 1000.0\nmax_lag = \"1h\"", &record);
    let mut stuck = RawClient::connect(hub.public());
    stuck.shrink_receive_buffer();
    stuck.send(RawClient::handshake(hub.public(), "").as_bytes());
    let mut steady = Viewer::v1(&hub).await;
    let reading = tokio::spawn(async move {
        loop {
            steady.until("data").await;
        }
    });
    let scrape = tokio::task::spawn_blocking(move || {
        scrape_until(&hub, |scrape| {
            above(scrape, LAG, labels, 1.0) > 0.0
                && above(scrape, LAG, labels, 0.1)
                    < scrape.value(&format!("{LAG}_count{{{labels}}}"))
        })
    });
    checked_count(&scrape.await.unwrap(), LAG, labels);
    reading.abort();
}

#[test]
fn history_responses_and_writes_of_the_journal_are_timed() {
    let hub = Hub::start("rate = 100.0", "[1,2,3]");
    for _ in 0..3 {
        let page = RawClient::get(hub.public(), "/api/v1/topics/demo/history?last=2");
        assert_eq!(page.status, 200);
    }
    let history = "tickcast_history_seconds";
    let scrape = scrape_until(&hub, |scrape| {
        scrape.value(&format!("{history}_count")) == 3.0
    });
    assert_eq!(checked_count(&scrape, history, ""), 3.0);
    let syncs = checked_count(&scrape, "tickcast_journal_fsync_seconds", "");
    assert!(syncs > 0.0);
    // The journal is written once a second.
    scrape_until(&hub, |scrape| {
        scrape.value("tickcast_journal_fsync_seconds_count") > syncs
    });
    hub.stop_without_warnings();
}

#[test]
fn a_hub_without_a_journal_has_an_empty_histogram_of_it() {
    let hub = Hub::start("rate = 1.0\nstart = \"2024-01-01T00:00:00Z\"", "[1]");
    let scrape = Scrape::at(hub.ops());
    let count = checked_count(&scrape, "tickcast_journal_fsync_seconds", "");
    assert_eq!(count, 0.0);
}
