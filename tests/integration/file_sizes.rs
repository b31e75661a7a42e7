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
        "src/bench/floor/floor_records.rs",
        "the floor's sender and its session share it",
    ),
    (
        "src/bench/progress_line.rs",
        "what is shown during a run, which the run itself does not format",
    ),
    (
        "src/command/start_failure.rs",
        "where a failure is reported before and after the log has started",
    ),
    (
        "src/fanout/lane/backfill.rs",
        "one of the three turns of a lane, beside timers and draining",
    ),
    (
        "src/fanout/lane_context.rs",
        "lane and viewer share it, and the lane imports the viewer",
    ),
    (
        "src/fanout/lane_inbox.rs",
        "loom checks every interleaving of it alone",
    ),
    (
        "src/fanout/lane_shared.rs",
        "lanes and the threads that join viewers share it; neither file may import the other",
    ),
    (
        "src/fanout/load_guard.rs",
        "lanes count it and viewers hold it",
    ),
    (
        "src/fanout/rate_limiter.rs",
        "pure, and tested alone with its own clock",
    ),
    (
        "src/fanout/socket_options.rs",
        "the only file of the fan-out that sets socket options",
    ),
    (
        "src/fanout/sync.rs",
        "one place in which unit tests replace atomics and locks with those of loom",
    ),
    (
        "src/hub/client_network.rs",
        "a key with its own rule, shared by the limits and by the history",
    ),
    (
        "src/hub/delivery_policy.rs",
        "plain data, which topics share with every subscription",
    ),
    (
        "src/hub/topic/checkpoint.rs",
        "the interface between a topic and the journal",
    ),
    (
        "src/hub/topic/lookup.rs",
        "the part of a topic that only the history uses",
    ),
    (
        "src/hub/update.rs",
        "the message between topic and subscription, which share it",
    ),
    (
        "src/journal/journal_health.rs",
        "when to log trouble with the disk, apart from writing to it",
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
        "src/protocol/due_record.rs",
        "the timeline makes these records and every encoding reads them",
    ),
    (
        "src/routes/conventions.rs",
        "the routes share it; in any one of them, the others would import that one",
    ),
    (
        "src/routes/cors.rs",
        "one rule of the Fetch standard, shared by routes and preflight",
    ),
    (
        "src/routes/etag.rs",
        "the page and the history share it, and neither may import the other",
    ),
    (
        "src/routes/metrics_endpoint/prometheus_text.rs",
        "one of two formats, one file each",
    ),
    (
        "src/server/rate_change_error.rs",
        "the server keeps it and the rate change makes it",
    ),
    (
        "src/settings/network.rs",
        "one kind of value, one file each",
    ),
    ("src/source/compact.rs", "pure, and tested alone"),
    (
        "src/source/work_budget.rs",
        "both passes over a dataset share it",
    ),
    (
        "src/telemetry/log_drops.rs",
        "the log, its rate limit and the panic hook share it",
    ),
    (
        "web/src/chart/canvas_layer.ts",
        "chart, overlay and saved picture draw on it",
    ),
    (
        "web/src/chart/plot_area.ts",
        "every part of the chart shares it",
    ),
    (
        "web/src/chart/time_marks.ts",
        "a cache with its own rule of when it is stale",
    ),
    (
        "web/src/client/clock/aging_minimum.ts",
        "one direction of the clock, which has two",
    ),
    (
        "web/src/client/clock/suspend_detector.ts",
        "pure, and tested alone",
    ),
    (
        "web/src/client/connection/backoff.ts",
        "connections and history requests share it",
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
        "web/src/client/position.ts",
        "which records are duplicates, without knowledge of sockets",
    ),
    (
        "web/src/duration.ts",
        "address, attributes and menus share it",
    ),
    (
        "web/src/history_cache/env.ts",
        "an interface that tests replace",
    ),
    (
        "web/src/live_chart/pixel_ratio.ts",
        "the chart and the navigator's feed share it",
    ),
    (
        "web/src/main/address_bar.ts",
        "when the address is written, tested alone",
    ),
    ("web/src/main/clipboard.ts", "the only file that copies"),
    ("web/src/main/kiosk.ts", "the wake lock, tested alone"),
    (
        "web/src/main/persist.ts",
        "when to save, without knowing what",
    ),
    (
        "web/src/main/reject_notices.ts",
        "a rule with its own state, tested alone",
    ),
    (
        "web/src/main/snippets.ts",
        "pure text for a shell and a console",
    ),
    (
        "web/src/main/topic_names.ts",
        "one request, without a policy of when to make it",
    ),
    ("web/src/player/liveness.ts", "pure, and tested alone"),
    ("web/src/player/palette.ts", "pure, and tested alone"),
    ("web/src/saving.ts", "the facade of its folder"),
    ("web/src/saving/file_name.ts", "pure, and tested alone"),
    ("web/src/saving/retry.ts", "pure, and tested alone"),
    (
        "web/src/scene.ts",
        "the interface between player and chart, which may not import each other",
    ),
    (
        "web/src/tick_chart/pause_button.ts",
        "one part of the element's view",
    ),
    (
        "web/src/topic_buffer/field.ts",
        "one field, where its neighbour is about all of them",
    ),
    (
        "web/src/view/copy_button.ts",
        "menu, notices and view share it",
    ),
    ("web/src/view/dialog.ts", "every dialog shares it"),
    ("web/src/view/help_dialog.ts", "one dialog, one file each"),
    (
        "web/src/view/idle_cursor.ts",
        "the only part of the view with a timer for the pointer",
    ),
    (
        "web/src/view/keyboard.ts",
        "the only part of the view that listens to keys",
    ),
    (
        "web/src/view/preference.ts",
        "several parts of the view share it",
    ),
    ("web/src/view/record_table.ts", "one dialog, one file each"),
    (
        "web/src/view/toast.ts",
        "one part of the view, one file each",
    ),
    ("web/src/view/window_presets.ts", "one menu, one file each"),
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
    let long: Vec<_> = lengths
        .iter()
        .filter(|(_, lines)| *lines > LINES_MAX)
        .collect();
    assert!(
        long.is_empty(),
        "a file with more than {LINES_MAX} lines has two ideas; split {long:#?}"
    );
}

#[test]
fn every_small_file_has_a_reason() {
    let small: Vec<_> = lengths(&["src", "web/src"], &["rs", "ts"])
        .into_iter()
        .filter(|(_, lines)| *lines < LINES_MIN)
        .filter(|(path, _)| !SMALL_FILES.iter().any(|(listed, _)| listed == path))
        .collect();
    assert!(
        small.is_empty(),
        "merge each with the file that uses it, or give a reason in SMALL_FILES: {small:#?}"
    );
}

#[test]
fn every_file_with_a_reason_to_be_small_is_small() {
    let lengths = lengths(&["src", "web/src"], &["rs", "ts"]);
    let is_small = |path: &str| {
        lengths
            .iter()
            .any(|(other, lines)| other == path && *lines < LINES_MIN)
    };
    let stale: Vec<_> = SMALL_FILES
        .iter()
        .map(|(path, _)| path)
        .filter(|path| !is_small(path))
        .collect();
    assert!(
        stale.is_empty(),
        "no longer there, or no longer small; remove from SMALL_FILES: {stale:#?}"
    );
    assert!(
        SMALL_FILES.is_sorted_by(|(one, _), (next, _)| one < next),
        "SMALL_FILES is not in alphabetical order, or has a path twice"
    );
    assert!(SMALL_FILES.iter().all(|(_, reason)| reason.len() > 10));
}
