//! The commands of the program, one file each.

mod banner;
mod check_files;
mod config_reload;
mod config_source;
mod describe;
mod health;
mod in_words;
mod played_files;
mod run_bench;
mod serve;
mod signals;
mod terminal;
mod time_facts;
mod watch;

use std::fmt;
use std::io;
use std::path::Path;

use crate::cli::{CheckArgs, Cli, Command, HubOptions, PlayArgs, UnusedOption};
use crate::clock;
use crate::settings::{self, Settings, SettingsError, SettingsErrors};
use crate::telemetry::{self, TerminalSafe};

/// What a new user can do: a test follows these lines.
const NOTHING_TO_DO: &str = "\
tickcast plays a dataset to browsers, but there is no configuration (config/tickcast.toml) here.
  play a file:  tickcast data.csv  # or JSON, NDJSON, TSV; with --host 0.0.0.0 to others, too
  look at it:   tickcast check data.csv
  keep it:      tickcast data.csv --save hub.toml, and from then on tickcast --config hub.toml
  read on:      tickcast --help
";

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The configuration or a dataset is wrong: exit code 2.
    Settings(SettingsErrors),
    /// The machine does not provide what the configuration asks for, such as a free port: exit code 1.
    Environment(Box<SettingsError>),
    /// The arguments are wrong: exit code 2.
    Usage(String),
    /// The command failed while running: exit code 1.
    Running(String),
    /// There is neither an argument nor a configuration: exit code 2.
    NothingToDo,
    /// The failure has already been logged; nothing is printed.
    AlreadyLogged {
        /// The process's exit code.
        exit_code: u8,
    },
}

/// One problem, as it is logged.
struct Diagnostic {
    /// The configuration key concerned; empty if none is.
    key: String,
    /// Where that key is set; empty without a key.
    origin: String,
    /// One line, which says all of it.
    text: String,
}

/// Runs the command that `cli` names.
///
/// # Errors
/// The command failed.
pub fn run(cli: Cli) -> Result<(), Failure> {
    if cli.is_empty() && !settings::is_configured(environment()) {
        return Err(Failure::NothingToDo);
    }
    let unused = |error: UnusedOption| Failure::Usage(error.to_string());
    let (command, options) = cli.into_command().map_err(unused)?;
    match command {
        Command::Serve(_) => serve::run(&config_source::ConfigSource::File(options)),
        Command::Play(args) => play(&options, &args),
        Command::Check(check) if check.files.is_empty() => check_configuration(&options, &check),
        Command::Check(check) => check_files(&options, check),
        Command::Config(_) => describe::config(&options),
        Command::Health(health) => health::run(&options, &health),
        Command::Watch(watch) => watch::run(&options, &watch),
        Command::Bench(bench) => run_bench::run(&options, &bench),
        Command::Completions { shell } => describe::completions(shell),
        Command::Man => describe::man(),
    }
}

fn play(options: &HubOptions, args: &PlayArgs) -> Result<(), Failure> {
    let mut files = played_files::PlayedFiles::new(options, args)?;
    files.find_ports()?;
    serve::run(&config_source::ConfigSource::Files(Box::new(files)))
}

fn check_files(options: &HubOptions, check: CheckArgs) -> Result<(), Failure> {
    if options.file.config.is_some() {
        let text = "`check` takes files or `--config`, not both; leave one of them out";
        return Err(Failure::Usage(text.to_owned()));
    }
    check_files::run(options, &PlayArgs::new(check.files, check.reading))
}

fn check_configuration(options: &HubOptions, check: &CheckArgs) -> Result<(), Failure> {
    if check.reading.is_given() {
        let text = "`--columns`, `--format`, `--time`, `--time-unit` and `--no-time` are for files; name one, or leave \
                    them out";
        return Err(Failure::Usage(text.to_owned()));
    }
    describe::check(options)
}

impl Failure {
    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_) | Self::Usage(_) | Self::NothingToDo => 2,
            Self::Environment(_) | Self::Running(_) => 1,
            Self::AlreadyLogged { exit_code } => *exit_code,
        }
    }

    /// The failure of a key whose value cannot be used on this machine.
    fn environment(
        settings: &Settings,
        key: &str,
        problem: &dyn fmt::Display,
        remedy: &str,
    ) -> Self {
        let origin = settings.origins.origin_of(key);
        let error = SettingsError::new(origin, key, problem.to_string(), remedy);
        Self::Environment(Box::new(error))
    }

    /// Returns all problems, for the log.
    fn diagnostics(&self) -> Vec<Diagnostic> {
        let diagnostic = |error: &SettingsError| Diagnostic {
            key: error.key().to_owned(),
            origin: error.origin().to_string(),
            text: error.headline(),
        };
        match self {
            Self::Settings(SettingsErrors(errors)) => errors.iter().map(diagnostic).collect(),
            Self::Environment(error) => vec![diagnostic(error)],
            Self::Usage(text) | Self::Running(text) => vec![Diagnostic {
                key: String::new(),
                origin: String::new(),
                text: text.clone(),
            }],
            Self::NothingToDo | Self::AlreadyLogged { .. } => Vec::new(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What goes wrong may name a file or quote a server's answer, and people read this at a terminal.
        let mut settings = |error: &SettingsError| writeln!(f, "error: {}", printable(error));
        match self {
            Self::Settings(errors) => errors.0.iter().try_for_each(settings),
            Self::Environment(error) => settings(error),
            Self::Usage(problem) | Self::Running(problem) => {
                writeln!(f, "error: {}", TerminalSafe(problem))
            }
            Self::NothingToDo => f.write_str(NOTHING_TO_DO),
            Self::AlreadyLogged { .. } => Ok(()),
        }
    }
}

impl From<SettingsErrors> for Failure {
    fn from(errors: SettingsErrors) -> Self {
        Self::Settings(errors)
    }
}

/// The text of `error` for a terminal: its line, and below it the place in the file.
fn printable(error: &SettingsError) -> String {
    format!("{}{}", TerminalSafe(&error.headline()), error.excerpt())
}

/// Loads and validates the settings.
fn load(args: &HubOptions) -> Result<Settings, Failure> {
    let file = settings::locate(args.file.config.clone(), environment());
    let mut settings = Settings::load(&file, environment(), &args.overrides())?;
    settings.switch_due(clock::wall_now());
    check_log_level(&settings)?;
    Ok(settings)
}

/// Checks what only the log can parse.
fn check_log_level(settings: &Settings) -> Result<(), SettingsErrors> {
    telemetry::check_level(&settings.log.level).map_err(|error| {
        let remedy = "use `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,tickcast::fanout=debug`";
        let (key, origins) = ("log.level", &settings.origins);
        let error = SettingsError::new(origins.origin_of(key), key, error.to_string(), remedy);
        SettingsErrors(vec![error])
    })
}

/// The path as text that cannot control a terminal.
fn shown(path: &Path) -> String {
    TerminalSafe(&path.display().to_string()).to_string()
}

/// The environment variables; names or values that are not Unicode are skipped, because no key of ours uses them.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Treats a closed standard output as success: a reader such as `head` may stop before the end.
fn ignore_broken_pipe(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Running(format!("cannot write: {error}")))
        }
        _ => Ok(()),
    }
}
