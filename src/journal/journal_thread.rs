//! The journal while the hub runs, on a dedicated thread, because a disk can block for seconds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Journal, JournalError, JournalHealth, JournalJob, JournalWriter};

/// A handle to the thread that writes the journal. Clones are of the same thread.
#[derive(Debug, Clone)]
pub struct JournalThread {
    queue: JournalQueue,
    health: JournalHealth,
}

/// A journal whose thread is still opening it.
#[derive(Debug)]
pub struct PendingJournal {
    queue: JournalQueue,
    opened: oneshot::Receiver<Result<JournalHealth, JournalError>>,
}

/// The sending side of the thread's queue.
#[derive(Debug, Clone)]
struct JournalQueue {
    jobs: SyncSender<JournalJob>,
    /// Set once, to stop the thread after its current job.
    is_stopping: Arc<AtomicBool>,
    /// Closed when the thread has ended.
    is_running: watch::Receiver<()>,
}

/// How long a caller waits for the disk.
pub const DISK_TIMEOUT: Duration = Duration::from_secs(5);

/// Jobs that may wait for the disk. A reload gives up after [`DISK_TIMEOUT`] and leaves at most four jobs behind, so
/// the queue is full only if the disk has been blocked during two reloads.
const QUEUED_JOBS_MAX: usize = 8;

impl JournalThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(writer: JournalWriter) -> io::Result<Self> {
        let health = writer.health().clone();
        let run = |jobs: Receiver<_>, is_stopping: Arc<_>| writer.run(&jobs, &is_stopping);
        let queue = JournalQueue::start(run)?;
        Ok(Self { queue, health })
    }

    /// Runs `work` on the journal's thread and returns its result; `None` if that takes longer than [`DISK_TIMEOUT`] or
    /// `cancel` is cancelled. Work that has started by then is completed and then undone with `undo`.
    pub async fn call<T: Send + 'static>(
        &self,
        cancel: &CancellationToken,
        work: impl FnOnce(&mut JournalWriter) -> T + Send + 'static,
        undo: impl FnOnce(&mut JournalWriter) + Send + 'static,
    ) -> Option<T> {
        let (done, mut result) = oneshot::channel();
        let work = move |writer: &mut JournalWriter| {
            // Closed if the caller has given up.
            if !done.is_closed() && done.send(work(writer)).is_err() {
                undo(writer);
            }
        };
        if !self.submit(work) {
            return None;
        }
        if let Some(result) = wait_for(&mut result, DISK_TIMEOUT, cancel).await {
            return Some(result);
        }
        // Work that has ended since is not undone, so it counts.
        result.close();
        result.try_recv().ok()
    }

    /// Queues `work` for the journal's thread; returns false if the queue is full.
    #[must_use]
    pub fn submit(&self, work: impl FnOnce(&mut JournalWriter) + Send + 'static) -> bool {
        self.queue.jobs.try_send(Box::new(work)).is_ok()
    }

    /// Whether the journal can be written, and how long that takes.
    #[must_use]
    pub const fn health(&self) -> &JournalHealth {
        &self.health
    }

    /// Logs that the disk does not respond, once until the journal can be written again.
    pub fn report_timeout(&self) {
        self.health.report_failure(&io::ErrorKind::TimedOut.into());
    }

    /// Returns whether the thread runs. It ends only when it is stopped, or by a bug.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.queue.is_running.has_changed().is_ok()
    }

    /// Stops the thread, which writes the journal once more; waits for that up to `patience`.
    pub async fn stop(&self, patience: Duration) {
        self.queue.is_stopping.store(true, Ordering::Release);
        // Wakes the thread. If the queue is full, it is busy and looks at the flag after its current job.
        _ = self.submit(|_| ());
        let mut is_running = self.queue.is_running.clone();
        _ = timeout(patience, is_running.changed()).await;
    }
}

impl PendingJournal {
    /// Starts to open the journal in `folder`. Its topics are added later.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(folder: PathBuf) -> io::Result<Self> {
        let (done, opened) = oneshot::channel();
        let run = move |jobs: Receiver<_>, is_stopping: Arc<_>| {
            open_and_run(&folder, done, &jobs, &is_stopping);
        };
        let queue = JournalQueue::start(run)?;
        Ok(Self { queue, opened })
    }

    /// Waits until the journal is open; returns `Ok(Err(self))` if that takes longer than [`DISK_TIMEOUT`] or `cancel`
    /// is cancelled.
    ///
    /// # Errors
    /// The journal cannot be opened.
    pub async fn finish(
        mut self,
        cancel: &CancellationToken,
    ) -> Result<Result<JournalThread, Self>, JournalError> {
        match wait_for(&mut self.opened, DISK_TIMEOUT, cancel).await {
            None => Ok(Err(self)),
            Some(Err(error)) => Err(error),
            Some(Ok(health)) => Ok(Ok(JournalThread {
                queue: self.queue,
                health,
            })),
        }
    }
}

impl JournalQueue {
    /// Runs `run` on a new thread.
    fn start(
        run: impl FnOnce(Receiver<JournalJob>, Arc<AtomicBool>) + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUED_JOBS_MAX);
        let (alive, is_running) = watch::channel(());
        let is_stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&is_stopping);
        thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || {
                let _alive: watch::Sender<()> = alive;
                run(queue, stop);
            })?;
        Ok(Self {
            jobs,
            is_stopping,
            is_running,
        })
    }
}

fn open_and_run(
    folder: &Path,
    opened: oneshot::Sender<Result<JournalHealth, JournalError>>,
    jobs: &Receiver<JournalJob>,
    is_stopping: &AtomicBool,
) {
    match Journal::open(folder).and_then(|journal| JournalWriter::start(journal, &[])) {
        Ok(writer) => {
            if opened.send(Ok(writer.health().clone())).is_ok() {
                writer.run(jobs, is_stopping);
            }
        }
        Err(error) => _ = opened.send(Err(error)),
    }
}

/// Waits for `result`, at most `patience` and until `cancel` is cancelled.
pub async fn wait_for<T>(
    result: &mut oneshot::Receiver<T>,
    patience: Duration,
    cancel: &CancellationToken,
) -> Option<T> {
    tokio::select! {
        result = timeout(patience, result) => result.ok()?.ok(),
        () = cancel.cancelled() => None,
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[tokio::test]
    async fn a_thread_that_a_job_has_brought_down_is_reported_as_ended() {
        let folder = TempDir::new().unwrap();
        let journal = Journal::open(folder.path()).unwrap();
        let writer = JournalWriter::start(journal, &[]).unwrap();
        let mut journal = JournalThread::start(writer).unwrap();
        assert!(journal.is_running());
        assert!(journal.submit(|_| panic!("a bug, for the test")));
        // Fails once the thread has ended.
        journal.queue.is_running.changed().await.unwrap_err();
        assert!(!journal.is_running());
    }
}
