//! Canonical form of web origins, as browsers send them: `scheme://host[:port]`, lower case, without the default port.
//!
//! `server.allowed_origins` and the `Origin` header are brought to the same form, so that they can be compared as text.
//! Which origins are allowed is decided in `routes`.

use std::net::Ipv6Addr;

use super::value_error::ValueError;

/// Brings a configured origin to the form of an `Origin` header; `*` stays.
pub(super) fn normalize(text: &str) -> Result<String, ValueError> {
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
    let host = parse_host(host)?;
    let port = port.map(parse_port).transpose()?;
    Ok(match (scheme, port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => format!("{scheme}://{host}"),
        (_, Some(port)) => format!("{scheme}://{host}:{port}"),
    })
}

/// Brings an `Origin` header to canonical form; `None` for `null` and anything else that browsers do not send for a
/// page.
#[must_use]
pub fn canonical(header: &str) -> Option<String> {
    let hostless = || {
        // Some applications use a scheme of their own without a host.
        let scheme = header.strip_suffix("://")?.to_ascii_lowercase();
        let is_opaque = is_scheme(&scheme) && !matches!(scheme.as_str(), "http" | "https");
        is_opaque.then(|| format!("{scheme}://"))
    };
    normalize(header)
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

fn parse_host(host: &str) -> Result<String, ValueError> {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let address = address.parse::<Ipv6Addr>();
        return address
            .map(|address| format!("[{address}]"))
            .map_err(|_| not_a_host());
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
        Err(not_a_host())
    }
}

/// The error for an invalid host. Names must be ASCII: browsers send other scripts as `xn--…`, so they would never
/// match.
fn not_a_host() -> ValueError {
    ValueError::with_remedy(
        "an origin without a plain host",
        "use for example `\"https://example.org\"`, ASCII only",
    )
}

fn parse_port(port: &str) -> Result<u16, ValueError> {
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
            assert_eq!(normalize(typed).unwrap(), sent);
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
            assert_eq!(normalize(typed).unwrap_err().problem, why, "{typed}");
        }
    }
}
