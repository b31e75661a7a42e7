//! Who is at the other end: the peer of the connection, and the client behind trusted proxies.

use std::net::{IpAddr, SocketAddr};

use warp::http::HeaderMap;

use super::access::TrustedProxies;

/// The address at the other end of the TCP connection; the server puts it into every request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Whether what it says of others in `X-Forwarded-*` counts.
    pub(super) fn is_trusted(self, proxies: &TrustedProxies) -> bool {
        proxies.trusts(self.ip())
    }

    /// An IPv4 address stays one on a socket of both versions.
    fn ip(self) -> IpAddr {
        self.0.ip().to_canonical()
    }

    /// The client's address: the peer's own, or, when the peer is a trusted proxy, the last address in
    /// `X-Forwarded-For` that is not a trusted proxy itself. What an untrusted peer claims does not count.
    pub(super) fn client(self, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
        let peer = self.ip();
        if !self.is_trusted(proxies) {
            return peer;
        }
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let claimed = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.rsplit(','));
        let mut client = peer;
        for address in claimed {
            // What cannot be read ends the chain: everything before it may be made up.
            let Ok(address) = address.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
            if !proxies.trusts(client) {
                break;
            }
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: [u8; 4], forwarded: &str) -> String {
        let proxies = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        Peer((peer, 1).into())
            .client(&headers, &proxies)
            .to_string()
    }

    #[test]
    fn forwarded_addresses_count_from_trusted_proxies_only() {
        assert_eq!(client([192, 0, 2, 1], "198.51.100.7"), "192.0.2.1");
        assert_eq!(client([10, 0, 0, 1], "198.51.100.7"), "198.51.100.7");
        assert_eq!(
            client([10, 0, 0, 1], "6.6.6.6, 198.51.100.7, 10.0.0.2"),
            "198.51.100.7"
        );
        assert_eq!(client([10, 0, 0, 1], "6.6.6.6, nonsense"), "10.0.0.1");
    }
}
