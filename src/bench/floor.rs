//! The floor: a minimal server that sends the same frames to the same viewers, as a lower bound for the cost of a hub.
//!
//! It runs in a separate process, so that its descriptors and CPU time can be measured like those of a hub. This file
//! is the parent's side.

mod floor_process;
mod floor_records;
mod handshake;
mod sender;
mod v1_session;

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{BenchError, FloorCounts};
use crate::protocol::Rate;

pub use floor_process::serve;

/// Options of the floor.
#[derive(Debug, Clone)]
pub struct FloorOptions {
    /// Records per second.
    pub rate: Rate,
    /// The dataset file; without one, each record contains its index, as in `{"i":0}`.
    pub dataset: Option<PathBuf>,
    /// The core to pin the floor to.
    pub cpu: Option<usize>,
}

/// A running floor; dropping it ends the process.
#[derive(Debug)]
pub struct Floor {
    child: Child,
    out: BufReader<ChildStdout>,
    port: u16,
}

impl Floor {
    /// Starts `program`, which must call [`serve`], and waits until it listens.
    ///
    /// # Errors
    /// Fails if the process does not start or exits early; it prints the reason on standard error.
    pub fn start(mut program: Command) -> Result<Self, BenchError> {
        let failed = |error: std::io::Error| BenchError::Floor(error.to_string());
        let mut child = program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let out = child.stdout.take().expect("stdout is piped");
        let mut out = BufReader::new(out);
        let mut line = String::new();
        out.read_line(&mut line).map_err(failed)?;
        let Ok(port) = line.trim().parse() else {
            _ = child.wait();
            return Err(BenchError::Floor("it exited before listening".to_owned()));
        };
        Ok(Self { child, out, port })
    }

    /// The URL for viewers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/ws", self.port)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops the floor and returns its counts.
    ///
    /// # Errors
    /// Fails if the process exits without printing them.
    pub fn stop(mut self) -> Result<FloorCounts, BenchError> {
        drop(self.child.stdin.take());
        let mut text = String::new();
        let read = self.out.read_to_string(&mut text);
        _ = self.child.wait();
        let mut numbers = text.split_whitespace().map(str::parse);
        match (read, numbers.next(), numbers.next()) {
            (Ok(_), Some(Ok(dropped)), Some(Ok(closed))) => Ok(FloorCounts { dropped, closed }),
            _ => Err(BenchError::Floor(
                "it exited without printing its counts".to_owned(),
            )),
        }
    }
}

impl Drop for Floor {
    /// Closes standard input, at which the floor exits, and kills it in case it does not read.
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
