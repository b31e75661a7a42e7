//! The lists that decide whose requests are accepted and believed: [`AllowedOrigins`], [`AllowedHosts`] and
//! [`TrustedProxies`]. Each is replaced as a whole on reload.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;

use crate::protocol::Host;

/// The origins that may connect in addition to the hub's own (`server.allowed_origins`).
#[derive(Debug, Default)]
pub struct AllowedOrigins(ArcSwap<Vec<String>>);

/// The host names in `server.hosts`.
#[derive(Debug, Default)]
pub struct AllowedHosts(ArcSwap<Vec<Host>>);

/// The address ranges of the proxies whose forwarding headers are trusted (`server.trusted_proxies`).
#[derive(Debug, Default)]
pub struct TrustedProxies(ArcSwap<Vec<IpNet>>);

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
