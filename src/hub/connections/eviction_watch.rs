//! `EvictionWatch`: reports what a connection waits for, and receives its eviction.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::connection_table::{Phase, SharedConnections, Waiter};

/// Lets a connection be evicted while it waits; held by the task that serves the connection.
#[derive(Debug)]
pub struct EvictionWatch {
    shared: Arc<SharedConnections>,
    evicted: Arc<Notify>,
    /// The key among the waiting connections, while the connection waits. If the entry is gone from the table, the
    /// connection has been evicted.
    entry: Option<(Phase, u64)>,
    is_evicted: bool,
}

impl EvictionWatch {
    pub(super) fn new(shared: Arc<SharedConnections>) -> Self {
        Self {
            shared,
            evicted: Arc::default(),
            entry: None,
            is_evicted: false,
        }
    }

    /// The connection starts to wait, and can be evicted.
    pub fn enter(&mut self, phase: Phase) {
        self.leave();
        if self.is_evicted {
            return;
        }
        let mut table = self.shared.lock_table();
        let key = table.next_key;
        table.next_key += 1;
        let waiter = Waiter {
            since: Instant::now(),
            bytes: 0,
            evict: Arc::clone(&self.evicted),
        };
        table.waiting[phase.index()].insert(key, waiter);
        self.entry = Some((phase, key));
    }

    /// The connection is busy, and cannot be evicted until it waits again.
    pub fn leave(&mut self) {
        let Some((phase, key)) = self.entry.take() else {
            return;
        };
        let mut table = self.shared.lock_table();
        match table.waiting[phase.index()].remove(&key) {
            Some(waiter) => table.incomplete_head_bytes -= waiter.bytes,
            None => self.is_evicted = true,
        }
    }

    /// Reports that the connection holds `bytes` of an incomplete request head. Over the budget of all connections, the
    /// oldest such connection is evicted, which may be this one.
    pub fn set_head_bytes(&mut self, bytes: usize) {
        if !matches!(self.entry, Some((Phase::Head, _))) {
            self.enter(Phase::Head);
        }
        let Some((phase, key)) = self.entry else {
            return;
        };
        let mut table = self.shared.lock_table();
        let table = &mut *table;
        if let Some(waiter) = table.waiting[phase.index()].get_mut(&key) {
            table.incomplete_head_bytes = table.incomplete_head_bytes - waiter.bytes + bytes;
            waiter.bytes = bytes;
        }
        table.enforce_head_budget();
    }

    /// Whether the connection was found to be evicted by the last [`enter`](Self::enter) or [`leave`](Self::leave).
    #[must_use]
    pub fn is_evicted(&self) -> bool {
        self.is_evicted
    }

    /// Returns what is notified when the connection is evicted.
    #[must_use]
    pub fn evicted(&self) -> Arc<Notify> {
        Arc::clone(&self.evicted)
    }
}

impl Drop for EvictionWatch {
    fn drop(&mut self) {
        self.leave();
        if self.is_evicted {
            self.shared.lock_table().evicting -= 1;
        }
    }
}
