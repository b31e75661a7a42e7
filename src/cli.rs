//! The command line: what can be typed. What it does is `command`'s.

mod bench;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use bench::{Bench, Form};

use crate::settings::Overrides;

/// One dataset on a fixed tick, to any number of browsers, all showing the same instant.
#[derive(Debug, Parser)]
#[command(name = "tickcast", version = version(), max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 failed while running, 2 wrong use or configuration.")]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub options: Options,
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What applies to every command.
#[derive(Debug, Clone, Default, Args)]
pub struct Options {
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

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the hub
    Serve,
    /// Check the configuration and its datasets, and listen nowhere
    Check,
    /// Print the effective configuration and where each value comes from
    Config,
    /// Ask a hub whether it is ready; for the probes of containers
    Health(Health),
    /// Print a topic's records, one a line, as they come
    Watch(Watch),
    /// Open many viewers, and tell what they got and how late
    Bench(Bench),
    /// Print a script that completes this command line
    Completions {
        /// The shell it is for
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// Whom to ask.
#[derive(Debug, Args)]
pub struct Health {
    /// The hub's operations listener [default: the address in the configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// What to watch.
#[derive(Debug, Args)]
pub struct Watch {
    /// The topic [default: the hub's default topic]
    pub topic: Option<String>,
    /// The hub [default: the address in the configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// End after so many records
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub count: Option<u64>,
}

impl Options {
    /// The flags that set values of the configuration.
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
