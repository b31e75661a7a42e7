//! The handbook's table of events, compared with the code that logs them and with the tests in which they occur.

use std::fs;

use super::super::support::event_table::{self, EventRow};
use super::super::support::hub::root;

/// Each event with a test, or a helper of several tests, that fails if the event does not occur: its file and function.
/// The fields of events are checked wherever they occur.
const TESTS: &[(&str, &str, &str)] = &[
    ("start", "logs", "events_follow_the_life_cycle_of_a_hub"),
    (
        "state.former",
        "state_location",
        "state_of_an_earlier_version_is_still_used_and_reported",
    ),
    (
        "field.unknown",
        "command_line",
        "a_configured_field_that_no_record_has_is_reported_by_check_and_at_startup",
    ),
    (
        "dataset.note",
        "datasets",
        "a_hub_logs_what_may_not_have_been_meant",
    ),
    (
        "dataset.indexed",
        "datasets/large/index",
        "a_hub_keeps_the_index_of_a_large_file_for_the_next_start",
    ),
    (
        "dataset.time",
        "play/time",
        "a_file_is_played_by_the_time_of_its_records",
    ),
    (
        "timeline.begun",
        "restart",
        "a_changed_dataset_or_loop_starts_a_new_epoch",
    ),
    (
        "timeline.resumed",
        "restart",
        "a_restart_keeps_the_epoch_and_the_position_follows_the_clock",
    ),
    (
        "timeline.clock_back",
        "clock_steps",
        "a_clock_set_back_by_more_starts_a_new_epoch_and_is_logged",
    ),
    (
        "topic.ready",
        "logs",
        "events_follow_the_life_cycle_of_a_hub",
    ),
    ("listening", "logs", "events_follow_the_life_cycle_of_a_hub"),
    (
        "listening.plain",
        "logs",
        "listening_on_a_public_address_warns_that_there_is_no_tls",
    ),
    (
        "browser.failed",
        "play",
        "without_a_browser_the_hub_goes_on",
    ),
    ("hub.stats", "logs", "events_follow_the_life_cycle_of_a_hub"),
    (
        "hub.process",
        "logs",
        "events_follow_the_life_cycle_of_a_hub",
    ),
    (
        "topic.ended",
        "viewers",
        "a_viewer_that_does_not_read_until_the_end_receives_the_gap_and_the_end",
    ),
    (
        "topic.unreadable",
        "unreadable_records",
        "records_that_cannot_be_read_are_logged_and_published_once_they_can_be_read",
    ),
    (
        "topic.readable",
        "unreadable_records",
        "records_that_cannot_be_read_are_logged_and_published_once_they_can_be_read",
    ),
    (
        "topic.stopped",
        "changed_datasets",
        "a_topic_whose_dataset_was_changed_stops_and_its_viewers_are_sent_the_reason",
    ),
    (
        "topic.next",
        "dataset_switch",
        "at_the_instant_the_old_epoch_ends_and_every_viewer_moves_to_the_new_one",
    ),
    (
        "topic.next_dropped",
        "dataset_switch",
        "a_switch_that_is_taken_back_does_not_take_place",
    ),
    (
        "topic.switched",
        "dataset_switch",
        "at_the_instant_the_old_epoch_ends_and_every_viewer_moves_to_the_new_one",
    ),
    (
        "viewer.joined",
        "logs",
        "events_follow_the_life_cycle_of_a_hub",
    ),
    (
        "viewer.left",
        "logs",
        "events_follow_the_life_cycle_of_a_hub",
    ),
    (
        "viewer.refused",
        "logs/fields",
        "a_refused_viewer_is_logged_with_its_address_reason_and_origin",
    ),
    (
        "http.failed",
        "logs",
        "events_caused_by_clients_are_rate_limited_and_suppressed_ones_are_counted",
    ),
    (
        "accept.failed",
        "malformed_requests",
        "when_descriptors_run_out_streams_continue_and_new_connections_wait",
    ),
    (
        "accept.full",
        "malformed_requests",
        "a_listener_at_its_connection_limit_is_logged_and_new_connections_wait",
    ),
    (
        "accept.refused",
        "admission",
        "connections_per_address_are_limited_and_other_addresses_are_served",
    ),
    (
        "clock.differs",
        "clock_steps",
        "steps_of_the_wall_clock_do_not_affect_a_running_hub",
    ),
    (
        "clock.agrees",
        "clock_steps",
        "steps_of_the_wall_clock_do_not_affect_a_running_hub",
    ),
    (
        "log.level",
        "logs",
        "signals_raise_and_lower_the_log_level_and_libraries_stay_quiet",
    ),
    ("config.reloaded", "reload", "read_again"),
    ("config.refused", "reload", "read_again"),
    ("config.failed", "reload", "fail"),
    (
        "config.postponed",
        "journal",
        "a_blocked_disk_prevents_neither_a_reload_nor_the_stop",
    ),
    (
        "topic.added",
        "reload/new_topics",
        "a_new_topic_is_served_and_continues_after_a_restart",
    ),
    (
        "timeline.segment",
        "reload/rates",
        "a_changed_rate_survives_a_kill",
    ),
    (
        "files.limit",
        "socket_activation",
        "the_limit_of_open_files_is_raised_to_the_maximum_and_limits_the_number_of_viewers",
    ),
    (
        "journal.damaged",
        "journal",
        "a_damaged_journal_is_moved_aside_and_logged_and_a_new_epoch_begins",
    ),
    (
        "journal.failed",
        "journal",
        "a_full_disk_is_logged_once_and_does_not_affect_streams",
    ),
    (
        "journal.recovered",
        "journal",
        "a_full_disk_is_logged_once_and_does_not_affect_streams",
    ),
    (
        "hub.standstill",
        "clock_steps",
        "a_hub_waits_if_the_clock_was_set_back_a_little_between_two_runs",
    ),
    (
        "hub.moving",
        "clock_steps",
        "a_hub_waits_if_the_clock_was_set_back_a_little_between_two_runs",
    ),
    (
        "lane.failed",
        "lane_failure",
        "a_failed_lane_loses_its_viewers_and_others_miss_nothing",
    ),
    ("drain", "logs", "events_follow_the_life_cycle_of_a_hub"),
    ("stop", "logs", "events_follow_the_life_cycle_of_a_hub"),
    ("stop.forced", "drain", "a_second_signal_exits_at_once"),
    (
        "start.failed",
        "logs",
        "a_hub_that_cannot_start_logs_the_responsible_key",
    ),
];

/// Every event that the code logs, extracted from the source.
fn events_in_code() -> Vec<EventRow> {
    let mut rows = Vec::new();
    for (name, text) in super::super::source_layout::code() {
        for (at, _) in text.match_indices("event = \"") {
            let begin = text[..at].rfind("tracing::").unwrap();
            let (level, rest) = text[begin..].split_once("!(").unwrap();
            let arguments = arguments(rest);
            let name_of = |argument: &String| {
                let name = argument
                    .split_once(" = ")
                    .map_or(argument.as_str(), |pair| pair.0);
                name.trim_start_matches(['%', '?'])
                    .trim_start_matches("r#")
                    .to_owned()
            };
            let (event, rest) = arguments.split_first().unwrap();
            let event = event
                .strip_prefix("event = \"")
                .unwrap_or_else(|| panic!("{name}: the event is the first field: {event}"));
            let fields = rest
                .iter()
                .take_while(|argument| !argument.starts_with('"'));
            let fields: Vec<_> = fields.map(name_of).collect();
            assert!(fields.len() < rest.len(), "{name}: {event} has no message");
            rows.push(EventRow {
                event: event.trim_end_matches('"').to_owned(),
                level: level.trim_start_matches("tracing::").to_owned(),
                fields,
            });
        }
    }
    rows.sort();
    rows.dedup();
    rows
}

/// The arguments of a macro, up to its closing parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut arguments, mut argument) = (Vec::new(), String::new());
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    for char in text.chars() {
        if is_quoted {
            is_quoted = char != '"' || is_escaped;
            is_escaped = char == '\\' && !is_escaped;
        } else {
            match char {
                '"' => is_quoted = true,
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    arguments.push(std::mem::take(&mut argument));
                    continue;
                }
                _ => {}
            }
        }
        argument.push(char);
    }
    arguments.push(argument);
    let trimmed = arguments.iter().map(|argument| argument.trim().to_owned());
    trimmed.filter(|argument| !argument.is_empty()).collect()
}

#[test]
fn the_handbook_lists_exactly_the_events_of_the_code_with_their_fields() {
    let mut table: Vec<_> = event_table::rows().iter().collect();
    table.sort();
    let events = events_in_code();
    assert_eq!(table, events.iter().collect::<Vec<_>>());
}

#[test]
fn every_event_of_the_handbook_occurs_in_a_test() {
    let mut seen: Vec<_> = TESTS.iter().map(|(event, ..)| *event).collect();
    let mut table: Vec<_> = event_table::rows()
        .iter()
        .map(|row| row.event.as_str())
        .collect();
    seen.sort_unstable();
    table.sort_unstable();
    assert_eq!(seen, table);
    for (event, file, test) in TESTS {
        let path = root()
            .join("tests/integration")
            .join(file)
            .with_extension("rs");
        let text = fs::read_to_string(path).unwrap();
        let (_, rest) = text
            .split_once(&format!("fn {test}("))
            .unwrap_or_else(|| panic!("{file} has no {test}"));
        let body = rest.split("\n}\n").next().unwrap();
        assert!(body.contains(&format!("\"{event}\"")), "{test}: {event}");
    }
}

#[test]
fn the_handbook_describes_every_statistic() {
    let page = fs::read_to_string(root().join("docs/handbook/events.md")).unwrap();
    for event in ["hub.stats", "hub.process"] {
        let (_, section) = page
            .split_once(&format!("## The numbers of `{event}`"))
            .unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let row = event_table::rows()
            .iter()
            .find(|row| row.event == event)
            .unwrap();
        let fields = row.fields.iter().map(String::as_str);
        let numbers: Vec<_> = fields
            .filter(|field| !["topic", "epoch"].contains(field))
            .collect();
        assert_eq!(rows.collect::<Vec<_>>(), numbers);
    }
}
