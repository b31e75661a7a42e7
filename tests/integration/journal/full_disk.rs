//! A state disk of 64 kB that is full at random moments, under a hub whose rate is changed and that is killed: a viewer
//! that resumes never gets instants again.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::support::disk::SmallDisk;
use super::super::support::viewer::unpack;
use super::super::support::{Hub, Project, Raw, Viewer, indexed, report};

/// Rounds on one disk: the journal grows by up to one segment in each.
const ROUNDS: usize = 40;
/// In records per second: the records that the viewer gets are the clock for the random moments.
const RATES: [&str; 4] = ["150.0", "400.0", "59.94", "1000.0"];

/// How many kills: a few in every run of the tests, and as many as the promise is worth with `SOAK=1` (`make soak`).
fn kills() -> usize {
    if std::env::var_os("SOAK").is_some() {
        200
    } else {
        6
    }
}

/// A hub on a small disk, and what its viewers were sent.
struct Round {
    disk: SmallDisk,
    project: Project,
    hub: Hub,
    epoch: String,
    instants: BTreeMap<u64, i64>,
}

impl Round {
    fn start() -> Option<Self> {
        let project = Project::new("", &indexed(70));
        configure(&project, RATES[0]);
        let disk = SmallDisk::at(&project.state(""), "64k")?;
        let hub = Hub::spawn(disk.seen_by(&project.command(&[])), project.clone());
        let (epoch, _) = hub.place();
        Some(Self {
            disk,
            project,
            hub,
            epoch,
            instants: BTreeMap::new(),
        })
    }

    /// Notes a publication. Asserts that it always has the same instant, and that later ones have later instants.
    fn note(&mut self, data: &Value) {
        let (seq, t) = (data["seq"].as_u64().unwrap(), data["t"].as_i64().unwrap());
        let known = *self.instants.entry(seq).or_insert(t);
        assert_eq!(known, t, "publication {seq} has two instants");
        let before = self.instants.range(..seq).next_back();
        assert!(
            before.is_none_or(|(_, before)| *before < t),
            "publication {seq} goes back"
        );
    }

    /// Takes what comes, up to `count` publications or the end of the connection.
    async fn take(&mut self, viewer: &mut Viewer, count: u64) {
        let mut taken = 0;
        while taken < count {
            let Some(message) = viewer.try_whole().await else {
                return;
            };
            let data = match message["type"].as_str().unwrap() {
                "batch" => unpack(&message),
                "data" => vec![message],
                _ => vec![],
            };
            taken += data.len() as u64;
            data.iter().for_each(|data| self.note(data));
        }
    }

    /// A viewer that comes back with the last publication it has.
    async fn come_back(&mut self) -> Viewer {
        let last = self.instants.keys().next_back().copied();
        let since = last.map_or("last=0".to_owned(), |last| {
            format!("since={}:{last}", self.epoch)
        });
        let mut viewer = Viewer::try_at(self.hub.public(), &format!("/ws?{since}"))
            .await
            .unwrap();
        let hello = viewer.try_whole().await.unwrap();
        assert_eq!(hello["epoch"], self.epoch);
        if last.is_some() {
            assert_eq!(hello["recovered"], true);
        }
        viewer
    }

    /// Kills the hub, which is started again when there is room.
    async fn kill(&mut self, mut viewer: Viewer, is_full: bool) {
        let pid = self.hub.pid().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-9", &pid])
            .status();
        assert!(killed.unwrap().success());
        // Everything that it has sent.
        self.take(&mut viewer, u64::MAX).await;
        if is_full {
            self.disk.clear();
        }
        let command = self.disk.seen_by(&self.project.command(&[]));
        self.hub = Hub::spawn(command, self.project.clone());
    }

    /// What the history has is what viewers were sent.
    fn compare_history(&self) {
        let Some((last, _)) = self.instants.last_key_value() else {
            return;
        };
        let from = last.saturating_sub(5_000).max(1);
        let path = format!("/api/v1/topics/demo/history?from={from}&to={last}&limit=10000");
        let history = Raw::get(self.hub.public(), &path).json();
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
async fn no_viewer_gets_instants_again_after_a_change_on_a_full_disk_and_a_kill() {
    let seed = fastrand::u64(..);
    report(&format!("the moments are those of seed {seed}"));
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut refused, mut made) = (0, 0);
    let mut round = None;
    for kill in 0..kills() {
        if kill % ROUNDS == 0 {
            round = Round::start();
        }
        let Some(round) = &mut round else { return };
        let mut viewer = round.come_back().await;
        round.take(&mut viewer, random.u64(1..40)).await;
        let is_full = random.u8(..4) > 0;
        let is_full_first = random.bool();
        if is_full && is_full_first {
            round.disk.fill();
        }
        configure(&round.project, RATES[random.usize(..RATES.len())]);
        round.hub.signal("-HUP");
        // While it reads, while it writes, while it waits for the instant, and long after.
        round.take(&mut viewer, random.u64(..150)).await;
        if is_full && !is_full_first {
            round.disk.fill();
            round.take(&mut viewer, random.u64(..50)).await;
        }
        while let Some(event) = round.hub.past_event("config.reloaded") {
            made += event["changed"].as_u64().unwrap();
        }
        refused += u32::from(round.hub.told("config.postponed").is_some());
        round.kill(viewer, is_full).await;
        round.compare_history();
    }
    report(&format!(
        "{made} changes were made and {refused} refused before a kill"
    ));
    assert!(
        kills() < 50 || (made > 10 && refused > 10),
        "the moments are not what is wanted"
    );
}
