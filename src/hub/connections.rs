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

mod connection_table;
mod eviction_watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, timeout};

pub use self::connection_table::{ConnectionLimits, Phase};
pub use self::eviction_watch::EvictionWatch;

use self::connection_table::{Capacity, SharedConnections};
use super::ClientNetwork;

/// The connections of one listener. Cheap to clone; clones share them.
#[derive(Debug, Clone)]
pub struct Connections(Arc<SharedConnections>);

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

/// How often to look for a stalled response while the listener is full.
const RECHECK_INTERVAL: Duration = Duration::from_millis(250);

impl Connections {
    /// Creates an empty set of connections with `limits`.
    #[must_use]
    pub fn new(limits: ConnectionLimits) -> Self {
        Self(Arc::new(SharedConnections::new(limits)))
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> ConnectionLimits {
        self.0.lock_table().limits
    }

    /// The number of open connections, viewers included.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.0.lock_table().open
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
