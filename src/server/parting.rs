//! How long a hub that drains waits for its viewers to leave, and when it closes those that stay.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::routes::Context;

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parted {
    /// Every viewer has left by itself.
    AllLeft,
    /// The viewers that stayed were closed; `remaining` of them have not answered in time.
    Closed { remaining: usize },
}

/// The last part of the grace, for the viewers to answer the close.
const ANSWER_PART: u32 = 10;

/// The longest wait for these answers: viewers that have answered need the hub's successor. Not waiting costs the
/// others nothing, because the kernel still delivers the close.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// A lane that has not closed its viewers by then hangs.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// Once no viewer has left for this long, no other hub takes them, and waiting only delays the successor. Longer than a
/// load balancer needs to see that the hub drains: two checks a second apart, and twice that to spare.
const STILL_FOR: Duration = Duration::from_secs(5);

/// How often the viewers are counted.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until the viewers of `context`, which are being sent their `bye`, have left; closes those that stay.
pub(super) async fn part(context: &Context) -> Parted {
    let (begin, grace) = (Instant::now(), context.drain.grace());
    let answers = (grace / ANSWER_PART).min(ANSWERS_WITHIN);
    let mut close_at = begin + (grace - answers);
    if let Some(wait) = context.drain.closes_after() {
        close_at = close_at.min(begin + wait);
    }
    if has_seen_all_leave(context, close_at).await {
        return Parted::AllLeft;
    }
    let closed = context.lanes.close(context.seats.taken());
    _ = timeout_at(Instant::now() + CLOSED_WITHIN, closed).await;
    let all_left = context.tasks.wait();
    let is_empty = timeout_at(Instant::now() + ANSWERS_WITHIN, all_left).await;
    Parted::Closed {
        remaining: is_empty.map_or_else(|_| context.seats.taken(), |()| 0),
    }
}

/// Waits until all viewers have left, or longer is of no use; whether they have.
async fn has_seen_all_leave(context: &Context, until: Instant) -> bool {
    let mut viewers = context.seats.taken();
    let mut still_until = Instant::now() + context.drain.telling() + STILL_FOR;
    loop {
        let look_at = (Instant::now() + LOOK_EVERY).min(until).min(still_until);
        if timeout_at(look_at, context.tasks.wait()).await.is_ok() {
            return true;
        }
        let (now, before) = (Instant::now(), viewers);
        viewers = context.seats.taken();
        if viewers < before {
            still_until = still_until.max(now + STILL_FOR);
        }
        if now >= until.min(still_until) {
            return false;
        }
    }
}
