//! What a new user meets first: the program without arguments, its help, and its installation.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::super::support::hub::{program, root};
use super::super::support::terminal::run_at_a_terminal;
use super::super::support::{Hub, Project, RawClient, lacks, tool};
use super::run;

/// The program without arguments in an empty folder.
fn bare(folder: &TempDir) -> Output {
    program().current_dir(folder.path()).output().unwrap()
}

#[test]
fn without_arguments_and_configuration_five_lines_say_what_can_be_done() {
    let folder = tempfile::tempdir().unwrap();
    let output = bare(&folder);
    assert_eq!((output.status.code(), output.stdout), (Some(2), Vec::new()));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 5, "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
    if lacks(&["script"]) {
        return;
    }
    let mut command = program();
    command.current_dir(folder.path());
    let shown = run_at_a_terminal(&command, "").wait_with_output().unwrap();
    assert_eq!(shown.status.code(), Some(2));
    let shown = String::from_utf8(shown.stdout).unwrap().replace('\r', "");
    assert_eq!(shown, text);
}

#[test]
fn the_five_lines_can_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.csv"), "value\n1\n").unwrap();
    let text = String::from_utf8(bare(&folder).stderr).unwrap();
    let line = |label: &str| {
        let (_, line) = text.split_once(label).unwrap();
        let line = line.lines().next().unwrap();
        line.split('#').next().unwrap().trim().to_owned()
    };
    let run = |line: &str| {
        let mut command = program();
        let arguments = line.strip_prefix("tickcast").unwrap().split_whitespace();
        command.args(arguments).current_dir(folder.path());
        command.env("XDG_STATE_HOME", folder.path());
        command
    };
    for label in ["look at it:", "read on:"] {
        let output = run(&line(label)).output().unwrap();
        assert!(output.status.success(), "{label} {output:?}");
    }
    let keep = line("keep it:");
    let (save, saved) = keep.split_once(", and from then on ").unwrap();
    for line in [&*line("play a file:"), save, saved] {
        let mut command = run(line);
        command.args(["--port", "0", "--ops-port", "0"]);
        let hub = Hub::spawn(command, Project::raw(""));
        let topic = RawClient::get(hub.public(), "/api/v1/topics/data").json();
        assert_eq!(topic["rate"], 10.0, "{topic}");
        hub.stop();
    }
}

#[test]
fn a_configuration_in_sight_is_used_without_arguments() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("config")).unwrap();
    fs::write(folder.path().join("config/tickcast.toml"), "port = 1\n").unwrap();
    let error = String::from_utf8(bare(&folder).stderr).unwrap();
    assert!(error.contains("config/tickcast.toml:1:1"), "{error}");
    let elsewhere = tempfile::tempdir().unwrap();
    let output = program()
        .env(
            "TICKCAST_CONFIG",
            folder.path().join("config/tickcast.toml"),
        )
        .current_dir(elsewhere.path())
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("config/tickcast.toml:1:1"), "{error}");
}

#[test]
fn the_help_of_a_command_has_the_options_that_it_uses_and_an_example() {
    let hub = "--config --host --port --ops-port --log-format --log-level";
    for (command, options) in [
        ("", hub),
        ("serve", hub),
        (
            "play data.csv",
            "--host --port --ops-port --log-format --log-level",
        ),
        ("check", hub),
        ("config", hub),
        ("health", "--config --host --port --ops-port"),
        ("watch", "--config --host --port"),
        ("bench", "--config"),
        ("completions bash", ""),
        ("man", ""),
    ] {
        let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let (code, help, _) = run(&arguments);
        assert_eq!(code, Some(0));
        assert!(help.contains("Example: `tickcast "), "{command}: {help}");
        for option in hub.split(' ') {
            let is_shown = help.contains(&format!("      {option} <"));
            let is_used = options.split(' ').any(|used| used == option);
            assert_eq!(is_shown, is_used, "{option} of `{command}`: {help}");
            // And it is refused where it is not used, before the name of the command and after it.
            let words: Vec<_> = command.split_whitespace().collect();
            let around = [
                [&[option, "1"], &words[..]].concat(),
                [&words[..], &[option, "1"]].concat(),
            ];
            for arguments in around.iter().filter(|_| !is_used) {
                let (code, _, error) = run(arguments);
                assert_eq!(code, Some(2), "{arguments:?}");
                assert!(error.contains(option), "{arguments:?}: {error}");
            }
        }
    }
}

#[test]
fn options_before_and_after_the_name_of_a_command_are_the_same() {
    let project = Project::raw("[topics.demo]\ndataset = \"data.json\"\nrate = 1\n");
    for arguments in [
        &["--ops-port", "3", "config"][..],
        &["config", "--ops-port", "3"],
        &["--ops-port", "4", "config", "--ops-port", "3"],
    ] {
        let output = String::from_utf8(project.run(arguments).stdout).unwrap();
        let line = output
            .lines()
            .find(|line| line.starts_with("ops.port = 3 "));
        assert!(
            line.is_some_and(|line| line.ends_with("# --ops-port")),
            "{output}"
        );
    }
}

#[test]
fn make_install_puts_the_program_on_the_path() {
    if lacks(&["make"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("target/release");
    fs::create_dir_all(&release).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_tickcast"), release.join("tickcast")).unwrap();
    let prefix = folder.path().join("home/.local");
    let install = |path: &str| {
        // The program was built for this test; `make build` builds another one.
        let output = tool("make")
            .args(["-o", "build", "install"])
            .arg(format!("PREFIX={}", prefix.display()))
            .env("CARGO_TARGET_DIR", folder.path().join("target"))
            .env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()))
            .env_remove("MAKEFLAGS")
            .current_dir(root())
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "{text}");
        text
    };
    let text = install("/nonexistent");
    let bin = prefix.join("bin").display().to_string();
    assert!(
        text.contains(&format!("{bin} is not on the PATH")),
        "{text}"
    );
    let installed = Command::new(prefix.join("bin/tickcast"))
        .arg("--version")
        .output();
    assert!(installed.unwrap().stdout.starts_with(b"tickcast "));
    let text = install(&bin);
    assert!(!text.contains("PATH"), "{text}");
}

#[test]
fn a_build_without_the_page_says_how_to_build_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("build");
    let compiled = Command::new("rustc")
        .args(["--edition", "2024", "-o"])
        .arg(&script)
        .arg(root().join("build.rs"))
        .status();
    assert!(compiled.unwrap().success());
    let built = |manifest: &std::path::Path| {
        let output = Command::new(&script)
            .env("CARGO_MANIFEST_DIR", manifest)
            .output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    let text = built(folder.path());
    let warning = text.lines().find(|line| line.starts_with("cargo:warning="));
    let warning = warning.unwrap_or_else(|| panic!("{text}"));
    assert!(
        warning.contains("`make page`") && warning.contains("`make install`"),
        "{warning}"
    );
    let page = folder.path().join("web/dist");
    fs::create_dir_all(&page).unwrap();
    fs::write(page.join("index.html"), "").unwrap();
    let text = built(folder.path());
    assert!(!text.contains("cargo:warning="), "{text}");
    assert!(
        text.contains(&format!("TICKCAST_PAGE={}", page.display())),
        "{text}"
    );
}
