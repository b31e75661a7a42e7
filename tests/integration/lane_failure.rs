//! Failure of a lane, injected with strace: its viewers are disconnected and can rejoin; nothing else is affected. And a
//! lane that hangs: the hub is not ready.

use super::support::disk::SyscallFault;
use super::support::metrics::Scrape;
use super::support::{Hub, Project, RawClient, Viewer};

#[tokio::test]
async fn a_failed_lane_loses_its_viewers_and_others_miss_nothing() {
    if SyscallFault::is_impossible() {
        return;
    }
    let lanes = std::thread::available_parallelism().unwrap().get();
    let toml =
        "[log]\nstats_every = \"100ms\"\n[topics.demo]\ndataset = \"data.json\"\nrate = 100.0\n";
    let mut hub = Project::new("", "[1,2,3]").configure(toml).start();
    let mut viewers = Vec::new();
    for _ in 0..2 * lanes {
        let mut viewer = Viewer::v1(&hub).await;
        let last = viewer.until("hello").await["seq"].as_u64().unwrap();
        viewers.push((viewer, last));
    }
    // Makes the lane's next wait for events fail with EBADF.
    let fault = SyscallFault::fail_once(&hub, "lane-0", "epoll_wait,epoll_pwait", "EBADF");
    let failed = hub.event("lane.failed");
    assert_eq!(failed["error"], "Bad file descriptor (os error 9)");
    let lost = failed["lost"].as_u64().unwrap();
    drop(fault);
    assert_eq!(lost, 2);
    let mut is_lost = 0;
    for (viewer, last) in &mut viewers {
        for _ in 0..100 {
            let Some(message) = viewer.try_next_message().await else {
                is_lost += 1;
                break;
            };
            if message["type"] == "data" {
                *last += 1;
                assert_eq!(message["seq"], *last);
            }
        }
    }
    assert_eq!(is_lost, lost);
    // Viewers can rejoin, also on that lane.
    let mut back = Vec::new();
    for _ in 0..2 * lanes {
        let mut viewer = Viewer::v1(&hub).await;
        viewer.until("data").await;
        back.push(viewer);
    }
    let left = 4 * lanes as u64 - lost;
    let stats = loop {
        let stats = hub.event("hub.stats");
        if stats["viewers"] == left {
            break stats;
        }
    };
    assert_eq!(
        (&stats["left_lost_total"], &stats["left_total"]),
        (&lost.into(), &lost.into())
    );
}

#[test]
fn a_lane_that_does_not_run_is_a_standstill_until_it_runs_again() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = Hub::start("rate = 10.0", "[1,2,3]");
    let readiness = |hub: &Hub| {
        let answer = RawClient::get(hub.ops(), "/readyz");
        let ready = Scrape::at(hub.ops()).value("tickcast_ready");
        (answer.status, ready)
    };
    assert_eq!(readiness(&hub), (200, 1.0));
    let fault = SyscallFault::block_thread(&hub, "lane-0", "epoll_wait,epoll_pwait");
    let standstill = hub.event("hub.standstill");
    assert_eq!(
        (
            &standstill["part"],
            &standstill["name"],
            &standstill["reason"]
        ),
        (&"lane".into(), &"0".into(), &"lane".into())
    );
    assert_eq!(readiness(&hub), (503, 0.0));
    drop(fault);
    hub.event("hub.moving");
    assert_eq!(readiness(&hub), (200, 1.0));
}
