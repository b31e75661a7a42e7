//! The command line: commands, arguments and their help texts. Running the commands is up to `command`.

mod bench_args;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use bench_args::{BenchArgs, FormArg};

use crate::settings::{Overrides, parse_duration};

/// Broadcasts a dataset on a fixed tick to many browsers, so that all of them show the same instant.
#[derive(Debug, Parser)]
#[command(name = "tickcast", version = version(), max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed while running, 2 wrong use or configuration.")]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// The command; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
pub struct GlobalArgs {
    /// Configuration file [default: $TICKCAST_CONFIG, else config/tickcast.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on (server.host)
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub host: Option<String>,
    /// Port to listen on, 0 for any free one (server.port)
    #[arg(long, global = true, value_name = "PORT")]
    pub port: Option<String>,
    /// Log format, json or text (log.format)
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// Log level or filter (log.level)
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the hub
    Serve,
    /// Check the configuration and its datasets without starting the hub
    Check,
    /// Print the effective configuration and where each value comes from
    Config,
    /// Check whether a hub is ready, for container probes, or compare two hubs
    Health(HealthArgs),
    /// Print a topic's records as they arrive, one per line
    Watch(WatchArgs),
    /// Measure a hub with many viewers: what they receive, and how late
    Bench(BenchArgs),
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// Arguments of `health`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --compare it asks whether a hub is ready: `tickcast health --url http://127.0.0.1:8001`. With \
    --compare it measures how far apart two hubs' clocks are, and the instants at which records of their topics are due: \
    `tickcast health --compare http://hub-2.example.org:8000`. Exit codes: 0 ready, or the hubs agree; 1 not ready, apart, or \
    no answer; 2 wrong use or configuration."
)]
pub struct HealthArgs {
    /// The hub's operations listener, or with --compare the address of its page [default: the address in the
    /// configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Compare the hub with the one whose page is at URL
    #[arg(long, value_name = "URL")]
    pub compare: Option<String>,
    /// How far apart the hubs may be
    #[arg(long, value_name = "DURATION", default_value = "20ms", value_parser = parse_duration, requires = "compare")]
    pub within: Duration,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The topic [default: the hub's default topic]
    pub topic: Option<String>,
    /// The hub [default: the address in the configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Exit after COUNT records
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub count: Option<u64>,
}

impl GlobalArgs {
    /// Returns the flags that override configuration keys.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        let flags = [
            ("server.host", &self.host, "--host"),
            ("server.port", &self.port, "--port"),
            ("log.format", &self.log_format, "--log-format"),
            ("log.level", &self.log_level, "--log-level"),
        ];
        let given = |(key, text, flag): (&str, &Option<String>, &str)| {
            text.as_ref()
                .map(|text| (key.to_owned(), text.clone(), flag.to_owned()))
        };
        Overrides {
            values: flags.into_iter().filter_map(given).collect(),
        }
    }
}

const fn version() -> &'static str {
    concat!(
        env!("CARGO_PKG_VERSION"),
        " (",
        env!("TICKCAST_COMMIT"),
        ")"
    )
}
