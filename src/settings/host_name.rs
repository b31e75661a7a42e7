//! Canonical form of the hosts in `server.hosts`, which are compared with the host of each request.

use super::value_error::ValueError;
use crate::protocol::{Authority, Host};

/// Brings a configured host to canonical form.
pub(super) fn normalize(text: &str) -> Result<String, ValueError> {
    // Accepts an IPv6 address without the brackets of a URL, too.
    let host = match text.parse() {
        Ok(address) => Ok(Host::Address(address)),
        Err(_) => text.parse::<Host>(),
    };
    host.map(|host| host.to_string())
        .map_err(|_| not_a_host(text))
}

fn not_a_host(text: &str) -> ValueError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_normalized_to_the_form_of_requests() {
        for (typed, canonical) in [
            ("Hub.Example.ORG.", "hub.example.org"),
            ("hub", "hub"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(normalize(typed).unwrap(), canonical);
            assert!(canonical.parse::<Host>().is_ok());
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
            assert_eq!(normalize(typed).unwrap_err().problem, why, "{typed}");
        }
    }
}
