//! [`TrustedProxies`]: the proxies whose forwarding headers are trusted (`server.trusted_proxies`). Changes on reload.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;

/// The address ranges of the proxies whose forwarding headers are trusted.
#[derive(Debug, Default)]
pub struct TrustedProxies(ArcSwap<Vec<IpNet>>);

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
