//! The journal while the hub runs: a thread of its own, because a disk may take its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::clock::{Alarm, Clock};
use crate::journal::Keeper;

/// A journal that is being kept.
#[derive(Debug)]
pub(super) struct Keeping {
    alarm: Arc<Alarm>,
    thread: JoinHandle<()>,
}

impl Keeping {
    pub(super) fn start(keeper: Keeper, clock: Clock) -> Self {
        let alarm = Arc::new(Alarm::default());
        let rung = Arc::clone(&alarm);
        let thread = tokio::task::spawn_blocking(move || keeper.run(&clock, &rung));
        Self { alarm, thread }
    }

    /// Has it written once more, and waits for that as long as `patience`.
    pub(super) async fn finish(self, patience: Duration) {
        self.alarm.ring();
        _ = tokio::time::timeout(patience, self.thread).await;
    }
}
