//! `ReadRate`: whether the client of a connection reads its answers fast enough.
//!
//! Counts only the time in which the kernel takes nothing from the hub because the client reads nothing, so a slow hub
//! is not held against the client.
//!
//! ## Limits
//! - [`WINDOW_LEN`] bytes within [`WINDOW_TIME`], about 1 KiB/s: a line may stand still for half a minute, as in a
//!   tunnel.
//! - [`RATE_MIN`] on the whole after [`GRACE`], half of what the slowest mobile networks carry.
//! - [`WINDOW_LEN`] bytes within [`WINDOW_TIME_SCARCE`], 16 KiB/s, while others need the place.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Bytes after which the time begins again. The kernel takes about this much at a time while a line is full.
const WINDOW_LEN: u64 = 32 * 1024;

/// The longest that the client may keep the hub waiting for [`WINDOW_LEN`] bytes.
const WINDOW_TIME: Duration = Duration::from_secs(30);

/// The same while places are scarce.
const WINDOW_TIME_SCARCE: Duration = Duration::from_secs(2);

/// Bytes per second that the client must take on the whole.
const RATE_MIN: u64 = 4 * 1024;

/// How long a client may fall short of that.
const GRACE: Duration = Duration::from_secs(60);

/// How often to check a client that takes nothing.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// What a client has taken of a connection's answers, and how long it kept the hub waiting.
#[derive(Debug, Default)]
pub(super) struct ReadRate {
    /// Since when the kernel takes nothing; `None` while it takes all that there is.
    blocked_since: Option<Instant>,
    /// Since the connection was accepted.
    whole: Taken,
    /// Since [`WINDOW_LEN`] bytes were taken last.
    window: Taken,
    /// Wakes the connection for the next check. `Some` only while the kernel takes nothing.
    check: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, Default)]
struct Taken {
    bytes: u64,
    blocked: Duration,
}

impl ReadRate {
    /// Notes that the kernel has taken `len` bytes.
    pub(super) fn took(&mut self, len: usize) {
        // The clock is read only if the kernel has been waited for.
        if self.blocked_since.is_some() {
            self.unblock(Instant::now());
        }
        self.whole.bytes += len as u64;
        self.window.bytes += len as u64;
        if self.window.bytes >= WINDOW_LEN {
            self.window = Taken::default();
        }
    }

    fn unblock(&mut self, now: Instant) {
        if let Some(since) = self.blocked_since.take() {
            let blocked = now.duration_since(since);
            self.whole.blocked += blocked;
            self.window.blocked += blocked;
            self.check = None;
        }
    }

    /// Called when the kernel takes nothing. Ready if that has lasted too long; else wakes the task for the next check.
    pub(super) fn poll_too_slow(
        &mut self,
        is_scarce: impl Fn() -> bool,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            if self.is_too_slow(Instant::now(), is_scarce()) {
                return Poll::Ready(());
            }
            let check = self
                .check
                .get_or_insert_with(|| Box::pin(sleep(CHECK_EVERY)));
            match check.as_mut().poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => self.check = None,
            }
        }
    }

    /// Whether the client is too slow, given that the kernel takes nothing at `now`.
    fn is_too_slow(&mut self, now: Instant, is_scarce: bool) -> bool {
        let blocked = now.duration_since(*self.blocked_since.get_or_insert(now));
        let window_time = if is_scarce {
            WINDOW_TIME_SCARCE
        } else {
            WINDOW_TIME
        };
        let earned = Duration::from_millis(self.whole.bytes.saturating_mul(1_000) / RATE_MIN);
        self.window.blocked + blocked > window_time || self.whole.blocked + blocked > GRACE + earned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// How long a client that takes 1 KiB after each `pause` is kept, at most an hour.
    fn borne_with(pause: Duration, is_scarce: bool) -> Duration {
        let (mut rate, start) = (ReadRate::default(), Instant::now());
        let (mut now, mut taken_at) = (start, start);
        while now - start < HOUR {
            if rate.is_too_slow(now, is_scarce) {
                break;
            }
            now += Duration::from_millis(50);
            if now - taken_at >= pause {
                rate.unblock(now);
                rate.took(1_024);
                taken_at = now;
            }
        }
        now - start
    }

    #[test]
    fn a_client_that_takes_too_little_is_found_out_in_bounded_time() {
        for (pause_ms, is_scarce, seconds) in [
            // 16 bytes a second, and 512: too little for a window.
            (64_000, false, 30..31),
            (2_000, false, 30..31),
            // 2 KiB a second: enough for a window, but not on the whole.
            (500, false, 110..130),
            // 5 and 20 KiB a second.
            (200, false, 3_600..3_601),
            (50, false, 3_600..3_601),
            (200, true, 2..3),
            (50, true, 3_600..3_601),
        ] {
            let borne = borne_with(Duration::from_millis(pause_ms), is_scarce);
            assert!(
                seconds.contains(&borne.as_secs()),
                "{pause_ms} ms: {borne:?}"
            );
        }
    }

    #[test]
    fn a_hub_that_makes_nothing_for_a_long_time_is_not_the_clients_fault() {
        let (mut rate, mut now) = (ReadRate::default(), Instant::now());
        for _ in 0..100 {
            assert!(!rate.is_too_slow(now, true));
            rate.unblock(now + Duration::from_millis(1));
            rate.took(1);
            now += HOUR;
        }
    }
}
