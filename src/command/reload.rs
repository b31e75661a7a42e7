//! SIGHUP: the configuration is read again as it was at the start, and what can be changed is.
//!
//! A configuration that is wrong changes nothing, and is told in the words of `check`.

use super::{Failure, Problem, load_all};
use crate::cli::Options;
use crate::server::Server;
use crate::settings::{Changes, Settings};
use crate::source::Dataset;
use crate::telemetry::Telemetry;

/// A configuration that was read, with the dataset of each topic, or what is wrong with it.
pub(super) type Read = Result<(Settings, Vec<Dataset>), Failure>;

/// Reads the configuration and its datasets, on a thread that may wait for a disk.
pub(super) async fn read(options: &Options) -> Read {
    let options = options.clone();
    let read = tokio::task::spawn_blocking(move || load_all(&options)).await;
    read.unwrap_or_else(|error| Err(Failure::Running(error.to_string())))
}

/// Applies what was read, and tells what came of it; returns that in short.
pub(super) fn apply(read: Read, server: &mut Server, telemetry: &Telemetry) -> String {
    let result = read.and_then(|(settings, datasets)| {
        let changes = server.reload(&settings, datasets)?;
        Ok((settings, changes))
    });
    match result {
        Ok((settings, changes)) => {
            if changes.applies("log.level") {
                // It was checked when it was read.
                _ = telemetry.level().configure(&settings.log.level);
            }
            tell(&changes);
            let (changed, refused) = (changes.applied.len(), changes.refused.len());
            let postponed = changes.postponed.len();
            let unwritten = if postponed == 0 {
                String::new()
            } else {
                format!(", {postponed} could not be written to the journal")
            };
            format!("reloaded: {changed} keys changed, {refused} wait for a restart{unwritten}")
        }
        Err(failure) => {
            for Problem { key, origin, text } in failure.problems() {
                tracing::error!(event = "config.failed", key, origin, "{text}");
            }
            "the configuration is wrong; the old one is in force".to_owned()
        }
    }
}

fn tell(changes: &Changes) {
    for refused in &changes.refused {
        tracing::warn!(
            event = "config.refused",
            key = refused.key,
            origin = %refused.origin,
            "{}: {}", refused.key, refused.why
        );
    }
    for postponed in &changes.postponed {
        tracing::error!(
            event = "config.postponed",
            topic = postponed.topic.as_str(),
            key = postponed.key,
            origin = %postponed.origin,
            error = postponed.error,
            "the change cannot be written to the journal and is not in force; the next reload tries it again"
        );
    }
    tracing::info!(
        event = "config.reloaded",
        changed = changes.applied.len(),
        "the configuration was read again"
    );
}
