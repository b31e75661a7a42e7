//! The terminal in which a hub was started. Closing it sends SIGHUP too, which then means shutdown, not reload.

use std::io::{IsTerminal, stderr, stdin};
use std::time::Duration;

use tokio::time::Instant;

/// The state of the terminal at the last poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminal {
    /// The hub was started without one.
    Absent,
    /// It is open.
    Attached,
    /// It was closed; this is when that was noticed.
    Closed(Instant),
}

impl Terminal {
    const POLL_INTERVAL: Duration = Duration::from_secs(1);
    /// How long after closing the terminal its SIGHUP can arrive. A later one asks for a reload of a hub that was left
    /// running in the background.
    const HANGUP_WITHIN: Duration = Duration::from_secs(5);

    pub(super) fn detect() -> Self {
        if has_terminal() {
            Self::Attached
        } else {
            Self::Absent
        }
    }

    /// Waits until the next poll; forever if the terminal cannot be closed any more.
    pub(super) async fn wait_for_poll(&self) {
        if *self == Self::Attached {
            tokio::time::sleep(Self::POLL_INTERVAL).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn poll(&mut self) {
        self.observe(has_terminal(), Instant::now());
    }

    /// Whether a SIGHUP that arrives now comes from closing the terminal.
    pub(super) fn was_closed(&mut self) -> bool {
        let now = Instant::now();
        self.observe(has_terminal(), now);
        self.was_just_closed(now)
    }

    fn observe(&mut self, is_open: bool, now: Instant) {
        if *self == Self::Attached && !is_open {
            *self = Self::Closed(now);
        }
    }

    fn was_just_closed(self, now: Instant) -> bool {
        matches!(self, Self::Closed(since) if now.duration_since(since) < Self::HANGUP_WITHIN)
    }
}

fn has_terminal() -> bool {
    stdin().is_terminal() || stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangup_means_closed_only_shortly_after_the_terminal_was_closed() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut terminal = Terminal::Attached;
        terminal.observe(true, after(100));
        assert!(!terminal.was_just_closed(after(100)));
        terminal.observe(false, after(101));
        assert!(terminal.was_just_closed(after(101)));
        // The shell sends a second signal.
        terminal.observe(false, after(103));
        assert!(terminal.was_just_closed(after(103)));
        // The hub was left running; an hour later an operator asks for a reload.
        terminal.observe(false, after(3_600));
        assert!(!terminal.was_just_closed(after(3_600)));
    }

    #[test]
    fn hangup_without_a_terminal_never_means_closed() {
        let now = Instant::now();
        let mut terminal = Terminal::Absent;
        terminal.observe(false, now);
        assert!(!terminal.was_just_closed(now));
    }
}
