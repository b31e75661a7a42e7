//! Hosts, networks and web origins, in the canonical form in which requests are compared with them.
//!
//! A web origin has the form of an `Origin` header: `scheme://host[:port]`, lower case, without the default port. Which
//! of them a request may have is decided in `routes`.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::value_error::ValueError;
use crate::protocol::{Authority, Host};

/// Parses a host name or an address; an IPv6 address needs no brackets.
pub(super) fn parse_host(text: &str) -> Result<Host, ValueError> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(Host::Address(address.to_canonical())),
        Err(_) => text.parse::<Host>().map_err(|_| host_error(text)),
    }
}

fn host_error(text: &str) -> ValueError {
    let authority = text
        .split_once("://")
        .map_or(text, |(_, authority)| authority);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.parse::<Authority>() {
        Ok(Authority { host, .. }) => {
            ValueError::with_remedy("more than a host name", format!("use `\"{host}\"`"))
        }
        Err(_) if text.contains('*') => ValueError::with_remedy(
            "a host name with a wildcard",
            "list every host name of the hub",
        ),
        Err(_) => ValueError::with_remedy(
            "neither a host name nor an IP address",
            "use for example `\"hub.example.org\"`, ASCII only",
        ),
    }
}

/// Parses `10.0.0.0/8` or a single address.
pub(super) fn parse_network(text: &str) -> Result<IpNet, ValueError> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| one())
        .map_err(|_| ValueError::new("not a CIDR range or an IP address"))
}

/// Brings a configured origin to the form of an `Origin` header; `*` stays.
pub(super) fn normalize_origin(text: &str) -> Result<String, ValueError> {
    if text == "*" {
        return Ok(text.to_owned());
    }
    let lower = text.to_ascii_lowercase();
    let Some((scheme, authority)) = lower
        .split_once("://")
        .filter(|(scheme, _)| is_scheme(scheme))
    else {
        return Err(ValueError::with_remedy(
            "an origin without a scheme",
            with_scheme(&lower),
        ));
    };
    if let Some((authority, _)) = authority.split_once(['/', '?', '#']) {
        let remedy = format!("use `\"{scheme}://{authority}\"`");
        return Err(ValueError::with_remedy("an origin with a path", remedy));
    }
    let (host, port) = split_port(authority);
    let host = origin_host(host)?;
    let port = port.map(origin_port).transpose()?;
    Ok(match (scheme, port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

/// Brings an `Origin` header to canonical form; `None` for `null` and anything else that browsers do not send for a
/// page.
#[must_use]
pub fn canonical_origin(header: &str) -> Option<String> {
    let hostless = || {
        // Some applications use a scheme of their own without a host.
        let scheme = header.strip_suffix("://")?.to_ascii_lowercase();
        let is_opaque = is_scheme(&scheme) && !matches!(scheme.as_str(), "http" | "https");
        is_opaque.then(|| format!("{scheme}://"))
    };
    normalize_origin(header)
        .ok()
        .filter(|origin| origin != "*")
        .or_else(hostless)
}

fn with_scheme(text: &str) -> String {
    let is_host = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte));
    let host = if is_host && text != "null" {
        text
    } else {
        "example.org"
    };
    format!("use for example `\"https://{host}\"`")
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Splits host and port at the last colon outside the brackets of an IPv6 address.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn origin_host(host: &str) -> Result<String, ValueError> {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let address = address.parse::<Ipv6Addr>();
        return address
            .map(|address| format!("[{address}]"))
            .map_err(|_| origin_without_host());
    }
    if host.contains('*') {
        let remedy = "list every host, or `\"*\"` to allow any origin";
        return Err(ValueError::with_remedy("an origin with a wildcard", remedy));
    }
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if is_host {
        Ok(host.to_owned())
    } else {
        Err(origin_without_host())
    }
}

/// The error for an invalid host. Names must be ASCII: browsers send other scripts as `xn--…`, so they would never
/// match.
fn origin_without_host() -> ValueError {
    ValueError::with_remedy(
        "an origin without a plain host",
        "use for example `\"https://example.org\"`, ASCII only",
    )
}

fn origin_port(port: &str) -> Result<u16, ValueError> {
    let number = port
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| port.parse::<u16>().ok())
        .flatten();
    number.filter(|port| *port > 0).ok_or_else(|| {
        ValueError::with_remedy(
            "an origin with a bad port",
            "use a port from 1 to 65535, or none",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_normalized_to_the_form_of_requests() {
        for (typed, canonical) in [
            ("Hub.Example.ORG.", "hub.example.org"),
            ("hub", "hub"),
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
        ] {
            let host = parse_host(typed).unwrap();
            assert_eq!(host.to_string(), canonical);
            assert_eq!(canonical.parse(), Ok(host));
        }
    }

    #[test]
    fn an_invalid_host_is_rejected_with_the_reason() {
        for (typed, why) in [
            ("hub.example.org:8000", "more than a host name"),
            ("https://hub.example.org/x", "more than a host name"),
            ("*.example.org", "a host name with a wildcard"),
            ("", "neither a host name nor an IP address"),
            ("user@hub.example", "neither a host name nor an IP address"),
            (
                "b\u{fc}cher.example",
                "neither a host name nor an IP address",
            ),
        ] {
            assert_eq!(parse_host(typed).unwrap_err().problem, why, "{typed}");
        }
    }

    #[test]
    fn ranges_and_single_addresses_are_parsed() {
        for (text, printed) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(parse_network(text).unwrap().to_string(), printed);
        }
        for text in ["", "10.0.0.0/33", "10.0.0/8", "proxy", "10.0.0.0/8 "] {
            assert!(parse_network(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn origins_are_normalized_to_the_form_of_the_header() {
        for (typed, sent) in [
            ("*", "*"),
            ("HTTPS://Example.ORG", "https://example.org"),
            ("https://example.org:443", "https://example.org"),
            ("http://example.org:80", "http://example.org"),
            ("http://example.org:443", "http://example.org:443"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[2001:DB8:0::1]:8080", "http://[2001:db8::1]:8080"),
            ("http://[::1]", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(normalize_origin(typed).unwrap(), sent);
        }
    }

    #[test]
    fn an_origin_that_no_browser_sends_is_rejected_with_the_reason() {
        for (typed, why) in [
            ("example.org", "an origin without a scheme"),
            ("null", "an origin without a scheme"),
            ("", "an origin without a scheme"),
            ("://example.org", "an origin without a scheme"),
            ("https://example.org/", "an origin with a path"),
            ("https://example.org/app?x", "an origin with a path"),
            ("https://*.example.org", "an origin with a wildcard"),
            ("https://", "an origin without a plain host"),
            ("https://user@example.org", "an origin without a plain host"),
            ("https://bücher.example", "an origin without a plain host"),
            ("http://[::1", "an origin without a plain host"),
            ("http://::1", "an origin without a plain host"),
            ("https://example.org:0", "an origin with a bad port"),
            ("https://example.org:65536", "an origin with a bad port"),
            ("https://example.org:+1", "an origin with a bad port"),
            ("https://example.org:", "an origin with a bad port"),
        ] {
            assert_eq!(normalize_origin(typed).unwrap_err().problem, why, "{typed}");
        }
    }
}
