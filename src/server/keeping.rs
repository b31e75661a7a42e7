//! The journal while the hub runs: a thread of its own, because a disk may take its time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::clock::{Alarm, Clock};
use crate::journal::Keeper;

/// A journal that is being kept.
#[derive(Debug)]
pub(super) struct Keeping {
    keeper: Arc<Mutex<Keeper>>,
    alarm: Arc<Alarm>,
    thread: JoinHandle<()>,
}

impl Keeping {
    pub(super) fn start(keeper: Keeper, clock: Clock) -> Self {
        let keeper = Arc::new(Mutex::new(keeper));
        let alarm = Arc::new(Alarm::default());
        let (kept, rung) = (Arc::clone(&keeper), Arc::clone(&alarm));
        let thread = tokio::task::spawn_blocking(move || Keeper::run(&kept, &clock, &rung));
        Self {
            keeper,
            alarm,
            thread,
        }
    }

    /// The journal, for what cannot wait until it is written the next time. Blocks while it is being written.
    pub(super) fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has it written once more, and waits for that as long as `patience`.
    pub(super) async fn finish(self, patience: Duration) {
        self.alarm.ring();
        _ = tokio::time::timeout(patience, self.thread).await;
    }
}
