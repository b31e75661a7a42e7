//! `ConnectionTable`: the counts of a listener's connections, those that can be evicted, and which of them is next.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::super::ClientNetwork;

/// How many connections a listener may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In total, viewers included.
    pub open: usize,
    /// Connections that are not viewers.
    pub non_viewers: usize,
    /// From one network; 0 means no limit.
    pub per_network: usize,
}

/// What a connection waits for, in the order of eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first byte of another request.
    Idle,
    /// The first byte of its first request.
    Accepted,
    /// The rest of a request head.
    Head,
    /// The client to receive more of a response.
    Response,
}

#[derive(Debug)]
pub(super) struct SharedConnections {
    pub(super) table: Mutex<ConnectionTable>,
    /// Wakes the accepting task, of which there is one, when there may be capacity again.
    pub(super) freed: Notify,
}

#[derive(Debug)]
pub(super) struct ConnectionTable {
    pub(super) limits: ConnectionLimits,
    /// Open connections: permits that have not been dropped.
    pub(super) open: usize,
    /// Open connections that are not viewers; at most `open`.
    pub(super) non_viewers: usize,
    /// Evicted connections that have not closed yet.
    pub(super) evicting: usize,
    /// Connections, and clients behind proxies, by network; no entry is 0.
    pub(super) by_network: HashMap<ClientNetwork, usize>,
    /// Connections that can be evicted, by [`Phase`] and in the order in which they entered the phase.
    pub(super) waiting: [BTreeMap<u64, Waiter>; Phase::COUNT],
    /// The sum of `bytes` over all of `waiting`.
    pub(super) incomplete_head_bytes: usize,
    /// The next key in `waiting`; only grows.
    pub(super) next_key: u64,
}

/// A connection that can be evicted.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) since: Instant,
    /// Bytes held of an incomplete request head.
    pub(super) bytes: usize,
    /// Notified when the connection is evicted; the entry has been removed by then.
    pub(super) evict: Arc<Notify>,
}

/// Whether one more connection can be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capacity {
    Free,
    /// It can, and another connection was evicted because little is left.
    Evicting,
    Full,
}

/// Bytes held of incomplete request heads, over all connections of a listener: 512 heads of the full 16 KiB, or 2 KiB
/// for each of 4,096 connections. Together with everything else this fits into a container of 128 MiB. A head that
/// arrives in one piece, as almost all do, does not count.
pub(super) const INCOMPLETE_HEAD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Connections kept free, so that a new one can be served while the evicted one is still closing; at most a quarter of
/// the limit.
const SPARE_MAX: usize = 64;

/// How long a connection waits for a request head before it can be evicted; a younger one is evicted only if nothing
/// else can be. The request of a new client arrives within this time.
pub(super) const NEWCOMER_GRACE: Duration = Duration::from_secs(1);

/// How long a response makes no progress before its connection can be evicted. On a slow network some bytes are
/// acknowledged at least every second or two.
pub(super) const STALLED_AFTER: Duration = Duration::from_secs(5);

impl Phase {
    pub(super) const COUNT: usize = 4;
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Idle, Self::Accepted, Self::Head, Self::Response];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Idle => 0,
            Self::Accepted => 1,
            Self::Head => 2,
            Self::Response => 3,
        }
    }

    /// How long a connection has to be in this phase before it can be evicted.
    pub(super) const fn min_wait(self) -> Duration {
        match self {
            Self::Idle => Duration::ZERO,
            Self::Accepted | Self::Head => NEWCOMER_GRACE,
            Self::Response => STALLED_AFTER,
        }
    }
}

impl SharedConnections {
    pub(super) fn new(limits: ConnectionLimits) -> Self {
        let table = ConnectionTable {
            limits,
            open: 0,
            non_viewers: 0,
            evicting: 0,
            by_network: HashMap::new(),
            waiting: Default::default(),
            incomplete_head_bytes: 0,
            next_key: 0,
        };
        Self {
            table: Mutex::new(table),
            freed: Notify::new(),
        }
    }

    pub(super) fn lock_table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    /// How many more connections can be accepted.
    pub(super) fn free(&self) -> usize {
        let open = self.limits.open.saturating_sub(self.open);
        open.min(self.limits.non_viewers.saturating_sub(self.non_viewers))
    }

    pub(super) fn make_room(&mut self, now: Instant) -> Capacity {
        let limit = self.limits.open.min(self.limits.non_viewers);
        let spare = (limit / 4).clamp(1, SPARE_MAX);
        let is_short = self.free() + self.evicting < spare;
        let has_evicted =
            is_short && (self.evict_waiting(now) || self.free() == 0 && self.evict_newcomer(now));
        match (self.free() > 0, has_evicted) {
            (true, false) => Capacity::Free,
            (true, true) => Capacity::Evicting,
            (false, _) => Capacity::Full,
        }
    }

    /// Evicts the oldest connection of the first phase in which a connection has waited long enough.
    pub(super) fn evict_waiting(&mut self, now: Instant) -> bool {
        let has_waited = |phase: &Phase| self.longest_wait(*phase, now) >= Some(phase.min_wait());
        let phase = Phase::ALL.into_iter().find(has_waited);
        self.evict_oldest_in(phase)
    }

    /// Evicts a connection that waits for a request head, whatever its age: the last resort.
    pub(super) fn evict_newcomer(&mut self, now: Instant) -> bool {
        let longest = |phase: &Phase| self.longest_wait(*phase, now);
        let phase = [Phase::Accepted, Phase::Head]
            .into_iter()
            .max_by_key(longest);
        self.evict_oldest_in(phase)
    }

    pub(super) fn evict_oldest_in(&mut self, phase: Option<Phase>) -> bool {
        let oldest = phase.and_then(|phase| self.waiting[phase.index()].pop_first());
        if let Some((_, waiter)) = &oldest {
            self.evict(waiter);
        }
        oldest.is_some()
    }

    /// How long the oldest connection in `phase` has waited.
    pub(super) fn longest_wait(&self, phase: Phase, now: Instant) -> Option<Duration> {
        let (_, oldest) = self.waiting[phase.index()].first_key_value()?;
        Some(now.duration_since(oldest.since))
    }

    pub(super) fn evict(&mut self, waiter: &Waiter) {
        self.incomplete_head_bytes -= waiter.bytes;
        self.evicting += 1;
        waiter.evict.notify_one();
    }

    /// Evicts the connections with the oldest incomplete heads until the rest is within the budget.
    pub(super) fn enforce_head_budget(&mut self) {
        while self.incomplete_head_bytes > INCOMPLETE_HEAD_BYTES_MAX
            && let Some((_, waiter)) = self.waiting[Phase::Head.index()].pop_first()
        {
            self.evict(&waiter);
        }
    }

    pub(super) fn try_count(&mut self, network: ClientNetwork) -> bool {
        let max = self.limits.per_network;
        let count = self.by_network.entry(network).or_insert(0);
        if max != 0 && *count >= max {
            return false;
        }
        *count += 1;
        true
    }

    pub(super) fn uncount(&mut self, network: ClientNetwork) {
        if let Some(count) = self.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&network);
            }
        }
    }
}
