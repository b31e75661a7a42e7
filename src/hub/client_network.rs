//! `ClientNetwork`: what the limits per address count by.
//!
//! A host on IPv6 has a whole /64 to choose its addresses from, so all of them count as one. An IPv4 address counts by
//! itself, also where a socket of both versions writes it as IPv6.

use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, or the first 64 bits of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

/// The bits of an IPv6 address that name the network; providers hand out at least a /64.
const NETWORK_BITS: u128 = !(u64::MAX as u128);

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_BITS).into(),
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> ClientNetwork {
        ClientNetwork::from(address.parse::<IpAddr>().unwrap())
    }

    #[test]
    fn ipv6_counts_by_its_first_64_bits_and_ipv4_by_the_whole_address() {
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:0:0:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("::ffff:192.0.2.1"), network("::ffff:192.0.2.2"));
    }
}
