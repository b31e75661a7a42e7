//! An MCAP recording without a configuration: each channel that can be played is a topic.

use super::super::datasets::recordings::{Message, recording};
use super::{play, project, refused, run, topics};

const FLIGHT: [Message<'_>; 5] = [
    ("/imu/data", 1_000_000, r#"{"x":1}"#),
    ("/gps", 2_000_000, r#"{"lat":1.5,"lon":2}"#),
    ("/imu/data", 3_000_000, r#"{"x":2}"#),
    ("/tf:protobuf", 4_000_000, "\x08\x01"),
    ("/imu/data", 5_000_000, r#"{"x":3}"#),
];

#[test]
fn each_channel_with_json_messages_is_a_topic_named_after_it() {
    let project = project();
    let bytes = recording(mcap::WriteOptions::new(), &FLIGHT);
    std::fs::write(project.path("flight.mcap"), bytes).unwrap();
    let hub = play(&project, &["play", "flight.mcap", "--save", "flight.toml"]);
    let topics = topics(&hub);
    let found: Vec<_> = topics
        .iter()
        .map(|topic| (topic["name"].as_str().unwrap(), &topic["dataset"]["len"]))
        .collect();
    assert_eq!(found, [("imu-data", &3.into()), ("gps", &1.into())]);
    let saved = std::fs::read_to_string(project.path("flight.toml")).unwrap();
    for line in [
        "player = \"imu-data\"",
        "time = \"log_time\"",
        "dataset = \"flight.mcap\"",
    ] {
        assert_eq!(saved.matches(line).count(), 2, "{line}: {saved}");
    }
    hub.stop_without_warnings();
}

#[test]
fn check_lists_all_channels_and_describes_those_that_are_played() {
    let project = project();
    let bytes = recording(mcap::WriteOptions::new(), &FLIGHT);
    std::fs::write(project.path("flight.mcap"), bytes).unwrap();
    let output = run(&project, &["check", "flight.mcap"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines[..5],
        [
            "flight.mcap: 3 channels",
            "  `/imu/data` (3 messages in json)",
            "  `/gps` (1 message in json)",
            "  `/tf` (1 message in protobuf), which cannot be played",
            "flight.mcap: 3 records of the channel `/imu/data`, read as mcap",
        ],
        "{text}"
    );
    assert!(
        text.contains("flight.mcap: 1 record of the channel `/gps`, read as mcap"),
        "{text}"
    );
}

#[test]
fn a_recording_without_json_is_refused_with_its_channels() {
    let project = project();
    let bytes = recording(mcap::WriteOptions::new(), &FLIGHT[3..4]);
    std::fs::write(project.path("flight.mcap"), bytes).unwrap();
    refused(
        &project,
        &["play", "flight.mcap"],
        &[
            "has no channel with JSON messages",
            "`/tf` (1 message in protobuf)",
        ],
    );
}
