//! `LevelSwitch`: changes the log level while the hub runs.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::filter::EnvFilter;

use super::level_filter::{LevelError, filter};

/// Switches between the configured level and `debug`.
pub struct LevelSwitch {
    state: Mutex<LevelState>,
    /// Installs a filter; returns whether that worked.
    apply: Box<dyn Fn(EnvFilter) -> bool + Send + Sync>,
}

#[derive(Debug)]
struct LevelState {
    configured: String,
    is_debugging: bool,
}

/// The level while debugging.
const DEBUG: &str = "debug";

impl LevelSwitch {
    pub(super) fn new(
        configured: &str,
        apply: impl Fn(EnvFilter) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            state: Mutex::new(LevelState {
                configured: configured.to_owned(),
                is_debugging: false,
            }),
            apply: Box::new(apply),
        }
    }

    /// Switches from the configured level to `debug`, or back.
    pub fn toggle_debug(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_debugging = !state.is_debugging;
        let level = if is_debugging {
            DEBUG
        } else {
            state.configured.as_str()
        };
        // Both levels have been valid before, so they parse.
        if let Ok(filter) = filter(level) {
            // The change is logged while `debug` is active, so that the line is always visible.
            if is_debugging {
                (self.apply)(filter);
                log_level(level);
            } else {
                log_level(level);
                (self.apply)(filter);
            }
            state.is_debugging = is_debugging;
        }
    }

    /// Sets the configured level and switches to it, even from `debug`.
    ///
    /// # Errors
    /// `level` is not a level or a filter; nothing has changed.
    pub fn configure(&self, level: &str) -> Result<(), LevelError> {
        let filter = filter(level)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Logged before the change, unless `info` is filtered out now; afterwards it may be filtered out as well.
        if tracing::enabled!(tracing::Level::INFO) {
            log_level(level);
            (self.apply)(filter);
        } else {
            (self.apply)(filter);
            log_level(level);
        }
        *state = LevelState {
            configured: level.to_owned(),
            is_debugging: false,
        };
        Ok(())
    }
}

fn log_level(level: &str) {
    tracing::info!(event = "log.level", log_level = level, "log level changed");
}

impl fmt::Debug for LevelSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LevelSwitch")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn toggling_goes_to_debug_and_back_to_the_level_configured_by_then() {
        let applied = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&applied);
        let level = LevelSwitch::new("warn,tickcast::fanout=trace", move |filter| {
            *seen.lock().unwrap() = filter.to_string();
            true
        });
        let has = |directive: &str| {
            let filter = applied.lock().unwrap();
            // The filters for libraries stay.
            assert!(filter.contains("hyper=warn") && filter.contains("warp=off"));
            filter.split(',').any(|other| other == directive)
        };
        level.toggle_debug();
        assert!(has("debug") && !has("tickcast::fanout=trace"));
        level.toggle_debug();
        assert!(has("warn") && has("tickcast::fanout=trace"));
        level.toggle_debug();
        level.configure("error").unwrap();
        assert!(has("error"));
        level.toggle_debug();
        assert!(has("debug"));
        assert!(level.configure("loud").is_err());
        assert!(has("debug"));
        level.toggle_debug();
        assert!(has("error"));
    }
}
