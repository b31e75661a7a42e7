//! Handles SIGHUP: reads the configuration from the same sources as at the start, and applies what can change.
//!
//! A wrong configuration changes nothing, and is logged with the same errors as `check` prints.

use super::config_source::ConfigSource;
use super::{Diagnostic, Failure};
use crate::server::Server;
use crate::settings::{ConfigDiff, Settings};
use crate::source::{self, Dataset};
use crate::telemetry::Telemetry;

/// A configuration with the dataset of each topic, or why it cannot be loaded.
pub(super) type LoadedConfig = Result<(Settings, Vec<Dataset>), Failure>;

/// Loads the configuration and its datasets, on a thread that may block.
pub(super) async fn load(config: &ConfigSource) -> LoadedConfig {
    let config = config.clone();
    let load = move || {
        let settings = config.load()?;
        let datasets = config.load_datasets(&settings)?;
        Ok((settings, datasets))
    };
    let loaded = tokio::task::spawn_blocking(load).await;
    loaded.unwrap_or_else(|error| Err(Failure::Running(error.to_string())))
}

/// Applies the loaded configuration and logs the result; returns a summary for systemd.
pub(super) fn apply(loaded: LoadedConfig, server: &mut Server, telemetry: &Telemetry) -> String {
    let result = loaded.and_then(|(settings, datasets)| {
        let changes = server.reload(&settings, source::shared(datasets))?;
        Ok((settings, changes))
    });
    match result {
        Ok((settings, changes)) => {
            if changes.applies("log.level") {
                // Cannot fail: the level was checked when the settings were loaded.
                _ = telemetry.level_switch().configure(&settings.log.level);
            }
            log_changes(&changes);
            let (changed, refused) = (changes.applied.len(), changes.needs_restart.len());
            let postponed = changes.postponed.len();
            let suffix = if postponed == 0 {
                String::new()
            } else {
                format!(", {postponed} postponed because the journal cannot be written")
            };
            format!("reloaded: {changed} keys changed, {refused} need a restart{suffix}")
        }
        Err(failure) => {
            server.report_failed_reload();
            let diagnostics = failure.diagnostics();
            for Diagnostic { key, origin, text } in &diagnostics {
                tracing::error!(event = "config.failed", key, origin, "{text}");
            }
            failure_status(&diagnostics)
        }
    }
}

/// The status of a reload that failed, in one line: `systemctl status` shows it until the next reload. It has the first
/// problem; the log has all of them.
fn failure_status(diagnostics: &[Diagnostic]) -> String {
    let first = diagnostics.first().map_or("", |first| first.text.as_str());
    let first = first.lines().next().unwrap_or_default();
    let others = match diagnostics.len().saturating_sub(1) {
        0 => String::new(),
        others => format!(" (and {others} more in the log)"),
    };
    format!("reload failed, the old configuration stays active: {first}{others}")
}

fn log_changes(changes: &ConfigDiff) {
    for refused in &changes.needs_restart {
        tracing::warn!(
            event = "config.refused",
            key = refused.key,
            origin = %refused.origin,
            reason = refused.reason.label(),
            "{}: {}", refused.key, refused.reason
        );
    }
    for postponed in &changes.postponed {
        tracing::error!(
            event = "config.postponed",
            topic = postponed.topic.as_str(),
            key = postponed.key,
            origin = %postponed.origin,
            error = postponed.error,
            "the change is not active, because the journal has not been written; the next reload retries it"
        );
    }
    tracing::info!(
        event = "config.reloaded",
        changed = changes.applied.len(),
        changed_keys = changes.applied.join(","),
        pending_keys = changes.pending_keys().collect::<Vec<_>>().join(","),
        "configuration reloaded"
    );
}
