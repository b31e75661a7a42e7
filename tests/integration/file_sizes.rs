//! The length of files: none is so long that it has two ideas, and a short one has a reason not to be part of another.

use std::fs;

use super::vocabulary::{files, short};

/// The most lines of a file.
const LINES_MAX: usize = 400;

/// A file of the hub or the page with fewer lines is listed in [`SMALL_FILES`].
const LINES_MIN: usize = 50;

/// The files with fewer than [`LINES_MIN`] lines, with the reason that each is not part of the file that uses it.
const SMALL_FILES: &[(&str, &str)] = &[
    (
        "src/bench/bench_options.rs",
        "plain data that the command line fills and all of the load generator reads",
    ),
    (
        "src/bench/progress_line.rs",
        "what is shown during a run, which the run itself does not format",
    ),
    (
        "src/command/config_source.rs",
        "the start and a reload share it",
    ),
    (
        "src/fanout/viewer_log.rs",
        "what two events say, apart from the table on the path of every flush",
    ),
    (
        "src/hub/client_network.rs",
        "a key with its own rule, shared by the limits and by the history",
    ),
    (
        "src/hub/presence_guard.rs",
        "topics know nothing of it, and the lanes hold it",
    ),
    (
        "src/main.rs",
        "it only reads arguments, runs a command, and returns an exit code",
    ),
    (
        "src/protocol.rs",
        "a facade: it only declares and re-exports its files",
    ),
    (
        "src/server/watchdog.rs",
        "it only notifies systemd; the progress that it looks at is also the standstill's",
    ),
    (
        "src/source/channel_description.rs",
        "the reader of recordings, its errors and the commands share it",
    ),
    (
        "src/source/dataset/record_sink.rs",
        "the seam between the readers of all formats and what keeps the records",
    ),
    (
        "src/source/dataset/without_formats.rs",
        "stands for another module in a program without it",
    ),
    (
        "src/source/work_budget.rs",
        "both passes over a dataset share it",
    ),
    (
        "src/telemetry/error_reason.rs",
        "the journal, the listeners and the topics share it",
    ),
    (
        "web/src/chart/seams.ts",
        "drawn behind the lines, and apart from the axes",
    ),
    (
        "web/src/client/backoff.ts",
        "connections and requests share it",
    ),
    (
        "web/src/client/emitter.ts",
        "a general tool, without knowledge of the client",
    ),
    (
        "web/src/client/index.ts",
        "a facade: the public names of the package",
    ),
    (
        "web/src/history_cache/history_response.ts",
        "the shape of one response, which the cache and its tests check",
    ),
    (
        "web/src/locale.ts",
        "everything that formats numbers and times shares it",
    ),
    (
        "web/src/player/newest_samples.ts",
        "only parts that are loaded on demand need it",
    ),
    (
        "web/src/player/replay_state.ts",
        "what the topics are, apart from what is drawn of them",
    ),
    (
        "web/src/time_navigator/aria.ts",
        "what the navigator says, which is tested alone",
    ),
    (
        "web/src/topic_buffer/axis_limits.ts",
        "chart and view use it without knowing how fields are read",
    ),
    (
        "web/src/view/deferred.ts",
        "the parts of the page and the view share it",
    ),
    (
        "web/src/view/keyboard.ts",
        "the only part of the view that listens to keys",
    ),
    (
        "web/src/view/option_problems.ts",
        "the page's address and the element's attributes share it",
    ),
    (
        "web/src/wall_clock.ts",
        "snapshots and subscriptions share it",
    ),
];

/// The path below the root and the number of lines of each file in `folders` with one of `extensions`.
fn lengths(folders: &[&str], extensions: &[&str]) -> Vec<(String, usize)> {
    let paths = folders.iter().flat_map(|folder| files(folder, extensions));
    paths
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (short(&path), text.lines().count())
        })
        .collect()
}

#[test]
fn no_file_is_long() {
    let folders = [
        "src",
        "web/src",
        "web/build",
        "tests",
        "benches",
        "examples",
        "deploy",
        ".ci",
    ];
    let lengths = lengths(&folders, &["rs", "ts", "mjs", "css", "py", "sh"]);
    assert!(lengths.len() > 400, "{} files were found", lengths.len());
    for (path, lines) in lengths {
        assert!(
            lines <= LINES_MAX,
            "{path} has {lines} lines, more than {LINES_MAX}: it has two ideas, so split it"
        );
    }
}

#[test]
fn every_small_file_has_a_reason() {
    for (path, lines) in lengths(&["src", "web/src"], &["rs", "ts"]) {
        let is_listed = SMALL_FILES.iter().any(|(listed, _)| *listed == path);
        assert!(
            lines >= LINES_MIN || is_listed,
            "{path} has only {lines} lines: merge it with the file that uses it, or give a reason in SMALL_FILES"
        );
    }
}

#[test]
fn every_file_with_a_reason_to_be_small_is_small() {
    let lengths = lengths(&["src", "web/src"], &["rs", "ts"]);
    for (path, reason) in SMALL_FILES {
        let found = lengths.iter().find(|(other, _)| other == path);
        let lines = found.map_or(LINES_MAX, |(_, lines)| *lines);
        assert!(
            lines < LINES_MIN,
            "{path} no longer exists or is no longer small; remove its row from SMALL_FILES"
        );
        assert!(reason.len() > 10, "{path} has no reason");
    }
    assert!(
        SMALL_FILES.is_sorted_by(|(one, _), (next, _)| one < next),
        "SMALL_FILES is not in alphabetical order, or has a path twice"
    );
}
