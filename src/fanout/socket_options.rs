//! Socket options of a viewer's connection, and how it is shut down.

use std::io;
use std::net::Shutdown;
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
