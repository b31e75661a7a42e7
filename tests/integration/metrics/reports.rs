//! What viewers report about themselves: the hub shows it over all viewers, and believes little of it.

use serde_json::{Value, json};

use super::super::support::metrics::{Scrape, scrape_until};
use super::super::support::{Hub, RawClient, Viewer};

const LABELS: &str = "{topic=\"demo\"}";

fn report(bound_us: u64, received: u64, late: u64) -> Value {
    json!({
        "type": "report", "seconds": 15.0, "bound_us": bound_us, "received": received, "late": late, "missed": 0,
        "frames": 900, "dropped": 0
    })
}

fn audience(hub: &Hub) -> Value {
    RawClient::get(hub.public(), "/api/v1/topics/demo").json()["audience"].take()
}

/// Waits until this number of viewers counts; returns the audience.
fn audience_of(hub: &Hub, reporting: u64) -> Value {
    let begin = tokio::time::Instant::now();
    loop {
        let audience = audience(hub);
        if audience["reporting"] == reporting {
            return audience;
        }
        assert!(
            begin.elapsed() < super::super::support::TIMEOUT,
            "{audience}"
        );
        std::thread::yield_now();
    }
}

fn count(scrape: &Scrape, metric: &str) -> f64 {
    scrape.value(&format!("tickcast_viewer_{metric}_count{LABELS}"))
}

fn sum(scrape: &Scrape, metric: &str) -> f64 {
    scrape.value(&format!("tickcast_viewer_{metric}_sum{LABELS}"))
}

#[tokio::test]
async fn reports_are_summarized_over_all_viewers_that_report_until_they_leave() {
    let hub = Hub::start("rate = 10.0", "[1,2,3]");
    let nothing = json!({"reporting": 0, "bound_p99_us": null, "late_ratio": null});
    assert_eq!(audience(&hub), nothing);
    let mut viewers = Vec::new();
    for (bound_us, late) in [(1_900, 0), (1_100, 50)] {
        let mut viewer = Viewer::v1(&hub).await;
        viewer.send(&report(bound_us, 100, late).to_string()).await;
        viewers.push(viewer);
    }
    // A viewer that reports nothing does not count.
    let silent = Viewer::v1(&hub).await;
    let two = json!({"reporting": 2, "bound_p99_us": 2_200, "late_ratio": 0.25});
    assert_eq!(audience_of(&hub, 2), two);
    let scrape = Scrape::at(hub.ops());
    for metric in ["clock_bound_seconds", "late_ratio", "frames_per_second"] {
        assert_eq!(count(&scrape, metric), 2.0, "{metric}");
    }
    assert_eq!(sum(&scrape, "clock_bound_seconds"), 0.003);
    assert_eq!(sum(&scrape, "late_ratio"), 0.5);
    assert_eq!(sum(&scrape, "frames_per_second"), 120.0);
    let bound = |le: &str| {
        let labels = format!("{{le=\"{le}\",topic=\"demo\"}}");
        scrape.value(&format!(
            "tickcast_viewer_clock_bound_seconds_bucket{labels}"
        ))
    };
    assert_eq!(
        (bound("0.001"), bound("0.0012"), bound("0.0022")),
        (0.0, 1.0, 2.0)
    );
    drop(viewers.remove(0));
    let one = json!({"reporting": 1, "bound_p99_us": 1_200, "late_ratio": 0.5});
    assert_eq!(audience_of(&hub, 1), one);
    drop((viewers, silent));
    assert_eq!(audience_of(&hub, 0), nothing);
    // The histograms keep what was reported.
    assert_eq!(count(&Scrape::at(hub.ops()), "late_ratio"), 2.0);
    hub.stop_without_warnings();
}

#[tokio::test]
async fn a_viewer_has_one_vote_and_reports_that_come_too_soon_are_ignored() {
    let hub = Hub::start("rate = 10.0", "[1,2,3]");
    let mut viewer = Viewer::v1(&hub).await;
    for bound_us in [500_000, 1_000, 2_000, 3_000] {
        viewer.send(&report(bound_us, 10, 0).to_string()).await;
    }
    // Its pong shows that the hub has handled what came before.
    viewer.send(r#"{"type":"ping","id":1}"#).await;
    viewer.until("pong").await;
    let audience = audience_of(&hub, 1);
    assert_eq!(audience["bound_p99_us"], 560_000);
    assert_eq!(count(&Scrape::at(hub.ops()), "clock_bound_seconds"), 1.0);
}

#[tokio::test]
async fn absurd_values_are_clipped_and_malformed_reports_close_the_connection() {
    let hub = Hub::start("rate = 10.0", "[1,2,3]");
    let mut absurd = Viewer::v1(&hub).await;
    let mut claim = report(u64::MAX, 1, u64::MAX);
    claim["frames"] = json!(u64::MAX);
    claim["seconds"] = json!(0);
    absurd.send(&claim.to_string()).await;
    let clipped = json!({"reporting": 1, "bound_p99_us": 30_000_000, "late_ratio": 1.0});
    assert_eq!(audience_of(&hub, 1), clipped);
    let scrape = scrape_until(&hub, |scrape| count(scrape, "clock_bound_seconds") == 1.0);
    assert_eq!(sum(&scrape, "clock_bound_seconds"), 30.0);
    assert_eq!(sum(&scrape, "frames_per_second"), 1_000.0);
    for (field, value) in [
        ("bound_us", json!(-1)),
        ("bound_us", json!("1")),
        ("received", Value::Null),
        ("seconds", json!(-0.5)),
    ] {
        let mut malformed = Viewer::v1(&hub).await;
        let mut report = report(1, 1, 1);
        report[field] = value;
        malformed.send(&report.to_string()).await;
        assert_eq!(
            u16::from(malformed.wait_for_close().await.code),
            4400,
            "{field}"
        );
    }
}

#[tokio::test]
async fn reports_of_bare_viewers_are_ignored_and_no_single_viewer_appears() {
    let hub = Hub::start("rate = 10.0", "[1,2,3]");
    let mut bare = Viewer::bare(&hub).await;
    let report = report(1_000, 1, 0).to_string();
    bare.send(&report).await;
    bare.next_text().await;
    let mut v1 = Viewer::v1(&hub).await;
    v1.send(&report).await;
    audience_of(&hub, 1);
    let scrape = Scrape::at(hub.ops());
    assert_eq!(count(&scrape, "clock_bound_seconds"), 1.0);
    let lines = scrape.0.lines();
    let mut of_viewers = lines.filter(|line| line.starts_with("tickcast_viewer_"));
    assert!(of_viewers.all(|line| line.contains("topic=\"demo\"}") && !line.contains("127.0.0.1")));
}
