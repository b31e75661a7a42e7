//! The ids by which a lane knows its connections, subscriptions and topics. Each is a type, so that none is mistaken for
//! another. They are valid on one lane only, and are reused; only a [`ViewerId`] is unique in the process.

use std::sync::atomic::{AtomicU64, Ordering};

use mio::Token;

/// A connection on a lane: its place among the lane's viewers, and the token under which its socket is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(u32);

/// A subscription on a lane. Groups, sweeps and the backfill queue know subscriptions; sockets, timers and closes are
/// the connection's.
///
/// A connection has exactly one subscription, so its id is enough. With several, this would also hold which of them it
/// is; only this file and the lookup in `Viewer` would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SubscriptionId(ConnectionId);

/// A viewer in the log: the n-th that has joined this hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ViewerId(u64);

/// Numbers the viewers of all lanes.
#[derive(Debug, Default)]
pub(super) struct ViewerNumbers(AtomicU64);

/// A topic on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneTopicId(u32);

/// The index of a subscription in its group. It changes when the group moves the subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupIndex(u32);

impl ConnectionId {
    /// The id of the viewer at this key of a slab.
    pub(super) fn from_key(key: usize) -> Self {
        Self(narrow(key))
    }

    /// The id of the connection whose socket is registered under `token`; `None` if no connection has such a token.
    pub(super) fn from_token(token: Token) -> Option<Self> {
        u32::try_from(token.0).ok().map(Self)
    }

    pub(super) const fn key(self) -> usize {
        self.0 as usize
    }

    pub(super) const fn token(self) -> Token {
        Token(self.key())
    }

    /// The connection's subscriptions.
    pub(super) const fn subscriptions(self) -> [SubscriptionId; 1] {
        [SubscriptionId(self)]
    }
}

impl SubscriptionId {
    /// The connection that the subscription is served over.
    pub(super) const fn connection(self) -> ConnectionId {
        self.0
    }
}

impl ViewerId {
    pub(super) const fn get(self) -> u64 {
        self.0
    }
}

impl ViewerNumbers {
    /// The id of the next viewer, from 1 on.
    pub(super) fn next(&self) -> ViewerId {
        ViewerId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl LaneTopicId {
    /// The id of the topic at this key of a slab.
    pub(super) fn from_key(key: usize) -> Self {
        Self(narrow(key))
    }

    pub(super) const fn key(self) -> usize {
        self.0 as usize
    }
}

impl GroupIndex {
    pub(super) fn new(index: usize) -> Self {
        Self(narrow(index))
    }

    pub(super) const fn get(self) -> usize {
        self.0 as usize
    }
}

fn narrow(key: usize) -> u32 {
    u32::try_from(key).expect("every viewer has a file descriptor, and these are 31-bit numbers")
}
