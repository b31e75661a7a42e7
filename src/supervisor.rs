//! What the service manager is told of the process, where there is one that listens (systemd, by `NOTIFY_SOCKET`).
//!
//! Knows the words of that protocol, and nothing of the hub. Without a listener nothing is said. One that does not
//! take it gives the service up by itself, and nothing here could do more about that.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// How long to wait for a service manager that has not taken yet what it was told before: one that lives takes it at once,
/// and a hub that ends must not wait for one that does not.
const PATIENCE: Duration = Duration::from_millis(500);

/// The service has started.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)], PATIENCE);
}

/// The service reads its configuration again, until it is [`ready`].
pub fn reloading() {
    let mut states = vec![NotifyState::Reloading];
    // Asked for since systemd 253, to tell this reload from one that was asked for later.
    states.extend(NotifyState::monotonic_usec_now());
    tell(&states, PATIENCE);
}

/// The service ends.
pub fn stopping(status: &str) {
    let states = [NotifyState::Stopping, NotifyState::Status(status)];
    tell(&states, PATIENCE);
}

/// The service is alive: to be said at least once each [`watchdog`]. Waits for nobody: where there is no room for it, it
/// has been said already.
pub fn alive() {
    tell(&[NotifyState::Watchdog], Duration::ZERO);
}

/// How long the service may be silent before it is taken for dead; `None` when nobody watches.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|period| !period.is_zero())
}

fn tell(states: &[NotifyState<'_>], patience: Duration) {
    if let Some(place) = env::var_os("NOTIFY_SOCKET") {
        let text: String = states.iter().map(|state| format!("{state}\n")).collect();
        _ = send(&place, text.as_bytes(), patience);
    }
}

fn send(place: &OsStr, text: &[u8], patience: Duration) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    if patience.is_zero() {
        socket.set_nonblocking(true)?;
    } else {
        socket.set_write_timeout(Some(patience))?;
    }
    socket.send_to_addr(text, &address(place)?).map(drop)
}

/// A file, or behind an `@` a name that stands for none.
fn address(place: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        if let Some(name) = place.as_bytes().strip_prefix(b"@") {
            return SocketAddr::from_abstract_name(name);
        }
    }
    SocketAddr::from_pathname(place)
}
