//! The limits of each listener, which a reload can replace, and its rate-limited warnings.
//!
//! Counting and evicting connections is up to `hub::Connections`; viewers have limits of their own (`ViewerLimits`).

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::fd_limit::FdLimit;
use crate::app::ListenerStats;
use crate::hub::{ConnectionLimits, Connections};
use crate::settings;
use crate::telemetry::{LogDrops, LogRateLimit, error_reason};

/// The limits of one listener at one time.
#[derive(Debug, Clone, Copy)]
struct LimitValues {
    /// How long a client may take to send a request head.
    header_timeout: Duration,
    connections: ConnectionLimits,
}

/// The rate limits of warnings about connections, shared by all listeners. Each of these events can happen as often as
/// clients like.
#[derive(Debug)]
struct RateLimitedWarnings {
    /// A connection failed.
    http: LogRateLimit,
    /// No connection can be accepted: retried ten times a second, with the same error each time.
    accept: LogRateLimit,
    /// The connection limit is reached, again with every connection that takes a freed slot.
    full: LogRateLimit,
    /// A client at its per-address limit opens another connection.
    refused: LogRateLimit,
}

impl LimitValues {
    /// Connections that are not viewers. A browser's connection becomes a viewer, or idle, within a few round trips, so
    /// this allows some thousand new viewers per second; and their memory, some 30 MiB while all are being answered,
    /// fits a small container. Beyond it, connections that have waited longest are evicted.
    const NON_VIEWERS_MAX: usize = 4_096;

    /// Operators and probes: few, so that the file descriptors are left to the viewers.
    const OPS_CONNECTIONS_MAX: usize = 64;

    /// The limits of the public listener.
    fn public(server: &settings::ServerSettings, fd_limit: FdLimit) -> Self {
        let open = fd_limit.connection_limit(server.max_viewers);
        Self {
            header_timeout: server.header_timeout,
            connections: ConnectionLimits {
                open,
                non_viewers: open.min(Self::NON_VIEWERS_MAX),
                per_network: server.max_connections_per_ip,
            },
        }
    }

    /// The limits of the operations listener.
    fn ops(server: &settings::ServerSettings) -> Self {
        Self {
            header_timeout: server.header_timeout,
            connections: ConnectionLimits {
                open: Self::OPS_CONNECTIONS_MAX,
                non_viewers: Self::OPS_CONNECTIONS_MAX,
                per_network: 0,
            },
        }
    }
}

impl RateLimitedWarnings {
    fn new(log_drops: &LogDrops) -> Self {
        Self {
            http: LogRateLimit::new(5, Duration::from_secs(1), log_drops),
            accept: LogRateLimit::new(1, Duration::from_secs(10), log_drops),
            full: LogRateLimit::new(1, Duration::from_secs(10), log_drops),
            refused: LogRateLimit::new(1, Duration::from_secs(10), log_drops),
        }
    }
}

/// The limits and connections of one listener.
#[derive(Debug)]
pub(super) struct ListenerLimits {
    values: ArcSwap<LimitValues>,
    /// The listener's name in the log, `public` or `ops`, its connections, and what it has answered.
    stats: ListenerStats,
    warnings: Arc<RateLimitedWarnings>,
}

impl ListenerLimits {
    fn new(name: &'static str, values: LimitValues, warnings: Arc<RateLimitedWarnings>) -> Self {
        Self {
            stats: ListenerStats::new(name, Connections::new(values.connections)),
            values: ArcSwap::from_pointee(values),
            warnings,
        }
    }

    /// Replaces the limits. Limits on the number of connections are raised but never lowered; how many viewers are
    /// admitted is up to `ViewerLimits`.
    fn set(&self, mut values: LimitValues) {
        let before = self.values.load().connections;
        let connections = &mut values.connections;
        connections.open = connections.open.max(before.open);
        connections.non_viewers = connections.non_viewers.max(before.non_viewers);
        self.stats.connections.set_limits(values.connections);
        self.values.store(Arc::new(values));
    }

    /// How long a client may take to send a request head.
    pub(super) fn header_timeout(&self) -> Duration {
        self.values.load().header_timeout
    }

    /// The listener's connections.
    pub(super) const fn connections(&self) -> &Connections {
        &self.stats.connections
    }

    /// The listener's connections and responses, for monitoring.
    pub(super) const fn stats(&self) -> &ListenerStats {
        &self.stats
    }

    /// Waits for a free connection slot. Logs a warning if it has to wait, or a connection has to be evicted for it.
    pub(super) async fn wait_for_slot(&self) {
        let connections = &self.stats.connections;
        connections.wait_for_capacity(|| self.log_full()).await;
    }

    fn log_full(&self) {
        if let Some(suppressed) = self.warnings.full.admit() {
            tracing::warn!(
                event = "accept.full",
                listener = self.stats.name,
                connections_max = self.values.load().connections.open,
                suppressed,
                "connection limit almost reached; connections that are not viewers are closed to make room for new ones, idle ones first"
            );
        }
    }

    /// Logs, at debug, that the connection of `peer` failed.
    pub(super) fn log_http_error(&self, peer: SocketAddr, error: &dyn Display) {
        // An event that is filtered out must not use up the rate limit.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        if let Some(suppressed) = self.warnings.http.admit() {
            let remote = peer.ip().to_canonical();
            tracing::debug!(
                event = "http.failed",
                remote = %remote,
                error = %error,
                suppressed,
                "a connection failed"
            );
        }
    }

    /// Logs that the listener cannot accept connections.
    pub(super) fn log_accept_error(&self, error: &io::Error) {
        if let Some(suppressed) = self.warnings.accept.admit() {
            tracing::warn!(
                event = "accept.failed",
                error = %error,
                reason = error_reason(error),
                suppressed,
                "cannot accept connections; raise the limit on open files (`ulimit -n`) or lower `server.max_viewers`"
            );
        }
    }

    /// Logs that a connection was closed at once, because its address has reached its limit.
    pub(super) fn log_refused(&self, peer: SocketAddr) {
        if let Some(suppressed) = self.warnings.refused.admit() {
            tracing::info!(
                event = "accept.refused",
                listener = self.stats.name,
                remote = %peer.ip().to_canonical(),
                connections_max = self.values.load().connections.per_network,
                suppressed,
                "the address has reached `server.max_connections_per_ip`; if it is a proxy, add it to \
                 `server.trusted_proxies`"
            );
        }
    }
}

/// The limits of both listeners.
#[derive(Debug)]
pub(super) struct HubLimits {
    pub(super) public: Arc<ListenerLimits>,
    pub(super) ops: Arc<ListenerLimits>,
    /// How many viewers the limit on open files allows, at most as many as configured at the start.
    pub(super) viewers_max: usize,
}

impl HubLimits {
    /// Creates the limits that `server` configures. Both listeners share the rate limits of their warnings;
    /// `log_drops` counts suppressed ones.
    pub(super) fn new(
        server: &settings::ServerSettings,
        fd_limit: FdLimit,
        log_drops: &LogDrops,
    ) -> Self {
        let warnings = Arc::new(RateLimitedWarnings::new(log_drops));
        let limits = |name, values| {
            let warnings = Arc::clone(&warnings);
            Arc::new(ListenerLimits::new(name, values, warnings))
        };
        Self {
            public: limits("public", LimitValues::public(server, fd_limit)),
            ops: limits("ops", LimitValues::ops(server)),
            viewers_max: fd_limit.cap_viewers(server.max_viewers),
        }
    }

    /// Replaces the limits with those that `server` configures.
    pub(super) fn set(&self, server: &settings::ServerSettings, fd_limit: FdLimit) {
        self.public.set(LimitValues::public(server, fd_limit));
        self.ops.set(LimitValues::ops(server));
    }
}
