//! A changed rate is written before it is in force: whatever the disk does, and whenever the hub is killed, what viewers
//! were sent is what the next start goes on with.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::support::disk::Obstacle;
use super::super::support::{Hub, Project, Raw, Viewer};

const LEN: u64 = 70;

fn topic(rate: &str) -> String {
    format!(
        "[server]\nport = 0\n[ops]\nport = 0\n[topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n"
    )
}

fn hub(rate: &str) -> Hub {
    let project = Project::new("", &super::super::support::indexed(LEN));
    project.write("tickcast.toml", &topic(rate));
    project.start()
}

/// Has the hub read a configuration with `rate`; returns what it says of the change that it could not make, if any.
fn reload(hub: &mut Hub, rate: &str) -> Option<Value> {
    hub.project().write("tickcast.toml", &topic(rate));
    read_again(hub)
}

fn read_again(hub: &mut Hub) -> Option<Value> {
    hub.signal("-HUP");
    let events = hub.until("config.reloaded");
    let postponed = events
        .iter()
        .find(|event| event["event"] == "config.postponed");
    let changed = u64::from(postponed.is_none());
    assert_eq!(events.last().unwrap()["changed"], changed);
    postponed.cloned()
}

/// How many segments the journal has.
fn segments(hub: &Hub) -> usize {
    let journal = std::fs::read_to_string(hub.project().state("journal")).unwrap();
    journal.matches("\"seq0\"").count()
}

/// A viewer, and when each publication that it was sent is due.
struct Witness {
    epoch: String,
    last: u64,
    instants: BTreeMap<u64, i64>,
    viewer: Viewer,
}

impl Witness {
    async fn of(hub: &Hub) -> Self {
        let mut viewer = Viewer::v1(hub).await;
        let hello = viewer.until("hello").await;
        Self {
            epoch: hello["epoch"].as_str().unwrap().to_owned(),
            last: hello["seq"].as_u64().unwrap(),
            instants: BTreeMap::new(),
            viewer,
        }
    }

    /// Takes `count` more publications, each the next one, and due later.
    async fn take(&mut self, count: usize) {
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

    /// Takes everything up to publication `seq`.
    async fn take_up_to(&mut self, seq: &Value) {
        let count = seq.as_u64().unwrap().saturating_sub(self.last);
        self.take(usize::try_from(count).unwrap()).await;
    }

    /// Comes back to `hub`: all that follows, and nothing that was sent is due at another instant now.
    async fn come_back(&mut self, hub: &Hub) {
        let path = format!("/ws?since={}:{}", self.epoch, self.last);
        self.viewer = Viewer::v1_at(hub, &path).await;
        let hello = self.viewer.until("hello").await;
        assert_eq!(
            (&hello["epoch"], &hello["recovered"]),
            (&self.epoch.clone().into(), &true.into())
        );
        self.take(20).await;
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
async fn a_change_that_cannot_be_written_is_named_and_not_in_force_and_the_next_reload_makes_it() {
    let mut hub = hub("200.0");
    let mut witness = Witness::of(&hub).await;
    witness.take(1).await;
    let obstacle = Obstacle::fail(&hub, "write", "ENOSPC");
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
        // The old segment goes on without a hole.
        witness.take(200).await;
    }
    assert_eq!(segments(&hub), 1);
    // Back to what is in force is no change at all.
    hub.project().write("tickcast.toml", &topic("200.0"));
    hub.signal("-HUP");
    assert_eq!(hub.event("config.reloaded")["changed"], 0);
    drop(obstacle);
    assert_eq!(reload(&mut hub, "100.0"), None);
    let segment = hub.told("timeline.segment").unwrap().clone();
    assert_eq!(segment["rate"], 100.0);
    witness.take_up_to(&segment["seq0"]).await;
    assert_eq!(
        witness.instants[&witness.last],
        segment["t0"].as_i64().unwrap()
    );
    assert_eq!(segments(&hub), 2);
    let hub = hub.kill().start();
    witness.come_back(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_viewer_gets_instants_twice_after_a_refused_change_and_a_kill() {
    let mut hub = hub("200.0");
    let mut witness = Witness::of(&hub).await;
    let obstacle = Obstacle::fail(&hub, "write", "ENOSPC");
    assert!(reload(&mut hub, "100.0").is_some());
    witness.take(300).await;
    hub.signal("-KILL");
    drop(obstacle);
    let project = hub.kill();
    let hub = project.start();
    assert_eq!(hub.told("timeline.resumed").unwrap()["rate_changed"], true);
    witness.come_back(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_does_not_answer_keeps_the_change_out_of_the_journal_and_the_stream_going() {
    let mut hub = hub("200.0");
    let mut witness = Witness::of(&hub).await;
    witness.take(1).await;
    let obstacle = Obstacle::stop(&hub, "fsync");
    let postponed = reload(&mut hub, "100.0").unwrap();
    assert_eq!(postponed["error"], "timed out");
    assert_eq!(hub.told("journal.failed").unwrap()["error"], "timed out");
    assert_eq!(hub.told("timeline.segment"), None);
    let (_, seq) = hub.place();
    witness.take_up_to(&(seq + 200).into()).await;
    assert_eq!(segments(&hub), 1);
    drop(obstacle);
    hub.event("journal.recovered");
    // What was given up stays out when the disk answers at last.
    witness.take(50).await;
    assert_eq!(segments(&hub), 1);
    assert_eq!(read_again(&mut hub), None);
    assert_eq!(segments(&hub), 2);
    witness.take(100).await;
    let hub = hub.kill().start();
    witness.come_back(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_gets_a_later_instant_and_the_earlier_ones_leave_no_trace() {
    let mut hub = hub("200.0");
    let mut witness = Witness::of(&hub).await;
    witness.take(1).await;
    // Too slow for the first two instants that are tried.
    let obstacle = Obstacle::slow(&hub, "fsync", 600_000);
    assert_eq!(reload(&mut hub, "100.0"), None);
    let segment = hub.told("timeline.segment").unwrap().clone();
    assert_eq!(segments(&hub), 2);
    witness.take_up_to(&segment["seq0"]).await;
    assert_eq!(
        witness.instants[&witness.last],
        segment["t0"].as_i64().unwrap()
    );
    witness.take(50).await;
    hub.signal("-KILL");
    drop(obstacle);
    let project = hub.kill();
    let hub = project.start();
    witness.come_back(&hub).await;
}

/// A hub at one record in five seconds that has just written down its newest record, so that its next write is that of
/// the change; a viewer that has the record; and the disk, which will not put the next journal in its place.
async fn held_in_the_middle() -> (Hub, Witness, Obstacle) {
    let mut hub = hub("0.2");
    let mut witness = Witness::of(&hub).await;
    witness.take(1).await;
    let is_written = || {
        let journal = std::fs::read_to_string(hub.project().state("journal")).unwrap();
        journal.contains(&format!("\"seq\": {},", witness.last))
    };
    while !is_written() {
        tokio::task::yield_now().await;
    }
    let obstacle = Obstacle::stop(&hub, "renameat,renameat2,rename");
    let postponed = reload(&mut hub, "50.0").unwrap();
    assert_eq!(postponed["error"], "timed out");
    assert_eq!(hub.told("timeline.segment"), None);
    (hub, witness, obstacle)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_change_decides_is_sent_before_its_outcome_is_known() {
    let (mut hub, mut witness, obstacle) = held_in_the_middle().await;
    assert_eq!(hub.told("timeline.segment"), None);
    // Another reload waits for the same, for five seconds more, and does not make it worse.
    assert_eq!(read_again(&mut hub).unwrap()["error"], "timed out");
    let (_, seq) = hub.place();
    let now = Raw::get(hub.public(), "/api/v1/time").json()["now"]
        .as_i64()
        .unwrap();
    witness.take_up_to(&seq.into()).await;
    let due_before = witness.instants[&seq] + 5_000_000;
    assert!(
        due_before < now,
        "by the old rate the next record is not due yet"
    );
    drop(obstacle);
    let segment = hub.event("timeline.segment");
    assert_eq!(segment["seq0"], seq + 1);
    let t0 = segment["t0"].as_i64().unwrap();
    assert!(t0 <= due_before, "what was held back did not need to be");
    witness.take(1).await;
    assert_eq!(witness.instants[&witness.last], t0);
    witness.take(50).await;
    // It is in force by now, which the next reload knows, and that back is a change.
    hub.signal("-HUP");
    assert_eq!(hub.event("config.reloaded")["changed"], 0);
    assert_eq!(reload(&mut hub, "200.0"), None);
    witness.take(100).await;
    let hub = hub.kill().start();
    witness.come_back(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_killed_before_an_outcome_is_known_goes_on_with_what_viewers_have() {
    let (hub, mut witness, obstacle) = held_in_the_middle().await;
    hub.signal("-KILL");
    // It ends once it is let go.
    drop(obstacle);
    let project = hub.kill();
    let hub = project.start();
    witness.come_back(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_disk_does_not_vouch_for_is_taken_back() {
    let mut hub = hub("200.0");
    let mut witness = Witness::of(&hub).await;
    witness.take(1).await;
    // Of the folder and not of the file: the next journal has its place by then.
    let folder = hub.project().state("").canonicalize().unwrap();
    let obstacle = Obstacle::fail_on(&hub, "fsync", &folder, "EIO");
    let postponed = reload(&mut hub, "100.0").unwrap();
    assert_eq!(postponed["error"], "Input/output error (os error 5)");
    assert_eq!(segments(&hub), 1);
    witness.take(100).await;
    hub.signal("-KILL");
    drop(obstacle);
    let project = hub.kill();
    let hub = project.start();
    witness.come_back(&hub).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_journal_a_rate_is_changed_and_nothing_is_written() {
    let project = Project::new("", &super::super::support::indexed(LEN));
    let without = |rate: &str| format!("[state]\ndir = \"\"\n{}", topic(rate));
    project.write("tickcast.toml", &without("200.0"));
    let mut hub = project.clone().start();
    project.write("tickcast.toml", &without("100.0"));
    assert_eq!(read_again(&mut hub), None);
    assert_eq!(hub.told("timeline.segment").unwrap()["rate"], 100.0);
    let mut witness = Witness::of(&hub).await;
    witness.take(50).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_waits_for_the_disk_hears_that_it_is_to_end() {
    let mut hub = hub("200.0");
    let obstacle = Obstacle::stop(&hub, "fsync");
    hub.project().write("tickcast.toml", &topic("100.0"));
    hub.signal("-HUP");
    // It hears that before it has given up the disk, of which `journal.failed` would tell.
    hub.signal("-TERM");
    let events = hub.until("stop");
    assert!(
        events
            .iter()
            .all(|event| event["event"] != "journal.failed")
    );
    drop(obstacle);
    assert_eq!(hub.end().0, Some(0));
}
