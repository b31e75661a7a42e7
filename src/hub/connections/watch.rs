//! `Watch`: what a connection waits for, so that it can be asked to end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{NEWCOMER, STANDSTILL, Shared, Waiter};

/// What a connection waits for, in the order in which connections end when places run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The first byte of another request.
    Idle,
    /// The first byte of its first request.
    Accepted,
    /// The rest of a request head.
    Head,
    /// The client to take more of an answer.
    Answer,
}

/// What a connection that is not a viewer waits for; held by the task that serves it.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    end: Arc<Notify>,
    /// Its key among the waiting connections; the entry is removed when the connection is asked to end.
    entry: Option<(Phase, u64)>,
    is_ending: bool,
}

impl Phase {
    pub(super) const COUNT: usize = 4;
    pub(super) const ALL: [Self; Self::COUNT] =
        [Self::Idle, Self::Accepted, Self::Head, Self::Answer];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::Idle => 0,
            Self::Accepted => 1,
            Self::Head => 2,
            Self::Answer => 3,
        }
    }

    /// How long a connection has to wait before it ends ahead of those that wait for something else.
    pub(super) const fn patience(self) -> Duration {
        match self {
            Self::Idle => Duration::ZERO,
            Self::Accepted | Self::Head => NEWCOMER,
            Self::Answer => STANDSTILL,
        }
    }
}

impl Watch {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            end: Arc::default(),
            entry: None,
            is_ending: false,
        }
    }

    /// The connection waits from now on, and may be asked to end.
    pub fn enter(&mut self, phase: Phase) {
        self.leave();
        if self.is_ending {
            return;
        }
        let mut state = self.shared.state();
        let key = state.next_key;
        state.next_key += 1;
        let waiter = Waiter {
            since: Instant::now(),
            bytes: 0,
            end: Arc::clone(&self.end),
        };
        state.waiting[phase.index()].insert(key, waiter);
        self.entry = Some((phase, key));
    }

    /// The connection has something to do, and is not asked to end until it waits again.
    pub fn leave(&mut self) {
        let Some((phase, key)) = self.entry.take() else {
            return;
        };
        let mut state = self.shared.state();
        match state.waiting[phase.index()].remove(&key) {
            Some(waiter) => state.unfinished_bytes -= waiter.bytes,
            None => self.is_ending = true,
        }
    }

    /// It holds `bytes` of a head that is not complete. If there are too many in all, the head that has been unfinished
    /// longest ends, which may be this one.
    pub fn hold(&mut self, bytes: usize) {
        if !matches!(self.entry, Some((Phase::Head, _))) {
            self.enter(Phase::Head);
        }
        let Some((phase, key)) = self.entry else {
            return;
        };
        let mut state = self.shared.state();
        let state = &mut *state;
        if let Some(waiter) = state.waiting[phase.index()].get_mut(&key) {
            state.unfinished_bytes = state.unfinished_bytes - waiter.bytes + bytes;
            waiter.bytes = bytes;
        }
        state.keep_to_budget();
    }

    /// Whether it was asked to end.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.is_ending
    }

    /// Notified when the connection is to end.
    #[must_use]
    pub fn end(&self) -> Arc<Notify> {
        Arc::clone(&self.end)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.leave();
        if self.is_ending {
            self.shared.state().ending -= 1;
        }
    }
}
