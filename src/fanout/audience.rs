//! `Audience`: the viewers of one form of one topic on one lane, their log, and the round that brings it to them.

use super::log::{Log, Unit};
use crate::protocol::Seq;

/// See the head of this file. A viewer is known by its id on the lane.
#[derive(Debug)]
pub(super) struct Audience {
    log: Log,
    viewers: Vec<u32>,
    round: Option<Round>,
    /// Where the next round begins.
    begin: usize,
}

/// A walk through all viewers, each of whom is given what it is owed.
#[derive(Debug, Clone, Copy)]
struct Round {
    at: usize,
    left: usize,
}

impl Audience {
    /// Nobody, and nothing to keep.
    pub(super) const fn new() -> Self {
        Self {
            log: Log::begin(Seq::ZERO),
            viewers: Vec::new(),
            round: None,
            begin: 0,
        }
    }

    pub(super) const fn log(&self) -> &Log {
        &self.log
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.viewers.is_empty()
    }

    /// The publication that its viewers are to get next; `None` when there is nobody.
    pub(super) fn next(&self) -> Option<Seq> {
        (!self.is_empty()).then(|| self.log.next())
    }

    /// Adds a viewer, to whom `next` is the first to come when it is the only one; returns its rank.
    pub(super) fn add(&mut self, viewer: u32, next: Seq) -> u32 {
        if self.viewers.is_empty() {
            self.log = Log::begin(next);
        }
        self.viewers.push(viewer);
        if let Some(round) = &mut self.round {
            // The round may come to the newcomer before it comes to the last of the others.
            round.left += 1;
        }
        u32::try_from(self.viewers.len() - 1).expect("there are fewer viewers than descriptors")
    }

    /// Removes the viewer of `rank`. The last viewer takes over its rank: returns that viewer, and whether the round
    /// under way might now miss it.
    pub(super) fn remove(&mut self, rank: u32) -> Option<(u32, bool)> {
        self.viewers.swap_remove(rank as usize);
        if self.viewers.is_empty() {
            // Nobody reads the log any more, so it holds nothing any more.
            *self = Self::new();
            return None;
        }
        let is_in_round = self.round.is_some();
        self.viewers
            .get(rank as usize)
            .map(|moved| (*moved, is_in_round))
    }

    /// Adds what came in one go, and begins a round.
    pub(super) fn extend(&mut self, units: &[Unit]) {
        if self.viewers.is_empty() || units.is_empty() {
            return;
        }
        self.log.extend(units);
        let left = self.viewers.len();
        if let Some(round) = &mut self.round {
            // Once more around from where it is: beginning anew, it would never come to some of them.
            round.left = left;
            return;
        }
        // Those who come last in one round come first in another: by the golden section, beginnings spread evenly.
        self.begin = (self.begin + left * 618 / 1_000 + 1) % left;
        let at = self.begin;
        self.round = Some(Round { at, left });
    }

    /// Whether a round is under way.
    pub(super) const fn is_in_round(&self) -> bool {
        self.round.is_some()
    }

    /// Adds the next `most` viewers of the round to `visits`.
    pub(super) fn go_round(&mut self, most: usize, visits: &mut Vec<u32>) {
        visits.extend(std::iter::from_fn(|| self.next_in_round()).take(most));
    }

    fn next_in_round(&mut self) -> Option<u32> {
        let round = self.round.as_mut()?;
        if round.left == 0 {
            self.round = None;
            return None;
        }
        if round.at >= self.viewers.len() {
            round.at = 0;
        }
        let viewer = self.viewers.get(round.at).copied();
        round.at += 1;
        round.left -= 1;
        viewer
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::Micros;

    fn audience(viewers: u32) -> Audience {
        let mut audience = Audience::new();
        for viewer in 0..viewers {
            let rank = audience.add(viewer, Seq::ZERO.next());
            assert_eq!(rank, viewer);
        }
        audience
    }

    fn unit() -> Unit {
        Unit {
            first: Seq::ZERO.next(),
            last: Seq::ZERO.next(),
            t: Micros::new(0),
            jump_len: 0,
            bytes: Bytes::from_static(b"1").into(),
        }
    }

    fn round(audience: &mut Audience) -> Vec<u32> {
        audience.extend(&[unit()]);
        std::iter::from_fn(|| audience.next_in_round()).collect()
    }

    #[test]
    fn every_round_visits_everybody_once_and_begins_with_another() {
        let mut audience = audience(10);
        let mut firsts = Vec::new();
        for _ in 0..5 {
            let mut visited = round(&mut audience);
            firsts.push(visited[0]);
            visited.sort_unstable();
            assert_eq!(visited, (0..10).collect::<Vec<_>>());
        }
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 5);
    }

    #[test]
    fn what_comes_during_a_round_goes_once_more_around_and_leaves_nobody_out() {
        let mut audience = audience(10);
        audience.extend(&[unit()]);
        let mut visits = [0; 10];
        for _ in 0..30 {
            for _ in 0..3 {
                visits[audience.next_in_round().unwrap() as usize] += 1;
            }
            audience.extend(&[unit()]);
        }
        assert_eq!(visits, [9; 10]);
        assert_eq!(std::iter::from_fn(|| audience.next_in_round()).count(), 10);
    }

    #[test]
    fn a_join_during_a_round_leaves_nobody_out() {
        let mut audience = audience(6);
        audience.extend(&[unit()]);
        let mut visits = Vec::new();
        audience.go_round(2, &mut visits);
        audience.add(6, Seq::ZERO.next());
        audience.go_round(100, &mut visits);
        visits.sort_unstable();
        assert_eq!(visits, [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn whoever_is_moved_during_a_round_is_named() {
        let mut audience = audience(3);
        assert_eq!(audience.remove(0), Some((2, false)));
        audience.extend(&[unit()]);
        assert_eq!(audience.remove(0), Some((1, true)));
        assert_eq!(audience.remove(0), None);
        assert!(audience.is_empty() && !audience.is_in_round());
    }
}
