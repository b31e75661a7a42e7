//! The commands and samples of the README and the pages in `docs/`, run as printed; only the hub's address is the test's.
//!
//! The samples for a browser are run in one, by the browser tests.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::support::hub::{program, root};
use super::support::{Hub, Project, RawClient, kill, lacks, skip, target_folder};

/// The most lines that the README may have.
const README_LINES: usize = 120;

fn read(page: &str) -> String {
    std::fs::read_to_string(root().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"))
}

/// The blocks of code in `page` that are marked `language`.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let (text, opening) = (read(page), format!("```{language}\n"));
    let after = text.split(&opening).skip(1);
    after
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// The first block of code in `page` that is marked `language`.
fn block(page: &str, language: &str) -> String {
    let first = blocks(page, language).into_iter().next();
    first.unwrap_or_else(|| panic!("no {language} in {page}"))
}

/// Runs `command` until it has printed three records, as they come.
fn expect_records(mut command: Command) {
    // A separate process group, so that a pipeline is ended as a whole.
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
    assert!(kill(&["-TERM", &format!("-{}", child.id())]));
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

/// The path of a tool of the samples, which `make test` installs; `None` if it is missing, and the test is skipped.
fn sample_tool(name: &str) -> Option<PathBuf> {
    let path = target_folder().join("tools/python/bin").join(name);
    if path.exists() {
        return Some(path);
    }
    skip(&format!("`{name}` of the samples is missing"));
    None
}

#[test]
fn the_line_for_curl_prints_records() {
    if lacks(&["curl"]) {
        return;
    }
    let hub = demo();
    expect_records(shell(&hub, &block("docs/clients.md", "curl")));
}

#[test]
fn the_lines_for_the_history_are_answered() {
    if lacks(&["curl"]) {
        return;
    }
    let hub = demo();
    for line in block("docs/history.md", "history").lines() {
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
    let Some(websocat) = sample_tool("websocat") else {
        return;
    };
    let hub = demo();
    expect_records(shell(
        &hub,
        &block("docs/clients.md", "websocat")
            .replace("websocat ", &format!("{} ", websocat.display())),
    ));
}

#[test]
fn the_lines_for_python_print_records() {
    let Some(python) = sample_tool("python") else {
        return;
    };
    let hub = demo();
    let mut python = Command::new(python);
    python
        .arg("-u")
        .arg("-c")
        .arg(block("docs/clients.md", "python").replace("127.0.0.1:8000", hub.public()));
    expect_records(python);
}

#[test]
fn the_minimal_configuration_of_the_docs_is_valid() {
    let toml = block("docs/operating.md", "toml");
    let project = Project::raw(&toml.replace("../measurements.json", "data.json"));
    assert!(project.run(&["check"]).status.success());
}

#[test]
fn the_lines_for_your_own_data_serve_it_to_other_machines() {
    let lines = blocks("README.md", "sh")
        .into_iter()
        .find(|lines| lines.contains("--host"))
        .expect("lines that serve other machines");
    let (prepare, serve) = lines.trim_end().rsplit_once('\n').unwrap();
    let project = Project::raw("");
    let folder = project.path("");
    let prepare = prepare.replace("target/release/tickcast", env!("CARGO_BIN_EXE_tickcast"));
    let output = Command::new("sh")
        .args(["-ec", &prepare])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let arguments = serve.strip_prefix("target/release/tickcast ").unwrap();
    let mut command = program();
    command
        .args(arguments.split_whitespace())
        .args(["--port", "0", "--ops-port", "0"])
        .current_dir(&folder);
    let hub = Hub::spawn(command, project);
    assert!(hub.public().starts_with("0.0.0.0:"), "{}", hub.public());
    let topic = RawClient::get(hub.public(), "/api/v1/topics/mine").json();
    assert_eq!(topic["name"], "mine", "{topic}");
    let saved = hub.project().path("mine.toml");
    assert!(saved.exists());
}

#[test]
fn the_readme_is_short_and_names_the_commands_to_run_and_to_test() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= README_LINES);
    let lines = block("README.md", "sh");
    for command in ["make run ", "make test "] {
        assert!(
            lines.lines().any(|line| line.starts_with(command)),
            "{command}"
        );
    }
}

#[test]
fn the_picture_is_there_and_light() {
    assert!(read("README.md").contains("(docs/page.png)"));
    assert!(
        std::fs::metadata(root().join("docs/page.png"))
            .unwrap()
            .len()
            <= 200_000
    );
}
