//! What a viewer's socket is asked for beyond reading and writing.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;

/// Has the kernel end the connection when the viewer takes nothing for a long time: the last resort, well after
/// everything that the viewer could be told, because a peer that merely does not read is cut as well.
pub(super) fn give_up_in_the_end(socket: &TcpStream, max_lag: Duration) {
    const AT_LEAST: Duration = Duration::from_secs(30);
    let timeout = AT_LEAST.max(max_lag * 3);
    #[cfg(target_os = "linux")]
    {
        // On a socket that is gone already this fails, and the first read says so.
        _ = SockRef::from(socket).set_tcp_user_timeout(Some(timeout));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, timeout);
}

/// Ends the hub's half. The viewer sees the end at once, and what it still sends is read: a reset would eat what
/// it was told last.
pub(super) fn end_our_half(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).shutdown(Shutdown::Write)
}
