//! The journal while the hub runs: a thread of its own, because a disk may take its time.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::journal::{Keeper, Trouble, Work};

/// A journal that is being kept.
#[derive(Debug)]
pub(super) struct Keeping {
    work: Sender<Work>,
    trouble: Trouble,
    thread: JoinHandle<()>,
}

impl Keeping {
    pub(super) fn start(keeper: Keeper) -> Self {
        let (work, to_do) = channel();
        let trouble = keeper.trouble().clone();
        let thread = tokio::task::spawn_blocking(move || keeper.run(&to_do));
        Self {
            work,
            trouble,
            thread,
        }
    }

    /// What `work` on the journal comes to, for what cannot wait until it is written the next time; `None` when the disk
    /// takes longer than `patience`. What was begun by then is still done, and the journal set right after it. Blocks
    /// its thread, which must be one that may be blocked.
    pub(super) fn within<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce(&mut Keeper) -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = oneshot::channel();
        let work = move |keeper: &mut Keeper| {
            // Nobody waits for it any more.
            if !done.is_closed() && done.send(work(keeper)).is_err() {
                keeper.keep();
            }
        };
        self.work.send(Box::new(work)).ok()?;
        let result = async { timeout(patience, result).await };
        Handle::current().block_on(result).ok()?.ok()
    }

    /// Tells that the disk does not answer, until the journal is written again.
    pub(super) fn tell_stuck(&self) {
        self.trouble.begin(&io::ErrorKind::TimedOut.into());
    }

    /// Has it written once more, and waits for that as long as `patience`.
    pub(super) async fn finish(self, patience: Duration) {
        drop(self.work);
        _ = timeout(patience, self.thread).await;
    }
}
