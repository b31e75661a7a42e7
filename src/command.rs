//! What the program does, one file a command.

mod bench;
mod describe;
mod health;
mod not_started;
mod reload;
mod serve;
mod signals;
mod terminal;
mod watch;

use std::fmt;
use std::io;

use crate::cli::{Cli, Command, Options};
use crate::settings::{self, Fault, Faults, Settings};
use crate::source::{self, Dataset};
use crate::telemetry;

/// Why a command ended without having done what was asked.
#[derive(Debug)]
pub enum Failure {
    /// The configuration or a dataset is wrong: exit code 2.
    Settings(Faults),
    /// What the configuration asks for cannot be had here, as a port that is taken: exit code 1.
    Surroundings(Box<Fault>),
    /// What was typed cannot be meant: exit code 2.
    Use(String),
    /// It failed while running: exit code 1.
    Running(String),
    /// It failed, and has said so in the log.
    Told {
        /// The process's exit code.
        exit_code: u8,
    },
}

/// One thing that is in the way.
struct Problem {
    /// The key of the configuration that it is about; empty if about none.
    key: String,
    /// Where that is set.
    origin: String,
    text: String,
}

/// Runs what was typed.
///
/// # Errors
/// The command could not do what was asked.
pub fn run(cli: Cli) -> Result<(), Failure> {
    let options = &cli.options;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(options),
        Command::Check => describe::check(options),
        Command::Config => describe::config(options),
        Command::Health(health) => health::run(options, &health),
        Command::Watch(watch) => watch::run(options, &watch),
        Command::Bench(bench) => bench::run(options, &bench),
        Command::Completions { shell } => describe::completions(shell),
        Command::Man => describe::man(),
    }
}

impl Failure {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Use(_) => 2,
            Self::Surroundings(_) | Self::Running(_) => 1,
            Self::Told { exit_code } => *exit_code,
        }
    }

    /// Everything that is in the way, for the log.
    fn problems(&self) -> Vec<Problem> {
        let of = |fault: &Fault| Problem {
            key: fault.key().to_owned(),
            origin: fault.origin().to_string(),
            text: fault.to_string(),
        };
        match self {
            Self::Settings(Faults(faults)) => faults.iter().map(of).collect(),
            Self::Surroundings(fault) => vec![of(fault)],
            Self::Use(text) | Self::Running(text) => vec![Problem {
                key: String::new(),
                origin: String::new(),
                text: text.clone(),
            }],
            Self::Told { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(faults) => faults
                .0
                .iter()
                .try_for_each(|fault| writeln!(f, "error: {fault}")),
            Self::Surroundings(fault) => writeln!(f, "error: {fault}"),
            Self::Use(problem) | Self::Running(problem) => writeln!(f, "error: {problem}"),
            Self::Told { .. } => Ok(()),
        }
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Settings(faults)
    }
}

/// The settings in force, all of them true.
fn load(options: &Options) -> Result<Settings, Failure> {
    let file = settings::locate(options.config.clone(), environment());
    let settings = Settings::load(&file, environment(), &options.overrides())?;
    telemetry::check_level(&settings.log.level).map_err(|error| {
        let remedy = "use `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,tickcast::fanout=debug`";
        Faults(vec![Fault::new(settings.origins.of("log.level"), "log.level", error.to_string(), remedy)])
    })?;
    Ok(settings)
}

/// The settings in force with the dataset of each topic, in their order.
fn load_all(options: &Options) -> Result<(Settings, Vec<Dataset>), Failure> {
    let settings = load(options)?;
    let datasets = source::load(&settings)?;
    Ok((settings, datasets))
}

/// The variables of the process; those that are not Unicode are none of ours.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Whoever reads our output may have had enough, as `head` does: that ends the command, and is no failure.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Running(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}
