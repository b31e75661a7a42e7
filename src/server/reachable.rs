//! The addresses under which other machines reach a listener.
//!
//! A listener on a wildcard address can be reached under each address of the machine's network interfaces. The routing
//! table says which of them leads out of the network; that one comes first.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use if_addrs::{IfOperStatus, Interface};

/// Returns the URL to open from another machine, if any can reach `address`: the first of [`urls`], or that of this
/// machine.
pub(super) fn url(address: SocketAddr) -> String {
    let urls = urls(address);
    urls.into_iter().next().unwrap_or_else(|| {
        let here: IpAddr = match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        url_of(here, address.port())
    })
}

/// Returns all URLs to open from other machines, the likeliest first; none if the machine has no network.
pub(super) fn urls(address: SocketAddr) -> Vec<String> {
    let ip = address.ip();
    let ips = if ip.is_unspecified() {
        // Fails only if the system is out of memory or descriptors.
        let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
        let outbound = [IpAddr::from(Ipv4Addr::UNSPECIFIED), ip].map(outbound_ip);
        for_others(ip, outbound.into_iter().flatten().collect(), &interfaces)
    } else {
        vec![ip]
    };
    ips.into_iter()
        .map(|ip| url_of(ip, address.port()))
        .collect()
}

fn url_of(ip: IpAddr, port: u16) -> String {
    format!("http://{}/", SocketAddr::new(ip, port))
}

/// The addresses of a machine that reach a listener on `wildcard`: the `outbound` ones, then those of the other
/// interfaces that are up, IPv4 first because it is easier to type. A listener on `::` takes IPv4 connections, too.
fn for_others(wildcard: IpAddr, outbound: Vec<IpAddr>, interfaces: &[Interface]) -> Vec<IpAddr> {
    let is_up = |interface: &&Interface| {
        // Bridges of containers of which none runs are down, for example.
        matches!(
            interface.oper_status,
            IfOperStatus::Up | IfOperStatus::Unknown
        )
    };
    let mut others: Vec<_> = interfaces.iter().filter(is_up).map(Interface::ip).collect();
    others.sort_by_key(IpAddr::is_ipv6);
    let mut ips = Vec::new();
    for ip in outbound.into_iter().chain(others) {
        let reaches = ip.is_ipv4() || wildcard.is_ipv6();
        if reaches && is_for_others(ip) && !ips.contains(&ip) {
            ips.push(ip);
        }
    }
    ips
}

/// Whether another machine can use `ip`. A link-local address is ambiguous without the name of an interface, which
/// browsers do not accept in an address.
fn is_for_others(ip: IpAddr) -> bool {
    let is_local = match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    };
    !(is_local || ip.is_loopback() || ip.is_unspecified())
}

/// Asks the routing table for the local address of outgoing traffic. Connecting a datagram socket sends nothing; the far
/// end is an address reserved for documentation (RFC 5737 and RFC 3849).
fn outbound_ip(wildcard: IpAddr) -> Option<IpAddr> {
    let far: IpAddr = match wildcard {
        IpAddr::V4(_) => Ipv4Addr::new(192, 0, 2, 1).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    };
    let socket = UdpSocket::bind((wildcard, 0)).ok()?;
    socket.connect((far, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use if_addrs::{IfAddr, Ifv4Addr, Ifv6Addr};

    use super::*;

    fn interface(ip: &str, oper_status: IfOperStatus) -> Interface {
        let addr = match ip.parse().unwrap() {
            IpAddr::V4(ip) => IfAddr::V4(Ifv4Addr {
                ip,
                netmask: Ipv4Addr::BROADCAST,
                prefixlen: 32,
                broadcast: None,
            }),
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr {
                ip,
                netmask: Ipv6Addr::LOCALHOST,
                prefixlen: 128,
                broadcast: None,
            }),
        };
        Interface {
            name: "eth0".to_owned(),
            addr,
            index: None,
            oper_status,
            is_p2p: false,
        }
    }

    fn listed(wildcard: &str, outbound: &[&str]) -> Vec<String> {
        let up = [
            "127.0.0.1",
            "::1",
            "fe80::1",
            "169.254.3.4",
            "2001:db8::7",
            "192.0.2.7",
            "198.51.100.9",
        ];
        let mut interfaces: Vec<_> = up.map(|ip| interface(ip, IfOperStatus::Up)).into();
        interfaces.push(interface("172.17.0.1", IfOperStatus::Down));
        let outbound = outbound.iter().map(|ip| ip.parse().unwrap()).collect();
        let ips = for_others(wildcard.parse().unwrap(), outbound, &interfaces);
        ips.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_wildcard_is_reached_under_every_address_that_others_can_use_the_outbound_one_first() {
        let all = ["198.51.100.9", "192.0.2.7"];
        assert_eq!(listed("0.0.0.0", &["198.51.100.9"]), all);
        assert_eq!(listed("0.0.0.0", &[]), ["192.0.2.7", "198.51.100.9"]);
        let both = ["192.0.2.7", "2001:db8::7", "198.51.100.9"];
        assert_eq!(listed("::", &["192.0.2.7", "2001:db8::7"]), both);
    }

    #[test]
    fn a_listener_on_one_address_is_reached_there_only() {
        let address = "192.0.2.7:8000".parse().unwrap();
        assert_eq!(urls(address), ["http://192.0.2.7:8000/"]);
        assert_eq!(url("[::1]:8000".parse().unwrap()), "http://[::1]:8000/");
    }

    #[test]
    fn the_url_of_a_wildcard_can_be_opened_even_without_a_network() {
        let url = url("0.0.0.0:8000".parse().unwrap());
        assert!(
            url.starts_with("http://") && !url.contains("0.0.0.0"),
            "{url}"
        );
    }
}
