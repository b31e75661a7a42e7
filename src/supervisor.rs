//! What the service manager is told of the process, where there is one that listens (systemd, by `NOTIFY_SOCKET`).
//!
//! Knows the words of that protocol, and nothing of the hub. Without a listener nothing is said. One that does not
//! take it gives the service up by itself, and nothing here could do more about that.

use std::time::Duration;

use sd_notify::NotifyState;

/// The service has started.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The service reads its configuration again, until it is [`ready`].
pub fn reloading() {
    let mut states = vec![NotifyState::Reloading];
    // Asked for since systemd 253, to tell this reload from one that was asked for later.
    states.extend(NotifyState::monotonic_usec_now());
    tell(&states);
}

/// The service ends.
pub fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

/// The service is alive: to be said at least once each [`watchdog`].
pub fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// How long the service may be silent before it is taken for dead; `None` when nobody watches.
#[must_use]
pub fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|period| !period.is_zero())
}

fn tell(states: &[NotifyState<'_>]) {
    _ = sd_notify::notify(states);
}
