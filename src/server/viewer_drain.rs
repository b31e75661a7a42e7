//! The drain of the viewers: how long the hub waits for them to leave, and when it closes those that stay.
//!
//! Sending the `bye` and closing viewers is up to the lanes; this module only decides when.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::app::AppState;

/// How the drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DrainOutcome {
    /// All viewers left without being closed.
    AllLeft,
    /// The viewers that stayed were closed; `remaining` of them did not answer in time.
    Closed { remaining: usize },
}

/// The last tenth of the grace period is for the viewers to answer the close.
const CLOSE_REPLY_FRACTION: u32 = 10;

/// The longest wait for these answers. Viewers that have answered are waiting for the next process, and the others
/// lose nothing, because the kernel still delivers the close.
const CLOSE_REPLY_TIMEOUT: Duration = Duration::from_millis(500);

/// A lane that has not closed its viewers within this is stuck.
const LANE_CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// If no viewer has left for this long, no other hub accepts them, and waiting only delays the next process. Longer
/// than a load balancer needs to notice the drain: two checks one second apart, and twice that as a margin.
const STALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How often the number of viewers is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Waits for the viewers, which are being sent a `bye`, to leave, and closes those that stay.
pub(super) async fn drain_viewers(state: &AppState) -> DrainOutcome {
    let (started, grace) = (Instant::now(), state.drain.grace());
    let reply_time = (grace / CLOSE_REPLY_FRACTION).min(CLOSE_REPLY_TIMEOUT);
    let mut close_at = started + (grace - reply_time);
    if let Some(wait) = state.drain.close_delay() {
        close_at = close_at.min(started + wait);
    }
    if wait_until_all_left(state, close_at).await {
        return DrainOutcome::AllLeft;
    }
    let closed = state.lanes.close(state.viewer_limits.in_use());
    _ = timeout_at(Instant::now() + LANE_CLOSE_TIMEOUT, closed).await;
    let all_left = state.tasks.wait();
    let is_empty = timeout_at(Instant::now() + CLOSE_REPLY_TIMEOUT, all_left).await;
    DrainOutcome::Closed {
        remaining: is_empty.map_or_else(|_| state.viewer_limits.in_use(), |()| 0),
    }
}

/// Waits until all viewers have left, at most until `until`; gives up earlier if none has left for [`STALL_TIMEOUT`].
/// Returns whether all have left.
async fn wait_until_all_left(state: &AppState, until: Instant) -> bool {
    let mut viewers = state.viewer_limits.in_use();
    let mut stalled_at = Instant::now() + state.drain.bye_period() + STALL_TIMEOUT;
    loop {
        let poll_at = (Instant::now() + POLL_INTERVAL).min(until).min(stalled_at);
        if timeout_at(poll_at, state.tasks.wait()).await.is_ok() {
            return true;
        }
        let (now, before) = (Instant::now(), viewers);
        viewers = state.viewer_limits.in_use();
        if viewers < before {
            stalled_at = stalled_at.max(now + STALL_TIMEOUT);
        }
        if now >= until.min(stalled_at) {
            return false;
        }
    }
}
