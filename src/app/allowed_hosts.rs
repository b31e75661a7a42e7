//! [`AllowedHosts`]: the host names that the operator has allowed (`server.hosts`). Changes on reload.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::protocol::Host;

/// The host names in `server.hosts`.
#[derive(Debug, Default)]
pub struct AllowedHosts(ArcSwap<Vec<Host>>);

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
