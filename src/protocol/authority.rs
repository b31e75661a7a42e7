//! [`Host`] and [`Authority`]: a host, and a host with a port, as in the `Host` header, a request target, an origin and
//! the configuration.
//!
//! Stricter than RFC 3986, which allows almost anything as a registered name: only DNS names and IP addresses are
//! accepted. Browsers send nothing else; they send names in other scripts as `xn--…`, and addresses without a zone.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A DNS name or IP address in canonical form, so that all notations of a host are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A DNS name in lower case, without a trailing dot.
    Name(String),
    /// An IP address; an IPv4-mapped IPv6 address becomes the IPv4 address.
    Address(IpAddr),
}

/// A host with an optional port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port; `None` means the default port of the scheme.
    pub port: Option<u16>,
}

/// The text is not a valid [`Host`] or [`Authority`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostError;

/// The longest name, in bytes (RFC 1035, section 2.3.4).
const NAME_LEN_MAX: usize = 253;
/// The longest label of a name, in bytes.
const LABEL_LEN_MAX: usize = 63;

impl Host {
    /// Whether the host is `localhost` or a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Address(address) => address.is_loopback(),
        }
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let bracketed = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        if let Some(address) = bracketed {
            let address: Ipv6Addr = address.parse().map_err(|_| HostError)?;
            return Ok(Self::Address(IpAddr::from(address).to_canonical()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = name.parse() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        let is_name = name.len() <= NAME_LEN_MAX && name.split('.').all(is_label);
        // A browser treats `127.1` and `0x7f.1` as addresses and sends them in full.
        let is_number = name
            .rsplit('.')
            .next()
            .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
        if is_name && !is_number {
            Ok(Self::Name(name.to_ascii_lowercase()))
        } else {
            Err(HostError)
        }
    }
}

/// Whether `label` is a valid label. Underscores are allowed because names of containers have them.
fn is_label(label: &str) -> bool {
    (1..=LABEL_LEN_MAX).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl FromStr for Authority {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        // Skip the colons inside the brackets of an IPv6 address.
        let end = text.find(']').map_or(0, |end| end + 1);
        let (host, port) = match text[end..].find(':') {
            Some(colon) => {
                let (host, port) = text.split_at(end + colon);
                (host, &port[1..])
            }
            None => (text, ""),
        };
        Ok(Self {
            host: host.parse()?,
            port: parse_port(port)?,
        })
    }
}

/// Parses a port. An empty one, which RFC 3986 allows, means no port.
fn parse_port(digits: &str) -> Result<Option<u16>, HostError> {
    if digits.is_empty() {
        return Ok(None);
    }
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = is_number.then(|| digits.parse().ok()).flatten();
    port.map(Some).ok_or(HostError)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither a host name nor an IP address")
    }
}

impl std::error::Error for HostError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(text: &str) -> Option<(String, Option<u16>)> {
        let authority: Authority = text.parse().ok()?;
        Some((authority.host.to_string(), authority.port))
    }

    #[test]
    fn hosts_are_normalized() {
        for (text, host, port) in [
            ("hub.example.org", "hub.example.org", None),
            ("HUB.Example.ORG.:8000", "hub.example.org", Some(8000)),
            ("localhost:", "localhost", None),
            ("my_hub-1:00080", "my_hub-1", Some(80)),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", None),
            ("127.0.0.1:8000", "127.0.0.1", Some(8000)),
            ("127.0.0.1.", "127.0.0.1", None),
            ("[::1]:8000", "[::1]", Some(8000)),
            ("[2001:DB8:0::1]", "[2001:db8::1]", None),
            ("[::ffff:127.0.0.1]", "127.0.0.1", None),
            ("1.example", "1.example", None),
        ] {
            assert_eq!(authority(text), Some((host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn a_host_that_no_browser_sends_is_rejected() {
        let long = format!("{}.example", "a".repeat(LABEL_LEN_MAX + 1));
        let longer = "abcdefg.".repeat(NAME_LEN_MAX / 8 + 1);
        for text in [
            "",
            ".",
            "..",
            ".a",
            "a..b",
            "a b",
            " a",
            "a,b",
            "a/b",
            "a?b",
            "a#b",
            "a@b",
            "user:pw@a",
            "a:b",
            "a:+80",
            "a:-1",
            "a: 80",
            "a:65536",
            "a:99999",
            "a:80:80",
            ":80",
            "::1",
            "[::1",
            "::1]",
            "[::1]x",
            "x[::1]",
            "[::1]:",
            "[::1%25lo]",
            "[::1%lo]",
            "[127.0.0.1]",
            "[v1.x]",
            "[]",
            "127.1",
            "256.0.0.1",
            "1",
            "a%2eb",
            "b\u{fc}cher.example",
            "*",
            "*.example",
            "a\\b",
            &long,
            &longer,
        ] {
            // An empty port means no port, after an address too.
            let expected = (text == "[::1]:").then(|| ("[::1]".to_owned(), None));
            assert_eq!(authority(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_localhost_and_loopback_addresses_are_loopback() {
        let is_loopback = |text: &str| text.parse::<Host>().unwrap().is_loopback();
        for text in [
            "localhost",
            "LOCALHOST.",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "localhost.example",
            "a.localhost",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "hub.example",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }
}
