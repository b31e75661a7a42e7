//! `Output`: standard error as the log has it: whole lines, and a count of those that it did not take.

use std::io::{self, Stderr, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, major, minor};

use crate::metrics::Counter;

/// A place for lines, each of which comes in one piece. It never fails: a line that is not taken is counted.
#[derive(Debug)]
pub(super) struct Output<W = Stderr> {
    to: W,
    unwritten: Arc<Counter>,
    /// Nobody reads what is written.
    is_closed: bool,
    /// A line ended before its end. The next one begins on a line of its own.
    is_torn: bool,
}

impl Output {
    pub(super) fn stderr() -> Self {
        let stderr = io::stderr();
        let is_closed = is_closed(&stderr);
        Self::new(stderr, is_closed)
    }
}

impl<W: Write> Output<W> {
    fn new(to: W, is_closed: bool) -> Self {
        Self {
            to,
            unwritten: Arc::default(),
            is_closed,
            is_torn: false,
        }
    }

    /// Counts the lines that were not taken.
    pub(super) fn unwritten(&self) -> Arc<Counter> {
        Arc::clone(&self.unwritten)
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.to.write_all(b"\n")?;
            self.is_torn = false;
        }
        let mut left = line;
        while !left.is_empty() {
            match self.to.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    left = &left[taken..];
                    self.is_torn = !left.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_all(line)?;
        Ok(line.len())
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        // Closed or not: what a null device takes costs nothing.
        if self.write_line(line).is_err() || self.is_closed {
            self.unwritten.add(1);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        // It has no buffer.
        Ok(())
    }
}

/// Whether standard error was closed when the process began. Rust has then opened the null device in its place, for
/// reading as well as for writing: whoever sends a log to the null device on purpose opens it for writing alone.
fn is_closed(stderr: &impl AsFd) -> bool {
    let is_null = fstat(stderr).is_ok_and(|stat| {
        let (major, minor) = (major(stat.st_rdev), minor(stat.st_rdev));
        FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && (major, minor) == NULL
    });
    is_null && fcntl_getfl(stderr).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

/// The number of the null device on Linux.
const NULL: (u32, u32) = (1, 3);

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, then none until it is given room again.
    struct Disk {
        room: usize,
        taken: Vec<u8>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes.len().min(self.room);
            self.room -= len;
            self.taken.extend_from_slice(&bytes[..len]);
            if len == 0 {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(len)
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_is_not_taken_whole_is_counted_and_spoils_no_other() {
        let disk = Disk {
            room: 8,
            taken: Vec::new(),
        };
        let mut output = Output::new(disk, false);
        let unwritten = output.unwritten();
        for line in ["first\n", "second\n", "third\n"] {
            output.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(unwritten.total(), 2);
        output.to.room = 100;
        output.write_all(b"fourth\n").unwrap();
        assert_eq!(unwritten.total(), 2);
        let taken = String::from_utf8(output.to.taken).unwrap();
        assert_eq!(taken, "first\nse\nfourth\n");
    }

    #[test]
    fn what_goes_to_a_closed_place_is_counted() {
        let mut output = Output::new(io::sink(), true);
        output.write_all(b"line\n").unwrap();
        assert_eq!(output.unwritten().total(), 1);
    }
}
