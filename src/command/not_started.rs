//! A hub that cannot start says why in its log, where those who watch it look; at a terminal, where somebody reads
//! along, before there is a log, plainly.

use std::io::IsTerminal;

use super::{Failure, Problem};
use crate::settings::Log;
use crate::telemetry::Telemetry;

/// Tells `failure` before there is a log, in one as `log` says.
pub(super) fn tell_without_log(failure: Failure, log: &Log) -> Failure {
    if std::io::stderr().is_terminal() {
        return failure;
    }
    // Dropped at the end, when all of it is written. Without one, the process says it as it ends.
    match Telemetry::start(log) {
        Ok(_telemetry) => tell(failure),
        Err(_) => failure,
    }
}

/// Tells `failure` in the log. Where that shows nothing, it is left to the process to say it as it ends.
pub(super) fn tell(failure: Failure) -> Failure {
    if !tracing::enabled!(tracing::Level::ERROR) {
        return failure;
    }
    for Problem { key, origin, text } in failure.problems() {
        tracing::error!(event = "start.failed", key, origin, "{text}");
    }
    Failure::Told {
        exit_code: failure.exit_code(),
    }
}
