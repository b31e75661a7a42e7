//! What a person sees who starts a hub at a terminal: a banner, and then only what matters.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use super::super::support::hub::program;
use super::super::support::terminal::{at_a_terminal, program_at, run_at_a_terminal};
use super::super::support::{Project, RawClient, kill, lacks};

/// A terminal in which a hub runs.
struct Terminal {
    /// Keeps the folder for as long as the hub runs.
    _project: Project,
    script: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Terminal {
    /// Starts a hub with statistics ten times a second; `more` are arguments.
    fn start(more: &str) -> Self {
        let project = project();
        let mut script = at_a_terminal(&project, more);
        let lines = BufReader::new(script.stdout.take().unwrap()).lines();
        Self {
            _project: project,
            script,
            lines,
        }
    }

    /// The lines up to the first one that contains `mark`.
    fn until(&mut self, mark: &str) -> Vec<String> {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            seen.push(line.unwrap().trim_end().to_owned());
            if seen[seen.len() - 1].contains(mark) {
                return seen;
            }
        }
        panic!("the hub has ended: {seen:#?}")
    }

    fn signal(&self, signal: &str) {
        assert!(kill(&[signal, &program_at(&self.script)]));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // The test may have ended it already.
        _ = self.script.kill();
        _ = self.script.wait();
    }
}

fn project() -> Project {
    let topic = "[topics.demo]\ndataset = \"data.json\"\nrate = 200.0\n";
    let log = "[log]\nstats_every = \"100ms\"\n";
    Project::new("", "[1,2]").configure(&format!("{log}{topic}"))
}

/// Waits until the hub at `address` has logged statistics several times.
fn let_time_pass(address: &str) {
    let seq = || RawClient::get(address, "/api/v1/topics/demo").json()["seq"].as_u64();
    let begin = seq().unwrap();
    while seq().unwrap() < begin + 100 {
        std::thread::yield_now();
    }
}

#[test]
fn a_hub_at_a_terminal_shows_what_plays_and_how_to_open_share_and_stop_it() {
    if lacks(&["script"]) {
        return;
    }
    let mut terminal = Terminal::start("");
    let banner = terminal.until("Ctrl-C");
    assert_eq!(banner.len(), 4, "{banner:#?}");
    assert!(
        banner[0].ends_with(" plays demo (2 records, 200 per second)"),
        "{banner:#?}"
    );
    let (_, url) = banner[1].split_once("http://").unwrap();
    let address = url.trim_end_matches('/').to_owned();
    assert_eq!(RawClient::get(&address, "/healthz").status, 200);
    assert!(banner[2].contains("--host 0.0.0.0"), "{banner:#?}");
    terminal.signal("-INT");
    let rest = terminal.until(" stop: stopped");
    assert!(rest[0].contains(" INFO  drain: draining"), "{rest:#?}");
}

#[test]
fn statistics_are_shown_at_a_terminal_only_at_debug_and_without_zeros() {
    if lacks(&["script"]) {
        return;
    }
    let mut terminal = Terminal::start("");
    let banner = terminal.until("Ctrl-C");
    let (_, url) = banner[1].split_once("http://").unwrap();
    let address = url.trim_end_matches('/').to_owned();
    let_time_pass(&address);
    terminal.signal("-USR1");
    let quiet = terminal.until("log.level");
    assert_eq!(quiet.len(), 1, "{quiet:#?}");
    let statistics = terminal.until("hub.stats").pop().unwrap();
    assert!(statistics.contains(" topic=\"demo\" "), "{statistics}");
    assert!(statistics.contains(" published_total="), "{statistics}");
    assert!(!statistics.contains("left_total"), "{statistics}");
}

#[test]
fn a_hub_that_lets_others_in_shows_where_they_reach_it() {
    if lacks(&["script"]) {
        return;
    }
    let mut terminal = Terminal::start("--host 0.0.0.0");
    let lines = terminal.until("Ctrl-C");
    assert!(lines[0].contains("WARN  listening.plain"), "{lines:#?}");
    let [.., open, others, _] = &lines[..] else {
        panic!("{lines:#?}")
    };
    assert!(open.contains("http://127.0.0.1:"), "{open}");
    assert!(
        others.contains("http://") && !others.contains("0.0.0.0"),
        "{others}"
    );
}

#[test]
fn a_terminal_that_is_asked_for_json_or_for_warnings_has_no_banner() {
    if lacks(&["script"]) {
        return;
    }
    let mut terminal = Terminal::start("--log-format json");
    for line in terminal.until("hub.stats") {
        assert!(line.starts_with('{'), "{line}");
    }
    drop(terminal);
    let mut terminal = Terminal::start("--log-level warn --host 0.0.0.0");
    let first = terminal.until("listening").remove(0);
    assert!(first.contains("listening.plain"), "{first}");
    terminal.signal("-TERM");
    let rest: Vec<_> = terminal.lines.by_ref().map(Result::unwrap).collect();
    assert!(
        !rest.iter().any(|line| line.contains("Ctrl-C")),
        "{rest:#?}"
    );
}

#[test]
fn a_hub_without_a_terminal_logs_json_and_in_text_leaves_out_statistics() {
    let project = project();
    let mut child = project
        .command(&["--log-format", "text"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let listening = lines.find(|line| line.as_ref().unwrap().contains(" listening: "));
    let listening = listening.unwrap().unwrap();
    let (_, address) = listening.split_once("address=\"").unwrap();
    let_time_pass(address.split('"').next().unwrap());
    assert!(kill(&["-TERM", &child.id().to_string()]));
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    child.wait().unwrap();
    assert!(
        rest.iter().any(|line| line.contains(" stop: ")),
        "{rest:#?}"
    );
    assert!(!rest.iter().any(|line| line.contains("hub.")), "{rest:#?}");
}

#[test]
fn our_own_messages_are_one_line_each() {
    let project = Project::raw("[server]\nport = \"8000\"\n[topics.demo]\nrate = 1\n");
    let json = project.run(&[]);
    let log = String::from_utf8(json.stderr).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = event["message"].as_str().unwrap();
        assert!(
            message.contains("tickcast.toml:") && !message.contains('\n'),
            "{message}"
        );
    }
}

#[test]
fn control_characters_in_names_are_escaped_in_errors_and_in_what_check_prints() {
    const NAME: &str = "a\u{1b}[31m\r\u{9b}.toml";
    let project = Project::raw("[topics.demo]\ndataset = \"data.json\"\nrate = 1\n");
    fs::copy(project.path("tickcast.toml"), project.path(NAME)).unwrap();
    for (name, code) in [(NAME, 0), ("missing\u{1b}[31m\r\u{9b}.toml", 2)] {
        let mut command = program();
        let output = command.arg("check").arg("--config").arg(project.path(name));
        let output = output.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains("\\u{1b}[31m\\r\\u{9b}.toml"), "{text}");
        assert!(!text.contains(['\u{1b}', '\r', '\u{9b}']), "{text:?}");
    }
}

#[test]
fn a_mistake_is_shown_at_a_terminal_with_the_line_of_the_file() {
    if lacks(&["script"]) {
        return;
    }
    let project =
        Project::raw("[server]\nprot = 8000\n[topics.demo]\ndataset = \"data.json\"\nrate = 1\n");
    let mut script = run_at_a_terminal(
        &program(),
        &format!("--config {}", project.path("tickcast.toml").display()),
    );
    let lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let shown: Vec<_> = lines
        .map(|line| line.unwrap().trim_end().to_owned())
        .collect();
    assert_eq!(script.wait().unwrap().code(), Some(2), "{shown:#?}");
    assert!(shown[0].starts_with("error: "), "{shown:#?}");
    assert_eq!(shown[1..3], ["    prot = 8000", "    ^"], "{shown:#?}");
}
