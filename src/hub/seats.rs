//! `Seats`: how many viewers there may be, in all and from one address.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use super::ClientNetwork;

/// The seats of one hub. Cheap to clone; clones share the seats.
#[derive(Debug, Clone)]
pub struct Seats(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    taken: AtomicUsize,
    taken_by_network: DashMap<ClientNetwork, usize>,
    max: AtomicUsize,
    max_per_ip: AtomicUsize,
}

/// One viewer's seat, given back when it is dropped.
#[derive(Debug)]
#[must_use = "dropping a seat gives it back"]
pub struct Seat {
    shared: Arc<Shared>,
    network: ClientNetwork,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// All seats are taken.
    Full,
    /// This address has all the seats it may have.
    TooManyFromAddress,
}

impl Seats {
    /// `max` seats, `max_per_ip` of them for one address; 0 means no cap per address.
    #[must_use]
    pub fn new(max: usize, max_per_ip: usize) -> Self {
        Self(Arc::new(Shared {
            taken: AtomicUsize::new(0),
            taken_by_network: DashMap::new(),
            max: AtomicUsize::new(max),
            max_per_ip: AtomicUsize::new(max_per_ip),
        }))
    }

    /// From now on there are `max` seats, `max_per_ip` of them for one address. Nobody loses a seat by that.
    pub fn set_max(&self, max: usize, max_per_ip: usize) {
        self.0.max.store(max, Ordering::Relaxed);
        self.0.max_per_ip.store(max_per_ip, Ordering::Relaxed);
    }

    /// How many there are.
    #[must_use]
    pub fn max(&self) -> usize {
        self.0.max.load(Ordering::Relaxed)
    }

    /// A seat for a viewer from `ip`. Addresses of one IPv6 network count as one.
    ///
    /// # Errors
    /// There is none left, in all or for this address.
    pub fn take(&self, ip: IpAddr) -> Result<Seat, Refusal> {
        let (shared, network) = (&self.0, ClientNetwork::from(ip));
        let (max, max_per_ip) = (self.max(), shared.max_per_ip.load(Ordering::Relaxed));
        let is_free = |taken| (taken < max).then_some(taken + 1);
        shared
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, is_free)
            .map_err(|_| Refusal::Full)?;
        let seat = Seat {
            shared: Arc::clone(shared),
            network,
        };
        let mut taken_here = shared.taken_by_network.entry(network).or_insert(0);
        *taken_here += 1;
        let is_too_many = max_per_ip != 0 && *taken_here > max_per_ip;
        // The seat's drop takes the same entry: it must be free by then.
        drop(taken_here);
        if is_too_many {
            Err(Refusal::TooManyFromAddress)
        } else {
            Ok(seat)
        }
    }

    /// How many are taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Acquire)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Entry::Occupied(mut entry) = self.shared.taken_by_network.entry(self.network) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
        self.shared.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_capped_in_all_and_by_address_and_given_back() {
        let seats = Seats::new(3, 2);
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = seats.take(here).unwrap();
        let _second = seats.take(here).unwrap();
        assert_eq!(seats.take(here).unwrap_err(), Refusal::TooManyFromAddress);
        let _third = seats.take(there).unwrap();
        assert_eq!(seats.take(there).unwrap_err(), Refusal::Full);
        drop(first);
        assert_eq!(seats.taken(), 2);
        let _again = seats.take(here).unwrap();
    }

    #[test]
    fn fewer_seats_turn_nobody_out_and_more_are_there_at_once() {
        let here = IpAddr::from([127, 0, 0, 1]);
        let seats = Seats::new(2, 0);
        let held = [seats.take(here).unwrap(), seats.take(here).unwrap()];
        seats.set_max(1, 0);
        assert_eq!((seats.taken(), seats.max()), (2, 1));
        assert_eq!(seats.take(here).unwrap_err(), Refusal::Full);
        seats.set_max(3, 2);
        assert_eq!(seats.take(here).unwrap_err(), Refusal::TooManyFromAddress);
        drop(held);
        let _seat = seats.take(here).unwrap();
    }

    #[test]
    fn an_address_without_viewers_is_forgotten() {
        let seats = Seats::new(3, 0);
        drop(seats.take(IpAddr::from([127, 0, 0, 1])).unwrap());
        assert!(seats.0.taken_by_network.is_empty());
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_their_seats() {
        let seats = Seats::new(3, 1);
        let take = |ip: &str| seats.take(ip.parse().unwrap());
        let _seat = take("2001:db8::1").unwrap();
        assert_eq!(
            take("2001:db8::2").unwrap_err(),
            Refusal::TooManyFromAddress
        );
        let _other = take("2001:db8:0:1::1").unwrap();
    }
}
