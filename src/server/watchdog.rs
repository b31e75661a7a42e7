//! The watchdog: reports to systemd that the hub is alive, as long as all of its parts make progress.
//!
//! The parts are the runtime, which runs this task; each lane, which has to wake when notified; each producer, which
//! has to publish what is due; and the journal's thread, which has to exist. If one of them is stuck, nothing is
//! reported, and systemd restarts the hub.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::liveness::LivenessSnapshot;
use crate::app::AppState;
use crate::playback::Playback;
use crate::systemd;

/// Checks twice per `period` whether the hub is alive, and reports it if so, until `stop`.
pub(super) async fn run(
    state: Arc<AppState>,
    playback: Arc<Playback>,
    period: Duration,
    stop: CancellationToken,
) {
    /// The wait after a failed check. Short, so that a hub that has just resumed from a pause is not restarted.
    const RETRY_AFTER: Duration = Duration::from_millis(500);
    let report_every = period / 2;
    let mut last = LivenessSnapshot::take(&state, &playback);
    let mut wait = report_every.min(RETRY_AFTER);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        let snapshot = LivenessSnapshot::take(&state, &playback);
        wait = if snapshot.is_alive_since(&last) {
            systemd::notify_watchdog();
            report_every
        } else {
            report_every.min(RETRY_AFTER)
        };
        last = snapshot;
    }
}
