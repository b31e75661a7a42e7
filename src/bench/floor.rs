//! The floor: the least that any server could do to send these records to these viewers, as a yardstick.
//!
//! It runs as a process of its own, so that descriptors and CPU time are its own and are measured as a hub's are.
//! This is the parent's side.

mod control;
mod handshake;
mod records;
mod sender;
mod server;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{BenchError, FloorCounts};
use crate::protocol::Rate;

pub use server::serve;

/// What the floor is to send.
#[derive(Debug, Clone)]
pub struct FloorPlan {
    /// Records per second.
    pub rate: Rate,
    /// The file of the records; without one each is its index, `{"i":0}`.
    pub dataset: Option<PathBuf>,
    /// The core on which it stays.
    pub cpu: Option<usize>,
}

/// A floor that runs; it ends with its owner.
#[derive(Debug)]
pub struct Floor {
    child: Child,
    out: BufReader<ChildStdout>,
    port: u16,
}

impl Floor {
    /// Starts `program` with `arguments`, which must come to [`serve`], and waits until it listens.
    ///
    /// # Errors
    /// It does not start; it has said why on standard error.
    pub fn start(mut program: Command) -> Result<Self, BenchError> {
        let failed = |error: std::io::Error| BenchError::Floor(error.to_string());
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let out = child.stdout.take().expect("it was asked for");
        let mut out = BufReader::new(out);
        let mut line = String::new();
        out.read_line(&mut line).map_err(failed)?;
        let Ok(port) = line.trim().parse() else {
            _ = child.wait();
            return Err(BenchError::Floor("it ended before it listened".to_owned()));
        };
        Ok(Self { child, out, port })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it, and has its own account.
    ///
    /// # Errors
    /// It gives none.
    pub fn end(mut self) -> Result<FloorCounts, BenchError> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        let read = self.out.read_to_string(&mut text);
        _ = self.child.wait();
        let mut numbers = text.split_whitespace().map(str::parse);
        match (read, numbers.next(), numbers.next()) {
            (Ok(_), Some(Ok(dropped)), Some(Ok(closed))) => Ok(FloorCounts { dropped, closed }),
            _ => Err(BenchError::Floor("it ended without an account".to_owned())),
        }
    }
}

impl Drop for Floor {
    /// The end of its standard input is what it waits for; killed, it leaves even if it does not come to reading.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
