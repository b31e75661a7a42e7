//! A 64 kB state disk that is full at random moments, under a hub whose rate is changed and that is killed: a resuming
//! viewer never receives two publications for the same time.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::support::disk::SmallDisk;
use super::super::support::viewer::unpack;
use super::super::support::{Hub, Project, RawClient, Viewer, indexed_dataset, kill, print_note};

/// Rounds on one disk: the journal grows by up to one segment in each.
const ROUNDS: usize = 40;
/// Records per second; the records that the viewer receives also time the random moments.
const RATES: [&str; 4] = ["150.0", "400.0", "59.94", "1000.0"];

/// Number of kills: a few in a normal test run, many with `SOAK=1` (`make soak`).
fn kills() -> usize {
    if std::env::var_os("SOAK").is_some() {
        200
    } else {
        6
    }
}

/// A hub on a small disk, and what its viewers have received.
struct Round {
    disk: SmallDisk,
    project: Project,
    hub: Hub,
    epoch: String,
    instants: BTreeMap<u64, i64>,
}

impl Round {
    fn start() -> Option<Self> {
        let project = Project::new("", &indexed_dataset(70));
        configure(&project, RATES[0]);
        let disk = SmallDisk::mount(&project.state(""), "64k")?;
        let hub = Hub::spawn(disk.command_inside(&project.command(&[])), project.clone());
        let (epoch, _) = hub.position();
        Some(Self {
            disk,
            project,
            hub,
            epoch,
            instants: BTreeMap::new(),
        })
    }

    /// Records a publication; asserts that its time never changes and that times increase with `seq`.
    fn record(&mut self, data: &Value) {
        let (seq, t) = (data["seq"].as_u64().unwrap(), data["t"].as_i64().unwrap());
        let known = *self.instants.entry(seq).or_insert(t);
        assert_eq!(known, t, "publication {seq} has two times");
        let before = self.instants.range(..seq).next_back();
        assert!(
            before.is_none_or(|(_, before)| *before < t),
            "publication {seq} goes back"
        );
    }

    /// Reads up to `count` publications, or until the connection ends.
    async fn read(&mut self, viewer: &mut Viewer, count: u64) {
        let mut taken = 0;
        while taken < count {
            let Some(message) = viewer.try_next_message().await else {
                return;
            };
            let data = match message["type"].as_str().unwrap() {
                "batch" => unpack(&message),
                "data" => vec![message],
                _ => vec![],
            };
            taken += data.len() as u64;
            data.iter().for_each(|data| self.record(data));
        }
    }

    /// Joins a viewer that resumes after the last publication received.
    async fn resume(&mut self) -> Viewer {
        let last = self.instants.keys().next_back().copied();
        let since = last.map_or("last=0".to_owned(), |last| {
            format!("since={}:{last}", self.epoch)
        });
        let mut viewer = Viewer::try_connect(self.hub.public(), &format!("/ws?{since}"))
            .await
            .unwrap();
        let hello = viewer.try_next_message().await.unwrap();
        assert_eq!(hello["epoch"], self.epoch);
        if last.is_some() {
            assert_eq!(hello["recovered"], true);
        }
        viewer
    }

    /// Kills the hub and restarts it once there is space on the disk.
    async fn kill(&mut self, mut viewer: Viewer, is_full: bool) {
        assert!(kill(&["-KILL", &self.hub.pid().to_string()]));
        // Reads everything that the hub has sent.
        self.read(&mut viewer, u64::MAX).await;
        if is_full {
            self.disk.free();
        }
        let command = self.disk.command_inside(&self.project.command(&[]));
        self.hub = Hub::spawn(command, self.project.clone());
    }

    /// Asserts that the history matches what viewers have received.
    fn compare_history(&self) {
        let Some((last, _)) = self.instants.last_key_value() else {
            return;
        };
        let from = last.saturating_sub(5_000).max(1);
        let path = format!("/api/v1/topics/demo/history?from={from}&to={last}&limit=10000");
        let history = RawClient::get(self.hub.public(), &path).json();
        for item in history["items"].as_array().unwrap() {
            let known = self.instants.get(&item["seq"].as_u64().unwrap());
            assert!(known.is_none_or(|t| item["t"] == *t), "{item}");
        }
    }
}

fn configure(project: &Project, rate: &str) {
    let toml = format!("[topics.demo]\ndataset = \"data.json\"\nrate = {rate}\n");
    _ = project.clone().configure(&toml);
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_not_reused_after_a_change_on_a_full_disk_and_a_kill() {
    let seed = fastrand::u64(..);
    print_note(&format!("random seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut refused, mut made) = (0, 0);
    let mut round = None;
    for kill in 0..kills() {
        if kill % ROUNDS == 0 {
            round = Round::start();
        }
        let Some(round) = &mut round else { return };
        let mut viewer = round.resume().await;
        round.read(&mut viewer, random.u64(1..40)).await;
        let is_full = random.u8(..4) > 0;
        let is_full_first = random.bool();
        if is_full && is_full_first {
            round.disk.fill();
        }
        configure(&round.project, RATES[random.usize(..RATES.len())]);
        round.hub.signal("-HUP");
        // Kills the hub while it reads, while it writes, while the change is pending, and long after.
        round.read(&mut viewer, random.u64(..150)).await;
        if is_full && !is_full_first {
            round.disk.fill();
            round.read(&mut viewer, random.u64(..50)).await;
        }
        while let Some(event) = round.hub.logged_event("config.reloaded") {
            made += event["changed"].as_u64().unwrap();
        }
        refused += u32::from(round.hub.last_event("config.postponed").is_some());
        round.kill(viewer, is_full).await;
        round.compare_history();
    }
    print_note(&format!(
        "before a kill, {made} changes were made and {refused} postponed"
    ));
    assert!(
        kills() < 50 || (made > 10 && refused > 10),
        "the random moments did not cover both outcomes"
    );
}
