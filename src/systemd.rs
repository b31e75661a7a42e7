//! Notifications to systemd (`sd_notify`): ready, reloading, stopping, and the watchdog.
//!
//! Without `NOTIFY_SOCKET` nothing is sent. Errors are ignored: a service manager that does not receive a notification
//! times out by itself. Knows nothing of the hub.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// How long to wait if the socket's buffer is full. A healthy service manager reads at once, and a stuck one must not
/// delay the shutdown.
const SEND_TIMEOUT: Duration = Duration::from_millis(500);

/// Reports that the service has started, or has finished reloading.
pub fn notify_ready(status: &str) {
    notify(
        &[NotifyState::Ready, NotifyState::Status(status)],
        SEND_TIMEOUT,
    );
}

/// Reports that the service is reloading its configuration, until [`notify_ready`].
pub fn notify_reloading() {
    let mut states = vec![NotifyState::Reloading];
    // Required since systemd 253, to distinguish this reload from a later one.
    states.extend(NotifyState::monotonic_usec_now());
    notify(&states, SEND_TIMEOUT);
}

/// Reports that the service is stopping.
pub fn notify_stopping(status: &str) {
    let states = [NotifyState::Stopping, NotifyState::Status(status)];
    notify(&states, SEND_TIMEOUT);
}

/// Reports that the service is alive; to be called at least once per [`watchdog_period`]. Never blocks: if the socket's
/// buffer is full, an earlier report is still in it.
pub fn notify_watchdog() {
    notify(&[NotifyState::Watchdog], Duration::ZERO);
}

/// How long systemd waits for [`notify_watchdog`] before it restarts the service; `None` without a watchdog.
#[must_use]
pub fn watchdog_period() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|period| !period.is_zero())
}

fn notify(states: &[NotifyState<'_>], timeout: Duration) {
    if let Some(address_text) = env::var_os("NOTIFY_SOCKET") {
        let text: String = states.iter().map(|state| format!("{state}\n")).collect();
        _ = send(&address_text, text.as_bytes(), timeout);
    }
}

fn send(address_text: &OsStr, text: &[u8], timeout: Duration) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    if timeout.is_zero() {
        socket.set_nonblocking(true)?;
    } else {
        socket.set_write_timeout(Some(timeout))?;
    }
    socket.send_to_addr(text, &address(address_text)?).map(drop)
}

/// Parses the address: a path, or after `@` a name in the abstract namespace.
fn address(address_text: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        if let Some(name) = address_text.as_bytes().strip_prefix(b"@") {
            return SocketAddr::from_abstract_name(name);
        }
    }
    SocketAddr::from_pathname(address_text)
}
