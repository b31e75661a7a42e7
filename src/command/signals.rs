//! The signals that a running hub hears, and what they ask for.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::terminal::Terminal;
use crate::telemetry::Telemetry;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Read the configuration again.
    Reload,
    /// Drain and end.
    End,
}

/// The signals that do not mean the end. They wait from the beginning for whoever listens to them.
pub(super) struct Early {
    hangup: Signal,
    look_closer: Signal,
    terminal: Terminal,
}

impl Early {
    /// Must run within a runtime.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            look_closer: signal(SignalKind::user_defined1())?,
            terminal: Terminal::look(),
        })
    }
}

/// Cancels `token` on a signal that ends the hub, for work during which signals are not handled otherwise. Stops
/// listening when the returned handle is dropped.
pub(super) fn cancel_at_end(token: CancellationToken) -> io::Result<AbortOnDropHandle<()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let listening = tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(AbortOnDropHandle::new(listening))
}

/// All signals that the hub hears.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    look_closer: Signal,
    terminal: Terminal,
}

impl Signals {
    /// Must run within a runtime.
    pub(super) fn listen(early: Early) -> io::Result<Self> {
        Ok(Self {
            hangup: early.hangup,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            look_closer: early.look_closer,
            terminal: early.terminal,
        })
    }

    /// Waits for what somebody wishes of the hub; those who only want to see more of the log get that at once.
    pub(super) async fn next(&mut self, telemetry: &Telemetry) -> Wish {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    return if self.terminal.was_closed() { Wish::End } else { Wish::Reload };
                }
                _ = self.terminate.recv() => return Wish::End,
                _ = self.interrupt.recv() => return Wish::End,
                _ = self.look_closer.recv() => telemetry.level().switch(),
                () = self.terminal.until_next_look() => self.terminal.look_again(),
            }
        }
    }

    /// Waits for a signal that ends a hub that drains. SIGHUP is not one: when a terminal is closed, it comes
    /// twice, from the shell and from the system.
    pub(super) async fn end(&mut self, telemetry: &Telemetry) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {}
                _ = self.look_closer.recv() => telemetry.level().switch(),
            }
        }
    }

    /// What `work` comes to; `None` if the hub is to end before.
    pub(super) async fn unless_ended<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = work => Some(result),
            _ = self.terminate.recv() => None,
            _ = self.interrupt.recv() => None,
        }
    }
}
