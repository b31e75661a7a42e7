//! The journal while the hub runs: a thread of its own, because a disk may take its time.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::journal::{Journal, JournalError, Keeper, Trouble, Work};

/// A journal that is being kept.
#[derive(Debug)]
pub(super) struct Keeping {
    work: SyncSender<Work>,
    trouble: Trouble,
    /// Ends with an error when the thread does.
    ended: oneshot::Receiver<()>,
}

/// A journal that is being opened.
#[derive(Debug)]
pub(super) struct Opening {
    work: SyncSender<Work>,
    opened: oneshot::Receiver<Result<Trouble, JournalError>>,
    ended: oneshot::Receiver<()>,
}

/// How long to wait for the disk before giving up: until then the hub reacts to no signal but those that end it.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Work that may wait for the disk. A reload gives up after [`PATIENCE`] and leaves at most four behind, so more than
/// this are waiting only on a disk that has stood still over two of them.
const WORK_MAX: usize = 8;

impl Keeping {
    pub(super) fn start(keeper: Keeper) -> io::Result<Self> {
        let (work, to_do) = sync_channel(WORK_MAX);
        let trouble = keeper.trouble().clone();
        let ended = spawn(move || keeper.run(&to_do))?;
        Ok(Self {
            work,
            trouble,
            ended,
        })
    }

    /// What `work` on the journal comes to, for what cannot wait until it is written the next time; `None` when the
    /// disk takes longer than [`PATIENCE`], or `hurry` comes. What was begun by then is still done, and undone by
    /// `undo`. Blocks its thread, which must be one that may be blocked.
    pub(super) fn within<T: Send + 'static>(
        &self,
        hurry: &CancellationToken,
        work: impl FnOnce(&mut Keeper) -> T + Send + 'static,
        undo: impl FnOnce(&mut Keeper) + Send + 'static,
    ) -> Option<T> {
        let (done, mut result) = oneshot::channel();
        let work = move |keeper: &mut Keeper| {
            // Nobody waits for it any more.
            if !done.is_closed() && done.send(work(keeper)).is_err() {
                undo(keeper);
            }
        };
        let is_waiting = self.begin(work);
        is_waiting.then(|| wait(&mut result, PATIENCE, hurry))?
    }

    /// Has `work` done as soon as the disk allows; false if too much waits for that already.
    pub(super) fn begin(&self, work: impl FnOnce(&mut Keeper) + Send + 'static) -> bool {
        self.work.try_send(Box::new(work)).is_ok()
    }

    /// Tells that the disk does not answer, until the journal is written again.
    pub(super) fn tell_stuck(&self) {
        self.trouble.begin(&io::ErrorKind::TimedOut.into());
    }

    /// Has it written once more, and waits for that as long as `patience`.
    pub(super) async fn finish(self, patience: Duration) {
        drop(self.work);
        _ = timeout(patience, self.ended).await;
    }
}

impl Opening {
    /// Begins to open the journal in `folder`, for topics that are added later.
    pub(super) fn begin(folder: PathBuf) -> io::Result<Self> {
        let (work, to_do) = sync_channel(WORK_MAX);
        let (done, opened) = oneshot::channel();
        let ended = spawn(move || open_and_keep(&folder, done, &to_do))?;
        Ok(Self {
            work,
            opened,
            ended,
        })
    }

    /// The journal once it is open; `Ok(Err(self))` when the disk takes longer than [`PATIENCE`], or `hurry` comes.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn finish(
        mut self,
        hurry: &CancellationToken,
    ) -> Result<Result<Keeping, Self>, JournalError> {
        match wait(&mut self.opened, PATIENCE, hurry) {
            None => Ok(Err(self)),
            Some(Err(error)) => Err(error),
            Some(Ok(trouble)) => Ok(Ok(Keeping {
                work: self.work,
                trouble,
                ended: self.ended,
            })),
        }
    }
}

fn open_and_keep(
    folder: &std::path::Path,
    opened: oneshot::Sender<Result<Trouble, JournalError>>,
    to_do: &Receiver<Work>,
) {
    match Journal::open(folder).and_then(|journal| Keeper::begin(journal, Vec::new())) {
        Ok(keeper) => {
            if opened.send(Ok(keeper.trouble().clone())).is_ok() {
                keeper.run(to_do);
            }
        }
        Err(error) => _ = opened.send(Err(error)),
    }
}

/// Waits for `result`, up to `patience` and until `hurry`. Blocks its thread.
pub(super) fn wait<T>(
    result: &mut oneshot::Receiver<T>,
    patience: Duration,
    hurry: &CancellationToken,
) -> Option<T> {
    Handle::current().block_on(async {
        tokio::select! {
            result = timeout(patience, result) => result.ok()?.ok(),
            () = hurry.cancelled() => None,
        }
    })
}

/// Runs `run` on a new thread; the returned receiver fails when that thread ends.
fn spawn(run: impl FnOnce() + Send + 'static) -> io::Result<oneshot::Receiver<()>> {
    let (alive, ended) = oneshot::channel();
    thread::Builder::new()
        .name("journal".to_owned())
        .spawn(move || {
            let _alive: oneshot::Sender<()> = alive;
            run();
        })?;
    Ok(ended)
}
