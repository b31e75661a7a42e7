//! Formats a log event as one line, JSON for machines or text for terminals, and counts it.

use std::fmt::{self, Write};

use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogEvents;
use super::event_fields::EventFields;
use crate::clock;
use crate::settings::LogFormat;

/// Formats events as the settings say.
#[derive(Debug)]
pub(super) struct EventFormat {
    format: LogFormat,
    events: LogEvents,
}

impl EventFormat {
    /// Lines are counted in `events`.
    pub(super) const fn new(format: LogFormat, events: LogEvents) -> Self {
        Self { format, events }
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
        match self.format {
            LogFormat::Json => line.write_json(&mut writer),
            LogFormat::Text => line.write_text(&mut writer),
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
    /// nor control the terminal.
    fn write_text(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let Self {
            timestamp,
            level,
            event,
            fields,
        } = self;
        let message = TerminalSafe(fields.message.as_deref().unwrap_or_default());
        write!(writer, "{timestamp} {level:<5} {event}: {message}")?;
        for (name, value) in &fields.rest {
            write!(writer, " {name}={}", TerminalSafe(&value.to_string()))?;
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

/// Displays a text as a JSON string in which every character is escaped that could end a line or control a terminal.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // JSON itself escapes only what is below a space.
        for character in Value::from(self.0).to_string().chars() {
            if must_escape(character) {
                write!(f, "\\u{:04x}", u32::from(character))?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Whether a character controls a terminal, ends a line, or changes the direction of text. All of them fit into four
/// hexadecimal digits.
fn must_escape(character: char) -> bool {
    // Marks for the direction of text, and separators of lines and paragraphs.
    let is_mark = matches!(
        character,
        '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    is_mark || character.is_control()
}

/// Displays a text with every character escaped that could control a terminal or reorder the line.
struct TerminalSafe<'a>(&'a str);

impl fmt::Display for TerminalSafe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if must_escape(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
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
