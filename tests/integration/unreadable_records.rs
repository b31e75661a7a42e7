//! A source of records that is not in memory: its reads block or fail, and nothing else may suffer from that.

use super::support::embedded::{Disk, EmbeddedHub, capture_log, logged, read_all_up_to};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_whose_reads_block_delays_no_other_topic_and_then_continues_without_a_gap() {
    let hub = EmbeddedHub::start(Disk::Blocked);
    let mut blocked = hub.viewer("/ws/disk?last=0").await;
    let mut other = hub.viewer("/ws/memory?last=0").await;
    assert_eq!(blocked.next_message().await["seq"], 0);
    let first = other.until("data").await["seq"].as_u64().unwrap();
    read_all_up_to(&mut other, first + 1, first + 100).await;
    hub.disk.set(Disk::Working);
    read_all_up_to(&mut blocked, 1, 200).await;
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_cannot_be_read_are_logged_and_published_once_they_can_be_read() {
    capture_log();
    let hub = EmbeddedHub::start(Disk::Failing);
    let mut viewer = hub.viewer("/ws/disk?last=0").await;
    assert_eq!(viewer.next_message().await["type"], "hello");
    // Answered only after a failed read.
    let (status, problem) = hub
        .get("/api/v1/topics/disk/history?points=9&field=i")
        .await;
    assert_eq!(status, 503, "{problem}");
    assert!(
        problem.contains("\"code\":\"records_unreadable\""),
        "{problem}"
    );
    let (status, _) = hub
        .get("/api/v1/topics/memory/history?points=9&field=i")
        .await;
    assert_eq!(status, 200);
    while logged("topic.unreadable") == 0 {
        tokio::task::yield_now().await;
    }
    hub.disk.set(Disk::Working);
    read_all_up_to(&mut viewer, 1, 100).await;
    assert!(logged("topic.readable") > 0);
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backfill_that_is_not_in_memory_arrives_complete_and_in_order() {
    let hub = EmbeddedHub::start(Disk::Working);
    let mut live = hub.viewer("/ws/disk?last=0").await;
    while live.until("data").await["seq"].as_u64().unwrap() < 50 {}
    for path in ["/ws/disk?last=1000", "/ws/disk?last=30"] {
        let mut viewer = hub.viewer(path).await;
        let hello = viewer.next_message().await;
        let newest = hello["seq"].as_u64().unwrap();
        let first = if path.ends_with("=30") {
            newest - 29
        } else {
            1
        };
        read_all_up_to(&mut viewer, first, newest + 50).await;
    }
    hub.server.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_whose_backfill_cannot_be_read_is_sent_the_gap_and_continues_live() {
    let hub = EmbeddedHub::start(Disk::Working);
    let mut live = hub.viewer("/ws/disk?last=0").await;
    while live.until("data").await["seq"].as_u64().unwrap() < 20 {}
    // The hub has read the next records ahead.
    hub.disk.set(Disk::Failing);
    let mut viewer = hub.viewer("/ws/disk?last=1000").await;
    assert_eq!(viewer.next_message().await["type"], "hello");
    let gap = viewer.next_message_except_viewers().await;
    assert_eq!(
        (&gap["type"], &gap["reason"], &gap["from"]),
        (&"gap".into(), &"expired".into(), &1.into())
    );
    let to = gap["to"].as_u64().unwrap();
    read_all_up_to(&mut viewer, to + 1, to + 20).await;
    hub.server.drain().await;
}
