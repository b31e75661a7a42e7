//! MCAP recordings: which messages of which channel are played, in which order, and what is said about damaged files.

use std::collections::BTreeMap;
use std::io::Cursor;

use mcap::records::MessageHeader;
use mcap::{Compression, WriteOptions, Writer};
use tickcast::settings::TimeSettings;
use tickcast::source::{Dataset, ReadOptions, RecordSource as _};

use super::super::support::hub::program;
use super::super::support::{Hub, Project, RawClient, wait_for_end};
use super::{Files, notes_of, records_of};

/// A message: its channel, its time in nanoseconds, its data.
pub(crate) type Message<'a> = (&'a str, u64, &'a str);

/// An MCAP file with `messages`, in this order. The encoding of a channel is in its name: `/imu` is JSON,
/// `/tf:protobuf` is not.
pub(crate) fn recording(options: WriteOptions, messages: &[Message<'_>]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = Writer::with_options(&mut bytes, options).unwrap();
    let mut channels = BTreeMap::new();
    for (sequence, (name, log_time, data)) in (0..).zip(messages) {
        let channel_id = *channels.entry(*name).or_insert_with(|| {
            let (topic, encoding) = name.split_once(':').unwrap_or((name, "json"));
            writer
                .add_channel(0, topic, encoding, &BTreeMap::new())
                .unwrap()
        });
        let header = MessageHeader {
            channel_id,
            sequence,
            log_time: *log_time,
            publish_time: 0,
        };
        writer
            .write_to_known_channel(&header, data.as_bytes())
            .unwrap();
    }
    writer.finish().unwrap();
    drop(writer);
    bytes.into_inner()
}

fn chunked(compression: Option<Compression>) -> WriteOptions {
    WriteOptions::new()
        .compression(compression)
        .chunk_size(Some(64))
}

fn options(channel: Option<&str>) -> ReadOptions {
    ReadOptions {
        channel: channel.map(ToOwned::to_owned),
        ..ReadOptions::DEFAULT
    }
}

fn error_of(bytes: &[u8], channel: Option<&str>) -> String {
    let files = Files::new();
    let path = files.write("d.mcap", bytes);
    let error = Dataset::load(&path, &options(channel)).unwrap_err();
    format!("{error}; {}", error.remedy())
}

pub(crate) const IMU: [Message<'_>; 4] = [
    ("/imu", 1_000, r#"{ "x": 1.50 }"#),
    ("/imu", 3_000, r#"{"x":3}"#),
    ("/imu", 2_000, r#"{"x":2}"#),
    ("/imu", 3_000, r#"{"x":3.1}"#),
];
const IN_ORDER: [&str; 4] = [r#"{"x":1.50}"#, r#"{"x":2}"#, r#"{"x":3}"#, r#"{"x":3.1}"#];

#[test]
fn messages_are_records_in_the_order_of_their_time() {
    let files = Files::new();
    for (name, options) in [
        ("plain.mcap", WriteOptions::new().use_chunks(false)),
        ("chunks.mcap", chunked(None)),
        ("zstd.mcap", chunked(Some(Compression::Zstd))),
        ("lz4.mcap", chunked(Some(Compression::Lz4))),
        ("without-a-suffix", WriteOptions::new()),
    ] {
        let dataset = files.load(name, recording(options, &IMU), &[]);
        assert_eq!(records_of(&dataset), IN_ORDER, "{name}");
        assert_eq!(notes_of(&dataset), [""; 0], "{name}");
    }
}

#[test]
fn messages_may_have_the_times_at_which_they_were_logged() {
    let files = Files::new();
    let path = files.write("d.mcap", recording(WriteOptions::new(), &IMU));
    let options = ReadOptions {
        time: Some(TimeSettings {
            key: "log_time".to_owned(),
            unit: None,
            max_gap: None,
            loop_gap: None,
        }),
        ..ReadOptions::DEFAULT
    };
    let dataset = Dataset::load(&path, &options).unwrap();
    assert_eq!(records_of(&dataset), IN_ORDER);
    let stamps = dataset.stamps().unwrap();
    let stamps = [0, 1, 2, 3].map(|index| stamps.get(index).get());
    assert_eq!(stamps, [1, 2, 3, 3]);
}

#[test]
fn overlapping_chunks_are_put_in_order() {
    let files = Files::new();
    let texts: Vec<_> = (0..500).map(|i| format!("{{\"i\":{i}}}")).collect();
    // Time jumps back and forth by a hundred messages, over many chunks.
    let mut messages: Vec<Message<'_>> = (0..)
        .zip(&texts)
        .map(|(i, text)| ("/a", i, text.as_str()))
        .collect();
    messages.sort_by_key(|(_, time, _)| (time % 100, *time));
    let bytes = recording(chunked(Some(Compression::Zstd)), &messages);
    assert_eq!(files.records("d.mcap", bytes), texts);
}

#[test]
fn a_channel_is_chosen_where_several_can_be_played() {
    let files = Files::new();
    let messages = [
        IMU[0],
        ("/gps", 5, r#"{"lat":1}"#),
        ("/tf:protobuf", 6, "\x08\x01"),
        IMU[1],
    ];
    let bytes = recording(WriteOptions::new(), &messages);
    let path = files.write("d.mcap", &bytes);
    let gps = Dataset::load(&path, &options(Some("/gps"))).unwrap();
    assert_eq!(records_of(&gps), [r#"{"lat":1}"#]);
    let imu = Dataset::load(&path, &options(Some("/imu"))).unwrap();
    assert_eq!(records_of(&imu), [r#"{"x":1.50}"#, r#"{"x":3}"#]);

    let error = error_of(&bytes, None);
    assert!(error.contains("has 2 channels with JSON messages; choose one with `channel`: `/imu` (2 messages in json), `/gps` (1 message in json)"), "{error}");
    let error = error_of(&bytes, Some("/tf"));
    assert!(
        error.contains(
            "the channel `/tf` has messages in `protobuf`, and only those in JSON can be played"
        ),
        "{error}"
    );
    let error = error_of(&bytes, Some("/x"));
    assert!(
        error.contains("has no channel `/x`; the channels that can be played are `/imu`"),
        "{error}"
    );
}

#[test]
fn a_recording_without_json_names_its_channels_and_a_remedy() {
    let messages = [
        ("/a:protobuf", 1, "x"),
        ("/b:ros1", 2, "y"),
        ("/b:ros1", 3, "z"),
    ];
    let error = error_of(&recording(WriteOptions::new(), &messages), None);
    assert!(error.contains("has no channel with JSON messages; its channels are `/a` (1 message in protobuf), `/b` (2 messages in ros1); record"), "{error}");
    let error = error_of(&recording(WriteOptions::new(), &[]), None);
    assert!(error.contains("has no channels"), "{error}");
}

#[test]
fn a_channel_of_a_file_without_channels_is_refused() {
    let files = Files::new();
    let path = files.write("d.csv", "a\n1\n");
    let error = Dataset::load(&path, &options(Some("/a"))).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("is read as csv, which has no channels"),
        "{message}"
    );
}

#[test]
fn a_message_that_is_not_json_is_named() {
    let error = error_of(
        &recording(WriteOptions::new(), &[IMU[0], ("/imu", 2_000, "{x")]),
        None,
    );
    assert!(
        error.contains("message 2 of the channel `/imu` is not JSON"),
        "{error}"
    );
}

#[test]
fn a_recording_that_ends_early_is_played_up_to_there_with_a_note() {
    let files = Files::new();
    let bytes = recording(chunked(Some(Compression::Zstd)), &IMU);
    let options = WriteOptions::new().use_chunks(false);
    let plain = recording(options, &IMU);
    // Within the last message, which follows the text of the one before it.
    let second = plain
        .windows(7)
        .rposition(|text| text == br#"{"x":2}"#)
        .unwrap();
    let dataset = files.load("d.mcap", &plain[..second + 12], &[]);
    assert_eq!(records_of(&dataset), IN_ORDER[..3]);
    let note = &notes_of(&dataset)[0];
    assert!(
        note.contains(&format!("it ends after byte {}", second + 7)),
        "{note}"
    );
    // Without the first chunk there is no channel.
    let error = error_of(&bytes[..80], None);
    assert!(error.contains("has no channels"), "{error}");
}

#[test]
fn a_chunk_whose_checksum_does_not_match_is_refused_with_its_place() {
    let mut bytes = recording(chunked(None), &IMU);
    let at = bytes
        .windows(7)
        .position(|text| text == br#"{"x":3}"#)
        .unwrap();
    bytes[at + 5] = b'4';
    let error = error_of(&bytes, None);
    assert!(
        error.contains("the record at byte ") && error.contains(" is damaged; "),
        "{error}"
    );
}

#[test]
fn a_hub_plays_a_channel() {
    let toml =
        "[topics.demo]\ndataset = \"d.mcap\"\nchannel = \"/gps\"\nrate = 1000\nloop = false\n";
    let project = Project::raw("").configure(toml);
    let bytes = recording(WriteOptions::new(), &[IMU[0], ("/gps", 1, r#"{"lat":1}"#)]);
    std::fs::write(project.path("d.mcap"), bytes).unwrap();
    let hub = project.start();
    wait_for_end(&hub, "demo");
    let history = RawClient::get(hub.public(), "/api/v1/topics/demo/history?last=9");
    assert!(
        history.text().contains(r#"{"lat":1}"#),
        "{}",
        history.text()
    );
}

#[test]
fn the_channels_of_a_recording_play_together_by_their_time() {
    // Since the recorder began: no instants, but all by the same clock. The second channel begins after the first ends.
    let ms = 1_000_000;
    let messages = [
        ("/imu", 5_000 * ms, r#"{"x":1}"#),
        ("/imu", 5_050 * ms, r#"{"x":2}"#),
        ("/gps", 5_070 * ms, r#"{"lat":1}"#),
        ("/gps", 5_100 * ms, r#"{"lat":2}"#),
    ];
    let project = Project::raw("");
    let bytes = recording(WriteOptions::new(), &messages);
    std::fs::write(project.path("d.mcap"), bytes).unwrap();
    let mut command = program();
    command.current_dir(project.path("")).args([
        "play",
        "d.mcap",
        "--once",
        "--port",
        "0",
        "--ops-port",
        "0",
    ]);
    let hub = Hub::spawn(command, project.clone());
    wait_for_end(&hub, "imu");
    wait_for_end(&hub, "gps");
    let due = |topic: &str| -> Vec<i64> {
        let path = format!("/api/v1/topics/{topic}/history?last=9");
        let history = RawClient::get(hub.public(), &path).json();
        let items = history["items"].as_array().unwrap().iter();
        items.map(|item| item["t"].as_i64().unwrap()).collect()
    };
    let (imu, gps) = (due("imu"), due("gps"));
    let after = |t: &i64| (t - imu[0]) / 1_000;
    assert_eq!(imu.iter().map(after).collect::<Vec<_>>(), [0, 50]);
    assert_eq!(gps.iter().map(after).collect::<Vec<_>>(), [70, 100]);
}
