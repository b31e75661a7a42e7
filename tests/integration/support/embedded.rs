//! A hub in this process whose topic `disk` reads from a [`DiskSource`], and the log of this process.

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

use super::{RawClient, Viewer, indexed_dataset};

/// The records of `disk` and of `memory`.
pub(crate) const LEN: u64 = 5_000;

/// How a read of a [`DiskSource`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    Working,
    /// Reads wait until that changes.
    Blocked,
    Failing,
    /// The file is not the one that was opened.
    Changed,
}

/// The records of a dataset as if they lay on a disk.
#[derive(Debug)]
pub(crate) struct DiskSource {
    dataset: Dataset,
    disk: Mutex<Disk>,
    changed: Condvar,
}

impl DiskSource {
    pub(crate) fn set(&self, disk: Disk) {
        *self.disk.lock().unwrap() = disk;
        self.changed.notify_all();
    }

    fn access(&self) -> Result<(), SourceError> {
        let disk = self.disk.lock().unwrap();
        let is_blocked = |disk: &mut Disk| *disk == Disk::Blocked;
        let disk = self.changed.wait_while(disk, is_blocked).unwrap();
        match *disk {
            Disk::Failing => Err(io::Error::other("no such sector").into()),
            Disk::Changed => Err(SourceError::changed("it has 12 bytes instead of 99")),
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
pub(crate) struct EmbeddedHub {
    pub(crate) server: Server,
    pub(crate) disk: Arc<DiskSource>,
    _folder: TempDir,
}

impl EmbeddedHub {
    /// Starts the hub. `disk` begins at its first record, at 100 records a second.
    pub(crate) fn start(disk: Disk) -> Self {
        Self::start_at(disk, 100)
    }

    /// Starts the hub, whose topics have `rate` records a second.
    pub(crate) fn start_at(disk: Disk, rate: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("hub.toml");
        std::fs::write(folder.path().join("data.json"), indexed_dataset(LEN)).unwrap();
        let topic = |name: &str| {
            format!(
                "[topics.{name}]\ndataset = \"data.json\"\nrate = {rate}.0\nmax_lag = \"30s\"\n"
            )
        };
        let text = format!(
            "[server]\nport = 0\ndefault_topic = \"disk\"\n[ops]\nport = 0\n[state]\ndir = \"state\"\n{}{}",
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

    pub(crate) fn address(&self) -> String {
        self.server.public_address().to_string()
    }

    pub(crate) async fn viewer(&self, path: &str) -> Viewer {
        let viewer = Viewer::try_connect(&self.address(), path).await;
        viewer.expect("the hub admits the viewer")
    }

    /// The status and the body of a request.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        Self::get_from(self.address(), path).await
    }

    /// The same, of the operations listener.
    pub(crate) async fn get_ops(&self, path: &str) -> (u16, String) {
        let address = self.server.ops_address().unwrap();
        Self::get_from(address.to_string(), path).await
    }

    async fn get_from(address: String, path: &str) -> (u16, String) {
        let path = path.to_owned();
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
pub(crate) async fn read_all_up_to(viewer: &mut Viewer, first: u64, last: u64) {
    for seq in first..=last {
        let message = viewer.next_unbatched().await;
        assert_eq!(
            (&message["type"], &message["seq"]),
            (&"data".into(), &seq.into())
        );
        assert_eq!(message["data"]["i"], (seq - 1) % LEN);
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

pub(crate) fn capture_log() {
    let buffer = LogBuffer(Arc::clone(LOG.get_or_init(Arc::default)));
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || buffer.clone())
        .with_ansi(false)
        .finish();
    // Fails if another test of this process has set one already, which writes to the same buffer.
    _ = tracing::subscriber::set_global_default(subscriber);
}

/// How often `event` has been logged in this process.
pub(crate) fn logged(event: &str) -> usize {
    let bytes = LOG.get().unwrap().lock().unwrap();
    let text = String::from_utf8_lossy(&bytes);
    text.matches(&format!("event=\"{event}\"")).count()
}
