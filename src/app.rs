//! [`AppState`]: the state that the routes and the server of one hub share.
//!
//! The routes read it for every request; the server builds it, and changes it on reload. It parses no request: what a
//! header means is up to the routes.

mod access_lists;
mod history_limit;
mod worker_pool;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio_util::task::TaskTracker;

pub use access_lists::{AllowedHosts, AllowedOrigins, TrustedProxies};
pub use history_limit::{HistoryLimit, HistoryLimitReached, HistoryPermit};
pub use worker_pool::JobAborted;

use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, ViewerLimits};
use crate::telemetry::LogDrops;

/// The state of one hub.
#[derive(Debug)]
pub struct AppState {
    /// The topics.
    pub hub: Hub,
    /// The limits on the number of viewers; every viewer holds a permit from here.
    pub viewer_limits: ViewerLimits,
    /// The other origins whose pages may connect (`server.allowed_origins`).
    pub origins: AllowedOrigins,
    /// The host names that the operator has allowed (`server.hosts`).
    pub hosts: AllowedHosts,
    /// The proxies whose forwarding headers are trusted (`server.trusted_proxies`).
    pub proxies: TrustedProxies,
    /// The maximum number of records in a history response (`server.history_max`).
    pub history_max: AtomicU64,
    /// The limit on concurrent history responses; each of them holds a permit from here.
    pub history_limit: HistoryLimit,
    /// Coordinates the disconnection of viewers when the hub stops.
    pub drain: Arc<Drain>,
    /// The threads that serve viewers.
    pub lanes: Lanes,
    /// Tracks viewers from before their upgrade until they leave.
    pub tasks: TaskTracker,
    /// True once every topic is scheduled; never reset.
    pub is_ready: AtomicBool,
    /// Counts the log lines that were dropped or suppressed.
    pub log_drops: LogDrops,
}

impl AppState {
    /// Whether every topic is scheduled and the hub is not draining.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire) && !self.drain.is_draining()
    }
}
