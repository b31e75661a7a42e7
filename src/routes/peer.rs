//! [`Peer`]: the remote address of a connection, and the client address behind trusted proxies.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName};

use crate::app::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The remote address of a TCP connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// Whether the peer is a trusted proxy, so that its forwarding headers count.
    pub(super) fn is_trusted(self, proxies: &TrustedProxies) -> bool {
        proxies.trusts(self.ip())
    }

    /// The peer's IP address. IPv4-mapped addresses of dual-stack sockets become IPv4 addresses.
    pub(super) fn ip(self) -> IpAddr {
        self.0.ip().to_canonical()
    }

    /// Returns the client's address: the peer's own or, if the peer is a trusted proxy, the last address in
    /// `X-Forwarded-For` that is not a trusted proxy. Headers from untrusted peers are ignored.
    ///
    /// `Forwarded` (RFC 7239) is used only without `X-Forwarded-For`, because a proxy that sets one of them passes the
    /// other through as the client sent it. An entry that is not an address (`unknown`, `_hidden` or malformed) ends
    /// the chain, because the client may have forged everything to its left; the client is then the proxy to its right.
    pub(super) fn client_address(self, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
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
        let entries = lines.flat_map(|line| ReverseSplit::new(line.as_bytes(), b','));
        for entry in entries.filter(|entry| !entry.is_empty()) {
            let node = if name == X_FORWARDED_FOR {
                Some(entry)
            } else {
                forwarded_for_node(entry)
            };
            let Some(address) = node.and_then(parse_node) else {
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

/// Iterates over the items of a list from right to left, without the white space around them.
///
/// Separators within quotation marks do not count. The marks are matched from the right, the end that trusted proxies
/// write, so an unbalanced mark from a client affects only the items to its left.
struct ReverseSplit<'a> {
    /// The part to the left of the items returned so far; `None` at the end.
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> ReverseSplit<'a> {
    fn new(list: &'a [u8], separator: u8) -> Self {
        Self {
            rest: Some(list),
            separator,
        }
    }
}

impl<'a> Iterator for ReverseSplit<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let mut is_quoted = false;
        let end = rest.iter().rposition(|&byte| {
            is_quoted ^= byte == b'"';
            byte == self.separator && !is_quoted
        });
        let (before, item) = match end {
            Some(end) => (Some(&rest[..end]), &rest[end + 1..]),
            None => (None, rest),
        };
        self.rest = before;
        Some(item.trim_ascii())
    }
}

/// Returns the value of `for` in an entry of `Forwarded`; `None` without exactly one.
fn forwarded_for_node(entry: &[u8]) -> Option<&[u8]> {
    let mut values = ReverseSplit::new(entry, b';').filter_map(|pair| {
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), &pair[equals + 1..]);
        name.eq_ignore_ascii_case(b"for")
            .then(|| value.trim_ascii())
    });
    values.next().filter(|_| values.next().is_none())
}

/// Parses a node as proxies write it: with or without a port, quotation marks, and IPv6 brackets.
fn parse_node(node: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(node).ok()?;
    let text = match text.strip_prefix('"') {
        Some(text) => text.strip_suffix('"')?,
        None => text,
    };
    if let Some(text) = text.strip_prefix('[') {
        let (address, port) = text.split_once(']')?;
        return parse_ipv6(address)
            .filter(|_| port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    if let Some((address, port)) = text.split_once(':')
        && let Ok(address) = address.parse()
    {
        return is_port(port).then_some(IpAddr::V4(address));
    }
    let ipv4 = text.parse().ok().map(IpAddr::V4);
    ipv4.or_else(|| parse_ipv6(text))
}

/// Parses an IPv6 address. IPv4-mapped addresses become IPv4 addresses, and the zone of a link-local address is
/// dropped, because it means nothing on other machines.
fn parse_ipv6(text: &str) -> Option<IpAddr> {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    let address: Ipv6Addr = address.parse().ok()?;
    Some(IpAddr::from(address).to_canonical())
}

/// Whether `text` is a port number or an obfuscated port (RFC 7239, section 6).
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

    /// The client of a request from `peer` with `headers`; 10.0.0.0/8 and 2001:db8:ff::/48 are trusted proxies.
    fn client(peer: [u8; 4], headers: &[(&'static str, &[u8])]) -> String {
        let ranges = ["10.0.0.0/8", "2001:db8:ff::/48"];
        let proxies = TrustedProxies::new(ranges.map(|range| range.parse().unwrap()).to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        Peer((peer, 1).into())
            .client_address(&map, &proxies)
            .to_string()
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
    fn addresses_are_parsed_in_every_form_that_proxies_write() {
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
    fn an_entry_that_is_not_an_address_ends_the_chain() {
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
    fn repeated_headers_form_one_list() {
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
    fn forwarded_is_used_only_without_x_forwarded_for() {
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
            // An unbalanced quotation mark affects only the entries to its left.
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
