//! `Drain`: sends viewers away one after another, so that they do not all come back at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Begun once, and from then on every viewer is sent away within the spread.
#[derive(Debug)]
pub struct Drain {
    has_begun: AtomicBool,
    is_handed_over: AtomicBool,
    grace_us: AtomicU64,
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
            has_begun: AtomicBool::new(false),
            is_handed_over: AtomicBool::new(false),
            grace_us: AtomicU64::new(micros(grace)),
        }
    }

    /// How long it may take.
    #[must_use]
    pub fn grace(&self) -> Duration {
        Duration::from_micros(self.grace_us.load(Ordering::Relaxed))
    }

    /// One that begins from now on takes so long.
    pub fn set_grace(&self, grace: Duration) {
        self.grace_us.store(micros(grace), Ordering::Relaxed);
    }

    fn spread(&self) -> Duration {
        self.grace() * Self::SPREAD_TENTHS / 10
    }

    /// From now on viewers are sent away.
    pub(super) fn begin(&self) {
        self.has_begun.store(true, Ordering::Release);
    }

    /// Whether it has begun.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Acquire)
    }

    /// The hub that follows takes the connections from where this one does: nobody is refused meanwhile.
    pub fn hand_over(&self) {
        self.is_handed_over.store(true, Ordering::Release);
    }

    /// Whether newcomers are refused. Where a hub follows, those who are in already are let in, and sent away at once
    /// like other viewers.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.has_begun() && !self.is_handed_over.load(Ordering::Acquire)
    }

    /// How long after the beginning viewer `n` of `len`, counted from 0, is sent away.
    pub(super) fn wait_of(&self, n: usize, len: usize) -> Duration {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.spread() * count(n) / count(len).max(1)
    }

    /// When those sent away should come back: after a random delay between these, in milliseconds.
    #[must_use]
    pub fn retry_ms(&self) -> [u64; 2] {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        [
            millis(Self::RETRY_MIN),
            millis(Self::RETRY_MIN + self.spread()),
        ]
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_evenly_and_end_within_the_grace() {
        let drain = Drain::new(Duration::from_secs(10));
        let waits = [0, 1, 2].map(|n| drain.wait_of(n, 3).as_secs());
        assert_eq!(waits, [0, 3, 6]);
    }
}
