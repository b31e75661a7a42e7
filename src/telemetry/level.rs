//! `Level`: what of the log is written, which can be changed while the hub runs.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::filter::EnvFilter;

use super::{LevelError, filter};

/// The configured level, or `debug` for as long as somebody looks closer.
pub struct Level {
    state: Mutex<State>,
    apply: Box<dyn Fn(EnvFilter) -> bool + Send + Sync>,
}

#[derive(Debug)]
struct State {
    configured: String,
    is_close: bool,
}

/// What a closer look shows.
const CLOSE: &str = "debug";

impl Level {
    pub(super) fn new(
        configured: &str,
        apply: impl Fn(EnvFilter) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            state: Mutex::new(State {
                configured: configured.to_owned(),
                is_close: false,
            }),
            apply: Box::new(apply),
        }
    }

    /// From the configured level to `debug`, or back.
    pub fn switch(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_close = !state.is_close;
        let level = if is_close {
            CLOSE
        } else {
            state.configured.as_str()
        };
        // It was a level before, so it still is one.
        if let Ok(filter) = filter(level) {
            // Both ways it is told while everything is shown: whoever has read it sees what it says.
            if is_close {
                (self.apply)(filter);
                tell(level);
            } else {
                tell(level);
                (self.apply)(filter);
            }
            state.is_close = is_close;
        }
    }

    /// Another level is configured from now on, and in force, whether somebody looks closer or not.
    ///
    /// # Errors
    /// It is not a filter directive; nothing has changed.
    pub fn configure(&self, level: &str) -> Result<(), LevelError> {
        let filter = filter(level)?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Before, unless it would not be written then: afterwards it may not be either.
        if tracing::enabled!(tracing::Level::INFO) {
            tell(level);
            (self.apply)(filter);
        } else {
            (self.apply)(filter);
            tell(level);
        }
        *state = State {
            configured: level.to_owned(),
            is_close: false,
        };
        Ok(())
    }
}

fn tell(level: &str) {
    tracing::info!(event = "log.level", log_level = level, "the log's level");
}

impl fmt::Debug for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Level")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn it_goes_to_debug_and_back_to_what_is_configured_by_then() {
        let in_force = Arc::new(Mutex::new(String::new()));
        let seen = Arc::clone(&in_force);
        let level = Level::new("warn,tickcast::fanout=trace", move |filter| {
            *seen.lock().unwrap() = filter.to_string();
            true
        });
        let has = |directive: &str| {
            let filter = in_force.lock().unwrap();
            // The libraries stay as quiet as they are.
            assert!(filter.contains("hyper=warn") && filter.contains("warp=off"));
            filter.split(',').any(|other| other == directive)
        };
        level.switch();
        assert!(has("debug") && !has("tickcast::fanout=trace"));
        level.switch();
        assert!(has("warn") && has("tickcast::fanout=trace"));
        level.switch();
        level.configure("error").unwrap();
        assert!(has("error"));
        level.switch();
        assert!(has("debug"));
        assert!(level.configure("loud").is_err());
        assert!(has("debug"));
        level.switch();
        assert!(has("error"));
    }
}
