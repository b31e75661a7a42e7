//! A topic whose journal says that it is paused.

use std::fs;
use std::time::Duration;

use serde_json::json;

use super::super::supervision::{notification, supervised};
use super::super::support::{Hub, RawClient, Viewer};
use super::format::{change, next_segment};
use super::project;

/// The processor time that the producers of `hub` have used, in ticks of 10 ms.
fn producer_ticks(hub: &Hub) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", hub.pid())).unwrap();
    let ticks = |task: std::path::PathBuf| {
        let stat = fs::read_to_string(task.join("stat")).unwrap_or_default();
        if !stat.contains("(producer-") {
            return 0;
        }
        // The 14th and 15th fields; the second is in parentheses.
        let fields = stat.rsplit(')').next().unwrap().split_whitespace();
        let times = fields
            .skip(11)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().unwrap());
        times.sum()
    };
    tasks.map(|task| ticks(task.unwrap().path())).sum()
}

#[tokio::test]
async fn a_topic_that_was_paused_stays_paused_and_costs_nothing() {
    let hub = project().start();
    let mut viewer = Viewer::v1(&hub).await;
    let before = viewer.until("hello").await;
    // The hub has published three records, however fast the machine is.
    for _ in 0..3 {
        viewer.until("data").await;
    }
    let mut project = hub.stop();
    let segment = next_segment(&project, &json!({"playing": false, "by": "an operator"}));
    change(&project, &segment);
    // The second time from what the hub itself has written.
    for _ in 0..2 {
        let (hub, socket) = supervised(project, Some(Duration::from_millis(200)));
        assert!(hub.last_event("timeline.resumed").is_some());
        let mut viewer = Viewer::v1_at(&hub, "/ws?last=3").await;
        let hello = viewer.until("hello").await;
        assert_eq!(hello["epoch"], before["epoch"]);
        assert_eq!(hello["timeline"]["playing"], false);
        assert_eq!(hello["timeline"]["seq0"], segment["seq0"]);
        let last = segment["seq0"].as_u64().unwrap() - 1;
        assert_eq!(hello["seq"], last);
        // What was published before is still served.
        for seq in last - 2..=last {
            assert_eq!(viewer.until("data").await["seq"], seq);
        }
        assert!(notification(&socket).starts_with("READY=1\n"));
        let ticks = producer_ticks(&hub);
        for _ in 0..20 {
            assert_eq!(notification(&socket), "WATCHDOG=1\n");
        }
        // Two seconds have passed, in which a busy loop would have used 200 ticks.
        assert!(producer_ticks(&hub) - ticks < 20);
        let topic = RawClient::get(hub.public(), "/api/v1/topics/demo").json();
        assert_eq!(
            (&topic["seq"], &topic["playing"]),
            (&json!(last), &json!(false))
        );
        project = hub.stop();
    }
}
