//! `ViewerLimits`: the maximum number of viewers, in total and per client address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use super::ClientNetwork;

/// Issues a [`ViewerPermit`] to each viewer of a hub, up to the limits. Cheap to clone; clones share the counts.
#[derive(Debug, Clone)]
pub struct ViewerLimits(Arc<ViewerCounts>);

#[derive(Debug)]
struct ViewerCounts {
    /// Permits in use.
    in_use: AtomicUsize,
    /// The same by network; no entry is 0.
    in_use_by_network: DashMap<ClientNetwork, usize>,
    max: AtomicUsize,
    /// 0 means no limit.
    max_per_ip: AtomicUsize,
}

/// The right to be one of the hub's viewers, returned on drop.
#[derive(Debug)]
#[must_use = "dropping a permit returns it"]
pub struct ViewerPermit {
    counts: Arc<ViewerCounts>,
    network: ClientNetwork,
}

/// Which limit a viewer would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerLimitReached {
    /// The limit of the hub.
    Full,
    /// The limit of the client's address.
    TooManyFromAddress,
}

impl ViewerLimits {
    /// At most `max` viewers, and at most `max_per_ip` per client address; 0 means no limit per address.
    #[must_use]
    pub fn new(max: usize, max_per_ip: usize) -> Self {
        Self(Arc::new(ViewerCounts {
            in_use: AtomicUsize::new(0),
            in_use_by_network: DashMap::new(),
            max: AtomicUsize::new(max),
            max_per_ip: AtomicUsize::new(max_per_ip),
        }))
    }

    /// Replaces the limits. Permits in use stay valid, even beyond the new limits.
    pub fn set_max(&self, max: usize, max_per_ip: usize) {
        self.0.max.store(max, Ordering::Relaxed);
        self.0.max_per_ip.store(max_per_ip, Ordering::Relaxed);
    }

    /// The limit in total.
    #[must_use]
    pub fn max(&self) -> usize {
        self.0.max.load(Ordering::Relaxed)
    }

    /// Acquires a permit for a viewer from `ip`. Addresses of one [`ClientNetwork`] count together.
    ///
    /// # Errors
    /// A limit has been reached.
    pub fn acquire(&self, ip: IpAddr) -> Result<ViewerPermit, ViewerLimitReached> {
        let (counts, network) = (&self.0, ClientNetwork::from(ip));
        let (max, max_per_ip) = (self.max(), counts.max_per_ip.load(Ordering::Relaxed));
        let is_free = |in_use| (in_use < max).then_some(in_use + 1);
        counts
            .in_use
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, is_free)
            .map_err(|_| ViewerLimitReached::Full)?;
        let permit = ViewerPermit {
            counts: Arc::clone(counts),
            network,
        };
        let mut in_use_here = counts.in_use_by_network.entry(network).or_insert(0);
        *in_use_here += 1;
        let is_too_many = max_per_ip != 0 && *in_use_here > max_per_ip;
        // Dropping the permit locks the same map entry.
        drop(in_use_here);
        if is_too_many {
            Err(ViewerLimitReached::TooManyFromAddress)
        } else {
            Ok(permit)
        }
    }

    /// The number of permits in use.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.in_use.load(Ordering::Acquire)
    }
}

impl Drop for ViewerPermit {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.counts.in_use_by_network.entry(self.network) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        self.counts.in_use.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permits_are_limited_in_total_and_per_address_and_returned_on_drop() {
        let limits = ViewerLimits::new(3, 2);
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = limits.acquire(here).unwrap();
        let _second = limits.acquire(here).unwrap();
        assert_eq!(
            limits.acquire(here).unwrap_err(),
            ViewerLimitReached::TooManyFromAddress
        );
        let _third = limits.acquire(there).unwrap();
        assert_eq!(limits.acquire(there).unwrap_err(), ViewerLimitReached::Full);
        drop(first);
        assert_eq!(limits.in_use(), 2);
        let _again = limits.acquire(here).unwrap();
    }

    #[test]
    fn lower_limits_disconnect_no_viewer_and_higher_limits_apply_at_once() {
        let here = IpAddr::from([127, 0, 0, 1]);
        let limits = ViewerLimits::new(2, 0);
        let held = [limits.acquire(here).unwrap(), limits.acquire(here).unwrap()];
        limits.set_max(1, 0);
        assert_eq!((limits.in_use(), limits.max()), (2, 1));
        assert_eq!(limits.acquire(here).unwrap_err(), ViewerLimitReached::Full);
        limits.set_max(3, 2);
        assert_eq!(
            limits.acquire(here).unwrap_err(),
            ViewerLimitReached::TooManyFromAddress
        );
        drop(held);
        let _permit = limits.acquire(here).unwrap();
    }

    #[test]
    fn an_address_without_viewers_is_forgotten() {
        let limits = ViewerLimits::new(3, 0);
        drop(limits.acquire(IpAddr::from([127, 0, 0, 1])).unwrap());
        assert!(limits.0.in_use_by_network.is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_their_limit() {
        let limits = ViewerLimits::new(3, 1);
        let acquire = |ip: &str| limits.acquire(ip.parse().unwrap());
        let _first = acquire("2001:db8::1").unwrap();
        assert_eq!(
            acquire("2001:db8::2").unwrap_err(),
            ViewerLimitReached::TooManyFromAddress
        );
        let _other = acquire("2001:db8:0:1::1").unwrap();
    }
}
