//! A viewer's TCP connection beyond reading and writing: its socket options, how it is shut down, and how many bytes the
//! peer's kernel has acknowledged.
//!
//! A successful write only shows how much the local kernel has buffered, which may be megabytes more than what has
//! arrived. No safe crate reads the count of acknowledged bytes from `TCP_INFO`, but the kernel also reports it through
//! a `NETLINK_SOCK_DIAG` socket, as `ss` does: a request that names one connection by its addresses, and a response,
//! both plain bytes.

use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;

/// The most unsent bytes in the kernel. A higher limit could hide for minutes that a viewer does not read; a lower one
/// would cost fast viewers extra wake-ups.
#[cfg(target_os = "linux")]
const UNSENT_LEN_MAX: u32 = 16 * 1024;

/// Limits the unsent bytes in the kernel, so that slow viewers are noticed early, and sets a timeout after which the
/// kernel drops a connection whose peer accepts nothing. The timeout is a last resort, well after `max_lag` and the
/// heartbeat, because it also hits a peer that merely does not read.
pub(super) fn configure(socket: &TcpStream, max_lag: Duration) {
    const GIVE_UP_AT_LEAST: Duration = Duration::from_secs(30);
    let give_up = GIVE_UP_AT_LEAST.max(max_lag * 3);
    #[cfg(target_os = "linux")]
    {
        // These fail only on a dead connection, which the first read reports.
        _ = SockRef::from(socket).set_tcp_user_timeout(Some(give_up));
        _ = SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_LEN_MAX);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, give_up);
}

/// Shuts down the hub's half of the connection. The viewer sees the end at once. The other half stays open, because a
/// reset could discard the last messages before the viewer has read them.
pub(super) fn shut_down_write(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).shutdown(Shutdown::Write)
}

/// Makes the connection end with a reset when it is closed, so that the kernel frees what the viewer has not read.
pub(super) fn reset_on_close(socket: &TcpStream) {
    // This fails only on a dead connection, which needs no reset.
    _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

/// A lane's access to the count. Some systems do not have it, or do not permit reading it.
#[derive(Debug, Default)]
pub(super) struct TcpAckProbe {
    #[cfg(target_os = "linux")]
    socket: DiagSocket,
}

/// The netlink socket for the requests.
#[cfg(target_os = "linux")]
#[derive(Debug, Default)]
enum DiagSocket {
    /// No count has been requested yet.
    #[default]
    Unopened,
    Open(std::os::fd::OwnedFd),
    /// The system did not permit opening it, and is not asked again.
    Unavailable,
}

impl TcpAckProbe {
    /// Returns how many bytes the peer's kernel has acknowledged since the connection was made; `None` if that is
    /// unknown.
    #[cfg(target_os = "linux")]
    pub(super) fn acked_bytes(&mut self, socket: &TcpStream) -> Option<u64> {
        let (local, peer) = (socket.local_addr().ok()?, socket.peer_addr().ok()?);
        let diag = self.socket.open()?;
        // The kernel responds before `send` returns, so receiving need not wait.
        rustix::net::send(
            diag,
            &diag_request(local, peer),
            rustix::net::SendFlags::empty(),
        )
        .ok()?;
        let mut response = [0; RESPONSE_LEN_MAX];
        let (len, _) =
            rustix::net::recv(diag, &mut response, rustix::net::RecvFlags::DONTWAIT).ok()?;
        parse_bytes_acked(&response[..len])
    }

    /// Always unknown, because only Linux reports it.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn acked_bytes(&mut self, _: &TcpStream) -> Option<u64> {
        None
    }
}

#[cfg(target_os = "linux")]
impl DiagSocket {
    fn open(&mut self) -> Option<&std::os::fd::OwnedFd> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, netlink, socket_with};
        if matches!(self, Self::Unopened) {
            let opened = socket_with(
                AddressFamily::NETLINK,
                SocketType::DGRAM,
                SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
                Some(netlink::SOCK_DIAG),
            );
            *self = opened.map_or(Self::Unavailable, Self::Open);
        }
        match self {
            Self::Open(diag) => Some(diag),
            Self::Unopened | Self::Unavailable => None,
        }
    }
}

/// `struct nlmsghdr`.
const HEADER_LEN: usize = 16;
/// `struct inet_diag_req_v2`.
const REQUEST_LEN: usize = 56;
/// `struct inet_diag_msg`, which precedes the attributes of a response.
const CONNECTION_LEN: usize = 72;
/// `SOCK_DIAG_BY_FAMILY`, the type of the request and of its response.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const IS_REQUEST: u16 = 1;
/// `INET_DIAG_INFO`: the attribute that holds a `struct tcp_info`.
const INFO: u16 = 2;
/// The offset of `tcpi_bytes_acked` in `struct tcp_info`.
const BYTES_ACKED_AT: usize = 120;
/// Ample: current kernels respond with some 400 bytes.
const RESPONSE_LEN_MAX: usize = 2_048;

/// Builds the request for the `tcp_info` of the connection between `local` and `peer`.
fn diag_request(local: SocketAddr, peer: SocketAddr) -> [u8; HEADER_LEN + REQUEST_LEN] {
    const ALL_STATES: u32 = u32::MAX;
    const NO_COOKIE: u64 = u64::MAX;
    const LEN: u32 = 72;
    let family = if local.is_ipv4() { 2 } else { 10 };
    let mut bytes = [0; HEADER_LEN + REQUEST_LEN];
    let mut at = 0;
    let mut put = |field: &[u8]| {
        bytes[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    };
    put(&LEN.to_ne_bytes());
    put(&BY_FAMILY.to_ne_bytes());
    put(&IS_REQUEST.to_ne_bytes());
    // The sequence number and the sender's port id, which the kernel fills in.
    put(&[0; 8]);
    put(&[family, 6, 1 << (INFO - 1), 0]);
    put(&ALL_STATES.to_ne_bytes());
    put(&local.port().to_be_bytes());
    put(&peer.port().to_be_bytes());
    put(&address(local.ip()));
    put(&address(peer.ip()));
    // Any interface.
    put(&[0; 4]);
    put(&NO_COOKIE.to_ne_bytes());
    bytes
}

/// Encodes an address in the 16 bytes of `struct inet_diag_sockid`.
fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// Extracts the acknowledged bytes from `response`; `None` if it reports an error or lacks them.
fn parse_bytes_acked(response: &[u8]) -> Option<u64> {
    let number = |at: usize| Some(u16::from_ne_bytes(*response.get(at..)?.first_chunk()?));
    if number(4)? != BY_FAMILY {
        return None;
    }
    let mut at = HEADER_LEN + CONNECTION_LEN;
    loop {
        let (len, kind) = (usize::from(number(at)?), number(at + 2)?);
        if kind == INFO {
            let info = response.get(at + 4..at + len)?;
            let bytes = info.get(BYTES_ACKED_AT..)?.first_chunk()?;
            return Some(u64::from_ne_bytes(*bytes));
        }
        // Attributes are aligned to four bytes, and none is empty.
        at += len.next_multiple_of(4).max(4);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as Peer};

    use super::*;

    /// Checks that bytes that arrive on a connection to `address` are counted.
    fn expect_counted(address: &str) {
        let listener = TcpListener::bind(address).unwrap();
        let mut peer = Peer::connect(listener.local_addr().unwrap()).unwrap();
        let mut socket = listener.accept().unwrap().0;
        socket.write_all(&[b'x'; 1_000]).unwrap();
        peer.read_exact(&mut [0; 1_000]).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = TcpStream::from_std(socket);
        let mut probe = TcpAckProbe::default();
        // The acknowledgement may take a moment to arrive.
        while probe
            .acked_bytes(&socket)
            .expect("the kernel reports the count")
            < 1_000
        {
            std::thread::yield_now();
        }
        assert_eq!(probe.acked_bytes(&socket), Some(1_000));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn acknowledged_bytes_are_counted_over_ipv4_and_ipv6() {
        expect_counted("127.0.0.1:0");
        if TcpListener::bind("[::1]:0").is_ok() {
            expect_counted("[::1]:0");
        }
    }

    #[test]
    fn a_malformed_response_yields_no_count() {
        for response in [&[][..], &[0; 16], &[0; 200], &[255; 200]] {
            assert_eq!(parse_bytes_acked(response), None);
        }
        let mut empty = [0; 100];
        empty[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        assert_eq!(parse_bytes_acked(&empty), None);
    }
}
