//! `Drain`: sends viewers away one after another, so that they do not all come back at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Begun once, and from then on every viewer's turn to leave comes within the spread.
#[derive(Debug)]
pub struct Drain {
    begun: CancellationToken,
    spread: Duration,
    expected: AtomicU32,
    taken: AtomicU32,
}

impl Drain {
    /// Closes come in the first nine tenths of the grace; the rest is for the last viewers to answer them.
    const SPREAD_TENTHS: u32 = 9;
    /// A restarted hub is up within about a second; who comes back sooner only has to try again.
    const RETRY_MIN: Duration = Duration::from_secs(1);

    /// A drain that spreads its closes over most of `grace`.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self {
            begun: CancellationToken::new(),
            spread: grace * Self::SPREAD_TENTHS / 10,
            expected: AtomicU32::new(0),
            taken: AtomicU32::new(0),
        }
    }

    /// Begins to send `viewers` viewers away.
    pub fn begin(&self, viewers: usize) {
        self.expected.store(
            u32::try_from(viewers).unwrap_or(u32::MAX),
            Ordering::Release,
        );
        self.begun.cancel();
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits for the caller's own turn to leave: the n-th of N callers waits n/N of the spread.
    pub async fn turn(&self) {
        self.begun.cancelled().await;
        let ticket = self.taken.fetch_add(1, Ordering::AcqRel);
        let expected = self.expected.load(Ordering::Acquire).max(1);
        tokio::time::sleep(self.spread * ticket.min(expected) / expected).await;
    }

    /// When those sent away should come back: after a random delay between these, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> [u64; 2] {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        [
            millis(Self::RETRY_MIN),
            millis(Self::RETRY_MIN + self.spread),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn turns_are_spread_evenly_and_end_within_the_grace() {
        let (drain, start) = (
            Drain::new(Duration::from_secs(10)),
            tokio::time::Instant::now(),
        );
        drain.begin(3);
        for expected_s in [0, 3, 6] {
            let before = start.elapsed();
            drain.turn().await;
            assert_eq!((start.elapsed() - before).as_secs(), expected_s);
        }
    }
}
