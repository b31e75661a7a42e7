//! External programs that the tests run. A test whose program is missing is skipped on a developer's machine and fails in
//! continuous integration.
//!
//! A runner reports a skipped test as passed and may hide its output, so the reason is also written to a file, from which
//! `tests/tools/run.sh` lists all skipped tests at the end.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use super::hub::root;

/// The variable with the path of the file to which skipped tests are appended; set by `tests/tools/run.sh`.
const SKIPPED_TESTS: &str = "SKIPPED_TESTS";

/// Whether one of `programs` is missing. The test then has to return: it has been reported as skipped.
#[must_use]
pub(crate) fn lacks(programs: &[&str]) -> bool {
    let missing = programs.iter().find(|name| find(name).is_none());
    if let Some(name) = missing {
        skip(&format!("`{name}` is missing"));
    }
    missing.is_some()
}

/// A command for the program `name`, which the test must have checked with [`lacks`].
pub(crate) fn tool(name: &str) -> Command {
    Command::new(find(name).unwrap_or_else(|| panic!("the test does not check for `{name}`")))
}

/// Reports that the running test is skipped; in continuous integration the test fails instead.
///
/// The message goes to standard error directly, because `cargo test` hides what a passing test prints with macros.
pub(crate) fn skip(reason: &str) {
    let is_integration = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(
        !is_integration,
        "{reason}; `make test` installs what the tests need"
    );
    let current = thread::current();
    let test = current.name().unwrap_or("a test");
    _ = writeln!(std::io::stderr(), "skipped {test}: {reason}");
    if let Some(path) = std::env::var_os(SKIPPED_TESTS) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        // In one piece: tests in other processes write to the same file.
        file.write_all(format!("{reason}\t{test}\n").as_bytes())
            .unwrap();
    }
}

/// Runs `kill` with `arguments`; returns whether it succeeded. That of the shell: not every machine has the program.
#[must_use]
pub(crate) fn kill(arguments: &[&str]) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", "kill \"$@\"", "kill"]).args(arguments);
    shell.status().unwrap().success()
}

/// The target folder, into which `tests/tools/install.sh` puts tools.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The path of the program `name`: unpacked by `tests/tools/install.sh`, otherwise installed on the machine.
fn find(name: &str) -> Option<PathBuf> {
    let unpacked = target_folder().join("tools/debian/bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian installs daemons in a folder that is not on a user's PATH.
    let of_machine = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name));
    [unpacked]
        .into_iter()
        .chain(of_machine)
        .find(|file| file.exists())
}
