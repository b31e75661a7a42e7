//! Parsing of address ranges in CIDR notation; a single address is a range of one.

use std::net::IpAddr;

use ipnet::IpNet;

use super::value_error::ValueError;

/// Parses `10.0.0.0/8` or a single address.
pub(super) fn parse(text: &str) -> Result<IpNet, ValueError> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(|_| one())
        .map_err(|_| ValueError::new("not a CIDR range or an IP address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_single_addresses_are_parsed() {
        for (text, printed) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("192.0.2.1", "192.0.2.1/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), printed);
        }
        for text in ["", "10.0.0.0/33", "10.0.0/8", "proxy", "10.0.0.0/8 "] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
