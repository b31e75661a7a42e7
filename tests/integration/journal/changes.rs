//! Rate changes are journalled before they take effect: whatever the disk does and whenever the hub is killed, the next
//! start continues with what viewers have been sent.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::support::disk::SyscallFault;
use super::super::support::{Hub, Project, RawClient, Viewer};

const LEN: u64 = 70;

fn topic(rate: &str) -> String {
    format!(
        "[server]\nport = 0\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n"
    )
}

fn hub(rate: &str) -> Hub {
    let project = Project::new("", &super::super::support::indexed_dataset(LEN));
    project.write("tickcast.toml", &topic(rate));
    project.start()
}

/// Reloads a configuration with `rate`; returns the `config.postponed` event if the change was postponed.
fn reload(hub: &mut Hub, rate: &str) -> Option<Value> {
    hub.project().write("tickcast.toml", &topic(rate));
    read_again(hub)
}

fn read_again(hub: &mut Hub) -> Option<Value> {
    hub.signal("-HUP");
    let events = hub.events_until("config.reloaded");
    let postponed = events
        .iter()
        .find(|event| event["event"] == "config.postponed");
    let changed = u64::from(postponed.is_none());
    assert_eq!(events.last().unwrap()["changed"], changed);
    postponed.cloned()
}

/// The entries of the journal, as far as they are complete.
fn entries(hub: &Hub) -> Vec<Value> {
    let journal = std::fs::read_to_string(hub.project().state("journal.entries")).unwrap();
    let entry = |line: &str| serde_json::from_str(line.splitn(3, ' ').nth(2)?).ok();
    journal.lines().skip(1).map_while(entry).collect()
}

/// The number of segments in the journal that are in force.
fn segments(hub: &Hub) -> usize {
    let (mut count, mut proposed) = (0, 0);
    for entry in entries(hub) {
        let added = |topics: &Value| topics[0]["segments"].as_array().unwrap().len();
        match entry.as_object().unwrap().iter().next().unwrap() {
            (kind, topics) if kind == "topics" => count = added(topics),
            (kind, topics) if kind == "propose" => proposed = added(topics),
            (kind, _) if kind == "commit" => count += proposed,
            _ => {}
        }
    }
    count
}

/// A viewer, and the due time of each publication it has received.
struct Witness {
    epoch: String,
    last: u64,
    instants: BTreeMap<u64, i64>,
    viewer: Viewer,
}

impl Witness {
    async fn join(hub: &Hub) -> Self {
        let mut viewer = Viewer::v1(hub).await;
        let hello = viewer.until("hello").await;
        Self {
            epoch: hello["epoch"].as_str().unwrap().to_owned(),
            last: hello["seq"].as_u64().unwrap(),
            instants: BTreeMap::new(),
            viewer,
        }
    }

    /// Reads `count` publications and asserts that they are consecutive with increasing times.
    async fn read(&mut self, count: usize) {
        for _ in 0..count {
            let data = self.viewer.until("data").await;
            self.last += 1;
            assert_eq!(data["seq"], self.last);
            assert_eq!(data["data"]["i"], (self.last - 1) % LEN);
            let t = data["t"].as_i64().unwrap();
            let before = self.instants.insert(self.last, t);
            assert_eq!(before, None);
            assert!(
                self.instants
                    .values()
                    .nth_back(1)
                    .is_none_or(|last| *last < t)
            );
        }
    }

    /// Reads up to publication `seq`.
    async fn read_up_to(&mut self, seq: &Value) {
        let count = seq.as_u64().unwrap().saturating_sub(self.last);
        self.read(usize::try_from(count).unwrap()).await;
    }

    /// Resumes on `hub`, and asserts that nothing is missing and that no publication has a different time now.
    async fn resume(&mut self, hub: &Hub) {
        let path = format!("/ws?since={}:{}", self.epoch, self.last);
        self.viewer = Viewer::v1_at(hub, &path).await;
        let hello = self.viewer.until("hello").await;
        assert_eq!(
            (&hello["epoch"], &hello["recovered"]),
            (&self.epoch.clone().into(), &true.into())
        );
        self.read(20).await;
        let mut again = Viewer::v1_at(hub, &format!("/ws?since={}:0", self.epoch)).await;
        again.until("hello").await;
        for seq in 1..=self.last {
            let data = again.until("data").await;
            assert_eq!(data["seq"], seq);
            if let Some(t) = self.instants.get(&seq) {
                assert_eq!(data["t"], *t, "of {seq}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_journalled_is_reported_and_made_by_the_next_reload() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = hub("200.0");
    let mut witness = Witness::join(&hub).await;
    witness.read(1).await;
    let fault = SyscallFault::fail(&hub, "write", "ENOSPC");
    for _ in 0..2 {
        let postponed = reload(&mut hub, "100.0").unwrap();
        assert_eq!(postponed["level"], "ERROR");
        assert_eq!(postponed["topic"], "demo");
        assert_eq!(postponed["key"], "topics.demo.rate");
        assert!(
            postponed["origin"]
                .as_str()
                .unwrap()
                .ends_with("tickcast.toml:7:8")
        );
        assert_eq!(postponed["error"], "No space left on device (os error 28)");
        // The old segment continues without a hole.
        witness.read(200).await;
    }
    assert_eq!(segments(&hub), 1);
    // A reload back to the effective rate is not a change.
    hub.project().write("tickcast.toml", &topic("200.0"));
    hub.signal("-HUP");
    assert_eq!(hub.event("config.reloaded")["changed"], 0);
    drop(fault);
    assert_eq!(reload(&mut hub, "100.0"), None);
    let segment = hub.last_event("timeline.segment").unwrap().clone();
    assert_eq!(segment["rate"], 100.0);
    witness.read_up_to(&segment["seq0"]).await;
    assert_eq!(
        witness.instants[&witness.last],
        segment["t0"].as_i64().unwrap()
    );
    assert_eq!(segments(&hub), 2);
    let hub = hub.kill().start();
    witness.resume(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_not_reused_after_a_postponed_change_and_a_kill() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = hub("200.0");
    let mut witness = Witness::join(&hub).await;
    let fault = SyscallFault::fail(&hub, "write", "ENOSPC");
    assert!(reload(&mut hub, "100.0").is_some());
    witness.read(300).await;
    hub.signal("-KILL");
    drop(fault);
    let project = hub.kill();
    let hub = project.start();
    assert_eq!(
        hub.last_event("timeline.resumed").unwrap()["rate_changed"],
        true
    );
    witness.resume(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_blocked_disk_the_change_is_not_journalled_and_the_stream_continues() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = hub("200.0");
    let mut witness = Witness::join(&hub).await;
    witness.read(1).await;
    let fault = SyscallFault::block(&hub, SyscallFault::SYNC);
    let postponed = reload(&mut hub, "100.0").unwrap();
    assert_eq!(postponed["error"], "timed out");
    assert_eq!(
        hub.last_event("journal.failed").unwrap()["error"],
        "timed out"
    );
    assert_eq!(hub.last_event("timeline.segment"), None);
    let (_, seq) = hub.position();
    witness.read_up_to(&(seq + 200).into()).await;
    assert_eq!(segments(&hub), 1);
    drop(fault);
    hub.event("journal.recovered");
    // The abandoned change stays out of the journal once the disk works again.
    witness.read(50).await;
    assert_eq!(segments(&hub), 1);
    assert_eq!(read_again(&mut hub), None);
    assert_eq!(segments(&hub), 2);
    witness.read(100).await;
    let hub = hub.kill().start();
    witness.resume(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_the_change_takes_effect_later_and_earlier_attempts_leave_no_trace() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = hub("200.0");
    let mut witness = Witness::join(&hub).await;
    witness.read(1).await;
    // Too slow for the first two attempts.
    let fault = SyscallFault::delay(&hub, SyscallFault::SYNC, 600_000);
    assert_eq!(reload(&mut hub, "100.0"), None);
    let segment = hub.last_event("timeline.segment").unwrap().clone();
    assert_eq!(segments(&hub), 2);
    witness.read_up_to(&segment["seq0"]).await;
    assert_eq!(
        witness.instants[&witness.last],
        segment["t0"].as_i64().unwrap()
    );
    witness.read(50).await;
    hub.signal("-KILL");
    drop(fault);
    let project = hub.kill();
    let hub = project.start();
    witness.resume(&hub).await;
}

/// A hub with one record every five seconds that has just journalled its newest record, so that its next write is that
/// of a change; and a viewer that has the record.
async fn slow_hub() -> (Hub, Witness) {
    let hub = hub("0.2");
    let mut witness = Witness::join(&hub).await;
    witness.read(1).await;
    let newest = |entry: &Value| entry["seq"]["demo"] == witness.last;
    while !entries(&hub).iter().any(newest) {
        tokio::task::yield_now().await;
    }
    (hub, witness)
}

/// The error of a change that may be in the journal or not.
const UNKNOWN_OUTCOME: &str =
    "timed out, and the disk has not reported yet whether the change is written";

/// A hub whose disk has blocked in one of `calls` while it committed a change, a viewer, and the fault.
async fn change_with_unknown_outcome(calls: &str) -> (Hub, Witness, SyscallFault) {
    let (mut hub, witness) = slow_hub().await;
    // The first call is for the proposal.
    let fault = SyscallFault::block_after(&hub, 1, calls);
    let postponed = reload(&mut hub, "50.0").unwrap();
    assert_eq!(postponed["error"], UNKNOWN_OUTCOME);
    assert_eq!(hub.last_event("timeline.segment"), None);
    (hub, witness, fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_affected_by_a_change_is_sent_before_its_outcome_is_known() {
    if SyscallFault::is_impossible() {
        return;
    }
    let (mut hub, mut witness, fault) = change_with_unknown_outcome("fdatasync").await;
    assert_eq!(hub.last_event("timeline.segment"), None);
    // Another reload waits for the same outcome, also for five seconds, and does no harm.
    assert_eq!(read_again(&mut hub).unwrap()["error"], UNKNOWN_OUTCOME);
    let (_, seq) = hub.position();
    let now = RawClient::get(hub.public(), "/api/v1/time").json()["now"]
        .as_i64()
        .unwrap();
    witness.read_up_to(&seq.into()).await;
    let due_before = witness.instants[&seq] + 5_000_000;
    assert!(
        due_before < now,
        "at the old rate, the next record is not due yet"
    );
    drop(fault);
    let segment = hub.event("timeline.segment");
    assert_eq!(segment["seq0"], seq + 1);
    let t0 = segment["t0"].as_i64().unwrap();
    assert!(t0 <= due_before, "publications were held back without need");
    witness.read(1).await;
    assert_eq!(witness.instants[&witness.last], t0);
    witness.read(50).await;
    // The change is in effect by now: reloading the same file changes nothing, another rate is a change.
    hub.signal("-HUP");
    assert_eq!(hub.event("config.reloaded")["changed"], 0);
    assert_eq!(reload(&mut hub, "200.0"), None);
    witness.read(100).await;
    let hub = hub.kill().start();
    witness.resume(&hub).await;
}

/// Kills a hub that is blocked in one of `calls` while it commits a change, and resumes a viewer on the next one.
async fn kill_before_the_outcome_is_known(calls: &str, segments_in_force: usize) {
    let (hub, mut witness, fault) = change_with_unknown_outcome(calls).await;
    assert_eq!(segments(&hub), segments_in_force);
    hub.signal("-KILL");
    // The killed process exits once its system call is released.
    drop(fault);
    let project = hub.kill();
    let hub = project.start();
    witness.resume(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_while_a_commit_is_synced_continues_with_what_viewers_have() {
    if SyscallFault::is_impossible() {
        return;
    }
    kill_before_the_outcome_is_known("fdatasync", 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_before_a_commit_is_written_continues_with_what_viewers_have() {
    if SyscallFault::is_impossible() {
        return;
    }
    kill_before_the_outcome_is_known("write", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_cannot_be_synced_is_rolled_back() {
    if SyscallFault::is_impossible() {
        return;
    }
    let (mut hub, mut witness) = slow_hub().await;
    // The proposal is synced, the commit is not: by then it is in the file.
    let fault = SyscallFault::fail_after(&hub, 1, "fdatasync", "EIO");
    let postponed = reload(&mut hub, "100.0").unwrap();
    assert_eq!(postponed["error"], "Input/output error (os error 5)");
    let failed = hub.last_event("journal.failed").unwrap();
    assert_eq!(failed["error"], postponed["error"]);
    assert_eq!(segments(&hub), 1);
    witness.read(1).await;
    hub.signal("-KILL");
    drop(fault);
    let project = hub.kill();
    let hub = project.start();
    witness.resume(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_a_rate_can_be_changed_and_nothing_is_written() {
    let project = Project::new("", &super::super::support::indexed_dataset(LEN));
    let without = |rate: &str| format!("[state]\ndir = \"\"\n{}", topic(rate));
    project.write("tickcast.toml", &without("200.0"));
    let mut hub = project.clone().start();
    project.write("tickcast.toml", &without("100.0"));
    assert_eq!(read_again(&mut hub), None);
    assert_eq!(hub.last_event("timeline.segment").unwrap()["rate"], 100.0);
    let mut witness = Witness::join(&hub).await;
    witness.read(50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_waits_for_the_disk_reacts_to_a_stop_signal() {
    if SyscallFault::is_impossible() {
        return;
    }
    let mut hub = hub("200.0");
    let fault = SyscallFault::block(&hub, SyscallFault::SYNC);
    hub.project().write("tickcast.toml", &topic("100.0"));
    hub.signal("-HUP");
    // It reacts before the wait for the disk times out, which would log `journal.failed`.
    hub.signal("-TERM");
    let events = hub.events_until("stop");
    assert!(
        events
            .iter()
            .all(|event| event["event"] != "journal.failed")
    );
    drop(fault);
    assert_eq!(hub.wait().0, Some(0));
}
