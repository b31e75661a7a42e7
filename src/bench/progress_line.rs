//! [`ProgressLine`]: one line of progress a second on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};

/// Prints progress to standard error.
#[derive(Debug)]
pub(super) struct ProgressLine {
    /// On a terminal each line overwrites the previous one.
    is_terminal: bool,
}

impl ProgressLine {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// Prints one line of progress.
    pub(super) fn print(&self, line: fmt::Arguments<'_>) {
        let mut out = io::stderr().lock();
        // Errors are ignored: without standard error there is no one to inform.
        _ = if self.is_terminal {
            write!(out, "\r\x1b[K{line}").and_then(|()| out.flush())
        } else {
            writeln!(out, "{line}")
        };
    }
}

impl Drop for ProgressLine {
    /// Clears the line on a terminal.
    fn drop(&mut self) {
        if self.is_terminal {
            _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
