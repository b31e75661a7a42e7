//! The terminal at which a hub was started. When it is closed, that sends SIGHUP as well, and means the end by it.

use std::io::{IsTerminal, stderr, stdin};
use std::time::Duration;

use tokio::time::Instant;

/// How a terminal was when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminal {
    /// There never was one.
    None,
    /// The hub is at it.
    There,
    /// It is gone, and this is since when that is known.
    Gone(Instant),
}

impl Terminal {
    const LOOK_EVERY: Duration = Duration::from_secs(1);
    /// How long its being closed can take to come as a signal. Later ones are of somebody who wants a reload of a hub that
    /// was left to run when the terminal was closed.
    const SIGNAL_WITHIN: Duration = Duration::from_secs(5);

    pub(super) fn look() -> Self {
        if is_there() { Self::There } else { Self::None }
    }

    /// Waits until it is to be looked at again, for ever when that does not matter any more.
    pub(super) async fn until_next_look(&self) {
        if *self == Self::There {
            tokio::time::sleep(Self::LOOK_EVERY).await;
        } else {
            std::future::pending::<()>().await;
        }
    }

    pub(super) fn look_again(&mut self) {
        self.see(is_there(), Instant::now());
    }

    /// Whether a SIGHUP that has come is of its being closed.
    pub(super) fn was_closed(&mut self) -> bool {
        let now = Instant::now();
        self.see(is_there(), now);
        self.was_just_closed(now)
    }

    fn see(&mut self, is_there: bool, now: Instant) {
        if *self == Self::There && !is_there {
            *self = Self::Gone(now);
        }
    }

    fn was_just_closed(self, now: Instant) -> bool {
        matches!(self, Self::Gone(since) if now.duration_since(since) < Self::SIGNAL_WITHIN)
    }
}

fn is_there() -> bool {
    stdin().is_terminal() || stderr().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_terminal_that_has_just_gone_was_closed() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut terminal = Terminal::There;
        terminal.see(true, after(100));
        assert!(!terminal.was_just_closed(after(100)));
        terminal.see(false, after(101));
        assert!(terminal.was_just_closed(after(101)));
        // The second signal comes from the shell.
        terminal.see(false, after(103));
        assert!(terminal.was_just_closed(after(103)));
        // Nobody ended the hub, which was to go on; this one is of an operator.
        terminal.see(false, after(3_600));
        assert!(!terminal.was_just_closed(after(3_600)));
    }

    #[test]
    fn without_a_terminal_none_was_closed() {
        let now = Instant::now();
        let mut terminal = Terminal::None;
        terminal.see(false, now);
        assert!(!terminal.was_just_closed(now));
    }
}
