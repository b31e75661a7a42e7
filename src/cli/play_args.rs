//! [`PlayArgs`] and [`CheckArgs`]: the arguments of the commands that take files of records.

use std::path::PathBuf;

use clap::Args;

use super::hub_options::{AddressOptions, HubOptions, LogOptions, OpsOption};
use crate::protocol::Rate;
use crate::settings::DatasetFormat;

/// Arguments of `play`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example: `tickcast play weather.csv --rate 50 --host 0.0.0.0` plays a file to everybody on the network. `play` \
    may be left out, as in `tickcast weather.csv`. No state is kept: each start plays from the first record. A port that is \
    taken is replaced by the next free one. SIGHUP has the effect of a reload, for which the files are read again."
)]
pub struct PlayArgs {
    /// Files to play, one topic each, named after it: JSON array, NDJSON, CSV or TSV, also compressed with gzip or zstd,
    /// Parquet, Arrow IPC, or MCAP, of which each channel with JSON messages is a topic
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Records per second
    #[arg(long, value_name = "PER_SECOND", default_value_t = default_rate())]
    pub rate: Rate,
    /// Stop after the last record, instead of starting over
    #[arg(long)]
    pub once: bool,
    /// How the files are read.
    #[command(flatten)]
    pub reading: ReadingOptions,
    /// Open the page in a browser
    #[arg(long)]
    pub open: bool,
    /// Write the equivalent configuration to a new file, for `tickcast --config FILE`
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Where the hub listens.
    #[command(flatten)]
    pub address: AddressOptions,
    /// The operations listener, which is opened only at a given port.
    #[command(flatten)]
    pub ops: OpsOption,
    /// The log.
    #[command(flatten)]
    pub log: LogOptions,
}

/// How files are read.
#[derive(Debug, Clone, Default, Args)]
pub struct ReadingOptions {
    /// The columns or keys to play, separated by commas [default: all]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub columns: Vec<String>,
    /// How the files are written: json, ndjson, csv, tsv, parquet, arrow or mcap [default: as their names say]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<DatasetFormat>,
}

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example: `tickcast check --config hub.toml` checks a configuration. `tickcast check weather.csv` describes a \
    dataset: its records, their fields, and what `tickcast play` would do with it. Exit codes: 0 a hub could start, 1 the \
    state folder cannot be used, 2 wrong configuration or dataset."
)]
pub struct CheckArgs {
    /// Files to describe, instead of checking a configuration
    #[arg(value_name = "FILE", conflicts_with_all = ["config", "host", "port", "ops_port"])]
    pub files: Vec<PathBuf>,
    /// How the files are read.
    #[command(flatten)]
    pub reading: ReadingOptions,
    /// The configuration to check.
    #[command(flatten)]
    pub hub: HubOptions,
}

impl PlayArgs {
    /// The arguments that play `files` as they are.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, reading: ReadingOptions) -> Self {
        Self {
            files,
            rate: default_rate(),
            once: false,
            reading,
            open: false,
            save: None,
            address: AddressOptions::default(),
            ops: OpsOption::default(),
            log: LogOptions::default(),
        }
    }
}

/// Ten records per second: slow enough to follow, and fast enough to see that something moves.
fn default_rate() -> Rate {
    Rate::from_millionths(10_000_000).expect("a rate within range")
}

/// Parses the name of a format.
fn parse_format(text: &str) -> Result<DatasetFormat, String> {
    let mut formats = DatasetFormat::ALL.into_iter();
    let found = formats.find(|(name, _)| *name == text);
    found.map(|(_, format)| format).ok_or_else(|| {
        let names = DatasetFormat::ALL.map(|(name, _)| format!("`{name}`"));
        format!("use one of {}", names.join(", "))
    })
}
