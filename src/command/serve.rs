//! `serve`: runs the hub until a signal stops it.

use std::fmt;
use std::io::{self, IsTerminal};

use tokio::runtime::Runtime;

use super::banner::{self, Banner};
use super::config_source::ConfigSource;
use super::played_files::PlayedFiles;
use super::signals::{self, EarlySignals, SignalAction, Signals};
use super::{Diagnostic, Failure, config_reload};
use crate::server::{InheritedSockets, Server, SocketActivationError, StartError};
use crate::settings::{LogSettings, Settings};
use crate::source::{self, Dataset, RecordSource as _};
use crate::systemd;
use crate::telemetry::Telemetry;

/// Threads for blocking work such as reading datasets in a reload.
const BLOCKING_THREADS: usize = 16;

/// Everything that the hub is started with.
struct StartupInputs {
    settings: Settings,
    datasets: Vec<Dataset>,
    sockets: InheritedSockets,
    early_signals: EarlySignals,
}

impl StartupInputs {
    /// Loads the datasets of `settings`, and checks that the inherited sockets fit.
    fn load(
        config: &ConfigSource,
        settings: Settings,
        sockets: Result<InheritedSockets, SocketActivationError>,
        early_signals: EarlySignals,
    ) -> Result<Self, Failure> {
        let datasets = config.load_datasets(&settings)?;
        let unusable = |error: SocketActivationError| Failure::Usage(error.to_string());
        let sockets = sockets.map_err(unusable)?;
        sockets.check(settings.ops.enabled).map_err(unusable)?;
        Ok(Self {
            settings,
            datasets,
            sockets,
            early_signals,
        })
    }
}

/// Runs a hub with the settings of `config`.
pub(super) fn run(config: &ConfigSource) -> Result<(), Failure> {
    // First, because it changes the environment, which is safe only as long as there is one thread.
    let sockets = InheritedSockets::from_env();
    let without_settings = |failure| log_before_start(failure, &LogSettings::default());
    let runtime = runtime().map_err(|error| without_settings(cannot_start(&error)))?;
    // Before the configuration is read, which may take a while: unhandled, these signals would kill the process.
    let early_signals = runtime.block_on(async { EarlySignals::listen() });
    let early_signals =
        early_signals.map_err(|error| without_settings(cannot_listen_for_signals(&error)))?;
    let settings = config.load().map_err(without_settings)?;
    let log = settings.log.clone();
    let inputs = StartupInputs::load(config, settings, sockets, early_signals);
    let inputs = inputs.and_then(|inputs| {
        config.files().map_or(Ok(()), PlayedFiles::save)?;
        Ok(inputs)
    });
    let inputs = inputs.map_err(|failure| log_before_start(failure, &log))?;
    let telemetry = Telemetry::start(&log).map_err(|error| cannot_start(&error))?;
    let result = runtime.block_on(serve(config, inputs, &telemetry));
    // Does not wait: after a second signal some work may still be running.
    runtime.shutdown_background();
    result.map_err(log_failure)
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tickcast")
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
}

fn cannot_start(error: &dyn fmt::Display) -> Failure {
    Failure::Running(format!("cannot start: {error}"))
}

fn cannot_listen_for_signals(error: &io::Error) -> Failure {
    Failure::Running(format!("cannot listen for signals: {error}"))
}

async fn serve(
    config: &ConfigSource,
    inputs: StartupInputs,
    telemetry: &Telemetry,
) -> Result<(), Failure> {
    let settings = &inputs.settings;
    tracing::info!(
        event = "start",
        version = env!("CARGO_PKG_VERSION"),
        commit = env!("TICKCAST_COMMIT"),
        pid = std::process::id(),
        config = %settings.file.display(),
        topics = settings.topics.len(),
        "tickcast {}", env!("CARGO_PKG_VERSION")
    );
    for unknown in source::unknown_fields(settings, &inputs.datasets) {
        tracing::warn!(
            event = "field.unknown",
            topic = unknown.topic,
            field = unknown.field,
            "{}",
            unknown.error.headline()
        );
    }
    log_notes(settings, &inputs.datasets);
    log_indexes(settings, &inputs.datasets);
    if let Some(files) = config.files() {
        files.log_plans();
    }
    // Before the hub accepts connections. Until here, SIGTERM and SIGINT simply kill the process.
    let mut signals =
        Signals::listen(inputs.early_signals).map_err(|error| cannot_listen_for_signals(&error))?;
    let topics = banner::describe_topics(settings, &inputs.datasets);
    let sources = source::shared(inputs.datasets);
    let started = Server::start(settings, sources, inputs.sockets, telemetry.drops());
    let mut server = started.map_err(|error| match error {
        StartError::Settings(errors) => errors.into(),
        StartError::Bind(error) => {
            Failure::environment(settings, &error.key(), &error, error.remedy())
        }
        StartError::Journal(error) => {
            Failure::environment(settings, "state.dir", &error, error.remedy())
        }
        StartError::Threads(_) => Failure::Running(error.to_string()),
    })?;
    let banner = Banner::new(topics, &server, settings);
    telemetry.print_at_terminal(&banner.to_string());
    if let Some(files) = config.files() {
        files.announce(&server, banner.page(), telemetry);
    }
    systemd::notify_ready(&format!("serving {} topics", settings.topics.len()));
    while signals.next_action(telemetry).await == SignalAction::Reload {
        systemd::notify_reloading();
        // Loading may take a while, and must not delay a shutdown.
        let Some(loaded) = signals.unless_shutdown(config_reload::load(config)).await else {
            break;
        };
        // Otherwise a blocked disk would delay a shutdown by some seconds.
        let _guard = signals::cancel_on_shutdown(server.reload_canceller());
        let status =
            tokio::task::block_in_place(|| config_reload::apply(loaded, &mut server, telemetry));
        systemd::notify_ready(&status);
    }
    systemd::notify_stopping("draining");
    tokio::select! {
        () = server.drain() => Ok(()),
        () = signals.wait_for_shutdown(telemetry) => {
            tracing::warn!(event = "stop.forced", "second signal: stopped without waiting for the drain");
            Err(Failure::AlreadyLogged { exit_code: 1 })
        }
    }
}

/// Logs what is remarkable about how the datasets were read.
fn log_notes(settings: &Settings, datasets: &[Dataset]) {
    for (topic, dataset) in settings.topics.iter().zip(datasets) {
        let notes = dataset.notes().iter();
        for note in notes.filter(|note| note.is_remarkable()) {
            tracing::warn!(
                event = "dataset.note",
                topic = topic.name.as_str(),
                column = note.column,
                note = note.label(),
                count = note.count(),
                "{note}"
            );
        }
    }
}

/// Logs how large datasets were indexed.
fn log_indexes(settings: &Settings, datasets: &[Dataset]) {
    for (topic, dataset) in settings.topics.iter().zip(datasets) {
        let Some(report) = dataset.index_report() else {
            continue;
        };
        let (topic, records) = (topic.name.as_str(), dataset.count().get());
        tracing::info!(
            event = "dataset.indexed",
            topic,
            bytes = report.bytes,
            records,
            seconds = report.duration.as_secs_f64(),
            sidecar = report.sidecar.label(),
            error = report.sidecar.reason().unwrap_or_default(),
            "topic {topic}: {records} records stay in their file, {report}"
        );
    }
}

/// Reports a failure that occurred before the log was started: at a terminal in plain text, as the process exits;
/// otherwise in a log with the settings `log`, where monitoring looks.
fn log_before_start(failure: Failure, log: &LogSettings) -> Failure {
    if io::stderr().is_terminal() {
        return failure;
    }
    // Dropping the telemetry writes the queued lines. Without it, the process prints the failure as it exits.
    match Telemetry::start(log) {
        Ok(_telemetry) => log_failure(failure),
        Err(_) => failure,
    }
}

/// Logs `failure`. If the log filters out errors, the process prints it as it exits.
fn log_failure(failure: Failure) -> Failure {
    if !tracing::enabled!(tracing::Level::ERROR) {
        return failure;
    }
    for Diagnostic { key, origin, text } in failure.diagnostics() {
        tracing::error!(event = "start.failed", key, origin, "{text}");
    }
    Failure::AlreadyLogged {
        exit_code: failure.exit_code(),
    }
}
