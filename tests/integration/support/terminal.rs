//! A pseudo-terminal in which the hub runs, so that tests see what a person sees, and how the hub behaves when it is closed.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::{Project, tool};

/// Runs the hub of `project` in a pseudo-terminal that lasts as long as the returned process. `more` follows the program's
/// name in the shell: arguments and redirections. The test must have checked for `script`.
///
/// The standard output of that process is what the terminal shows.
pub(crate) fn at_a_terminal(project: &Project, more: &str) -> Child {
    let config = project.path("tickcast.toml");
    let more = format!("--config {} {more}", config.display());
    run_at_a_terminal(&project.command(&[]), &more)
}

/// The same for `program`, of which the name and the environment count, not the arguments.
pub(crate) fn run_at_a_terminal(program: &Command, more: &str) -> Child {
    let line = format!("exec {} {more}", program.get_program().display());
    let mut script = tool("script");
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => script.env(name, value),
            None => script.env_remove(name),
        };
    }
    if let Some(folder) = program.get_current_dir() {
        script.current_dir(folder);
    }
    // `script` copies the terminal's output to its standard output, and passes on the exit code.
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    let script = script.stdin(Stdio::null()).stdout(Stdio::piped());
    script.spawn().unwrap()
}

/// The process id of the program that runs in the terminal of `script`.
pub(crate) fn program_at(script: &Child) -> String {
    let pid = script.id();
    let children = format!("/proc/{pid}/task/{pid}/children");
    fs::read_to_string(children).unwrap().trim().to_owned()
}
