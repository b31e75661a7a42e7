//! `LogOutput`: writes whole lines to standard error, and counts those that it does not accept.

use std::io::{self, Stderr, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, major, minor};

use crate::metrics::Counter;

/// Writes log lines, each passed in one piece. It never fails: a line that cannot be written is counted.
#[derive(Debug)]
pub(super) struct LogOutput<W = Stderr> {
    writer: W,
    unwritten: Arc<Counter>,
    /// Standard error was closed when the process started, so every line counts as unwritten.
    is_closed: bool,
    /// The last line was written only in part; the next one has to start with a line break.
    ends_mid_line: bool,
}

impl LogOutput {
    pub(super) fn stderr() -> Self {
        let stderr = io::stderr();
        let is_closed = is_closed(&stderr);
        Self::new(stderr, is_closed)
    }
}

impl<W: Write> LogOutput<W> {
    fn new(to: W, is_closed: bool) -> Self {
        Self {
            writer: to,
            unwritten: Arc::default(),
            is_closed,
            ends_mid_line: false,
        }
    }

    /// Counts the lines that were not written.
    pub(super) fn unwritten(&self) -> Arc<Counter> {
        Arc::clone(&self.unwritten)
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.ends_mid_line {
            self.writer.write_all(b"\n")?;
            self.ends_mid_line = false;
        }
        let mut left = line;
        while !left.is_empty() {
            match self.writer.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    left = &left[taken..];
                    self.ends_mid_line = !left.is_empty();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl<W: Write> Write for LogOutput<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_all(line)?;
        Ok(line.len())
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        // Written even if closed: the null device is in its place, which costs nothing.
        if self.write_line(line).is_err() || self.is_closed {
            self.unwritten.add(1);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        // There is no buffer.
        Ok(())
    }
}

/// Whether standard error was closed when the process started. Rust then opens the null device in its place, for
/// reading and writing; a shell that redirects a log to the null device opens it only for writing.
fn is_closed(stderr: &impl AsFd) -> bool {
    let is_null = fstat(stderr).is_ok_and(|stat| {
        let (major, minor) = (major(stat.st_rdev), minor(stat.st_rdev));
        FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && (major, minor) == NULL
    });
    is_null && fcntl_getfl(stderr).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

/// The device number of the null device on Linux.
const NULL: (u32, u32) = (1, 3);

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts `room` bytes, then fails.
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
    fn a_line_that_is_written_only_in_part_is_counted_and_does_not_damage_the_next() {
        let disk = Disk {
            room: 8,
            taken: Vec::new(),
        };
        let mut output = LogOutput::new(disk, false);
        let unwritten = output.unwritten();
        for line in ["first\n", "second\n", "third\n"] {
            output.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(unwritten.total(), 2);
        output.writer.room = 100;
        output.write_all(b"fourth\n").unwrap();
        assert_eq!(unwritten.total(), 2);
        let taken = String::from_utf8(output.writer.taken).unwrap();
        assert_eq!(taken, "first\nse\nfourth\n");
    }

    #[test]
    fn lines_to_a_closed_output_are_counted() {
        let mut output = LogOutput::new(io::sink(), true);
        output.write_all(b"line\n").unwrap();
        assert_eq!(output.unwritten().total(), 1);
    }
}
