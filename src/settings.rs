//! The configuration of a hub: defaults, overridden by the file, then the environment, then command-line flags.
//!
//! Owns parsing, validation and error messages. Reads a single file and gets everything else as arguments; it binds no
//! socket and opens no dataset. Every value in [`Settings`] is parsed and valid, except `log.level`, which telemetry
//! parses.
//!
//! # From text to value
//!
//! `config_file` and `env_and_flags` turn texts into TOML values with their locations. `validate` parses each of them
//! once, as the type that `schema` states for its key; `layers` merges the results, and `loader` and `topics` fill
//! [`Settings`] with them. A reload compares what is in effect with what was loaded: [`ActiveConfig`].

mod active_config;
mod addresses;
mod config_file;
mod effective_values;
mod env_and_flags;
mod field;
mod key_names;
mod layers;
mod loader;
mod next_dataset;
mod pace;
mod players;
mod playout;
mod quantity;
mod schema;
mod setting_value;
mod settings_error;
mod start;
mod state_dir;
mod toml_value;
mod topics;
mod validate;
mod value_error;
mod value_type;

#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod layer_tests;
#[cfg(test)]
mod pace_tests;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use crate::protocol::{Host, Micros, Speed, Threshold, TopicName};

pub use active_config::{ActiveConfig, ConfigDiff, NeedsRestart, PACE_KEYS, PostponedChange};
pub use addresses::canonical_origin;
pub use effective_values::ValueOrigins;
pub use pace::{Pace, TimeSettings};
pub use playout::PlayoutDurations;
pub use schema::{Key, Reload, SCHEMA};
pub use setting_value::{Backfill, DatasetFormat, LogFormat, SlowPolicy, TimeUnit};
pub use settings_error::{SettingsError, SettingsErrors, ValueOrigin};
pub use start::Start;
pub use state_dir::user_state_folder;
pub use toml_value::quoted;

/// The validated configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public listener.
    pub server: ServerSettings,
    /// The operations listener: health, readiness and metrics.
    pub ops: OpsSettings,
    /// The log.
    pub log: LogSettings,
    /// State that survives a restart.
    pub state: StateSettings,
    /// The topics, in file order; never empty.
    pub topics: Vec<TopicSettings>,
    /// What some of the topics become at an instant, in file order.
    pub next: Vec<NextDataset>,
    /// Where each value was set.
    pub origins: ValueOrigins,
    /// The path of the configuration file, as given.
    pub file: PathBuf,
}

/// `[server]`: the public listener and its limits.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The address to listen on; default 127.0.0.1.
    pub host: IpAddr,
    /// The port; 0 picks a free one; default 8000.
    pub port: u16,
    /// The topic of paths that name none; default: the first topic in the file.
    pub default_topic: TopicName,
    /// Maximum concurrent viewers; default 15000.
    pub max_viewers: usize,
    /// Maximum concurrent viewers per client address; 0, the default, means no limit.
    pub max_viewers_per_ip: usize,
    /// Maximum concurrent connections per client address, viewers included; 0 means no limit; default 1024.
    pub max_connections_per_ip: usize,
    /// Allowed web origins besides the hub's own, in the canonical form of an `Origin` header, or `*`; default none.
    pub allowed_origins: Vec<String>,
    /// Host names accepted in requests; default none. On a loopback address they are accepted in addition to loopback
    /// names; elsewhere an empty list accepts every name.
    pub hosts: Vec<Host>,
    /// Peers whose `X-Forwarded-*` headers are trusted; default none.
    pub trusted_proxies: Vec<IpNet>,
    /// Time limit for receiving a request head, counted from accept; default 10 s.
    pub header_timeout: Duration,
    /// Maximum number of records per history response; default 100000.
    pub history_max: u64,
    /// Maximum number of records that a stream backfills; default 100000.
    pub recover_max: u64,
    /// How long a hub that shuts down waits for its viewers to leave; default 10 s.
    pub drain: Duration,
}

/// `[ops]`: the listener for health, readiness and metrics.
#[derive(Debug, Clone)]
pub struct OpsSettings {
    /// Whether the hub opens this listener; default true.
    pub enabled: bool,
    /// The address to listen on; default 127.0.0.1.
    pub host: IpAddr,
    /// The port; 0 picks a free one; default 8001.
    pub port: u16,
}

/// `[log]`: the log on standard error.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// The line format; default text at a terminal and JSON elsewhere.
    pub format: LogFormat,
    /// A filter directive, not yet parsed; default `info`.
    pub level: String,
    /// The interval between statistics events; default 10 s.
    pub stats_every: Duration,
}

/// The log settings until the configuration has been read.
impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: "info".to_owned(),
            stats_every: Duration::from_secs(10),
        }
    }
}

/// `[state]`: state that survives a restart.
#[derive(Debug, Clone)]
pub struct StateSettings {
    /// The state folder; `None` keeps no state. Default: `$STATE_DIRECTORY`, else a folder for this configuration where
    /// the user keeps state.
    pub dir: Option<PathBuf>,
    /// The default of earlier versions, in which a journal may still be; `None` unless `dir` is the default.
    pub former_default: Option<PathBuf>,
}

/// `[topics.NAME]`: a stream of records.
#[derive(Debug, Clone)]
pub struct TopicSettings {
    /// The topic's name.
    pub name: TopicName,
    /// The path of the dataset, resolved against the configuration file.
    pub dataset: PathBuf,
    /// How the records are written in the file; `None`: as the end of its name says.
    pub format: Option<DatasetFormat>,
    /// The keys or columns that the records keep, in this order; default: all of them.
    pub columns: Vec<String>,
    /// The channel of a recording whose messages are the records; `None`: the only one.
    pub channel: Option<String>,
    /// `rate` or `time`: when the records are due.
    pub pace: Pace,
    /// How many times faster than its pace the topic is played; default 1.
    pub speed: Speed,
    /// The name of the player, which plays all topics that name it together; default: that of the topic.
    pub player: TopicName,
    /// `loop`: whether playback restarts after the last record; default true.
    pub looping: bool,
    /// When the timeline begins; default: the first run.
    pub start: Start,
    /// Where a new timeline begins that has no fixed start; `None`: at the current time. Set by a switch of the dataset.
    pub anchor: Option<Micros>,
    /// Backfill for viewers that request none; default 30 s.
    pub backfill: Backfill,
    /// The playout delay; `None` for `auto`, the default. See [`playout`](Self::playout).
    pub delay: Option<Duration>,
    /// The coalescing window; `None` for `auto`, the default; zero disables coalescing.
    pub coalesce: Option<Duration>,
    /// What happens to viewers that lag more than `max_lag`; default skip.
    pub slow: SlowPolicy,
    /// How far a viewer may lag and still receive every record; default 10 s.
    pub max_lag: Duration,
    /// The longest record accepted in the dataset, in bytes; default 16 MiB.
    pub record_max: usize,
    /// What the records are, for people.
    pub about: AboutSettings,
    /// How to display the record fields, in file order.
    pub fields: Vec<FieldSettings>,
}

impl TopicSettings {
    /// The dotted key of this topic's `name`, as error messages show it: `topics.ecg.dataset`.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        toml_value::dotted_key(&["topics", self.name.as_str(), name])
    }

    /// How the topic is played, for people: `100 per second, speed 2`.
    #[must_use]
    pub fn describe_pace(&self) -> String {
        let pace = match &self.pace {
            Pace::Rate(rate) => format!("{rate} per second"),
            Pace::Time(time) => format!("by the time in `{}`", time.key),
        };
        if self.speed == Speed::NORMAL {
            return pace;
        }
        format!("{pace}, speed {}", self.speed)
    }

    /// The dotted key of the table that describes `field`.
    #[must_use]
    pub fn field_key(&self, field: &str) -> String {
        toml_value::dotted_key(&["topics", self.name.as_str(), "fields", field])
    }
}

/// `[topics.NAME.about]`: what the records are, where they come from, and on which terms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AboutSettings {
    /// The name of the dataset.
    pub title: Option<String>,
    /// Who made or published it, and where.
    pub origin: Option<String>,
    /// The licence, with the attribution that it asks for.
    pub licence: Option<String>,
}

/// `[topics.NAME.next]`: what a topic becomes at an instant.
#[derive(Debug, Clone)]
pub struct NextDataset {
    /// When the timeline of the topic ends, and that of the next dataset begins.
    pub at: Micros,
    /// The settings of the topic from then on.
    pub topic: TopicSettings,
    /// Its effective values from then on, without this table.
    values: Vec<effective_values::EffectiveValue>,
}

/// `[topics.NAME.fields.FIELD]`: how to display a field of the records.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldSettings {
    /// The field's key in the records.
    pub name: String,
    /// The display name.
    pub label: Option<String>,
    /// The unit of measurement.
    pub unit: Option<String>,
    /// The lower end of the value axis; default: automatic.
    pub min: Option<f64>,
    /// The upper end of the value axis; default: automatic.
    pub max: Option<f64>,
    /// The values from which on a viewer is warned; default: none.
    pub warn: Option<Threshold>,
}

/// Values set by command-line flags, which take precedence over everything else.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The dotted key, the value as typed, and the flag with its dashes.
    pub values: Vec<(String, String, String)>,
}

impl Settings {
    /// Loads `file` and overrides its values with `env` (all variables of the process) and the flags.
    ///
    /// # Errors
    /// Returns every error in the file, the variables and the flags, not just the first.
    pub fn load(
        file: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, SettingsErrors> {
        let mut env: Vec<(String, String)> = env.into_iter().collect();
        // The environment is unordered; sorting keeps error messages in a stable order.
        env.sort();
        loader::load(file, &env, overrides)
    }

    /// Loads `text`, a configuration that is in no file, and overrides its values with the flags. Paths in it are
    /// relative to the working directory.
    ///
    /// # Errors
    /// Returns every error in the text and the flags.
    pub fn parse(text: &str, overrides: &Overrides) -> Result<Self, SettingsErrors> {
        loader::load_text(text, overrides)
    }

    /// Every effective value as dotted key, TOML text and origin, in the order of the reference file.
    #[must_use]
    pub fn effective(&self) -> Vec<(String, String, ValueOrigin)> {
        let entry = |entry: &effective_values::EffectiveValue| {
            (entry.key.clone(), entry.value.clone(), entry.origin.clone())
        };
        self.origins.values.iter().map(entry).collect()
    }
}

/// Parses a duration in the syntax of the configuration, `250ms` or `10s`, for use outside of it.
///
/// # Errors
/// Returns the problem and its remedy as text.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    quantity::parse_duration(text)
        .map_err(|error| format!("{}; write one such as `10s` or `250ms`", error.problem))
}

/// The configuration file that is used if none is named.
const DEFAULT_FILE: &str = "config/tickcast.toml";

/// Returns the path of the configuration file: `--config`, else `TICKCAST_CONFIG`, else `config/tickcast.toml`.
pub fn locate(flag: Option<PathBuf>, env: impl IntoIterator<Item = (String, String)>) -> PathBuf {
    flag.or_else(|| named_by(env))
        .unwrap_or_else(|| DEFAULT_FILE.into())
}

/// Whether there is a configuration without a flag: the environment names one, or the default file exists.
pub fn is_configured(env: impl IntoIterator<Item = (String, String)>) -> bool {
    named_by(env).is_some() || Path::new(DEFAULT_FILE).symlink_metadata().is_ok()
}

fn named_by(env: impl IntoIterator<Item = (String, String)>) -> Option<PathBuf> {
    let (_, file) = env
        .into_iter()
        .find(|(name, value)| name == "TICKCAST_CONFIG" && !value.is_empty())?;
    Some(file.into())
}
