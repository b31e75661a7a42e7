//! `serve`: runs the hub until a signal ends it.

use std::fmt;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, load_all};
use crate::cli::Options;
use crate::server::{Server, StartError};
use crate::settings::{Fault, Settings};
use crate::source::Dataset;
use crate::telemetry::Telemetry;

/// Threads for short blocking work beside the producers, which keep one each.
const THREADS_SPARE: usize = 16;

pub(super) fn run(options: &Options) -> Result<(), Failure> {
    let (settings, datasets) = load_all(options)?;
    let failed = |error: &dyn fmt::Display| Failure::Running(format!("cannot start: {error}"));
    let telemetry = Telemetry::start(&settings.log).map_err(|error| failed(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("tickcast")
        .max_blocking_threads(settings.topics.len() + THREADS_SPARE)
        .build()
        .map_err(|error| failed(&error))?;
    let result = runtime.block_on(serve(&settings, datasets, &telemetry));
    // After a second signal something may still run; it does not hold up the exit.
    runtime.shutdown_background();
    result
}

async fn serve(
    settings: &Settings,
    datasets: Vec<Dataset>,
    telemetry: &Telemetry,
) -> Result<(), Failure> {
    tracing::info!(
        event = "start",
        version = env!("CARGO_PKG_VERSION"),
        commit = env!("TICKCAST_COMMIT"),
        pid = std::process::id(),
        config = %settings.file.display(),
        topics = settings.topics.len(),
        "tickcast {}", env!("CARGO_PKG_VERSION")
    );
    // Before anything listens: a signal that comes early must not go unheard.
    let mut signals = Signals::listen()
        .map_err(|error| Failure::Running(format!("cannot hear signals: {error}")))?;
    let server =
        Server::start(settings, datasets, telemetry.losses()).map_err(|error| match error {
            StartError::Bind(error) => tell(&error.key(), &error, error.remedy(), settings),
            StartError::Journal(error) => tell("state.dir", &error, error.remedy(), settings),
            StartError::Lanes(_) => Failure::Running(error.to_string()),
        })?;
    signals.end(telemetry).await;
    tokio::select! {
        () = server.drain() => Ok(()),
        () = signals.end(telemetry) => {
            tracing::warn!(event = "stop.forced", "a second signal: stopped without draining further");
            Err(Failure::Told)
        }
    }
}

/// Says in the log why the hub cannot start, with the place in the configuration.
fn tell(key: &str, error: &dyn fmt::Display, remedy: &str, settings: &Settings) -> Failure {
    let origin = settings.origins.of(key);
    let fault = Fault::new(origin, key, error.to_string(), remedy);
    tracing::error!(event = "start.failed", key, origin = %origin, "{fault}");
    Failure::Told
}

/// The signals that the hub hears.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    look_closer: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            look_closer: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for one that ends the hub, and does until then what the others say.
    async fn end(&mut self, telemetry: &Telemetry) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.look_closer.recv() => telemetry.level().switch(),
            }
        }
    }
}
