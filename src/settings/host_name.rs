//! Names by which requests may call the hub: a host alone, in the one form that requests are compared with.

use super::complaint::Complaint;
use crate::protocol::{Authority, Host};

/// The host in canonical form.
pub(super) fn normalised(text: &str) -> Result<String, Complaint> {
    // An IPv6 address may be typed as it is everywhere else, without the brackets of a URL.
    let host = match text.parse() {
        Ok(address) => Ok(Host::Address(address)),
        Err(_) => text.parse::<Host>(),
    };
    host.map(|host| host.to_string())
        .map_err(|_| not_a_host(text))
}

fn not_a_host(text: &str) -> Complaint {
    let authority = text
        .split_once("://")
        .map_or(text, |(_, authority)| authority);
    let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.parse::<Authority>() {
        Ok(Authority { host, .. }) => {
            Complaint::plain("more than a host name", format!("use `\"{host}\"`"))
        }
        Err(_) if text.contains('*') => Complaint::plain(
            "a host name with a wildcard",
            "list every name by which the hub is called",
        ),
        Err(_) => Complaint::plain(
            "neither a host name nor an IP address",
            "use for example `\"hub.example.org\"`, ASCII only",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_brought_to_the_form_that_requests_are_compared_with() {
        for (typed, canonical) in [
            ("Hub.Example.ORG.", "hub.example.org"),
            ("hub", "hub"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(normalised(typed).unwrap(), canonical);
            assert!(canonical.parse::<Host>().is_ok());
        }
    }

    #[test]
    fn what_is_no_host_is_refused_with_its_reason() {
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
            assert_eq!(normalised(typed).unwrap_err().problem, why, "{typed}");
        }
    }
}
