//! The text of a log level or filter, as `log.level` has it.

use std::fmt;

use tracing_subscriber::filter::{EnvFilter, LevelFilter, ParseError};

/// Why a text is not a log level or a filter.
#[derive(Debug)]
pub enum LevelError {
    /// It is not a valid filter.
    Syntax(ParseError),
    /// It contains a word that is not a level. The filter would read it as the name of a module, and log only that.
    UnknownLevel(String),
}

/// Filters for libraries whose messages do not concern an operator, mostly about broken client connections.
const LIBRARY_LEVELS: &str = "hyper=warn,warp=off";

/// Checks that `level` is a log level or a filter.
///
/// # Errors
/// It is neither.
pub fn check_level(level: &str) -> Result<(), LevelError> {
    filter(level).map(|_| ())
}

/// Parses a log level or a filter.
pub(super) fn filter(level: &str) -> Result<EnvFilter, LevelError> {
    let words = level
        .split(',')
        .map(str::trim)
        .filter(|part| !part.contains(['=', '[', ':']));
    for word in words {
        // An empty word would parse, but as a filter that logs nothing.
        if word.is_empty() || word.parse::<LevelFilter>().is_err() {
            return Err(LevelError::UnknownLevel(word.to_owned()));
        }
    }
    EnvFilter::builder()
        .parse(format!("{LIBRARY_LEVELS},{level}"))
        .map_err(LevelError::Syntax)
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(error) => error.fmt(f),
            Self::UnknownLevel(word) => write!(f, "`{word}` is not a level"),
        }
    }
}

impl std::error::Error for LevelError {}
