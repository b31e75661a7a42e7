//! `Probes`: the offset between our clock and the hub's, from pings and their answers.
//!
//! The answer with the shortest round trip bounds the error best; only recent ones count, since clocks drift.

use std::collections::VecDeque;

/// Answers that are remembered: some four seconds of them.
const KEPT: usize = 16;

/// The recent answers.
#[derive(Debug, Default)]
pub(super) struct Probes(VecDeque<Estimate>);

/// What one answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimate {
    /// What to add to our clock to have the hub's, in microseconds.
    pub(super) offset: i64,
    /// The round trip without the hub's own time, in microseconds; the offset is wrong by half of it at most.
    pub(super) round_trip: i64,
}

impl Probes {
    /// An answer that came at `now` to a ping sent at `sent`; the hub received it at `r` and answered at `s`.
    pub(super) fn answered(&mut self, sent: i64, now: i64, r: i64, s: i64) {
        self.0.truncate(KEPT - 1);
        self.0.push_front(Estimate {
            offset: ((r - sent) + (s - now)) / 2,
            round_trip: ((now - sent) - (s - r)).max(0),
        });
    }

    /// The best estimate there is.
    pub(super) fn best(&self) -> Option<Estimate> {
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
    fn the_shortest_recent_round_trip_decides() {
        let mut probes = Probes::default();
        assert_eq!(probes.best(), None);
        // The hub's clock is 1000 ahead; the first answer came back over a slow way.
        probes.answered(0, 500, 1_010, 1_020);
        probes.answered(1_000, 1_030, 2_010, 2_020);
        assert_eq!(
            probes.best(),
            Some(Estimate {
                offset: 1_000,
                round_trip: 20
            })
        );
        for _ in 0..KEPT {
            probes.answered(2_000, 2_050, 4_020, 4_030);
        }
        assert_eq!(
            probes.best(),
            Some(Estimate {
                offset: 2_000,
                round_trip: 40
            })
        );
    }
}
