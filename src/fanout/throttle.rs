//! `Throttle`: how many messages a viewer may send.

use crate::protocol::Micros;

/// 20 messages a second and 40 at once, as one instant per viewer (the generic cell rate algorithm).
#[derive(Debug)]
pub(super) struct Throttle {
    /// When the messages so far would all have been paid for.
    paid_until: Micros,
}

impl Throttle {
    const PERIOD_US: i64 = 1_000_000 / 20;
    const BURST_US: i64 = Self::PERIOD_US * 40;

    pub(super) const fn begin(now: Micros) -> Self {
        Self { paid_until: now }
    }

    /// Whether one more message is allowed at `now`.
    pub(super) fn allows(&mut self, now: Micros) -> bool {
        self.paid_until = Micros::new(self.paid_until.max(now).get() + Self::PERIOD_US);
        self.paid_until.get() - now.get() <= Self::BURST_US
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_at_once_and_twenty_a_second_pass() {
        let mut throttle = Throttle::begin(Micros::new(0));
        assert_eq!(
            (0..50).filter(|_| throttle.allows(Micros::new(0))).count(),
            40
        );
        let mut throttle = Throttle::begin(Micros::new(0));
        assert!((0..1_000).all(|n| throttle.allows(Micros::new(n * 50_000))));
    }
}
