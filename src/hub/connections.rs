//! `Connections`: limits the connections of a listener, and evicts idle ones to make room for new ones.
//!
//! Knows no sockets: the task that serves a connection reports what it waits for ([`EvictionWatch`]), and closes the
//! connection when it is evicted.
//!
//! ## Eviction
//!
//! Viewers are never evicted. Other connections are, in this order: the one that has been idle between requests for the
//! longest time, the one that has waited longest for its first request (after a second), the request head that has been
//! incomplete longest (after a second), the response that has been stalled longest (after five seconds). A client that
//! floods the hub holds most of these and the oldest ones; a new client holds the youngest.

mod eviction_watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

pub use self::eviction_watch::{EvictionWatch, Phase};
use super::ClientNetwork;

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

/// The connections of one listener. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub struct Connections(Arc<SharedConnections>);

#[derive(Debug)]
struct SharedConnections {
    table: Mutex<ConnectionTable>,
    /// Wakes the accepting task, of which there is one, when there may be capacity again.
    freed: Notify,
}

#[derive(Debug)]
struct ConnectionTable {
    limits: ConnectionLimits,
    /// Open connections: permits that have not been dropped.
    open: usize,
    /// Open connections that are not viewers; at most `open`.
    non_viewers: usize,
    /// Evicted connections that have not closed yet.
    evicting: usize,
    /// Connections, and clients behind proxies, by network; no entry is 0.
    by_network: HashMap<ClientNetwork, usize>,
    /// Connections that can be evicted, by [`Phase`] and in the order in which they entered the phase.
    waiting: [BTreeMap<u64, Waiter>; Phase::COUNT],
    /// The sum of `bytes` over all of `waiting`.
    incomplete_head_bytes: usize,
    /// The next key in `waiting`; only grows.
    next_key: u64,
}

/// A connection that can be evicted.
#[derive(Debug)]
struct Waiter {
    since: Instant,
    /// Bytes held of an incomplete request head.
    bytes: usize,
    /// Notified when the connection is evicted; the entry has been removed by then.
    evict: Arc<Notify>,
}

/// Counts an open connection until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it frees the connection's slot"]
pub struct ConnectionPermit {
    shared: Arc<SharedConnections>,
    network: Option<ClientNetwork>,
    is_viewer: AtomicBool,
}

/// Counts a client behind a proxy for its network until it is dropped.
#[derive(Debug)]
#[must_use = "the client no longer counts once the permit is dropped"]
pub struct ClientPermit {
    shared: Arc<SharedConnections>,
    network: ClientNetwork,
}

/// Whether one more connection can be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Capacity {
    Free,
    /// It can, and another connection was evicted because little is left.
    Evicting,
    Full,
}

/// Bytes held of incomplete request heads, over all connections of a listener: 512 heads of the full 16 KiB, or 2 KiB
/// for each of 4,096 connections. Together with everything else this fits into a container of 128 MiB. A head that
/// arrives in one piece, as almost all do, does not count.
const INCOMPLETE_HEAD_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Connections kept free, so that a new one can be served while the evicted one is still closing; at most a quarter of
/// the limit.
const SPARE_MAX: usize = 64;

/// How long a connection waits for a request head before it can be evicted; a younger one is evicted only if nothing
/// else can be. The request of a new client arrives within this time.
const NEWCOMER_GRACE: Duration = Duration::from_secs(1);

/// How long a response makes no progress before its connection can be evicted. On a slow network some bytes are
/// acknowledged at least every second or two.
const STALLED_AFTER: Duration = Duration::from_secs(5);

/// How often to look for a stalled response while the listener is full.
const RECHECK_INTERVAL: Duration = Duration::from_millis(250);

impl Connections {
    /// Creates an empty set of connections with `limits`.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Self {
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
        Self(Arc::new(SharedConnections {
            table: Mutex::new(table),
            freed: Notify::new(),
        }))
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> ConnectionLimits {
        self.0.lock_table().limits
    }

    /// Replaces the limits. Closes no connection.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.0.lock_table().limits = limits;
        self.0.freed.notify_one();
    }

    /// Waits until one more connection can be accepted. Calls `on_full` each time that it evicts a connection or has to
    /// wait. Only one task at a time may wait.
    pub async fn wait_for_capacity(&self, on_full: impl Fn()) {
        loop {
            let capacity = self.0.lock_table().make_room(Instant::now());
            if capacity != Capacity::Free {
                on_full();
            }
            if capacity != Capacity::Full {
                return;
            }
            // Responses may have stalled by then, without a notification.
            _ = timeout(RECHECK_INTERVAL, self.0.freed.notified()).await;
        }
    }

    /// Evicts one connection because another resource, such as file descriptors, has run out.
    pub fn evict_one(&self) {
        let now = Instant::now();
        let mut table = self.0.lock_table();
        _ = table.evict_waiting(now) || table.evict_newcomer(now);
    }

    /// Counts a new connection from `network`; without a network, only in total. Returns `None` if the network has
    /// reached its limit.
    #[must_use]
    pub fn open(&self, network: Option<ClientNetwork>) -> Option<ConnectionPermit> {
        let mut table = self.0.lock_table();
        if let Some(network) = network
            && !table.try_count(network)
        {
            return None;
        }
        table.open += 1;
        table.non_viewers += 1;
        Some(ConnectionPermit {
            shared: Arc::clone(&self.0),
            network,
            is_viewer: AtomicBool::new(false),
        })
    }

    /// Counts a client behind a proxy. Returns `None` if its network has reached its limit.
    #[must_use]
    pub fn count_client(&self, network: ClientNetwork) -> Option<ClientPermit> {
        let shared = Arc::clone(&self.0);
        let is_counted = shared.lock_table().try_count(network);
        // Created only once it is counted, because dropping it uncounts it.
        is_counted.then(|| ClientPermit { shared, network })
    }

    /// Returns the watch for an open connection that is not a viewer.
    #[must_use]
    pub fn watch(&self) -> EvictionWatch {
        EvictionWatch::new(Arc::clone(&self.0))
    }
}

impl SharedConnections {
    fn lock_table(&self) -> MutexGuard<'_, ConnectionTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConnectionTable {
    /// How many more connections can be accepted.
    fn free(&self) -> usize {
        let open = self.limits.open.saturating_sub(self.open);
        open.min(self.limits.non_viewers.saturating_sub(self.non_viewers))
    }

    fn make_room(&mut self, now: Instant) -> Capacity {
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
    fn evict_waiting(&mut self, now: Instant) -> bool {
        let has_waited = |phase: &Phase| self.longest_wait(*phase, now) >= Some(phase.min_wait());
        let phase = Phase::ALL.into_iter().find(has_waited);
        self.evict_oldest_in(phase)
    }

    /// Evicts a connection whose first request is not complete, whatever its age: the last resort.
    fn evict_newcomer(&mut self, now: Instant) -> bool {
        let longest = |phase: &Phase| self.longest_wait(*phase, now);
        let phase = [Phase::Accepted, Phase::Head]
            .into_iter()
            .max_by_key(longest);
        self.evict_oldest_in(phase)
    }

    fn evict_oldest_in(&mut self, phase: Option<Phase>) -> bool {
        let oldest = phase.and_then(|phase| self.waiting[phase.index()].pop_first());
        if let Some((_, waiter)) = &oldest {
            self.evict(waiter);
        }
        oldest.is_some()
    }

    /// How long the oldest connection in `phase` has waited.
    fn longest_wait(&self, phase: Phase, now: Instant) -> Option<Duration> {
        let (_, oldest) = self.waiting[phase.index()].first_key_value()?;
        Some(now.duration_since(oldest.since))
    }

    fn evict(&mut self, waiter: &Waiter) {
        self.incomplete_head_bytes -= waiter.bytes;
        self.evicting += 1;
        waiter.evict.notify_one();
    }

    /// Evicts the connections with the oldest incomplete heads until the rest is within the budget.
    fn enforce_head_budget(&mut self) {
        while self.incomplete_head_bytes > INCOMPLETE_HEAD_BYTES_MAX
            && let Some((_, waiter)) = self.waiting[Phase::Head.index()].pop_first()
        {
            self.evict(&waiter);
        }
    }

    fn try_count(&mut self, network: ClientNetwork) -> bool {
        let max = self.limits.per_network;
        let count = self.by_network.entry(network).or_insert(0);
        if max != 0 && *count >= max {
            return false;
        }
        *count += 1;
        true
    }

    fn uncount(&mut self, network: ClientNetwork) {
        if let Some(count) = self.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&network);
            }
        }
    }
}

impl ConnectionPermit {
    /// Marks the connection as a viewer, which no longer counts towards the limit for other connections.
    pub fn mark_viewer(&self) {
        if !self.is_viewer.swap(true, Ordering::Relaxed) {
            self.shared.lock_table().non_viewers -= 1;
            self.shared.freed.notify_one();
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut table = self.shared.lock_table();
        table.open -= 1;
        if !*self.is_viewer.get_mut() {
            table.non_viewers -= 1;
        }
        if let Some(network) = self.network {
            table.uncount(network);
        }
        drop(table);
        self.shared.freed.notify_one();
    }
}

impl Drop for ClientPermit {
    fn drop(&mut self) {
        self.shared.lock_table().uncount(self.network);
    }
}

#[cfg(test)]
mod tests;
