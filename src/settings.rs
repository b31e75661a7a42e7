//! The settings: what is true of this hub, from its defaults, its file, its environment and its flags.
//!
//! Reads one file and is told the rest; binds nothing, opens no dataset, and leaves no string that could still be wrong.

mod checks;
mod complaint;
mod duration;
mod effective;
mod error;
mod file;
mod host_name;
mod in_force;
mod kind;
mod layers;
mod listing;
mod names;
mod nearest;
mod network;
mod origin;
mod outside;
mod pace;
mod raw;
mod schema;
mod size;
mod start;
mod strict;
mod table;
mod topics;
mod web_origin;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod layer_tests;
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

use crate::protocol::{Host, Rate, TopicName};

pub use error::{Fault, Faults};
pub use in_force::{Change, Changes, InForce, Postponed, Refused};
pub use origin::{Origin, Origins};
pub use start::Start;
pub use web_origin::canonical as canonical_origin;

/// Everything that is set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public listener.
    pub server: Server,
    /// The listener for health and metrics.
    pub ops: Ops,
    /// The log.
    pub log: Log,
    /// What outlives the process.
    pub state: State,
    /// The topics in the order of the file; never empty.
    pub topics: Vec<Topic>,
    /// Who gave each value.
    pub origins: Origins,
    /// The file's path as it was given.
    pub file: PathBuf,
}

/// `[server]`: the public listener and what it grants.
#[derive(Debug, Clone)]
pub struct Server {
    /// The address to listen on; default 127.0.0.1.
    pub host: IpAddr,
    /// The port; 0 takes any free one; default 8000.
    pub port: u16,
    /// Where a path without a topic leads; default the first topic of the file.
    pub default_topic: TopicName,
    /// Viewers at once; default 15000.
    pub max_viewers: usize,
    /// Viewers at once from one address; 0, the default, sets no cap.
    pub max_viewers_per_ip: usize,
    /// Connections at once from one address, viewers among them; 0 sets no cap; default 1024.
    pub max_connections_per_ip: usize,
    /// Origins beyond the hub's own, spelled as browsers send them, or `*`; default none.
    pub allowed_origins: Vec<String>,
    /// Names by which requests may call the hub, beside those of a loopback address; default none.
    pub hosts: Vec<Host>,
    /// Peers whose `X-Forwarded-*` count; default none.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a request head may take, counted from accept; default 10 s.
    pub header_timeout: Duration,
    /// The most records that one history request returns; default 100000.
    pub history_max: u64,
    /// The most records that a stream catches up on; default 100000.
    pub recover_max: u64,
    /// How long a stopping hub waits for its viewers to leave; default 10 s.
    pub drain: Duration,
}

/// `[ops]`: the listener for health, readiness and metrics.
#[derive(Debug, Clone)]
pub struct Ops {
    /// Whether there is one; default true.
    pub enabled: bool,
    /// The address to listen on; default 127.0.0.1.
    pub host: IpAddr,
    /// The port; 0 takes any free one; default 8001.
    pub port: u16,
}

/// `[log]`: the lines on standard error.
#[derive(Debug, Clone)]
pub struct Log {
    /// The form of a line; default JSON.
    pub format: LogFormat,
    /// A filter directive, not yet parsed; default `info`.
    pub level: String,
    /// Between two rounds of statistics; default 10 s.
    pub stats_every: Duration,
}

/// The log while it is not known what the configuration says of it.
impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Json,
            level: "info".to_owned(),
            stats_every: Duration::from_secs(10),
        }
    }
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// `[state]`: what outlives the process.
#[derive(Debug, Clone)]
pub struct State {
    /// The folder; `None` keeps nothing. Default `$STATE_DIRECTORY`, else `../state` from the file.
    pub dir: Option<PathBuf>,
}

/// `[topics.NAME]`: a stream of records.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Its name.
    pub name: TopicName,
    /// The file of its records, resolved.
    pub dataset: PathBuf,
    /// Records per second.
    pub rate: Rate,
    /// `loop`: whether it begins again after the last record; default true.
    pub looping: bool,
    /// When its timeline begins; default the first run.
    pub start: Start,
    /// What viewers get who do not ask; default 30 s.
    pub backfill: Backfill,
    /// The group delay; `auto`, the default, follows from the rate.
    pub delay: Duration,
    /// How long records are gathered into a batch, zero for never; `auto`, the default, follows from rate and delay.
    pub coalesce: Duration,
    /// What becomes of viewers beyond `max_lag`; default skip.
    pub slow: SlowPolicy,
    /// How far behind a viewer may be and still be sent everything; default 10 s.
    pub max_lag: Duration,
    /// The longest record of the dataset that is taken, in bytes; default 16 MiB.
    pub record_max: usize,
    /// What is known of the fields of its records, in the order of the file.
    pub fields: Vec<Field>,
}

impl Topic {
    /// The dotted key of this topic's `name`, as faults spell it: `topics.ecg.dataset`.
    #[must_use]
    pub fn key(&self, name: &str) -> String {
        origin::dotted(&["topics", self.name.as_str(), name])
    }

    /// The dotted key of the table of `field`.
    #[must_use]
    pub fn field_key(&self, field: &str) -> String {
        origin::dotted(&["topics", self.name.as_str(), "fields", field])
    }
}

/// What viewers get who join without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backfill {
    /// So far back from the last publication due.
    Span(Duration),
    /// So many of the newest records.
    Records(u64),
}

/// What becomes of viewers that are too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowPolicy {
    /// They are told the gap and go on with live.
    Skip,
    /// They are closed.
    Disconnect,
}

/// `[topics.NAME.fields.FIELD]`: how a field of the records is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its key in the records.
    pub name: String,
    /// What to call it.
    pub label: Option<String>,
    /// What it is measured in.
    pub unit: Option<String>,
}

/// What the flags of the command line set; the highest precedence.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// The dotted key, the text as typed, and the flag with its dashes.
    pub values: Vec<(String, String, String)>,
}

impl Settings {
    /// Reads `file` and lays `env`, all variables of the process, and the flags over it.
    ///
    /// # Errors
    /// Everything that is wrong with the file, the variables and the flags.
    pub fn load(
        file: &Path,
        env: impl IntoIterator<Item = (String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, Faults> {
        let mut env: Vec<(String, String)> = env.into_iter().collect();
        // The environment has no order of its own; faults should not change theirs from run to run.
        env.sort();
        effective::load(file, &env, overrides)
    }

    /// Every effective value: dotted key, spelling in TOML, origin; in the order of the reference file.
    #[must_use]
    pub fn effective(&self) -> Vec<(String, String, Origin)> {
        let entry =
            |entry: &origin::Entry| (entry.key.clone(), entry.value.clone(), entry.origin.clone());
        self.origins.values.iter().map(entry).collect()
    }
}

/// Reads a duration as the configuration spells it, `250ms` or `10s`, for what is typed elsewhere.
///
/// # Errors
/// What is wrong with it, and the remedy.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    duration::parse(text)
        .map_err(|complaint| format!("{}; write one such as `10s` or `250ms`", complaint.problem))
}

/// Where the configuration file is: `--config`, else `TICKCAST_CONFIG`, else `config/tickcast.toml`.
pub fn locate(flag: Option<PathBuf>, env: impl IntoIterator<Item = (String, String)>) -> PathBuf {
    let variable = || {
        env.into_iter()
            .find(|(name, value)| name == "TICKCAST_CONFIG" && !value.is_empty())
    };
    flag.or_else(|| variable().map(|(_, value)| value.into()))
        .unwrap_or_else(|| "config/tickcast.toml".into())
}
