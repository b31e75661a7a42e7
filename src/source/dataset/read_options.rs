//! [`ReadOptions`]: how to read a dataset's file.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::settings::{DatasetFormat, TimeSettings, TopicSettings};

/// How to read a dataset's file.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// How the records are written; `None`: as the end of the file's name says.
    pub format: Option<DatasetFormat>,
    /// The keys or columns that the records keep, in this order; empty: all of them.
    pub columns: Vec<String>,
    /// The time stamps by which the records are played; `None`: they are played at a fixed rate.
    pub time: Option<TimeSettings>,
    /// The channel of a recording whose messages are the records; `None`: the only one.
    pub channel: Option<String>,
    /// The length that a record may have, in bytes.
    pub record_max: usize,
    /// The length of the longest file whose records are kept in memory, in bytes. Those of longer ones stay in the file.
    pub memory_max: u64,
    /// The folder in which the indexes of longer ones are kept for the next start; `None`: they are not kept.
    pub index_folder: Option<PathBuf>,
}

impl ReadOptions {
    /// Reads the file as its name says, with records of any length.
    pub const DEFAULT: Self = Self {
        format: None,
        columns: Vec::new(),
        time: None,
        channel: None,
        record_max: usize::MAX,
        memory_max: Self::MEMORY_MAX,
        index_folder: None,
    };

    /// The usual limit of [`Self::memory_max`]: 32 MiB. So small files, which are most, are played without any access to
    /// the disk, and cost less than the rest of the hub; an index costs less for longer ones.
    pub const MEMORY_MAX: u64 = 32 << 20;

    /// The same options, with indexes kept in `folder`.
    #[must_use]
    pub fn with_index_folder(self, folder: Option<&Path>) -> Self {
        Self {
            index_folder: folder.map(Path::to_owned),
            ..self
        }
    }

    /// What determines which records are found in a file in `format`, as a text.
    pub(super) fn describe(&self, format: DatasetFormat) -> String {
        let (format, columns, time) = (format.name(), &self.columns, &self.time);
        format!("{format} {columns:?} {time:?} {}", self.record_max)
    }

    /// Returns what identifies the records of a file: for a JSON array the SHA-256 of the file, as `sha256sum` prints
    /// it; otherwise also what determines which records that file has. Their time is not part of it: it determines when
    /// they are played, and enters the epoch.
    pub(super) fn identify(&self, file: [u8; 32], format: DatasetFormat) -> [u8; 32] {
        if format == DatasetFormat::Json && self.columns.is_empty() {
            return file;
        }
        let mut hasher = Sha256::new();
        hasher.update(file);
        hasher.update(format.name());
        for column in &self.columns {
            update(&mut hasher, column);
        }
        if let Some(channel) = &self.channel {
            // Not the name of a column, which is never empty.
            update(&mut hasher, "");
            update(&mut hasher, channel);
        }
        hasher.finalize().into()
    }
}

/// The name for `time` of the instant at which a message was recorded, which is not in the message.
pub(in crate::source) const LOG_TIME: &str = "log_time";

impl From<&TopicSettings> for ReadOptions {
    fn from(topic: &TopicSettings) -> Self {
        Self {
            format: topic.format,
            columns: topic.columns.clone(),
            time: topic.pace.time().cloned(),
            channel: topic.channel.clone(),
            record_max: topic.record_max,
            memory_max: Self::MEMORY_MAX,
            index_folder: None,
        }
    }
}

/// Adds a text, which its length separates from others.
fn update(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text);
}

/// The format that the end of a file's name stands for, without that of a compression.
#[must_use]
pub fn format_by_name(path: &Path) -> Option<DatasetFormat> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let name = [".gz", ".zst"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(&name);
    match name.rsplit_once('.')?.1 {
        "json" => Some(DatasetFormat::Json),
        "ndjson" | "jsonl" => Some(DatasetFormat::Ndjson),
        "csv" => Some(DatasetFormat::Csv),
        "tsv" | "tab" => Some(DatasetFormat::Tsv),
        "parquet" | "pq" => Some(DatasetFormat::Parquet),
        "arrow" | "arrows" | "feather" | "ipc" => Some(DatasetFormat::Arrow),
        "mcap" => Some(DatasetFormat::Mcap),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_name_says_the_format() {
        for (name, format) in [
            ("a.json", Some(DatasetFormat::Json)),
            ("a/b.JSONL", Some(DatasetFormat::Ndjson)),
            ("a.ndjson.gz", Some(DatasetFormat::Ndjson)),
            ("a.b.csv.zst", Some(DatasetFormat::Csv)),
            ("a.tsv", Some(DatasetFormat::Tsv)),
            ("a.parquet", Some(DatasetFormat::Parquet)),
            ("a.PQ", Some(DatasetFormat::Parquet)),
            ("a.feather", Some(DatasetFormat::Arrow)),
            ("a.arrows", Some(DatasetFormat::Arrow)),
            ("a.mcap", Some(DatasetFormat::Mcap)),
            ("a.csv/b", None),
            ("csv", None),
            ("a.gz", None),
            ("a.csv.old", None),
        ] {
            assert_eq!(format_by_name(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn what_determines_the_records_identifies_them() {
        let identify = |format, columns: &[&str]| {
            let options = ReadOptions {
                columns: columns.iter().map(|&column| column.to_owned()).collect(),
                ..ReadOptions::DEFAULT
            };
            options.identify([7; 32], format)
        };
        let json = identify(DatasetFormat::Json, &[]);
        assert_eq!(json, [7; 32]);
        let others = [
            identify(DatasetFormat::Csv, &[]),
            identify(DatasetFormat::Ndjson, &[]),
            identify(DatasetFormat::Csv, &["a", "b"]),
            identify(DatasetFormat::Csv, &["b", "a"]),
            identify(DatasetFormat::Csv, &["ab"]),
            identify(DatasetFormat::Json, &["a"]),
        ];
        for (index, one) in others.iter().enumerate() {
            assert_ne!(*one, json);
            assert!(!others[..index].contains(one), "{index}");
        }
    }
}
