//! The limits of each listener, which may be replaced while it listens, and the logging of its faults.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::files::OpenFiles;
use crate::hub::{ConnectionLimits, Connections};
use crate::settings;
use crate::telemetry::{Limit, Losses};

/// What a connection may take before it is a viewer.
#[derive(Debug, Clone, Copy)]
struct Limits {
    header_timeout: Duration,
    connections: ConnectionLimits,
}

/// How often the faults of all connections are logged.
#[derive(Debug)]
struct Complaints {
    /// A connection failed: clients cause this, as often as they like.
    http: Limit,
    /// No connection can be accepted: tried ten times a second, and the same each time.
    accept: Limit,
    /// The limit of connections is reached: each that ends makes room for one more, which reaches it again.
    full: Limit,
    /// An address has all the connections it may have, and tries for more.
    refused: Limit,
}

impl Limits {
    /// Connections that are not viewers. A browser's becomes a viewer, or idle, within a few round trips, so this is
    /// enough for some thousand new viewers a second; and what the hub holds for them, some 30 MiB while all of them
    /// are answered, fits a small container. More are served by closing those that wait longest.
    const OTHERS_MAX: usize = 4_096;

    /// Operators and probes: few, so that they leave the open files to the viewers.
    const OPS_CONNECTIONS_MAX: usize = 64;

    /// For the public listener.
    fn public(server: &settings::Server, files: OpenFiles) -> Self {
        let open = files.connections(server.max_viewers);
        Self {
            header_timeout: server.header_timeout,
            connections: ConnectionLimits {
                open,
                others: open.min(Self::OTHERS_MAX),
                per_network: server.max_connections_per_ip,
            },
        }
    }

    /// For the operations listener.
    fn ops(server: &settings::Server) -> Self {
        Self {
            header_timeout: server.header_timeout,
            connections: ConnectionLimits {
                open: Self::OPS_CONNECTIONS_MAX,
                others: Self::OPS_CONNECTIONS_MAX,
                per_network: 0,
            },
        }
    }
}

impl Complaints {
    fn new(losses: &Losses) -> Self {
        Self {
            http: Limit::new(5, Duration::from_secs(1), losses),
            accept: Limit::new(1, Duration::from_secs(10), losses),
            full: Limit::new(1, Duration::from_secs(10), losses),
            refused: Limit::new(1, Duration::from_secs(10), losses),
        }
    }
}

/// One listener's limits and connections.
#[derive(Debug)]
pub(super) struct Gate {
    /// The listener's name.
    name: &'static str,
    limits: ArcSwap<Limits>,
    connections: Connections,
    complaints: Arc<Complaints>,
}

impl Gate {
    fn new(name: &'static str, limits: Limits, complaints: Arc<Complaints>) -> Self {
        Self {
            name,
            connections: Connections::new(limits.connections),
            limits: ArcSwap::from_pointee(limits),
            complaints,
        }
    }

    /// Replaces the limits. The numbers of connections never shrink: which viewers are admitted is up to the seats.
    fn set(&self, mut limits: Limits) {
        let before = self.limits.load().connections;
        let connections = &mut limits.connections;
        connections.open = connections.open.max(before.open);
        connections.others = connections.others.max(before.others);
        self.connections.set_limits(limits.connections);
        self.limits.store(Arc::new(limits));
    }

    /// How long a request head may take.
    pub(super) fn header_timeout(&self) -> Duration {
        self.limits.load().header_timeout
    }

    /// Its connections.
    pub(super) const fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Waits until there is room for one more connection. Logs it if another one has to end for it.
    pub(super) async fn place(&self) {
        self.connections.place(|| self.tell_full()).await;
    }

    fn tell_full(&self) {
        if let Some(suppressed) = self.complaints.full.admit() {
            tracing::warn!(
                event = "accept.full",
                listener = self.name,
                connections_max = self.limits.load().connections.open,
                suppressed,
                "hardly any connections are left; those that wait for a request are closed for new ones"
            );
        }
    }

    pub(super) fn tell_of_http(&self, peer: SocketAddr, error: &dyn Display) {
        // An event that is not written must not use up the rate limit.
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        if let Some(suppressed) = self.complaints.http.admit() {
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

    pub(super) fn tell_of_accept(&self, error: &io::Error) {
        if let Some(suppressed) = self.complaints.accept.admit() {
            tracing::warn!(
                event = "accept.failed",
                error = %error,
                suppressed,
                "no connection can be accepted; raise the limit of open files (`ulimit -n`) or lower `server.max_viewers`"
            );
        }
    }

    /// Logs that a connection was closed at once, because its address has as many as it may have.
    pub(super) fn tell_refused(&self, peer: SocketAddr) {
        if let Some(suppressed) = self.complaints.refused.admit() {
            tracing::info!(
                event = "accept.refused",
                listener = self.name,
                remote = %peer.ip().to_canonical(),
                connections_max = self.limits.load().connections.per_network,
                suppressed,
                "the address has as many connections as `server.max_connections_per_ip` allows; name a proxy in \
                 `server.trusted_proxies`"
            );
        }
    }
}

/// The gate of each listener.
#[derive(Debug)]
pub(super) struct Gates {
    pub(super) public: Arc<Gate>,
    pub(super) ops: Arc<Gate>,
}

impl Gates {
    /// Gates whose faults share their rate limits; `losses` counts what is not logged.
    pub(super) fn new(server: &settings::Server, files: OpenFiles, losses: &Losses) -> Self {
        let complaints = Arc::new(Complaints::new(losses));
        let gate = |name, limits| Arc::new(Gate::new(name, limits, Arc::clone(&complaints)));
        Self {
            public: gate("public", Limits::public(server, files)),
            ops: gate("ops", Limits::ops(server)),
        }
    }

    /// Replaces the limits by those of `server`.
    pub(super) fn set(&self, server: &settings::Server, files: OpenFiles) {
        self.public.set(Limits::public(server, files));
        self.ops.set(Limits::ops(server));
    }
}
