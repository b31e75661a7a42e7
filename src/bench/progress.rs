//! `Progress`: one line a second on standard error, for whoever waits.

use std::fmt;
use std::io::{self, IsTerminal, Write};

/// Where the lines go.
#[derive(Debug)]
pub(super) struct Progress {
    /// A terminal's line is written over; a file gets one after another.
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Says where the run is.
    pub(super) fn say(&self, line: fmt::Arguments<'_>) {
        let mut out = io::stderr().lock();
        // Nobody is waiting when standard error is gone.
        _ = if self.is_terminal {
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{line}")
        };
    }
}

impl Drop for Progress {
    /// A terminal's line makes room for what is written next.
    fn drop(&mut self) {
        if self.is_terminal {
            _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
