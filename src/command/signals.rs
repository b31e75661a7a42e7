//! The signals that a running hub handles, and what each one asks for.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::terminal::Terminal;
use crate::telemetry::Telemetry;

/// What the hub does after a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalAction {
    /// Reload the configuration.
    Reload,
    /// Drain and exit.
    Shutdown,
}

/// The signals that would kill the process by default but do not mean a shutdown. Those that arrive while the hub
/// starts stay pending.
pub(super) struct EarlySignals {
    hangup: Signal,
    user1: Signal,
    terminal: Terminal,
}

impl EarlySignals {
    /// Starts to listen. Must be called within a runtime.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            terminal: Terminal::detect(),
        })
    }
}

/// Cancels `token` on SIGTERM or SIGINT, for work during which signals are not handled otherwise. Stops listening when
/// the returned handle is dropped.
pub(super) fn cancel_on_shutdown(token: CancellationToken) -> io::Result<AbortOnDropHandle<()>> {
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

/// All signals that the hub handles.
pub(super) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
    user1: Signal,
    terminal: Terminal,
}

impl Signals {
    /// Starts to listen for the remaining signals. Must be called within a runtime.
    pub(super) fn listen(early: EarlySignals) -> io::Result<Self> {
        Ok(Self {
            hangup: early.hangup,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            user1: early.user1,
            terminal: early.terminal,
        })
    }

    /// Waits for a signal that asks for a reload or a shutdown. SIGUSR1 is handled here: it switches the log level.
    pub(super) async fn next_action(&mut self, telemetry: &Telemetry) -> SignalAction {
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    return if self.terminal.was_closed() { SignalAction::Shutdown } else { SignalAction::Reload };
                }
                _ = self.terminate.recv() => return SignalAction::Shutdown,
                _ = self.interrupt.recv() => return SignalAction::Shutdown,
                _ = self.user1.recv() => telemetry.level_switch().toggle_debug(),
                () = self.terminal.wait_for_poll() => self.terminal.poll(),
            }
        }
    }

    /// Waits for a signal that aborts the drain. SIGHUP is ignored, because it comes twice when a terminal is closed:
    /// from the shell and from the kernel.
    pub(super) async fn wait_for_shutdown(&mut self, telemetry: &Telemetry) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {}
                _ = self.user1.recv() => telemetry.level_switch().toggle_debug(),
            }
        }
    }

    /// Returns the result of `work`, or `None` if SIGTERM or SIGINT comes first.
    pub(super) async fn unless_shutdown<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            result = work => Some(result),
            _ = self.terminate.recv() => None,
            _ = self.interrupt.recv() => None,
        }
    }
}
