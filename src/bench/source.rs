//! Where viewers connect from: a hub on this machine sees several hosts, as it would outside.
//!
//! A hub caps the connections from one address (`server.max_connections_per_ip`, 1,024 by default). On Linux all of
//! 127.0.0.0/8 is this machine, so viewers of a hub on loopback spread over it; to other hubs the system chooses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

/// Viewers from one address; fewer than a hub allows by default, so that other tools have some left.
const VIEWERS_PER_ADDRESS: usize = 1_000;

/// Addresses beside 127.0.0.1: enough for 250,000 viewers, more than one process has files for.
const ADDRESSES_MAX: usize = 249;

/// Begins to connect viewer `number` to `target`.
pub(super) fn connect(target: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let Some(source) = source(target.ip(), number).filter(|_| cfg!(target_os = "linux")) else {
        return TcpStream::connect(target);
    };
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    match socket.connect(&target.into()) {
        // The connect goes on in the background; readiness reports its end.
        Err(error)
            if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) =>
        {
            Err(error)
        }
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// The address for viewer `number`, if it is not to be the system's choice.
fn source(target: IpAddr, number: usize) -> Option<Ipv4Addr> {
    let further = (number / VIEWERS_PER_ADDRESS).min(ADDRESSES_MAX);
    let host = u8::try_from(1 + further).ok()?;
    let is_here = matches!(target, IpAddr::V4(target) if target.is_loopback());
    (is_here && further > 0).then(|| Ipv4Addr::new(127, 0, 0, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_of_a_hub_on_loopback_come_from_several_addresses() {
        let from = |target: &str, number| source(target.parse().unwrap(), number);
        assert_eq!(from("127.0.0.1", 999), None);
        assert_eq!(from("127.0.0.1", 1_000), Some([127, 0, 0, 2].into()));
        assert_eq!(from("127.0.0.1", 14_999), Some([127, 0, 0, 15].into()));
        assert_eq!(from("127.0.0.1", usize::MAX), Some([127, 0, 0, 250].into()));
        assert_eq!(from("192.0.2.1", 1_000), None);
        assert_eq!(from("::1", 1_000), None);
    }
}
