//! The handbook's table of events against the code that tells them, and against the tests in which they happen.

use std::fs;

use super::super::support::hub::root;
use super::super::support::log::{self, Row};

/// Each event with a test in which it happens, or a step that several tests take: the file, and the function that fails
/// if it does not. Its fields are compared wherever it happens.
const SEEN: &[(&str, &str, &str)] = &[
    ("start", "logs", "events_come_in_the_order_of_a_life"),
    (
        "field.unknown",
        "command_line",
        "a_field_that_no_record_has_is_named_by_check_and_at_the_start",
    ),
    (
        "timeline.begun",
        "restart",
        "another_dataset_and_another_loop_begin_a_new_epoch",
    ),
    (
        "timeline.resumed",
        "restart",
        "a_restart_keeps_the_epoch_and_stands_where_the_clock_says",
    ),
    (
        "timeline.clock_back",
        "clock_steps",
        "a_clock_set_back_by_more_begins_a_new_epoch_and_is_told",
    ),
    ("topic.ready", "logs", "events_come_in_the_order_of_a_life"),
    ("listening", "logs", "events_come_in_the_order_of_a_life"),
    (
        "listening.plain",
        "logs",
        "serving_others_names_the_address_and_warns_that_there_is_no_tls",
    ),
    ("hub.stats", "logs", "events_come_in_the_order_of_a_life"),
    ("hub.process", "logs", "events_come_in_the_order_of_a_life"),
    (
        "topic.ended",
        "viewers",
        "a_viewer_that_slept_through_the_end_is_told_the_gap_and_the_end",
    ),
    (
        "viewer.joined",
        "logs",
        "events_come_in_the_order_of_a_life",
    ),
    ("viewer.left", "logs", "events_come_in_the_order_of_a_life"),
    (
        "http.failed",
        "logs",
        "what_clients_bring_about_is_told_a_few_times_a_second_and_counted_beyond",
    ),
    (
        "accept.failed",
        "hostile",
        "when_descriptors_run_out_the_stream_goes_on_and_newcomers_wait",
    ),
    (
        "accept.full",
        "hostile",
        "a_port_that_has_all_connections_it_may_have_is_told_and_newcomers_wait",
    ),
    (
        "accept.refused",
        "admission",
        "address_gets_as_many_connections_as_the_limit_and_others_are_served",
    ),
    (
        "clock.differs",
        "clock_steps",
        "steps_of_the_wall_clock_while_running_move_nothing",
    ),
    (
        "clock.agrees",
        "clock_steps",
        "steps_of_the_wall_clock_while_running_move_nothing",
    ),
    (
        "log.level",
        "logs",
        "a_signal_shows_more_and_another_one_less_and_libraries_stay_quiet",
    ),
    ("config.reloaded", "reload", "read_again"),
    ("config.refused", "reload", "read_again"),
    ("config.failed", "reload", "fail"),
    (
        "config.postponed",
        "journal",
        "a_disk_that_stands_still_keeps_nobody_from_a_reload_nor_the_hub_from_its_end",
    ),
    (
        "topic.added",
        "reload",
        "a_topic_that_is_new_is_served_and_goes_on_where_it_was_after_a_restart",
    ),
    (
        "timeline.segment",
        "reload/rates",
        "a_rate_that_was_changed_outlives_a_kill",
    ),
    (
        "files.limit",
        "activation",
        "as_many_files_may_be_open_as_the_system_allows_and_no_more_viewers_than_those_are_enough_for",
    ),
    (
        "journal.damaged",
        "journal",
        "a_damaged_journal_is_set_aside_and_told_and_a_new_epoch_begins",
    ),
    (
        "journal.failed",
        "journal",
        "a_full_disk_is_told_once_and_stops_nothing",
    ),
    (
        "journal.recovered",
        "journal",
        "a_full_disk_is_told_once_and_stops_nothing",
    ),
    (
        "lane.failed",
        "lanes",
        "a_lane_that_fails_loses_its_viewers_and_the_others_miss_nothing",
    ),
    ("drain", "logs", "events_come_in_the_order_of_a_life"),
    ("stop", "logs", "events_come_in_the_order_of_a_life"),
    ("stop.forced", "drain", "a_second_signal_exits_at_once"),
    (
        "start.failed",
        "logs",
        "a_hub_that_cannot_start_says_what_of_its_configuration_is_in_the_way",
    ),
];

/// Every event that the code tells, as it stands there.
fn told() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, text) in super::super::layout::code() {
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
            rows.push(Row {
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

/// The arguments of a macro, up to the parenthesis that closes it.
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
fn the_handbook_has_every_event_of_the_code_with_its_fields_in_order_and_no_other() {
    let mut table: Vec<_> = log::table().iter().collect();
    table.sort();
    let told = told();
    assert_eq!(table, told.iter().collect::<Vec<_>>());
}

#[test]
fn every_event_of_the_handbook_is_seen_to_happen_in_a_test() {
    let mut seen: Vec<_> = SEEN.iter().map(|(event, ..)| *event).collect();
    let mut table: Vec<_> = log::table().iter().map(|row| row.event.as_str()).collect();
    seen.sort_unstable();
    table.sort_unstable();
    assert_eq!(seen, table);
    for (event, file, test) in SEEN {
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
fn the_handbook_says_what_each_number_is() {
    let page = fs::read_to_string(root().join("docs/handbook/events.md")).unwrap();
    for event in ["hub.stats", "hub.process"] {
        let (_, section) = page
            .split_once(&format!("## The numbers of `{event}`"))
            .unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let row = log::table().iter().find(|row| row.event == event).unwrap();
        let fields = row.fields.iter().map(String::as_str);
        let numbers: Vec<_> = fields
            .filter(|field| !["topic", "epoch"].contains(field))
            .collect();
        assert_eq!(rows.collect::<Vec<_>>(), numbers);
    }
}
