//! A source of records that is not in memory: its reads block or fail, and nothing else may suffer from that.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use bytes::Bytes;
use tempfile::TempDir;
use tickcast::server::{InheritedSockets, Server};
use tickcast::settings::{Overrides, Settings};
use tickcast::source::{
    Dataset, ExtremesLookup, FieldIndex, ReadOptions, RecordSource, SharedSource, SourceError,
    Stamps,
};
use tickcast::telemetry::LogDrops;

use super::support::{RawClient, Viewer, indexed_dataset};

/// How a read of a [`DiskSource`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disk {
    Working,
    /// Reads wait until that changes.
    Blocked,
    Failing,
}

/// The records of a dataset as if they lay on a disk.
#[derive(Debug)]
struct DiskSource {
    dataset: Dataset,
    disk: Mutex<Disk>,
    changed: Condvar,
}

impl DiskSource {
    fn set(&self, disk: Disk) {
        *self.disk.lock().unwrap() = disk;
        self.changed.notify_all();
    }

    fn access(&self) -> Result<(), SourceError> {
        let disk = self.disk.lock().unwrap();
        let is_blocked = |disk: &mut Disk| *disk == Disk::Blocked;
        let disk = self.changed.wait_while(disk, is_blocked).unwrap();
        match *disk {
            Disk::Failing => Err(io::Error::other("no such sector").into()),
            Disk::Working | Disk::Blocked => Ok(()),
        }
    }
}

impl RecordSource for DiskSource {
    fn count(&self) -> NonZeroU64 {
        self.dataset.count()
    }

    fn digest(&self) -> &[u8; 32] {
        self.dataset.digest()
    }

    fn stamps(&self) -> Option<&Stamps> {
        None
    }

    fn record_max(&self) -> usize {
        self.dataset.record_max()
    }

    fn record_len(&self, index: u64) -> usize {
        self.dataset.record_len(index)
    }

    fn resident(&self, _: Range<u64>) -> Option<Vec<Bytes>> {
        None
    }

    fn read(&self, range: Range<u64>) -> Result<Vec<Bytes>, SourceError> {
        self.access()?;
        self.dataset.read(range)
    }

    fn poll_fields(&self) -> Result<Option<&FieldIndex>, SourceError> {
        self.access()?;
        self.dataset.poll_fields()
    }

    fn poll_extremes(&self, key: &str) -> Result<ExtremesLookup, SourceError> {
        self.access()?;
        self.dataset.poll_extremes(key)
    }
}

/// A hub in this process, with the topics `disk` and `memory`.
struct EmbeddedHub {
    server: Server,
    disk: Arc<DiskSource>,
    _folder: TempDir,
}

impl EmbeddedHub {
    /// Starts the hub. `disk` begins at its first record, at 100 records a second.
    fn start(disk: Disk) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("hub.toml");
        std::fs::write(folder.path().join("data.json"), indexed_dataset(5_000)).unwrap();
        let topic = |name: &str| {
            format!("[topics.{name}]\ndataset = \"data.json\"\nrate = 100.0\nmax_lag = \"30s\"\n")
        };
        let text = format!(
            "[server]\nport = 0\ndefault_topic = \"disk\"\n[ops]\nenabled = false\n[state]\ndir = \"state\"\n{}{}",
            topic("disk"),
            topic("memory")
        );
        std::fs::write(&config, text).unwrap();
        let settings = Settings::load(&config, [], &Overrides::default()).unwrap();
        let load = || {
            Dataset::load(
                Path::new(&settings.topics[0].dataset),
                &ReadOptions::DEFAULT,
            )
            .unwrap()
        };
        let disk = Arc::new(DiskSource {
            dataset: load(),
            disk: Mutex::new(disk),
            changed: Condvar::new(),
        });
        let sources: Vec<SharedSource> = vec![Arc::clone(&disk) as _, Arc::new(load())];
        let (sockets, drops) = (InheritedSockets::default(), LogDrops::default());
        Self {
            server: Server::start(&settings, sources, sockets, drops).unwrap(),
            disk,
            _folder: folder,
        }
    }

    fn address(&self) -> String {
        self.server.public_address().to_string()
    }

    async fn viewer(&self, path: &str) -> Viewer {
        let viewer = Viewer::try_connect(&self.address(), path).await;
        viewer.expect("the hub admits the viewer")
    }

    /// The status and the body of a request.
    async fn get(&self, path: &str) -> (u16, String) {
        let (address, path) = (self.address(), path.to_owned());
        let get = move || {
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            let bytes = RawClient::connect(&address)
                .send(request.as_bytes())
                .read_to_end();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let status = text.split(' ').nth(1).unwrap().parse().unwrap();
            (status, text)
        };
        tokio::task::spawn_blocking(get).await.unwrap()
    }
}

/// Reads `data` messages until `last`, and checks that each publication comes once and in order.
async fn read_all_up_to(viewer: &mut Viewer, first: u64, last: u64) {
    for seq in first..=last {
        let message = viewer.next_unbatched().await;
        assert_eq!(
            (&message["type"], &message["seq"]),
            (&"data".into(), &seq.into())
        );
        assert_eq!(message["data"]["i"], (seq - 1) % 5_000);
    }
}

/// The log lines of this process so far, once [`capture_log`] was called.
static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();

#[derive(Clone)]
struct LogBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for LogBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn capture_log() {
    let buffer = LogBuffer(Arc::clone(LOG.get_or_init(Arc::default)));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || buffer.clone())
        .with_ansi(false)
        .finish();
    // Fails if another test of this process has set one already, which writes to the same buffer.
    _ = tracing::subscriber::set_global_default(subscriber);
}

fn logged(event: &str) -> bool {
    let bytes = LOG.get().unwrap().lock().unwrap();
    String::from_utf8_lossy(&bytes).contains(&format!("event=\"{event}\""))
}

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
    while !logged("topic.unreadable") {
        tokio::task::yield_now().await;
    }
    hub.disk.set(Disk::Working);
    read_all_up_to(&mut viewer, 1, 100).await;
    assert!(logged("topic.readable"));
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
