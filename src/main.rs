//! The program: arguments in, exit code out.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use tickcast::cli::Cli;
use tickcast::command;

fn main() -> ExitCode {
    match command::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to be told when standard error is gone as well.
            _ = write!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}
