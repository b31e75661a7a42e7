//! The program: parses the arguments, runs the command, and maps its result to an exit code.

use std::io::Write;
use std::process::ExitCode;

use tickcast::cli::Cli;
use tickcast::command;
use tikv_jemallocator::Jemalloc;

// Returns memory to the system soon after a load peak, which the system's allocator does not; see Cargo.toml.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

fn main() -> ExitCode {
    match command::run(Cli::from_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Empty if the failure has been logged. Then the lock on standard error must not be taken: a log writer
            // that is blocked on a full pipe never releases it.
            let text = failure.to_string();
            if !text.is_empty() {
                // If standard error is closed as well, there is nowhere left to report to.
                _ = std::io::stderr().write_all(text.as_bytes());
            }
            ExitCode::from(failure.exit_code())
        }
    }
}
