//! The log: one event per line on standard error, with its fields in a fixed order that monitoring relies on.
//!
//! Lines are written by a separate thread. A blocked pipe or a full disk loses lines, which are counted, but never
//! delays the hub.

mod error_reason;
mod escaped;
mod event_fields;
mod event_format;
mod level_filter;
mod level_switch;
mod log_drops;
mod log_events;
mod log_output;
mod panics;
mod rate_limit;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::settings;
use event_format::{EventFormat, LogStyle};
use level_filter::filter;
use log_output::LogOutput;

pub use error_reason::error_reason;
pub use escaped::TerminalSafe;
pub use level_filter::{LevelError, check_level};
pub use level_switch::LevelSwitch;
pub use log_drops::LogDrops;
pub use log_events::{LogEventKey, LogEvents};
pub use rate_limit::LogRateLimit;

/// The running log. Dropping it writes the lines that are still queued.
#[must_use = "dropping it stops the log"]
pub struct Telemetry {
    drops: LogDrops,
    level: LevelSwitch,
    style: LogStyle,
    /// Queues lines for the thread that writes them.
    queue: NonBlocking,
    writer: Option<WorkerGuard>,
}

/// Lines that wait while standard error is blocked, at most some 6 MB; further lines are dropped.
const QUEUED_LINES_MAX: usize = 4_096;

impl Telemetry {
    /// Starts the log; to be called once per process.
    ///
    /// # Errors
    /// `log.level` is not a level or a filter.
    pub fn start(settings: &settings::LogSettings) -> Result<Self, LevelError> {
        let filter = filter(&settings.level)?;
        let output = LogOutput::stderr();
        let unwritten = output.unwritten();
        let (writer, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(QUEUED_LINES_MAX)
            .finish(output);
        let drops = LogDrops::new(writer.error_counter(), unwritten);
        let style = LogStyle::new(settings.format, io::stderr().is_terminal());
        let queue = writer.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(EventFormat::new(style, drops.events().clone()))
            .with_writer(writer)
            .with_env_filter(filter)
            .with_filter_reloading();
        let handle = subscriber.reload_handle();
        // Fails on a second start in one process, as in tests; the first log stays.
        _ = tracing::subscriber::set_global_default(subscriber.finish());
        panics::install_hook(&drops);
        Ok(Self {
            drops,
            level: LevelSwitch::new(&settings.level, move |filter| handle.reload(filter).is_ok()),
            style,
            queue,
            writer: Some(guard),
        })
    }

    /// Counts the lines that were logged, dropped or suppressed.
    #[must_use]
    pub fn drops(&self) -> LogDrops {
        self.drops.clone()
    }

    /// Writes `text`, which may have several lines, among the lines of the log, if that is read by a person at a terminal
    /// who wants to know what happens. It is not an event, and does not wait for a blocked terminal.
    pub fn print_at_terminal(&self, text: &str) {
        if self.style == LogStyle::Terminal && tracing::enabled!(tracing::Level::INFO) {
            // Never fails: what does not fit into the queue is dropped.
            _ = self.queue.clone().write_all(text.as_bytes());
        }
    }

    /// Changes the log level while the hub runs.
    #[must_use]
    pub fn level_switch(&self) -> &LevelSwitch {
        &self.level
    }
}

impl Drop for Telemetry {
    /// Writes the queued lines, but does not wait for a blocked standard error.
    fn drop(&mut self) {
        /// A little more than the writer itself takes, which waits forever if it is blocked.
        const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
        let writer = self.writer.take();
        let (done, is_done) = mpsc::channel();
        let thread = thread::Builder::new().spawn(move || {
            drop(writer);
            // Fails if the wait below has timed out.
            _ = done.send(());
        });
        if thread.is_ok() {
            _ = is_done.recv_timeout(FLUSH_TIMEOUT);
        }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").finish_non_exhaustive()
    }
}
