//! The limits of each listener, which may be replaced while it listens, and where its faults are told.

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

/// How often the faults of all connections are told.
#[derive(Debug)]
struct Complaints {
    /// A connection failed: its client's doing, and so as often as clients like.
    http: Limit,
    /// No connection can be accepted: tried ten times a second, and the same each time.
    accept: Limit,
    /// There are as many connections as there may be: each that ends makes room for one more, and then it is so again.
    full: Limit,
    /// An address has all the connections it may have, and tries for more.
    refused: Limit,
}

impl Limits {
    /// Connections that are not viewers. A browser's becomes a viewer, or idle, within a few round trips, so this is
    /// enough for some thousand newcomers a second; and what the hub holds for so many, some 30 MiB while all of them
    /// are answered, fits a small container. More are served by ending those that wait longest.
    const OTHERS_MAX: usize = 4_096;

    /// Operators and probes; a listener of its own must not use up what viewers may have.
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

    /// From now on these are the limits; of connections there are never fewer than there were. Nobody is turned out:
    /// how many viewers there are is the seats' business.
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

    /// Waits until there is room for one more connection. That there is none is told: another has to end for it.
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
                "there are hardly any places left, and connections that wait for a request end for new ones"
            );
        }
    }

    pub(super) fn tell_of_http(&self, peer: SocketAddr, error: &dyn Display) {
        // What is not written is not told too often either.
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

    /// That a connection was closed at once, because its address has all that it may have.
    pub(super) fn tell_refused(&self, peer: SocketAddr) {
        if let Some(suppressed) = self.complaints.refused.admit() {
            tracing::info!(
                event = "accept.refused",
                listener = self.name,
                remote = %peer.ip().to_canonical(),
                connections_max = self.limits.load().connections.per_network,
                suppressed,
                "the address has as many connections as `server.max_connections_per_ip` allows; a proxy belongs into \
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
    /// Gates whose faults are told together: `losses` counts what is not.
    pub(super) fn new(server: &settings::Server, files: OpenFiles, losses: &Losses) -> Self {
        let complaints = Arc::new(Complaints::new(losses));
        let gate = |name, limits| Arc::new(Gate::new(name, limits, Arc::clone(&complaints)));
        Self {
            public: gate("public", Limits::public(server, files)),
            ops: gate("ops", Limits::ops(server)),
        }
    }

    /// From now on the limits are those of `server`.
    pub(super) fn set(&self, server: &settings::Server, files: OpenFiles) {
        self.public.set(Limits::public(server, files));
        self.ops.set(Limits::ops(server));
    }
}
