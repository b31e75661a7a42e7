//! External programs that the tests run.

use std::path::PathBuf;
use std::process::Command;

use super::hub::root;

/// A command for the program `name`: unpacked by tests/tools/install.sh, otherwise installed on the machine.
pub(crate) fn tool(name: &str) -> Command {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let unpacked = target.join("tools/debian/bin").join(name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian installs daemons in a folder that is not on a user's PATH.
    let of_machine = std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name));
    let found = [unpacked]
        .into_iter()
        .chain(of_machine)
        .find(|file| file.exists());
    Command::new(found.unwrap_or_else(|| panic!("`{name}` is missing; run tests/tools/install.sh")))
}
