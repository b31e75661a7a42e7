//! Formats a log event as one line, JSON for machines or text for people, and counts it.

use std::fmt;

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogEvents;
use super::escaped::{Escaped, TerminalSafe};
use super::event_fields::EventFields;
use crate::clock;
use crate::settings::LogFormat;

/// Formats events in one style.
#[derive(Debug)]
pub(super) struct EventFormat {
    style: LogStyle,
    events: LogEvents,
}

/// Whom the log is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogStyle {
    /// Programs: one JSON object a line.
    Json,
    /// People who read a file or a pipe: text without statistics.
    Text,
    /// A person at a terminal: text without statistics and without what the banner says.
    Terminal,
}

/// Events for monitoring, with many numbers.
const STATISTICS: &[&str] = &["hub.stats", "hub.process"];
/// Events of the start, which a banner sums up.
const IN_BANNER: &[&str] = &[
    "start",
    "dataset.time",
    "timeline.begun",
    "timeline.resumed",
    "topic.ready",
    "listening",
];

impl LogStyle {
    pub(super) const fn new(format: LogFormat, is_terminal: bool) -> Self {
        match (format, is_terminal) {
            (LogFormat::Json, _) | (LogFormat::Auto, false) => Self::Json,
            (LogFormat::Text, false) => Self::Text,
            (LogFormat::Text | LogFormat::Auto, true) => Self::Terminal,
        }
    }

    /// Whether `event` is written. The level decides first; at `debug`, everything that it lets through is.
    fn shows(self, event: &str) -> bool {
        let is_left_out = match self {
            Self::Json => false,
            Self::Text => STATISTICS.contains(&event),
            Self::Terminal => STATISTICS.contains(&event) || IN_BANNER.contains(&event),
        };
        !is_left_out || LevelFilter::current() >= LevelFilter::DEBUG
    }
}

impl EventFormat {
    /// Lines are counted in `events`, also those that the style leaves out.
    pub(super) const fn new(style: LogStyle, events: LogEvents) -> Self {
        Self { style, events }
    }
}

impl<S, N> FormatEvent<S, N> for EventFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = EventFields::default();
        event.record(&mut fields);
        let line = LogLine {
            timestamp: timestamp(),
            level: event.metadata().level().as_str(),
            // Events of libraries have no name; their module stands in for it.
            event: fields.event.as_deref().unwrap_or(event.metadata().target()),
            fields: &fields,
        };
        self.events.count(line.level, line.event);
        match self.style {
            LogStyle::Json => line.write_json(&mut writer),
            style if !style.shows(line.event) => Ok(()),
            LogStyle::Text | LogStyle::Terminal => line.write_text(&mut writer),
        }
    }
}

struct LogLine<'a> {
    timestamp: String,
    level: &'static str,
    event: &'a str,
    fields: &'a EventFields,
}

impl LogLine<'_> {
    /// Writes the line as JSON. The order of the fields is a contract: scrapers read these lines with regular
    /// expressions.
    fn write_json(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let Self {
            timestamp,
            level,
            event,
            fields,
        } = self;
        let event = Escaped(event);
        write!(
            writer,
            r#"{{"timestamp":"{timestamp}","level":"{level}","event":{event}"#
        )?;
        for (name, value) in &fields.rest {
            write!(writer, r#","{name}":{}"#, Json(value))?;
        }
        if let Some(message) = &fields.message {
            write!(writer, r#","message":{}"#, Escaped(message))?;
        }
        writeln!(writer, "}}")
    }

    /// Writes the line as text. Values stay quoted and escaped, so that what a client sends can neither forge a line
    /// nor control the terminal. Of statistics, which are counts for the most part, zeros are left out.
    fn write_text(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let Self {
            timestamp,
            level,
            event,
            fields,
        } = self;
        let message = TerminalSafe(fields.message.as_deref().unwrap_or_default());
        write!(writer, "{timestamp} {level:<5} {event}: {message}")?;
        let are_statistics = STATISTICS.contains(event);
        for (name, value) in &fields.rest {
            if !(are_statistics && value.as_f64() == Some(0.0)) {
                write!(writer, " {name}={}", TerminalSafe(&value.to_string()))?;
            }
        }
        writeln!(writer)
    }
}

/// Displays a value as JSON. Numbers have no exponent, because regular expressions read them.
struct Json<'a>(&'a Value);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::String(text) => Escaped(text).fmt(f),
            Value::Number(number) if number.is_f64() => match number.as_f64() {
                Some(number) if number.fract() == 0.0 => write!(f, "{number:.1}"),
                Some(number) => write!(f, "{number}"),
                None => write!(f, "{number}"),
            },
            value => value.fmt(f),
        }
    }
}

/// The current wall-clock time in RFC 3339 with microseconds.
fn timestamp() -> String {
    let wall = clock::wall_now();
    // Beyond the year 9999 it is written as a number, which does not happen in practice.
    jiff::Timestamp::from_microsecond(wall.get())
        .map_or_else(|_| wall.to_string(), |instant| format!("{instant:.6}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_no_exponent_and_text_no_control_characters() {
        let formatted = |value: Value| Json(&value).to_string();
        assert_eq!(formatted(json!(0.000_007)), "0.000007");
        assert_eq!(formatted(json!(-0.000_001)), "-0.000001");
        assert_eq!(formatted(json!(0.0)), "0.0");
        assert_eq!(formatted(json!(1e21)), "1000000000000000000000.0");
        assert_eq!(formatted(json!(u64::MAX)), u64::MAX.to_string());
        assert_eq!(
            formatted(json!("a\"\n\u{2028}\u{7f}\u{202e}é")),
            r#""a\"\n\u2028\u007f\u202eé""#
        );
    }
}
