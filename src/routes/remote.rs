//! Who is at the other end: the peer of the connection, and the client behind trusted proxies.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName};

use super::access::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address at the other end of the TCP connection; the server puts it into every request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Whether what it says of others in `X-Forwarded-*` counts.
    pub fn is_trusted(self, proxies: &TrustedProxies) -> bool {
        proxies.trusts(self.ip())
    }

    /// An IPv4 address stays one on a socket of both versions.
    fn ip(self) -> IpAddr {
        self.0.ip().to_canonical()
    }

    /// The client's address: the peer's own, or, when the peer is a trusted proxy, the last address of its
    /// `X-Forwarded-For` that is not a trusted proxy itself. What an untrusted peer claims does not count.
    ///
    /// `Forwarded` (RFC 7239) counts where there is no `X-Forwarded-For`: a proxy that sets one of them lets the other
    /// through as the client sent it. An entry that is no address (`unknown`, `_hidden`, anything else) ends the chain,
    /// because whatever stands before it may be made up: the client is then the last proxy before it.
    #[must_use]
    pub fn client(self, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
        let mut client = self.ip();
        if !self.is_trusted(proxies) {
            return client;
        }
        let name = if headers.contains_key(X_FORWARDED_FOR) {
            X_FORWARDED_FOR
        } else {
            header::FORWARDED
        };
        let lines = headers.get_all(&name).iter().rev();
        let entries = lines.flat_map(|line| Pieces::of(line.as_bytes(), b','));
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let node = if name == X_FORWARDED_FOR {
                Some(entry)
            } else {
                the_for(entry)
            };
            let Some(address) = node.and_then(address_of) else {
                break;
            };
            client = address;
            if !proxies.trusts(client) {
                break;
            }
        }
        client
    }
}

/// The pieces of a list, the last one first, without the white space around them. A separator between quotation marks is
/// none; they are counted from the right, where the proxies that are believed have written, so that a mark that a client
/// leaves open spoils only what stands before it.
struct Pieces<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Pieces<'a> {
    fn of(list: &'a [u8], separator: u8) -> Self {
        Self {
            rest: Some(list),
            separator,
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut is_quoted = false;
        let end = rest.iter().rposition(|&byte| {
            is_quoted ^= byte == b'"';
            byte == self.separator && !is_quoted
        });
        let (before, piece) = match end {
            Some(end) => (Some(&rest[..end]), &rest[end + 1..]),
            None => (None, rest),
        };
        self.rest = before;
        Some(piece.trim_ascii())
    }
}

/// The value of the one `for` in an entry of `Forwarded`.
fn the_for(entry: &[u8]) -> Option<&[u8]> {
    let mut values = Pieces::of(entry, b';').filter_map(|pair| {
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), &pair[equals + 1..]);
        name.eq_ignore_ascii_case(b"for")
            .then(|| value.trim_ascii())
    });
    values.next().filter(|_| values.next().is_none())
}

/// The address of a node as proxies write it: with or without a port, quotation marks, and the brackets of IPv6.
fn address_of(node: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(node).ok()?;
    let text = match text.strip_prefix('"') {
        Some(text) => text.strip_suffix('"')?,
        None => text,
    };
    if let Some(text) = text.strip_prefix('[') {
        let (address, port) = text.split_once(']')?;
        return ipv6(address)
            .filter(|_| port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    if let Some((address, port)) = text.split_once(':')
        && let Ok(address) = address.parse()
    {
        return is_port(port).then_some(IpAddr::V4(address));
    }
    let ipv4 = text.parse().ok().map(IpAddr::V4);
    ipv4.or_else(|| ipv6(text))
}

/// An IPv4 address that is mapped into it is that one. The zone of a link-local address says nothing to others.
fn ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    let address: Ipv6Addr = address.parse().ok()?;
    Some(IpAddr::from(address).to_canonical())
}

/// A number, or what hides one (RFC 7239, section 6).
fn is_port(text: &str) -> bool {
    let is_number = text.parse::<u16>().is_ok() && !text.starts_with('+');
    let is_hidden = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    is_number || text.strip_prefix('_').is_some_and(is_hidden)
}

#[cfg(test)]
mod tests {
    use warp::http::HeaderValue;

    use super::*;

    /// The client of a request from `peer` with `headers`, of which 10.0.0.0/8 and 2001:db8:ff::/48 are trusted.
    fn client(peer: [u8; 4], headers: &[(&'static str, &[u8])]) -> String {
        let ranges = ["10.0.0.0/8", "2001:db8:ff::/48"];
        let proxies = TrustedProxies::new(ranges.map(|range| range.parse().unwrap()).to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        Peer((peer, 1).into()).client(&map, &proxies).to_string()
    }

    fn forwarded_for(value: &str) -> String {
        client([10, 0, 0, 1], &[("x-forwarded-for", value.as_bytes())])
    }

    fn forwarded(value: &str) -> String {
        client([10, 0, 0, 1], &[("forwarded", value.as_bytes())])
    }

    #[test]
    fn forwarded_addresses_count_from_trusted_proxies_only() {
        for name in ["x-forwarded-for", "forwarded"] {
            let claim = [(name, &b"for=198.51.100.7"[..])];
            assert_eq!(client([192, 0, 2, 1], &claim), "192.0.2.1");
        }
        assert_eq!(forwarded_for("198.51.100.7"), "198.51.100.7");
        assert_eq!(
            forwarded_for("6.6.6.6, 198.51.100.7, 10.0.0.2"),
            "198.51.100.7"
        );
        assert_eq!(forwarded_for("10.0.0.3, 10.0.0.2"), "10.0.0.3");
    }

    #[test]
    fn an_address_is_found_however_a_proxy_writes_it() {
        for (written, address) in [
            ("203.0.113.8:50124", "203.0.113.8"),
            ("\"203.0.113.8:50124\"", "203.0.113.8"),
            ("\"203.0.113.8\"", "203.0.113.8"),
            ("203.0.113.8:_x", "203.0.113.8"),
            ("2001:db8::7", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("[2001:DB8::7]:50124", "2001:db8::7"),
            ("\"[2001:db8::7]:50124\"", "2001:db8::7"),
            ("\"2001:db8::7\"", "2001:db8::7"),
            ("[fe80::1%25eth0]", "fe80::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("::ffff:203.0.113.8", "203.0.113.8"),
            ("  203.0.113.8\t", "203.0.113.8"),
            ("6.6.6.6 ,203.0.113.8, , 10.0.0.2:80 ,", "203.0.113.8"),
            ("203.0.113.8,[2001:db8:ff::2]:80", "203.0.113.8"),
        ] {
            assert_eq!(forwarded_for(written), address, "{written}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_chain_at_the_last_proxy_before_it() {
        for entry in [
            "unknown",
            "_hidden",
            "nonsense",
            "203.0.113.8:",
            "203.0.113.8:x",
            "203.0.113.8:70000",
            "203.0.113.8:+1",
            "203.0.113",
            "[203.0.113.8]",
            "[2001:db8::7",
            "2001:db8::7]",
            "[2001:db8::7]x",
            "\"203.0.113.8",
            "203.0.113.8\"",
            "203.0.113.8 203.0.113.9",
            "for=203.0.113.8",
            "hub.example",
        ] {
            assert_eq!(
                forwarded_for(&format!("6.6.6.6, {entry}")),
                "10.0.0.1",
                "{entry}"
            );
            assert_eq!(
                forwarded_for(&format!("6.6.6.6, {entry}, 10.0.0.9")),
                "10.0.0.9",
                "{entry}"
            );
        }
        let unreadable = [("x-forwarded-for", &b"6.6.6.6, \xff"[..])];
        assert_eq!(client([10, 0, 0, 1], &unreadable), "10.0.0.1");
        let before = [("x-forwarded-for", &b"6.6.6.6, \xff, 203.0.113.8"[..])];
        assert_eq!(client([10, 0, 0, 1], &before), "203.0.113.8");
    }

    #[test]
    fn several_headers_are_one_list() {
        let lines = |name| {
            [
                (name, &b"6.6.6.6, for=203.0.113.8"[..]),
                (name, b"for=10.0.0.2"),
            ]
        };
        assert_eq!(client([10, 0, 0, 1], &lines("forwarded")), "203.0.113.8");
        let lines = [
            ("x-forwarded-for", &b"6.6.6.6, 203.0.113.8"[..]),
            ("x-forwarded-for", b"10.0.0.2"),
        ];
        assert_eq!(client([10, 0, 0, 1], &lines), "203.0.113.8");
    }

    #[test]
    fn the_standard_header_is_read_where_the_common_one_is_absent() {
        for (written, address) in [
            ("for=203.0.113.8", "203.0.113.8"),
            ("For=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=203.0.113.8;proto=https;by=10.0.0.1", "203.0.113.8"),
            (
                "proto=https; FOR=203.0.113.8:80 ;host=hub.example",
                "203.0.113.8",
            ),
            (
                "for=6.6.6.6, for=203.0.113.8;host=\"a,for=7.7.7.7\", for=10.0.0.2",
                "203.0.113.8",
            ),
            ("for=203.0.113.8;host=\"a;for=7.7.7.7\"", "203.0.113.8"),
            // A mark that is left open spoils what stands before it, not behind.
            ("for=\"6.6.6.6, for=203.0.113.8", "203.0.113.8"),
            ("for=unknown, for=10.0.0.2", "10.0.0.2"),
            ("for=203.0.113.8, for=_hidden", "10.0.0.1"),
            ("for=6.6.6.6;for=203.0.113.8", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
            ("203.0.113.8", "10.0.0.1"),
        ] {
            assert_eq!(forwarded(written), address, "{written}");
        }
        let both = [
            ("forwarded", &b"for=6.6.6.6"[..]),
            ("x-forwarded-for", b"203.0.113.8"),
        ];
        assert_eq!(client([10, 0, 0, 1], &both), "203.0.113.8");
    }
}
