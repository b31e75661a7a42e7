//! Reports why a hub cannot start: in the log, where monitoring looks; at a terminal, if the log has not started yet,
//! in plain text.

use std::io::IsTerminal;

use super::{Diagnostic, Failure};
use crate::settings::LogSettings;
use crate::telemetry::Telemetry;

/// Reports a failure that occurred before the log was started. Unless standard error is a terminal, starts a log with
/// the settings `log` for it.
pub(super) fn log_before_start(failure: Failure, log: &LogSettings) -> Failure {
    if std::io::stderr().is_terminal() {
        return failure;
    }
    // Dropping the telemetry writes the queued lines. Without it, the process prints the failure as it exits.
    match Telemetry::start(log) {
        Ok(_telemetry) => log_failure(failure),
        Err(_) => failure,
    }
}

/// Logs `failure`. If the log filters out errors, the process prints it as it exits.
pub(super) fn log_failure(failure: Failure) -> Failure {
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
