//! What a viewer's socket is asked for beyond reading and writing.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use mio::net::TcpStream;
use socket2::SockRef;

/// Bytes that may wait in the kernel unsent. More would hide for minutes that a viewer does not read; less would
/// cost a fast one a wake-up too many.
#[cfg(target_os = "linux")]
const UNSENT_LEN_MAX: u32 = 16 * 1024;

/// Has slowness show early, and has the kernel end the connection when the viewer takes nothing for a long time:
/// the last resort, well after everything that the viewer could be told, because a peer that merely does not read
/// is cut as well.
pub(super) fn prepare(socket: &TcpStream, max_lag: Duration) {
    const GIVE_UP_AT_LEAST: Duration = Duration::from_secs(30);
    let give_up = GIVE_UP_AT_LEAST.max(max_lag * 3);
    #[cfg(target_os = "linux")]
    {
        // On a socket that is gone already these fail, and the first read says so.
        _ = SockRef::from(socket).set_tcp_user_timeout(Some(give_up));
        _ = SockRef::from(socket).set_tcp_notsent_lowat(UNSENT_LEN_MAX);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (socket, give_up);
}

/// Ends the hub's half. The viewer sees the end at once, and what it still sends is read: a reset would eat what
/// it was told last.
pub(super) fn end_our_half(socket: &TcpStream) -> io::Result<()> {
    SockRef::from(socket).shutdown(Shutdown::Write)
}

/// Has the connection end with a reset: the kernel drops at once what the viewer never took.
pub(super) fn reset(socket: &TcpStream) {
    // A socket that is gone already needs none.
    _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}
