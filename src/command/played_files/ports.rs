//! [`Ports`]: where the listeners of played files listen: where they were asked to, or at the next free port.

use std::io;
use std::net::{IpAddr, TcpListener};

use crate::settings::Settings;

/// The ports of the listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) public: u16,
    pub(super) ops: u16,
}

/// How many ports are tried: more than the hubs that run beside each other on one machine.
const TRIED_MAX: u16 = 100;

impl Ports {
    /// The ports of `wanted`, or the next ones that are not taken.
    pub(super) fn find(wanted: &Settings) -> Self {
        let (server, ops) = (&wanted.server, &wanted.ops);
        let public = first_free(server.host, server.port, None);
        Self {
            public,
            ops: first_free(ops.host, ops.port, Some(public)),
        }
    }
}

/// The first port from `port` on that is not taken, nor `except`; `port` itself if none is free, or if it is 0.
fn first_free(host: IpAddr, port: u16, except: Option<u16>) -> u16 {
    if port == 0 {
        return 0;
    }
    let mut ports = port..=port.saturating_add(TRIED_MAX);
    ports
        .find(|&port| Some(port) != except && !is_taken(host, port))
        .unwrap_or(port)
}

/// Whether another program listens there. Other errors come up when the hub itself listens.
fn is_taken(host: IpAddr, port: u16) -> bool {
    TcpListener::bind((host, port)).is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_taken_port_and_the_excluded_one_are_skipped() {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let taken = TcpListener::bind((host, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let found = first_free(host, port, None);
        assert!(found > port);
        assert!(first_free(host, port, Some(found)) > found);
        assert_eq!(first_free(host, 0, None), 0);
    }
}
