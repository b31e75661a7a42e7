//! `ViewerGroup`: the viewers of one topic and one encoding on one lane, their log, and the sweep that serves them.
//!
//! It decides who is served next; the lane writes to the sockets.
//!
//! ## Laps
//!
//! A sweep that is overtaken by new publications goes on without an end. It is therefore divided into laps, each of
//! which visits every viewer once: from its first to its last visit is how long the group takes to be sent something.

use super::frame_log::{Chunk, FrameLog};
use super::ids::{GroupIndex, SubscriptionId};
use crate::hub::AnnouncementNumber;
use crate::protocol::Seq;

/// Subscriptions that share a [`FrameLog`], known by their ids on the lane.
#[derive(Debug)]
pub(super) struct ViewerGroup {
    /// Empty as long as the group has no viewers.
    log: FrameLog,
    /// The subscription at each index. Removing one moves the last into its place.
    subscriptions: Vec<SubscriptionId>,
    /// The sweep in progress. It ends once every viewer has been visited since the last [`Self::extend`].
    sweep: Option<Sweep>,
    /// The index at which the last sweep started.
    sweep_start: usize,
}

/// A pass over the whole group, in which each subscription is sent what is new in the log.
#[derive(Debug, Clone, Copy)]
struct Sweep {
    /// The next index; wraps around.
    position: usize,
    /// Subscriptions still to visit.
    remaining: usize,
    /// Visits left in the current lap; 0 between laps.
    lap_remaining: usize,
}

/// A subscription whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SweepVisit {
    pub(super) id: SubscriptionId,
    /// Set at both ends of a lap, which are apart: a group of one viewer has no laps.
    pub(super) edge: Option<LapEdge>,
}

/// An end of a lap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LapEdge {
    First,
    Last,
}

/// A subscription that moved to the index of one that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MovedSubscription {
    pub(super) id: SubscriptionId,
    /// Whether a sweep is in progress that may now miss it.
    pub(super) is_sweeping: bool,
}

impl ViewerGroup {
    /// Creates a group without viewers.
    pub(super) const fn new() -> Self {
        Self {
            log: FrameLog::new(Seq::ZERO, AnnouncementNumber::NONE),
            subscriptions: Vec::new(),
            sweep: None,
            sweep_start: 0,
        }
    }

    pub(super) const fn log(&self) -> &FrameLog {
        &self.log
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.subscriptions.is_empty()
    }

    /// The ids of its subscriptions.
    pub(super) fn subscriptions(&self) -> impl Iterator<Item = SubscriptionId> {
        self.subscriptions.iter().copied()
    }

    /// The number of viewers.
    pub(super) const fn len(&self) -> usize {
        self.subscriptions.len()
    }

    /// The publication to append next; `None` if the group has no viewers.
    pub(super) fn next(&self) -> Option<Seq> {
        (!self.is_empty()).then(|| self.log.next())
    }

    /// Adds a subscription and returns its index. If it is the first one, the log starts at `next`, after `announced`.
    pub(super) fn add(
        &mut self,
        id: SubscriptionId,
        next: Seq,
        announced: AnnouncementNumber,
    ) -> GroupIndex {
        if self.subscriptions.is_empty() {
            self.log = FrameLog::new(next, announced);
        }
        self.subscriptions.push(id);
        if let Some(sweep) = &mut self.sweep {
            // The sweep may reach the new subscription before the last of the others.
            sweep.remaining += 1;
        }
        GroupIndex::new(self.subscriptions.len() - 1)
    }

    /// Removes the subscription at `index`. The last one moves to that index, and is returned.
    pub(super) fn remove(&mut self, index: GroupIndex) -> Option<MovedSubscription> {
        self.subscriptions.swap_remove(index.get());
        if self.subscriptions.is_empty() {
            // Nothing reads the log any more, so its memory is freed.
            *self = Self::new();
            return None;
        }
        let is_sweeping = self.sweep.is_some();
        let moved = self.subscriptions.get(index.get());
        moved.map(|id| MovedSubscription {
            id: *id,
            is_sweeping,
        })
    }

    /// Appends chunks that arrived together, and starts a sweep.
    pub(super) fn extend(&mut self, chunks: &[Chunk]) {
        if self.subscriptions.is_empty() || chunks.is_empty() {
            return;
        }
        self.log.extend(chunks);
        let len = self.subscriptions.len();
        if let Some(sweep) = &mut self.sweep {
            // Another full pass from the current position: restarting could starve some viewers.
            sweep.remaining = len;
            return;
        }
        // Each sweep starts elsewhere, so that no viewer is always last. Steps of the golden ratio spread evenly.
        self.sweep_start = (self.sweep_start + len * 618 / 1_000 + 1) % len;
        let at = self.sweep_start;
        self.sweep = Some(Sweep {
            position: at,
            remaining: len,
            lap_remaining: 0,
        });
    }

    /// Returns whether a sweep is in progress.
    pub(super) const fn is_sweeping(&self) -> bool {
        self.sweep.is_some()
    }

    /// Passes the next visits of the sweep to `visit`, at most `most`.
    pub(super) fn advance_sweep(&mut self, most: usize, visit: impl FnMut(SweepVisit)) {
        let visits = std::iter::from_fn(|| self.next_in_sweep());
        visits.take(most).for_each(visit);
    }

    fn next_in_sweep(&mut self) -> Option<SweepVisit> {
        let sweep = self.sweep.as_mut()?;
        if sweep.remaining == 0 {
            self.sweep = None;
            return None;
        }
        if sweep.position >= self.subscriptions.len() {
            sweep.position = 0;
        }
        let id = *self.subscriptions.get(sweep.position)?;
        sweep.position += 1;
        sweep.remaining -= 1;
        let edge = sweep.next_in_lap(self.subscriptions.len());
        Some(SweepVisit { id, edge })
    }
}

impl Sweep {
    /// Counts a visit in the current lap, or in a new one of all `viewers`.
    const fn next_in_lap(&mut self, viewers: usize) -> Option<LapEdge> {
        let is_first = self.lap_remaining == 0;
        if is_first {
            self.lap_remaining = viewers;
        }
        self.lap_remaining = self.lap_remaining.saturating_sub(1);
        match (is_first, self.lap_remaining) {
            (true, 1..) => Some(LapEdge::First),
            (false, 0) => Some(LapEdge::Last),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::ids::ConnectionId;
    use super::*;
    use crate::protocol::Micros;

    fn id(n: usize) -> SubscriptionId {
        let [id] = ConnectionId::from_key(n).subscriptions();
        id
    }

    fn key(id: SubscriptionId) -> usize {
        id.connection().key()
    }

    fn group(len: usize) -> ViewerGroup {
        let mut group = ViewerGroup::new();
        for n in 0..len {
            assert_eq!(
                group
                    .add(id(n), Seq::ZERO.next(), AnnouncementNumber::NONE)
                    .get(),
                n
            );
        }
        group
    }

    fn chunk() -> Chunk {
        Chunk {
            first: Seq::ZERO.next(),
            last: Seq::ZERO.next(),
            t: Micros::new(0),
            jump_len: 0,
            announcement: None,
            bytes: Bytes::from_static(b"1").into(),
        }
    }

    fn sweep(group: &mut ViewerGroup) -> Vec<usize> {
        group.extend(&[chunk()]);
        std::iter::from_fn(|| group.next_in_sweep())
            .map(|visit| key(visit.id))
            .collect()
    }

    #[test]
    fn every_sweep_visits_each_viewer_once_and_starts_at_another() {
        let mut group = group(10);
        let mut firsts = Vec::new();
        for _ in 0..5 {
            let mut visited = sweep(&mut group);
            firsts.push(visited[0]);
            visited.sort_unstable();
            assert_eq!(visited, (0..10).collect::<Vec<_>>());
        }
        firsts.sort_unstable();
        firsts.dedup();
        assert_eq!(firsts.len(), 5);
    }

    #[test]
    fn chunks_that_arrive_during_a_sweep_extend_it_by_a_full_pass() {
        let mut group = group(10);
        group.extend(&[chunk()]);
        let mut visits = [0; 10];
        for _ in 0..30 {
            for _ in 0..3 {
                visits[key(group.next_in_sweep().unwrap().id)] += 1;
            }
            group.extend(&[chunk()]);
        }
        assert_eq!(visits, [9; 10]);
        assert_eq!(std::iter::from_fn(|| group.next_in_sweep()).count(), 10);
    }

    #[test]
    fn a_join_during_a_sweep_makes_it_miss_no_viewer() {
        let mut group = group(6);
        group.extend(&[chunk()]);
        let mut visits = Vec::new();
        group.advance_sweep(2, |visit| visits.push(visit.id));
        group.add(id(6), Seq::ZERO.next(), AnnouncementNumber::NONE);
        group.advance_sweep(100, |visit| visits.push(visit.id));
        visits.sort_unstable();
        assert_eq!(visits, [0, 1, 2, 3, 4, 5, 6].map(id));
    }

    #[test]
    fn a_lap_visits_each_viewer_once_even_if_the_sweep_never_ends() {
        let mut group = group(4);
        let edges = |group: &mut ViewerGroup, visits: usize| {
            let edges = std::iter::from_fn(|| group.next_in_sweep()).map(|visit| visit.edge);
            edges.take(visits).collect::<Vec<_>>()
        };
        let (first, last) = (Some(LapEdge::First), Some(LapEdge::Last));
        group.extend(&[chunk()]);
        assert_eq!(edges(&mut group, 3), [first, None, None]);
        group.extend(&[chunk()]);
        assert_eq!(edges(&mut group, 3), [last, first, None]);
        group.extend(&[chunk()]);
        assert_eq!(edges(&mut group, 9), [None, last, first, None]);
        // The next sweep begins with a lap of its own.
        group.extend(&[chunk()]);
        assert_eq!(edges(&mut group, 9), [first, None, None, last]);
    }

    #[test]
    fn a_group_of_one_viewer_has_no_laps() {
        let mut group = group(1);
        group.extend(&[chunk()]);
        assert_eq!(group.next_in_sweep().unwrap().edge, None);
    }

    #[test]
    fn removing_a_viewer_returns_the_viewer_that_moved_to_its_index() {
        let mut group = group(3);
        let remove_first = |group: &mut ViewerGroup| {
            let moved = group.remove(GroupIndex::new(0));
            moved.map(|moved| (key(moved.id), moved.is_sweeping))
        };
        assert_eq!(remove_first(&mut group), Some((2, false)));
        group.extend(&[chunk()]);
        assert_eq!(remove_first(&mut group), Some((1, true)));
        assert_eq!(remove_first(&mut group), None);
        assert!(group.is_empty() && !group.is_sweeping());
    }
}
