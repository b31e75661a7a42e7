//! `RateLimiter`: limits the messages of one viewer.

use crate::protocol::Micros;

/// Allows 20 messages a second, with bursts of 40. The generic cell rate algorithm (GCRA) needs one instant per viewer.
#[derive(Debug)]
pub(super) struct RateLimiter {
    /// When the next message is expected if messages arrive exactly at the permitted rate.
    theoretical_arrival: Micros,
}

impl RateLimiter {
    const PERIOD_US: i64 = 1_000_000 / 20;
    const BURST_US: i64 = Self::PERIOD_US * 40;

    pub(super) const fn new(now: Micros) -> Self {
        Self {
            theoretical_arrival: now,
        }
    }

    /// Counts a message that arrived at `now`, and returns whether it is allowed.
    pub(super) fn allow(&mut self, now: Micros) -> bool {
        self.theoretical_arrival =
            Micros::new(self.theoretical_arrival.max(now).get() + Self::PERIOD_US);
        self.theoretical_arrival.get() - now.get() <= Self::BURST_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_of_forty_and_twenty_a_second_are_allowed() {
        let mut limiter = RateLimiter::new(Micros::new(0));
        assert_eq!(
            (0..50).filter(|_| limiter.allow(Micros::new(0))).count(),
            40
        );
        let mut limiter = RateLimiter::new(Micros::new(0));
        assert!((0..1_000).all(|n| limiter.allow(Micros::new(n * 50_000))));
    }
}
