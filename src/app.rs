//! [`AppState`]: the state that the routes and the server of one hub share.
//!
//! The routes read it for every request; the server builds it, and changes it on reload. It parses no request: what a
//! header means is up to the routes.
//!
//! Three of its parts are the lists that decide whose requests are accepted and believed: [`AllowedOrigins`],
//! [`AllowedHosts`] and [`TrustedProxies`]. Each is replaced as a whole on reload.

mod history_limit;
mod hub_status;
mod worker_pool;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use tokio_util::task::TaskTracker;

pub use history_limit::{HistoryLimit, HistoryLimitReached, HistoryPermit};
pub use hub_status::{ConfigStatus, ListenerStats};
pub use worker_pool::JobAborted;

use crate::fanout::{Drain, Lanes};
use crate::hub::{Hub, ViewerLimits};
use crate::journal::JournalHealth;
use crate::protocol::Host;
use crate::telemetry::{LogDrops, LogRateLimit};

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
    /// The health of the journal; empty as long as no topic has needed one.
    pub journal: OnceLock<JournalHealth>,
    /// The connections and responses of both listeners.
    pub listeners: [ListenerStats; 2],
    /// How the last reload ended.
    pub config: ConfigStatus,
    /// Limits how often refused viewers are logged.
    pub refusal_limit: LogRateLimit,
    /// True while a part of the hub makes no progress.
    pub is_at_standstill: AtomicBool,
}

/// The origins that may connect in addition to the hub's own (`server.allowed_origins`).
#[derive(Debug, Default)]
pub struct AllowedOrigins(ArcSwap<Vec<String>>);

/// The host names in `server.hosts`.
#[derive(Debug, Default)]
pub struct AllowedHosts(ArcSwap<Vec<Host>>);

/// The address ranges of the proxies whose forwarding headers are trusted (`server.trusted_proxies`).
#[derive(Debug, Default)]
pub struct TrustedProxies(ArcSwap<Vec<IpNet>>);

impl AppState {
    /// Whether every topic is scheduled, all parts of the hub make progress, and it is not draining.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
            && !self.is_at_standstill.load(Ordering::Relaxed)
            && !self.drain.is_draining()
    }
}

impl AllowedOrigins {
    /// Allows the origins in `allowed`, each in the canonical form of the settings, or `*` for any.
    #[must_use]
    pub fn new(allowed: Vec<String>) -> Self {
        Self(ArcSwap::from_pointee(allowed))
    }

    /// Replaces the allowed origins. Established connections are not affected.
    pub fn set(&self, allowed: Vec<String>) {
        self.0.store(Arc::new(allowed));
    }

    /// Whether the canonical `origin` is listed.
    #[must_use]
    pub fn contains(&self, origin: &str) -> bool {
        let allowed = self.0.load();
        allowed
            .iter()
            .any(|allowed| allowed == "*" || allowed == origin)
    }

    /// The listed origins.
    #[must_use]
    pub fn list(&self) -> Arc<Vec<String>> {
        self.0.load_full()
    }
}

impl AllowedHosts {
    /// Allows `hosts`.
    #[must_use]
    pub fn new(hosts: Vec<Host>) -> Self {
        Self(ArcSwap::from_pointee(hosts))
    }

    /// Replaces the names.
    pub fn set(&self, hosts: Vec<Host>) {
        self.0.store(Arc::new(hosts));
    }

    /// Whether `host` is listed; `None` if the operator has listed no names.
    #[must_use]
    pub fn contains(&self, host: &Host) -> Option<bool> {
        // One snapshot: a reload must not come between the two questions.
        let hosts = self.0.load();
        (!hosts.is_empty()).then(|| hosts.contains(host))
    }
}

impl TrustedProxies {
    /// Trusts proxies whose address is in one of `ranges`.
    #[must_use]
    pub fn new(ranges: Vec<IpNet>) -> Self {
        Self(ArcSwap::from_pointee(ranges))
    }

    /// Replaces the ranges.
    pub fn set(&self, ranges: Vec<IpNet>) {
        self.0.store(Arc::new(ranges));
    }

    /// Whether `address` belongs to a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.load().iter().any(|range| range.contains(&address))
    }
}
