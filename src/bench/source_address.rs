//! The source addresses of viewers.
//!
//! A hub limits the connections per address (`server.max_connections_per_ip`, 1,024 by default). On Linux all of
//! 127.0.0.0/8 is local, so viewers of a hub on loopback use several of these addresses; for other hubs the system
//! picks the address.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

/// Viewers per address; fewer than a hub allows by default, so that other clients can still connect.
const VIEWERS_PER_ADDRESS: usize = 1_000;

/// Addresses in addition to 127.0.0.1: enough for 250,000 viewers, more than one process can open files for.
const ADDRESSES_MAX: usize = 249;

/// Starts connecting viewer `number` to `target`.
pub(super) fn connect(target: SocketAddr, number: usize) -> io::Result<TcpStream> {
    let Some(source) = source_address(target.ip(), number).filter(|_| cfg!(target_os = "linux"))
    else {
        return TcpStream::connect(target);
    };
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::from((source, 0)).into())?;
    match socket.connect(&target.into()) {
        // The connection is established in the background; readiness reports the result.
        Err(error)
            if error.raw_os_error() != Some(rustix::io::Errno::INPROGRESS.raw_os_error()) =>
        {
            Err(error)
        }
        _ => Ok(TcpStream::from_std(socket.into())),
    }
}

/// The source address for viewer `number`, or `None` to let the system pick it.
fn source_address(target: IpAddr, number: usize) -> Option<Ipv4Addr> {
    let further = (number / VIEWERS_PER_ADDRESS).min(ADDRESSES_MAX);
    let host = u8::try_from(1 + further).ok()?;
    let is_here = matches!(target, IpAddr::V4(target) if target.is_loopback());
    (is_here && further > 0).then(|| Ipv4Addr::new(127, 0, 0, host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_of_a_loopback_hub_use_several_source_addresses() {
        let from = |target: &str, number| source_address(target.parse().unwrap(), number);
        assert_eq!(from("127.0.0.1", 999), None);
        assert_eq!(from("127.0.0.1", 1_000), Some([127, 0, 0, 2].into()));
        assert_eq!(from("127.0.0.1", 14_999), Some([127, 0, 0, 15].into()));
        assert_eq!(from("127.0.0.1", usize::MAX), Some([127, 0, 0, 250].into()));
        assert_eq!(from("192.0.2.1", 1_000), None);
        assert_eq!(from("::1", 1_000), None);
    }
}
