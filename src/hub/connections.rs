//! `Connections`: how many connections a listener holds, from which network, and which one ends when places run out.
//!
//! Viewers hold a place like every connection, and keep it. All others end when their place is needed: the one that has
//! waited longest for another request first, then one that has waited a second for its first request, then the request
//! that has been unfinished longest, then the answer that has stood still longest. A client that floods the hub has the most and the oldest of these; a new client's is the
//! youngest.
//!
//! Knows no sockets: the task that serves a connection reports what it waits for ([`Watch`]) and closes it when asked
//! to.

mod watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

pub use self::watch::{Phase, Watch};
use super::ClientNetwork;

/// How many connections a listener may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all, viewers included.
    pub open: usize,
    /// Those that are not viewers.
    pub others: usize,
    /// From one network; 0 sets no limit.
    pub per_network: usize,
}

/// The connections of one listener. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub struct Connections(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the one task that accepts, when a place may have become free.
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limits: ConnectionLimits,
    /// Connections that have a place, until their socket is closed.
    open: usize,
    /// Those of them that are not viewers; never more than `open`.
    others: usize,
    /// Connections that were asked to end and have not ended yet.
    ending: usize,
    /// Connections, and clients behind proxies, by network; no entry is 0.
    by_network: HashMap<ClientNetwork, usize>,
    /// Connections that can be asked to end, by [`Phase`] and in the order in which they entered the phase.
    waiting: [BTreeMap<u64, Waiter>; Phase::COUNT],
    /// The sum of `bytes` of all that waits.
    unfinished_bytes: usize,
    /// The key of the next that waits; grows only.
    next_key: u64,
}

#[derive(Debug)]
struct Waiter {
    since: Instant,
    bytes: usize,
    end: Arc<Notify>,
}

/// A connection's place, given back when it is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the place back"]
pub struct ConnectionPermit {
    shared: Arc<Shared>,
    network: Option<ClientNetwork>,
    is_viewer: AtomicBool,
}

/// Counts a client behind a proxy for its network, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the counting"]
pub struct ClientPermit {
    shared: Arc<Shared>,
    network: ClientNetwork,
}

/// Whether there is a place for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Free,
    /// There is, and another connection ends for it.
    Cleared,
    None,
}

/// Bytes held of request heads that are not complete, over all connections of a listener: 512 heads of the full 16 KiB,
/// or 2 KiB for each of 4,096 connections. With everything else it fits a container of 128 MiB. A head that arrives at
/// once, as almost all do, counts for nothing.
const UNFINISHED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Places kept free, so that a new connection is served while the one that ends for it still closes; at most a quarter
/// of all places.
const SPARE_MAX: usize = 64;

/// How long a connection that has had no answer yet waits before it ends ahead of the others: a newcomer's request comes
/// within that.
const NEWCOMER: Duration = Duration::from_secs(1);

/// How long an answer stands still before its connection may end for a new one. On a line that is merely slow,
/// something moves at least every second or two.
const STANDSTILL: Duration = Duration::from_secs(5);

/// How often to look for an answer that stands still, while every place is taken.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl Connections {
    /// No connections yet, and at most as many as `limits` allow.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Self {
        let state = State {
            limits,
            open: 0,
            others: 0,
            ending: 0,
            by_network: HashMap::new(),
            waiting: Default::default(),
            unfinished_bytes: 0,
            next_key: 0,
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            freed: Notify::new(),
        }))
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> ConnectionLimits {
        self.0.state().limits
    }

    /// Replaces the limits. This closes no connection.
    pub fn set_limits(&self, limits: ConnectionLimits) {
        self.0.state().limits = limits;
        self.0.freed.notify_one();
    }

    /// Waits until there is a place for one more. Calls `on_full` when another connection has to end for it. One task
    /// at a time may wait.
    pub async fn place(&self, on_full: impl Fn()) {
        loop {
            let room = self.0.state().make_room(Instant::now());
            if room != Room::Free {
                on_full();
            }
            if room != Room::None {
                return;
            }
            // Either a place was given back, or it is time to look again.
            _ = timeout(LOOK_AGAIN, self.0.freed.notified()).await;
        }
    }

    /// Ends the connection that has waited longest, because something else than places has run out.
    pub fn end_one(&self) {
        let now = Instant::now();
        let mut state = self.0.state();
        _ = state.end_waiting(now) || state.end_newcomer(now);
    }

    /// Opens a connection from `network`; `None` is not counted. Returns nothing if the network has all the connections
    /// that it may have.
    #[must_use]
    pub fn open(&self, network: Option<ClientNetwork>) -> Option<ConnectionPermit> {
        let mut state = self.0.state();
        if let Some(network) = network
            && !state.count(network)
        {
            return None;
        }
        state.open += 1;
        state.others += 1;
        Some(ConnectionPermit {
            shared: Arc::clone(&self.0),
            network,
            is_viewer: AtomicBool::new(false),
        })
    }

    /// Counts a client behind a proxy. Returns nothing if its network has all the connections that it may have.
    #[must_use]
    pub fn client(&self, network: ClientNetwork) -> Option<ClientPermit> {
        let shared = Arc::clone(&self.0);
        let is_counted = shared.state().count(network);
        // Not made before it is counted: dropping it ends the counting.
        is_counted.then(|| ClientPermit { shared, network })
    }

    /// For a connection that was opened.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch::new(Arc::clone(&self.0))
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn free(&self) -> usize {
        let open = self.limits.open.saturating_sub(self.open);
        open.min(self.limits.others.saturating_sub(self.others))
    }

    fn make_room(&mut self, now: Instant) -> Room {
        let places = self.limits.open.min(self.limits.others);
        let spare = (places / 4).clamp(1, SPARE_MAX);
        let is_short = self.free() + self.ending < spare;
        let has_ended_one =
            is_short && (self.end_waiting(now) || self.free() == 0 && self.end_newcomer(now));
        match (self.free() > 0, has_ended_one) {
            (true, false) => Room::Free,
            (true, true) => Room::Cleared,
            (false, _) => Room::None,
        }
    }

    /// Ends the connection that has waited longest, of those that have waited long enough for their phase.
    fn end_waiting(&mut self, now: Instant) -> bool {
        let has_waited = |phase: &Phase| self.longest(*phase, now) >= Some(phase.patience());
        let phase = Phase::ALL.into_iter().find(has_waited);
        self.end_oldest_in(phase)
    }

    /// The same of those that have not: only for want of any other place.
    fn end_newcomer(&mut self, now: Instant) -> bool {
        let longest = |phase: &Phase| self.longest(*phase, now);
        let phase = [Phase::Accepted, Phase::Head]
            .into_iter()
            .max_by_key(longest);
        self.end_oldest_in(phase)
    }

    fn end_oldest_in(&mut self, phase: Option<Phase>) -> bool {
        let oldest = phase.and_then(|phase| self.waiting[phase.index()].pop_first());
        if let Some((_, waiter)) = &oldest {
            self.end(waiter);
        }
        oldest.is_some()
    }

    /// How long the connection has waited that has been in `phase` longest.
    fn longest(&self, phase: Phase, now: Instant) -> Option<Duration> {
        let (_, oldest) = self.waiting[phase.index()].first_key_value()?;
        Some(now.duration_since(oldest.since))
    }

    fn end(&mut self, waiter: &Waiter) {
        self.unfinished_bytes -= waiter.bytes;
        self.ending += 1;
        waiter.end.notify_one();
    }

    /// Ends the heads that have been unfinished longest until the rest is within the budget.
    fn keep_to_budget(&mut self) {
        while self.unfinished_bytes > UNFINISHED_BYTES_MAX
            && let Some((_, waiter)) = self.waiting[Phase::Head.index()].pop_first()
        {
            self.end(&waiter);
        }
    }

    fn count(&mut self, network: ClientNetwork) -> bool {
        let max = self.limits.per_network;
        let count = self.by_network.entry(network).or_insert(0);
        if max != 0 && *count >= max {
            return false;
        }
        *count += 1;
        true
    }

    fn discount(&mut self, network: ClientNetwork) {
        if let Some(count) = self.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                self.by_network.remove(&network);
            }
        }
    }
}

impl ConnectionPermit {
    /// Marks the connection as a viewer's: it never ends for a new one, and frees its place among the others.
    pub fn become_viewer(&self) {
        if !self.is_viewer.swap(true, Ordering::Relaxed) {
            self.shared.state().others -= 1;
            self.shared.freed.notify_one();
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.open -= 1;
        if !*self.is_viewer.get_mut() {
            state.others -= 1;
        }
        if let Some(network) = self.network {
            state.discount(network);
        }
        drop(state);
        self.shared.freed.notify_one();
    }
}

impl Drop for ClientPermit {
    fn drop(&mut self) {
        self.shared.state().discount(self.network);
    }
}

#[cfg(test)]
mod tests;
