//! The command line: commands, arguments and their help texts. Running the commands is up to `command`.

mod bench_args;
mod hub_options;
mod play_args;

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use bench_args::{BenchArgs, FormArg};
pub use hub_options::{
    AddressOptions, FileOption, HubOptions, LogOptions, OpsOption, UnusedOption,
};

pub use play_args::{CheckArgs, PlayArgs, ReadingOptions};

use crate::protocol::Position;
use crate::settings::parse_duration;

/// Broadcasts a dataset on a fixed tick to many browsers, so that all of them show the same instant.
#[derive(Debug, Parser)]
#[command(name = "tickcast", version = version(), max_term_width = 100)]
#[command(
    after_help = "Example: `tickcast weather.csv` plays a file. `tickcast --config hub.toml --host 0.0.0.0` runs the hub for \
    other machines, too. Exit codes: 0 done, 1 failed while running, 2 wrong use or configuration."
)]
pub struct Cli {
    /// The options of `serve`, which is the default; of another command, if they come before its name.
    #[command(flatten)]
    pub options: HubOptions,
    /// The command; `serve` by default.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the hub
    #[command(
        after_help = "Example: `tickcast serve --config hub.toml --host 0.0.0.0` lets other machines in."
    )]
    Serve(HubOptions),
    /// Play files without a configuration; `tickcast FILE` does the same
    Play(PlayArgs),
    /// Check the configuration, its datasets and the state folder without starting the hub, or describe files
    Check(CheckArgs),
    /// Print the effective configuration and where each value comes from
    #[command(
        after_help = "Example: `tickcast config --config hub.toml --port 9000`. The output is a configuration itself."
    )]
    Config(HubOptions),
    /// Check whether a hub is ready, for container probes, or compare two hubs
    Health(HealthArgs),
    /// Print a topic's records as they arrive, one per line
    Watch(WatchArgs),
    /// Measure a hub with many viewers: what they receive, and how late
    Bench(BenchArgs),
    /// Print a shell completion script
    #[command(
        after_help = "Example: `tickcast completions bash > ~/.local/share/bash-completion/completions/tickcast`."
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example: `tickcast man | man -l -`.")]
    Man,
}

/// Arguments of `health`.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --compare it asks whether a hub is ready: `tickcast health --url http://127.0.0.1:8001`. With \
    --compare it measures how far apart two hubs' clocks are, and the instants at which records of their topics are due. \
    Example: `tickcast health --compare http://hub-2.example.org:8000`. Exit codes: 0 ready, or the hubs agree; 1 not ready, \
    apart, or no answer; 2 wrong use or configuration."
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
    /// The configuration of the hub.
    #[command(flatten)]
    pub file: FileOption,
    /// Where the hub listens.
    #[command(flatten)]
    pub address: AddressOptions,
    /// Where its operations listener is.
    #[command(flatten)]
    pub ops: OpsOption,
}

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: `tickcast watch ecg --last 10 -n 10` prints the ten newest records and exits."
)]
pub struct WatchArgs {
    /// The topic [default: the hub's default topic]
    pub topic: Option<String>,
    /// The hub [default: the address in the configuration]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Exit after COUNT records
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub count: Option<u64>,
    /// Begin with the newest COUNT records
    #[arg(long, value_name = "COUNT", conflicts_with = "since")]
    pub last: Option<u64>,
    /// Begin with the record after POSITION, which is EPOCH:SEQ
    #[arg(long, value_name = "POSITION")]
    pub since: Option<Position>,
    /// The configuration of the hub.
    #[command(flatten)]
    pub file: FileOption,
    /// Where the hub listens.
    #[command(flatten)]
    pub address: AddressOptions,
}

impl Cli {
    /// Parses the arguments of the process; exits if they are wrong, or if they ask for help.
    #[must_use]
    pub fn from_process() -> Self {
        let args: Vec<OsString> = std::env::args_os().collect();
        Self::from_args(&args).unwrap_or_else(|error| error.exit())
    }

    /// Parses `args`, which begin with the name of the program. A file in the place of a command is one for `play`.
    fn from_args(args: &[OsString]) -> Result<Self, clap::Error> {
        let error = match Self::try_parse_from(args) {
            Err(error) if error.kind() == ErrorKind::InvalidSubcommand => error,
            parsed => return parsed,
        };
        let unknown = error.get(ContextKind::InvalidSubcommand);
        let Some(ContextValue::String(name)) = unknown else {
            return Err(error);
        };
        let is_file = |arg: &OsString| {
            let path = Path::new(arg);
            arg.to_string_lossy() == *name && (name.contains(['.', '/']) || path.exists())
        };
        // The value of an option may look the same, and what follows it is still no command then.
        for (place, _) in args.iter().enumerate().filter(|(_, arg)| is_file(arg)) {
            let (before, after) = args.split_at(place);
            let args = [before, &[OsString::from("play")], after].concat();
            match Self::try_parse_from(args) {
                Err(again) if again.kind() == ErrorKind::InvalidSubcommand => {}
                parsed => return parsed,
            }
        }
        Err(error)
    }

    /// Whether nothing at all was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.command.is_none() && self.options.given().is_empty()
    }

    /// Separates the command from the options that it shares with others.
    ///
    /// # Errors
    /// An option before the command's name is not one of the command.
    pub fn into_command(self) -> Result<(Command, HubOptions), UnusedOption> {
        let Some(command) = self.command else {
            return Ok((Command::Serve(HubOptions::default()), self.options));
        };
        let before = self.options;
        if let Some(flag) = before.given().into_iter().find(|flag| !command.uses(flag)) {
            let command = command.name();
            return Err(UnusedOption { flag, command });
        }
        let options = command.options().or(before);
        Ok((command, options))
    }
}

impl Command {
    /// Its name on the command line.
    const fn name(&self) -> &'static str {
        match self {
            Self::Serve(_) => "serve",
            Self::Play(_) => "play",
            Self::Check(_) => "check",
            Self::Config(_) => "config",
            Self::Health(_) => "health",
            Self::Watch(_) => "watch",
            Self::Bench(_) => "bench",
            Self::Completions { .. } => "completions",
            Self::Man => "man",
        }
    }

    /// The options that it shares with other commands.
    fn options(&self) -> HubOptions {
        match self {
            Self::Serve(all) | Self::Config(all) => all.clone(),
            Self::Check(check) => check.hub.clone(),
            Self::Play(play) => HubOptions {
                address: play.address.clone(),
                ops: play.ops.clone(),
                log: play.log.clone(),
                ..HubOptions::default()
            },
            Self::Health(health) => HubOptions {
                file: health.file.clone(),
                address: health.address.clone(),
                ops: health.ops.clone(),
                ..HubOptions::default()
            },
            Self::Watch(watch) => HubOptions {
                file: watch.file.clone(),
                address: watch.address.clone(),
                ..HubOptions::default()
            },
            Self::Bench(bench) => HubOptions {
                file: bench.file.clone(),
                ..HubOptions::default()
            },
            Self::Completions { .. } | Self::Man => HubOptions::default(),
        }
    }

    /// Whether it has the option `flag`, which other commands have.
    fn uses(&self, flag: &str) -> bool {
        match self {
            Self::Serve(_) | Self::Check(_) | Self::Config(_) => true,
            Self::Play(_) => flag != "--config",
            Self::Health(_) => ["--config", "--host", "--port", "--ops-port"].contains(&flag),
            Self::Watch(_) => ["--config", "--host", "--port"].contains(&flag),
            Self::Bench(_) => flag == "--config",
            Self::Completions { .. } | Self::Man => false,
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
