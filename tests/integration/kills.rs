//! `kill -9` and restart: the epoch stays, no record is lost, and the timeline is where the clock says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use super::support::viewer::unpack;
use super::support::{Project, TIMEOUT, Viewer, indexed_dataset};

const LEN: u64 = 331;
const RATE: u64 = 200;

/// Numbers of viewers and kills: small in a normal test run, large with `SOAK=1` (`make soak`).
fn scale() -> (u64, usize) {
    if std::env::var_os("SOAK").is_some() {
        (100, 200)
    } else {
        (4, 20)
    }
}

/// What the test sends to its viewers: the hub's current address, and when to stop.
#[derive(Clone)]
struct Stage {
    address: watch::Receiver<String>,
    end: watch::Receiver<Option<u64>>,
    newest: Arc<AtomicU64>,
    progress: Arc<watch::Sender<u64>>,
}

/// A viewer that reconnects with its position whenever its connection ends.
struct ResumingViewer {
    stage: Stage,
    /// `hello` of its first connection.
    hello: Value,
    last: u64,
    connections: u64,
}

impl ResumingViewer {
    async fn watch(stage: Stage) -> u64 {
        let address = stage.address.borrow().clone();
        let mut viewer = Viewer::try_connect(&address, "/ws?last=0").await.unwrap();
        let hello = viewer.try_next_message().await.unwrap();
        let last = hello["seq"].as_u64().unwrap();
        let mut resuming = Self {
            stage,
            hello,
            last,
            connections: 1,
        };
        resuming.follow(viewer).await;
        resuming.stay().await
    }

    /// Reconnects until it has everything; returns the number of connections.
    async fn stay(mut self) -> u64 {
        while !self.is_done() {
            let address = self.stage.address.borrow_and_update().clone();
            if !self.reconnect(&address).await && !self.is_done() {
                // The hub is dead: waits for the next one, unless it is already running.
                let next = timeout(
                    TIMEOUT,
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

    /// Reconnects and reads; returns whether the hub stayed until everything was done.
    async fn reconnect(&mut self, address: &str) -> bool {
        let epoch = self.hello["epoch"].as_str().unwrap();
        let path = format!("/ws?since={epoch}:{}", self.last);
        let Some(mut viewer) = Viewer::try_connect(address, &path).await else {
            return false;
        };
        let Some(hello) = viewer.try_next_message().await else {
            return false;
        };
        for name in ["epoch", "timeline", "dataset"] {
            assert_eq!(hello[name], self.hello[name], "{name}");
        }
        assert_eq!(hello["recovered"], true);
        self.connections += 1;
        self.follow(viewer).await
    }

    /// Reads until everything is done (true) or the connection ends (false).
    async fn follow(&mut self, mut viewer: Viewer) -> bool {
        while !self.is_done() {
            let Some(message) = viewer.try_next_message().await else {
                return false;
            };
            match message["type"].as_str().unwrap() {
                "batch" => unpack(&message).iter().for_each(|data| self.check(data)),
                "data" => self.check(&message),
                "jump" => assert_eq!(message["seq"], self.last + 1),
                "viewers" => {}
                other => panic!("{other}: {message}"),
            }
        }
        true
    }

    /// Asserts that a publication is the next one, with the right time and record.
    fn check(&mut self, data: &Value) {
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
async fn no_viewer_misses_a_record_of_a_hub_that_is_killed_repeatedly() {
    let (kills, viewers) = scale();
    let mut hub = Project::new(&format!("rate = {RATE}"), &indexed_dataset(LEN)).start();
    // Every start uses the same port, so viewers reconnect to the same address.
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
        .map(|_| tokio::spawn(ResumingViewer::watch(stage.clone())))
        .collect();
    let mut random = fastrand::Rng::with_seed(7);
    for kill in 1..=kills {
        // Kills at random: while viewers reconnect, or when they have long been live.
        let moment = *newest.borrow() + random.u64(..100);
        let wait = newest.wait_for(|newest| *newest >= moment);
        timeout(TIMEOUT, wait).await.expect("records").unwrap();
        let project = hub.kill();
        hub = project.start_with(&["--port", &port]);
        addresses.send_replace(format!("{address}#{kill}"));
    }
    let last = *newest.borrow() + RATE;
    ends.send_replace(Some(last));
    let mut connections = 0;
    for resuming in joined {
        connections += resuming.await.unwrap();
    }
    // Checks that the test is effective: most kills disconnected most viewers.
    assert!(connections > kills * viewers as u64 / 4, "{connections}");
    hub.stop_without_warnings();
}
