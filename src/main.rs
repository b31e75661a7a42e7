//! The program: arguments in, exit code out.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tickcast::cli::Cli;
use tickcast::command;
use tikv_jemallocator::Jemalloc;

// See Cargo.toml for why it is not the system's.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What was told in the log already is nothing, and takes no lock: who writes to a log that nobody takes never
            // gives it back.
            let text = failure.to_string();
            if !text.is_empty() {
                // Nobody is left to be told when standard error is gone as well.
                _ = std::io::stderr().write_all(text.as_bytes());
            }
            ExitCode::from(failure.exit_code())
        }
    }
}
