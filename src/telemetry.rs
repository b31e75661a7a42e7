//! Log events: the monitoring contract.
//!
//! One event a line on standard error, fields in a fixed order. The writer runs on a thread of its own: a
//! stuck pipe or a full disk costs lines, which are counted, and never stops the stream.

mod fields;
mod format;
mod level;
mod limit;
mod losses;
mod output;
mod panics;

use std::fmt;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};

use crate::settings;
use format::EventFormat;
use output::Output;

pub use level::Level;
pub use limit::Limit;
pub use losses::Losses;

/// Keeps the writer alive. Dropping it writes what is left.
#[must_use = "lines that are not written yet are lost without it"]
pub struct Telemetry {
    losses: Losses,
    level: Level,
    writer: Option<WorkerGuard>,
}

/// Why a text is not a filter directive.
#[derive(Debug)]
pub enum LevelError {
    /// The filter does not understand it.
    Syntax(ParseError),
    /// A word that is no level. The filter would take it for the name of a module, and log nothing but that.
    UnknownLevel(String),
}

/// What libraries say that is none of an operator's business: broken client connections above all.
const LIBRARIES: &str = "hyper=warn,warp=off";

/// Lines that wait for whoever reads the log and pauses; at most 6 MB. Beyond it they are dropped.
const LINES_WAITING_MAX: usize = 4_096;

impl Telemetry {
    /// Begins to log, once per process.
    ///
    /// # Errors
    /// `log.level` is not a filter directive.
    pub fn start(settings: &settings::Log) -> Result<Self, LevelError> {
        let filter = filter(&settings.level)?;
        let output = Output::stderr();
        let unwritten = output.unwritten();
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(LINES_WAITING_MAX)
            .finish(output);
        let losses = Losses::new(writer.error_counter(), unwritten);
        let subscriber = tracing_subscriber::fmt()
            .event_format(EventFormat::new(settings.format))
            .with_writer(writer)
            .with_env_filter(filter)
            .with_filter_reloading();
        let handle = subscriber.reload_handle();
        // A second start in one process, as tests do it, keeps the first.
        _ = tracing::subscriber::set_global_default(subscriber.finish());
        panics::tell(&losses);
        Ok(Self {
            losses,
            level: Level::new(&settings.level, move |filter| handle.reload(filter).is_ok()),
            writer: Some(guard),
        })
    }

    /// Counts the lines that are not in the log.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.losses.clone()
    }

    /// What of the log is written.
    #[must_use]
    pub fn level(&self) -> &Level {
        &self.level
    }
}

impl Drop for Telemetry {
    /// Has what is left written; not for longer than it takes to see that nobody reads it.
    fn drop(&mut self) {
        /// A little more than the writer itself allows for it, unless it is stuck: then it waits for good, to say so.
        const WITHIN: Duration = Duration::from_secs(2);
        let writer = self.writer.take();
        let (done, is_done) = mpsc::channel();
        let thread = thread::Builder::new().spawn(move || {
            drop(writer);
            // Whoever waited may have given up.
            _ = done.send(());
        });
        if thread.is_ok() {
            _ = is_done.recv_timeout(WITHIN);
        }
    }
}

/// Whether `level` is a filter directive.
///
/// # Errors
/// What is wrong with it.
pub fn check_level(level: &str) -> Result<(), LevelError> {
    filter(level).map(|_| ())
}

fn filter(level: &str) -> Result<EnvFilter, LevelError> {
    let words = level
        .split(',')
        .map(str::trim)
        .filter(|part| !part.contains(['=', '[', ':']));
    for word in words {
        // An empty word parses, too; the filter leaves it out, and with it everything.
        if word.is_empty() || word.parse::<LevelFilter>().is_err() {
            return Err(LevelError::UnknownLevel(word.to_owned()));
        }
    }
    EnvFilter::builder()
        .parse(format!("{LIBRARIES},{level}"))
        .map_err(LevelError::Syntax)
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::UnknownLevel(word) => write!(f, "`{word}` is no level"),
        }
    }
}

impl std::error::Error for LevelError {}
