//! `Acknowledged`: how many bytes the other side's kernel has acknowledged, as Linux counts them for each connection.
//!
//! A write only says how much the kernel here has taken, which may be megabytes more than what has arrived. No safe
//! crate reads the count from `TCP_INFO`, but the kernel also reports it through a `NETLINK_SOCK_DIAG` socket, like to
//! `ss`: a request for one connection by its addresses and a response, both plain bytes.

use std::net::{IpAddr, SocketAddr};

use mio::net::TcpStream;

/// A lane's access to the count, which some systems lack or forbid.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    #[cfg(target_os = "linux")]
    link: Link,
}

/// The socket that questions go through.
#[cfg(target_os = "linux")]
#[derive(Debug, Default)]
enum Link {
    /// Nothing has been asked yet.
    #[default]
    Untried,
    Open(std::os::fd::OwnedFd),
    /// The system refused to open it, and is not asked again.
    Closed,
}

impl Acknowledged {
    /// Returns the bytes that the other side's kernel has acknowledged since the connection began; `None` if that is
    /// unknown.
    #[cfg(target_os = "linux")]
    pub(super) fn bytes(&mut self, socket: &TcpStream) -> Option<u64> {
        let (local, peer) = (socket.local_addr().ok()?, socket.peer_addr().ok()?);
        let link = self.link.open()?;
        // The kernel answers a request for one connection while it is being sent.
        rustix::net::send(
            link,
            &question(local, peer),
            rustix::net::SendFlags::empty(),
        )
        .ok()?;
        let mut answer = [0; ANSWER_LEN_MAX];
        let (len, _) =
            rustix::net::recv(link, &mut answer, rustix::net::RecvFlags::DONTWAIT).ok()?;
        acknowledged(&answer[..len])
    }

    /// Unknown on other systems.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn bytes(&mut self, _: &TcpStream) -> Option<u64> {
        None
    }
}

#[cfg(target_os = "linux")]
impl Link {
    fn open(&mut self) -> Option<&std::os::fd::OwnedFd> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, netlink, socket_with};
        if matches!(self, Self::Untried) {
            let opened = socket_with(
                AddressFamily::NETLINK,
                SocketType::DGRAM,
                SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
                Some(netlink::SOCK_DIAG),
            );
            *self = opened.map_or(Self::Closed, Self::Open);
        }
        match self {
            Self::Open(link) => Some(link),
            Self::Untried | Self::Closed => None,
        }
    }
}

/// `struct nlmsghdr`.
const HEADER_LEN: usize = 16;
/// `struct inet_diag_req_v2`.
const REQUEST_LEN: usize = 56;
/// `struct inet_diag_msg`, which stands before the attributes of an answer.
const CONNECTION_LEN: usize = 72;
/// `SOCK_DIAG_BY_FAMILY`, of the question and of its answer.
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST`.
const IS_REQUEST: u16 = 1;
/// `INET_DIAG_INFO`: the attribute that holds a `struct tcp_info`.
const INFO: u16 = 2;
/// Where `tcpi_bytes_acked` stands in it.
const BYTES_ACKED_AT: usize = 120;
/// The kernel of today answers with some 400 bytes.
const ANSWER_LEN_MAX: usize = 2_048;

/// Asks for the `tcp_info` of the connection between `local` and `peer`.
fn question(local: SocketAddr, peer: SocketAddr) -> [u8; HEADER_LEN + REQUEST_LEN] {
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
    // Its number, and its sender, which the kernel fills in.
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

/// In the 16 bytes that there are for it.
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

/// What `answer` says of bytes acknowledged; `None` when it is a refusal.
fn acknowledged(answer: &[u8]) -> Option<u64> {
    let number = |at: usize| Some(u16::from_ne_bytes(*answer.get(at..)?.first_chunk()?));
    if number(4)? != BY_FAMILY {
        return None;
    }
    let mut at = HEADER_LEN + CONNECTION_LEN;
    loop {
        let (len, kind) = (usize::from(number(at)?), number(at + 2)?);
        if kind == INFO {
            let info = answer.get(at + 4..at + len)?;
            let bytes = info.get(BYTES_ACKED_AT..)?.first_chunk()?;
            return Some(u64::from_ne_bytes(*bytes));
        }
        // Attributes begin at multiples of four, and none is empty.
        at += len.next_multiple_of(4).max(4);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream as Peer};

    use super::*;

    /// What arrives on a connection to `address` is acknowledged, and counted.
    fn expect_counted(address: &str) {
        let listener = TcpListener::bind(address).unwrap();
        let mut peer = Peer::connect(listener.local_addr().unwrap()).unwrap();
        let mut socket = listener.accept().unwrap().0;
        socket.write_all(&[b'x'; 1_000]).unwrap();
        peer.read_exact(&mut [0; 1_000]).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = TcpStream::from_std(socket);
        let mut acknowledged = Acknowledged::default();
        // The acknowledgement may be on its way for a while.
        while acknowledged.bytes(&socket).expect("the kernel says it") < 1_000 {
            std::thread::yield_now();
        }
        assert_eq!(acknowledged.bytes(&socket), Some(1_000));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_the_other_kernel_has_taken_is_counted_whatever_the_addresses_look_like() {
        expect_counted("127.0.0.1:0");
        if TcpListener::bind("[::1]:0").is_ok() {
            expect_counted("[::1]:0");
        }
    }

    #[test]
    fn an_answer_that_is_none_says_nothing() {
        for answer in [&[][..], &[0; 16], &[0; 200], &[255; 200]] {
            assert_eq!(acknowledged(answer), None);
        }
        let mut empty = [0; 100];
        empty[4..6].copy_from_slice(&BY_FAMILY.to_ne_bytes());
        assert_eq!(acknowledged(&empty), None);
    }
}
