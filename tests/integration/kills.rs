//! Promise 4: `kill -9` and restart: same epoch, nothing lost, the timeline stands where the clock says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use super::support::viewer::unpack;
use super::support::{PATIENCE, Project, Viewer, indexed};

const LEN: u64 = 331;
const RATE: u64 = 200;

/// How much: a little in every run of the tests, and as much as the promise is worth with `SOAK=1` (`make soak`).
fn scale() -> (u64, usize) {
    if std::env::var_os("SOAK").is_some() {
        (100, 200)
    } else {
        (4, 20)
    }
}

/// What the viewers are told: where the hub listens, anew with each start, and how far to go.
#[derive(Clone)]
struct Stage {
    address: watch::Receiver<String>,
    end: watch::Receiver<Option<u64>>,
    newest: Arc<AtomicU64>,
    progress: Arc<watch::Sender<u64>>,
}

/// A viewer that comes back with its position whenever its connection ends.
struct Faithful {
    stage: Stage,
    /// `hello` of its first connection.
    hello: Value,
    last: u64,
    connections: u64,
}

impl Faithful {
    async fn watch(stage: Stage) -> u64 {
        let address = stage.address.borrow().clone();
        let mut viewer = Viewer::try_at(&address, "/ws?last=0").await.unwrap();
        let hello = viewer.try_whole().await.unwrap();
        let last = hello["seq"].as_u64().unwrap();
        let mut faithful = Self {
            stage,
            hello,
            last,
            connections: 1,
        };
        faithful.follow(viewer).await;
        faithful.stay().await
    }

    /// Comes back until it has what it is told to have; returns how many connections that took.
    async fn stay(mut self) -> u64 {
        while !self.is_done() {
            let address = self.stage.address.borrow_and_update().clone();
            if !self.come_back(&address).await && !self.is_done() {
                // It is dead: the next one is awaited, unless it is there already.
                let next = timeout(
                    PATIENCE,
                    self.stage.address.wait_for(|next| *next != address),
                );
                next.await.expect("another hub").unwrap();
            }
        }
        self.connections
    }

    fn is_done(&self) -> bool {
        self.stage.end.borrow().is_some_and(|end| self.last >= end)
    }

    /// Whether the hub was there to come back to, and stayed until everything was done.
    async fn come_back(&mut self, address: &str) -> bool {
        let epoch = self.hello["epoch"].as_str().unwrap();
        let path = format!("/ws?since={epoch}:{}", self.last);
        let Some(mut viewer) = Viewer::try_at(address, &path).await else {
            return false;
        };
        let Some(hello) = viewer.try_whole().await else {
            return false;
        };
        for name in ["epoch", "timeline", "dataset"] {
            assert_eq!(hello[name], self.hello[name], "{name}");
        }
        assert_eq!(hello["recovered"], true);
        self.connections += 1;
        self.follow(viewer).await
    }

    /// Takes what comes until the connection ends (false), or everything is done.
    async fn follow(&mut self, mut viewer: Viewer) -> bool {
        while !self.is_done() {
            let Some(message) = viewer.try_whole().await else {
                return false;
            };
            match message["type"].as_str().unwrap() {
                "batch" => unpack(&message).iter().for_each(|data| self.take(data)),
                "data" => self.take(&message),
                "jump" => assert_eq!(message["seq"], self.last + 1),
                "viewers" => {}
                other => panic!("{other}: {message}"),
            }
        }
        true
    }

    /// Each publication is the one after the last, at its instant, with its record.
    fn take(&mut self, data: &Value) {
        self.last += 1;
        let t0 = self.hello["timeline"]["t0"].as_u64().unwrap();
        let t = t0 + (self.last - 1) * 1_000_000 / RATE;
        let expected =
            json!({"type": "data", "seq": self.last, "t": t, "data": {"i": (self.last - 1) % LEN}});
        assert_eq!(*data, expected);
        if self.stage.newest.fetch_max(self.last, Ordering::Relaxed) < self.last {
            self.stage.progress.send_replace(self.last);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_killed_again_and_again_loses_no_record_of_any_viewer() {
    let (kills, viewers) = scale();
    let mut hub = Project::new(&format!("rate = {RATE}"), &indexed(LEN)).start();
    // Each start has the same port: viewers come back to where they were.
    let address = hub.public().to_owned();
    let port = address.rsplit_once(':').unwrap().1.to_owned();
    let (addresses, address_of) = watch::channel(format!("{address}#0"));
    let (ends, end) = watch::channel(None);
    let (progress, mut newest) = watch::channel(0);
    let stage = Stage {
        address: address_of,
        end,
        newest: Arc::default(),
        progress: Arc::new(progress),
    };
    let joined: Vec<_> = (0..viewers)
        .map(|_| tokio::spawn(Faithful::watch(stage.clone())))
        .collect();
    let mut random = fastrand::Rng::with_seed(7);
    for kill in 1..=kills {
        // While viewers come back, or when they have long been live.
        let moment = *newest.borrow() + random.u64(..100);
        let wait = newest.wait_for(|newest| *newest >= moment);
        timeout(PATIENCE, wait).await.expect("records").unwrap();
        let project = hub.kill();
        hub = project.start_with(&["--port", &port]);
        addresses.send_replace(format!("{address}#{kill}"));
    }
    let last = *newest.borrow() + RATE;
    ends.send_replace(Some(last));
    let mut connections = 0;
    for faithful in joined {
        connections += faithful.await.unwrap();
    }
    // Not vacuous: most of them were cut off by most of the kills.
    assert!(connections > kills * viewers as u64 / 4, "{connections}");
    hub.end_without_complaint();
}
