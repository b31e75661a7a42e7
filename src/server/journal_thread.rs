//! The journal while the hub runs, on a dedicated thread, because a disk can block for seconds.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, JournalError, JournalHealth, JournalJob, JournalWriter};

/// A handle to the thread that writes the journal.
#[derive(Debug)]
pub(super) struct JournalThread {
    jobs: SyncSender<JournalJob>,
    health: JournalHealth,
    /// Fails when the thread has ended.
    stopped: oneshot::Receiver<()>,
}

/// A journal whose thread is still opening it.
#[derive(Debug)]
pub(super) struct PendingJournal {
    jobs: SyncSender<JournalJob>,
    opened: oneshot::Receiver<Result<JournalHealth, JournalError>>,
    stopped: oneshot::Receiver<()>,
}

/// How long a reload waits for the disk. Until then the hub handles no other signal except those that shut it down.
pub(super) const DISK_TIMEOUT: Duration = Duration::from_secs(5);

/// Jobs that may wait for the disk. A reload gives up after [`DISK_TIMEOUT`] and leaves at most four jobs behind, so
/// the queue is full only if the disk has been blocked during two reloads.
const QUEUED_JOBS_MAX: usize = 8;

impl JournalThread {
    pub(super) fn start(writer: JournalWriter) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUED_JOBS_MAX);
        let health = writer.health().clone();
        let stopped = spawn(move || writer.run(&queue))?;
        Ok(Self {
            jobs,
            health,
            stopped,
        })
    }

    /// Runs `work` on the journal's thread and returns its result; `None` if that takes longer than [`DISK_TIMEOUT`] or
    /// `cancel` is cancelled. Work that has started by then is completed and then undone with `undo`. Blocks the
    /// calling thread.
    pub(super) fn call<T: Send + 'static>(
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
        let is_queued = self.submit(work);
        is_queued.then(|| wait_for(&mut result, DISK_TIMEOUT, cancel))?
    }

    /// Queues `work` for the journal's thread; returns false if the queue is full.
    pub(super) fn submit(&self, work: impl FnOnce(&mut JournalWriter) + Send + 'static) -> bool {
        self.jobs.try_send(Box::new(work)).is_ok()
    }

    /// Logs that the disk does not respond, once until the journal can be written again.
    pub(super) fn report_timeout(&self) {
        self.health.report_failure(&io::ErrorKind::TimedOut.into());
    }

    /// Stops the thread, which writes the journal once more; waits for that up to `patience`.
    pub(super) async fn stop(self, patience: Duration) {
        drop(self.jobs);
        _ = timeout(patience, self.stopped).await;
    }
}

impl PendingJournal {
    /// Starts to open the journal in `folder`. Its topics are added later.
    pub(super) fn start(folder: PathBuf) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUED_JOBS_MAX);
        let (done, opened) = oneshot::channel();
        let stopped = spawn(move || open_and_run(&folder, done, &queue))?;
        Ok(Self {
            jobs,
            opened,
            stopped,
        })
    }

    /// Waits until the journal is open; returns `Ok(Err(self))` if that takes longer than [`DISK_TIMEOUT`] or `cancel`
    /// is cancelled.
    ///
    /// # Errors
    /// The journal cannot be opened.
    pub(super) fn finish(
        mut self,
        cancel: &CancellationToken,
    ) -> Result<Result<JournalThread, Self>, JournalError> {
        match wait_for(&mut self.opened, DISK_TIMEOUT, cancel) {
            None => Ok(Err(self)),
            Some(Err(error)) => Err(error),
            Some(Ok(health)) => Ok(Ok(JournalThread {
                jobs: self.jobs,
                health,
                stopped: self.stopped,
            })),
        }
    }
}

fn open_and_run(
    folder: &std::path::Path,
    opened: oneshot::Sender<Result<JournalHealth, JournalError>>,
    queue: &Receiver<JournalJob>,
) {
    match Journal::open(folder).and_then(|journal| JournalWriter::start(journal, Vec::new())) {
        Ok(writer) => {
            if opened.send(Ok(writer.health().clone())).is_ok() {
                writer.run(queue);
            }
        }
        Err(error) => _ = opened.send(Err(error)),
    }
}

/// Waits for `result`, at most `patience` and until `cancel` is cancelled. Blocks the calling thread.
pub(super) fn wait_for<T>(
    result: &mut oneshot::Receiver<T>,
    patience: Duration,
    cancel: &CancellationToken,
) -> Option<T> {
    Handle::current().block_on(async {
        tokio::select! {
            result = timeout(patience, result) => result.ok()?.ok(),
            () = cancel.cancelled() => None,
        }
    })
}

/// Runs `run` on a new thread; the returned receiver fails when the thread ends.
fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<oneshot::Receiver<()>> {
    let (alive, stopped) = oneshot::channel();
    thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || {
            let _alive: oneshot::Sender<()> = alive;
            run();
        })?;
    Ok(stopped)
}
