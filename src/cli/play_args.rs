//! [`PlayArgs`] and [`CheckArgs`]: the arguments of the commands that take files of records.

use std::path::PathBuf;

use clap::Args;

use super::hub_options::{AddressOptions, HubOptions, LogOptions, OpsOption};
use crate::protocol::{Rate, Speed};
use crate::settings::{DatasetFormat, TimeUnit};

/// Arguments of `play`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Example: `tickcast play weather.csv --rate 50 --host 0.0.0.0` plays a file to everybody on the network. `play` \
    may be left out, as in `tickcast weather.csv`. Records with a column of time stamps are played by them, if the picture \
    moves by it; what was guessed is shown. No state is kept: each start plays from the first record. A port that is \
    taken is replaced by the next free one. SIGHUP has the effect of a reload, for which the files are read again."
)]
pub struct PlayArgs {
    /// Files to play, one topic each, named after it: JSON array, NDJSON, CSV or TSV, also compressed with gzip or zstd,
    /// Parquet, Arrow IPC, or MCAP, of which each channel with JSON messages is a topic
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Records per second, in place of their own time [default: 10, if they have none]
    #[arg(long, value_name = "PER_SECOND", conflicts_with_all = ["time", "time_unit"])]
    pub rate: Option<Rate>,
    /// How many times faster than their time or rate the files are played, 0.01 to 16
    #[arg(long, value_name = "FACTOR", default_value_t = Speed::NORMAL)]
    pub speed: Speed,
    /// Begin there: a time after the first record, such as 90s, or an instant in the recording
    #[arg(long, value_name = "TIME", conflicts_with = "save")]
    pub from: Option<String>,
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
    /// The column, key or nested path with the records' own time, by which they are played [default: guessed]
    #[arg(long, value_name = "COLUMN", conflicts_with = "no_time")]
    pub time: Option<String>,
    /// How that time is written: s, ms, us, ns or rfc3339 [default: guessed]
    #[arg(long, value_name = "UNIT", requires = "time", value_parser = parse_time_unit)]
    pub time_unit: Option<TimeUnit>,
    /// Play at a fixed rate, whatever time the records have
    #[arg(long)]
    pub no_time: bool,
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

impl ReadingOptions {
    /// Whether any of them was given.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        let Self {
            columns,
            format,
            time,
            time_unit,
            no_time,
        } = self;
        !columns.is_empty() || format.is_some() || time.is_some() || time_unit.is_some() || *no_time
    }
}

impl PlayArgs {
    /// The arguments that play `files` as they are.
    #[must_use]
    pub fn new(files: Vec<PathBuf>, reading: ReadingOptions) -> Self {
        Self {
            files,
            rate: None,
            speed: Speed::NORMAL,
            from: None,
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

/// Parses the name of a unit of time.
fn parse_time_unit(text: &str) -> Result<TimeUnit, String> {
    let mut units = TimeUnit::ALL.into_iter();
    let found = units.find(|(name, _)| *name == text);
    found
        .map(|(_, unit)| unit)
        .ok_or_else(|| "use `s`, `ms`, `us`, `ns` or `rfc3339`".to_owned())
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
