//! [`ClockProbes`]: estimates the offset between our clock and the hub's from pings and pongs.
//!
//! The pong with the shortest round trip has the tightest error bound; only recent ones count, because clocks drift.

use std::collections::VecDeque;

/// Estimates kept: about four seconds of pings.
const SAMPLES_MAX: usize = 16;

/// The recent estimates, newest first.
#[derive(Debug, Default)]
pub(super) struct ClockProbes(VecDeque<ClockEstimate>);

/// The estimate from one pong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClockEstimate {
    /// The hub's clock minus ours, in microseconds.
    pub(super) offset: i64,
    /// The round trip without the hub's processing time, in microseconds; the offset is off by at most half of it.
    pub(super) round_trip: i64,
}

impl ClockProbes {
    /// Adds the pong that arrived at `now` for the ping sent at `sent`; the hub received it at `r` and answered at `s`.
    pub(super) fn on_pong(&mut self, sent: i64, now: i64, r: i64, s: i64) {
        self.0.truncate(SAMPLES_MAX - 1);
        self.0.push_front(ClockEstimate {
            offset: ((r - sent) + (s - now)) / 2,
            round_trip: ((now - sent) - (s - r)).max(0),
        });
    }

    /// The estimate with the shortest round trip.
    pub(super) fn best(&self) -> Option<ClockEstimate> {
        self.0
            .iter()
            .min_by_key(|estimate| estimate.round_trip)
            .copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_recent_round_trip_wins() {
        let mut probes = ClockProbes::default();
        assert_eq!(probes.best(), None);
        // The hub's clock is 1000 ahead; the first pong was delayed on its way back.
        probes.on_pong(0, 500, 1_010, 1_020);
        probes.on_pong(1_000, 1_030, 2_010, 2_020);
        assert_eq!(
            probes.best(),
            Some(ClockEstimate {
                offset: 1_000,
                round_trip: 20
            })
        );
        for _ in 0..SAMPLES_MAX {
            probes.on_pong(2_000, 2_050, 4_020, 4_030);
        }
        assert_eq!(
            probes.best(),
            Some(ClockEstimate {
                offset: 2_000,
                round_trip: 40
            })
        );
    }
}
