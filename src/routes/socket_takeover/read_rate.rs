//! [`ReadRate`]: detects clients that read their responses too slowly.
//!
//! Counts only the time during which the kernel accepts no data because the client does not read, so a slow hub is
//! never held against the client.
//!
//! ## Limits
//! A client is too slow if
//! - a window of 32 KiB ([`WINDOW_LEN`]) takes longer than 30 s ([`WINDOW_TIME`]; about 1 KiB/s, which tolerates stalls
//!   of half a minute, as in a tunnel), or 2 s ([`WINDOW_TIME_SCARCE`]; 16 KiB/s) while history permits are scarce,
//! - or if its average after a minute ([`GRACE`]) is below 4 KiB/s ([`RATE_MIN`]), half of what the slowest mobile
//!   networks carry.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// The length of a measurement window in bytes. On a full send buffer, the kernel accepts about this much at a time.
const WINDOW_LEN: u64 = 32 * 1024;

/// The maximum time that the client may block the hub within [`WINDOW_LEN`] bytes.
const WINDOW_TIME: Duration = Duration::from_secs(30);

/// The same limit while history permits are scarce.
const WINDOW_TIME_SCARCE: Duration = Duration::from_secs(2);

/// The minimum average read rate, in bytes per second.
const RATE_MIN: u64 = 4 * 1024;

/// How much blocked time the client may have on top of what [`RATE_MIN`] allows.
const GRACE: Duration = Duration::from_secs(60);

/// How often to check a client that reads nothing.
const CHECK_EVERY: Duration = Duration::from_millis(500);

/// How much a client has read, and for how long it blocked the hub.
#[derive(Debug, Default)]
pub(super) struct ReadRate {
    /// When the kernel stopped accepting data; `None` while it accepts data.
    blocked_since: Option<Instant>,
    /// Since the socket was given to the HTTP layer.
    whole: ReadStats,
    /// Since the start of the current window of [`WINDOW_LEN`] bytes.
    window: ReadStats,
    /// Wakes the connection for the next check. `Some` only while the kernel accepts no data.
    check: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, Default)]
struct ReadStats {
    /// How many bytes the kernel has accepted.
    bytes: u64,
    /// How long the kernel has accepted nothing.
    blocked: Duration,
}

impl ReadRate {
    /// Records that the kernel has accepted `len` bytes.
    pub(super) fn on_written(&mut self, len: usize) {
        // Reads the clock only if the previous write was blocked.
        if self.blocked_since.is_some() {
            self.unblock(Instant::now());
        }
        self.whole.bytes += len as u64;
        self.window.bytes += len as u64;
        if self.window.bytes >= WINDOW_LEN {
            self.window = ReadStats::default();
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

    /// To be called when the kernel accepts no data. Ready if the client is too slow; otherwise wakes the task for the
    /// next check.
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

    /// Whether the client is too slow, given that the kernel accepts no data at `now`.
    fn is_too_slow(&mut self, now: Instant, is_scarce: bool) -> bool {
        let blocked = now.duration_since(*self.blocked_since.get_or_insert(now));
        let window_time = if is_scarce {
            WINDOW_TIME_SCARCE
        } else {
            WINDOW_TIME
        };
        let allowed = Duration::from_millis(self.whole.bytes.saturating_mul(1_000) / RATE_MIN);
        self.window.blocked + blocked > window_time
            || self.whole.blocked + blocked > GRACE + allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// How long a client that reads 1 KiB after each `pause` is kept, at most an hour.
    fn kept_for(pause: Duration, is_scarce: bool) -> Duration {
        let (mut rate, start) = (ReadRate::default(), Instant::now());
        let (mut now, mut read_at) = (start, start);
        while now - start < HOUR {
            if rate.is_too_slow(now, is_scarce) {
                break;
            }
            now += Duration::from_millis(50);
            if now - read_at >= pause {
                rate.unblock(now);
                rate.on_written(1_024);
                read_at = now;
            }
        }
        now - start
    }

    #[test]
    fn a_slow_client_is_detected_within_bounded_time() {
        for (pause_ms, is_scarce, seconds) in [
            // 16 and 512 bytes per second: below the limit for a window.
            (64_000, false, 30..31),
            (2_000, false, 30..31),
            // 2 KiB per second: enough for a window, but not on average.
            (500, false, 110..130),
            // 5 and 20 KiB per second.
            (200, false, 3_600..3_601),
            (50, false, 3_600..3_601),
            (200, true, 2..3),
            (50, true, 3_600..3_601),
        ] {
            let kept = kept_for(Duration::from_millis(pause_ms), is_scarce);
            assert!(seconds.contains(&kept.as_secs()), "{pause_ms} ms: {kept:?}");
        }
    }

    #[test]
    fn time_without_data_to_send_does_not_count_against_the_client() {
        let (mut rate, mut now) = (ReadRate::default(), Instant::now());
        for _ in 0..100 {
            assert!(!rate.is_too_slow(now, true));
            rate.unblock(now + Duration::from_millis(1));
            rate.on_written(1);
            now += HOUR;
        }
    }
}
