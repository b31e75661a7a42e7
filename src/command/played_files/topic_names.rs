//! Names topics after files.

use std::path::Path;

use crate::protocol::TopicName;

/// The ends of a file's name that say how it is written, and not what it is.
const FORMATS: [&str; 13] = [
    ".json", ".ndjson", ".jsonl", ".csv", ".tsv", ".tab", ".parquet", ".pq", ".arrow", ".arrows",
    ".feather", ".ipc", ".mcap",
];
const COMPRESSIONS: [&str; 2] = [".gz", ".zst"];
/// In bytes; leaves room for a number in the 64 of a topic's name.
const LEN_MAX: usize = 58;
/// The name of a topic whose file has no letter or digit in its name.
const WITHOUT_NAME: &str = "data";

/// The name of the topic that plays `file`, other than all that are `taken`.
pub(super) fn name_of(file: &Path, taken: &[TopicName]) -> TopicName {
    let file = file.file_name().unwrap_or_default().to_string_lossy();
    let file = file.to_lowercase();
    free_name(without(without(&file, &COMPRESSIONS), &FORMATS), taken)
}

/// The name of the topic that plays a channel of a recording, other than all that are `taken`.
pub(super) fn name_of_channel(channel: &str, taken: &[TopicName]) -> TopicName {
    free_name(&channel.to_lowercase(), taken)
}

fn free_name(text: &str, taken: &[TopicName]) -> TopicName {
    let base = base_name(text);
    let numbered = (2..).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone())
        .chain(numbered)
        .filter_map(|name| name.parse().ok())
        .find(|name| !taken.contains(name))
        .expect("the base name is valid with any number")
}

/// What of `text`, which is in lower case, may be in a name.
fn base_name(text: &str) -> String {
    let mut name = String::new();
    for character in text.chars() {
        let is_kept =
            character.is_ascii_alphanumeric() || (character == '.' && !name.ends_with('.'));
        let is_kept = is_kept || (character == '_' && !name.ends_with('_'));
        if is_kept {
            name.push(character);
        } else if !name.ends_with(['-', '.', '_']) {
            name.push('-');
        }
    }
    name.truncate(LEN_MAX);
    let name = name.trim_matches(['-', '.', '_']);
    if name.is_empty() {
        WITHOUT_NAME.to_owned()
    } else {
        name.to_owned()
    }
}

fn without<'a>(file: &'a str, ends: &[&str]) -> &'a str {
    let stripped = ends.iter().find_map(|end| file.strip_suffix(end));
    stripped.filter(|rest| !rest.is_empty()).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name(file: &str) -> String {
        name_of(Path::new(file), &[]).as_str().to_owned()
    }

    #[test]
    fn a_topic_is_named_after_its_file() {
        for (file, expected) in [
            ("measurements.json", "measurements"),
            ("/a/b/Weather 2024.CSV.gz", "weather-2024"),
            ("sensor.v2.ndjson.zst", "sensor.v2"),
            ("_x__y_.tsv", "x_y"),
            ("Zürich (Süd).csv", "z-rich-s-d"),
            (".csv", "csv"),
            ("日本.csv", "data"),
            ("archive.gz", "archive"),
        ] {
            assert_eq!(name(file), expected, "{file}");
        }
    }

    #[test]
    fn a_channel_gives_its_whole_name() {
        for (channel, expected) in [
            ("/imu", "imu"),
            ("/Robot/Arm 1/joint_states", "robot-arm-1-joint_states"),
            ("a.json", "a.json"),
            ("/", "data"),
        ] {
            assert_eq!(
                name_of_channel(channel, &[]).as_str(),
                expected,
                "{channel}"
            );
        }
    }

    #[test]
    fn files_of_the_same_name_are_numbered() {
        let mut taken = Vec::new();
        for expected in ["a", "a-2", "a-3"] {
            let name = name_of(Path::new("x/a.csv"), &taken);
            assert_eq!(name.as_str(), expected);
            taken.push(name);
        }
    }

    proptest! {
        #[test]
        fn every_file_has_a_valid_name(file in "\\PC{1,80}") {
            let first = name_of(Path::new(&file), &[]);
            let second = name_of(Path::new(&file), std::slice::from_ref(&first));
            prop_assert_ne!(first, second);
        }
    }
}
