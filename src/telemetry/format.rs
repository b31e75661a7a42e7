//! One event, one line: JSON for machines, text for people at a terminal.

use std::fmt::{self, Write};

use serde_json::Value;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use crate::clock;
use crate::settings::LogFormat;

/// Writes events in the format of the settings.
#[derive(Debug)]
pub(super) struct EventFormat(LogFormat);

impl EventFormat {
    pub(super) const fn new(format: LogFormat) -> Self {
        Self(format)
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
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = Line {
            timestamp: timestamp(),
            level: event.metadata().level().as_str(),
            // What a library says has no name of ours; its place in the code stands in.
            event: fields.event.as_deref().unwrap_or(event.metadata().target()),
            fields: &fields,
        };
        match self.0 {
            LogFormat::Json => line.write_json(&mut writer),
            LogFormat::Text => line.write_text(&mut writer),
        }
    }
}

struct Line<'a> {
    timestamp: String,
    level: &'static str,
    event: &'a str,
    fields: &'a Fields,
}

impl Line<'_> {
    /// The order of the fields is a contract: scrapers read these lines with regular expressions.
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
            match value {
                Value::String(text) => write!(writer, r#","{name}":{}"#, Escaped(text))?,
                value => write!(writer, r#","{name}":{value}"#)?,
            }
        }
        if let Some(message) = &fields.message {
            write!(writer, r#","message":{}"#, Escaped(message))?;
        }
        writeln!(writer, "}}")
    }

    /// Values stay quoted and escaped: what a client sent cannot forge a line or reach the terminal.
    fn write_text(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let Self {
            timestamp,
            level,
            event,
            fields,
        } = self;
        let message = Visible(fields.message.as_deref().unwrap_or_default());
        write!(writer, "{timestamp} {level:<5} {event}: {message}")?;
        for (name, value) in &fields.rest {
            write!(writer, " {name}={}", Visible(&value.to_string()))?;
        }
        writeln!(writer)
    }
}

/// A text as JSON has it, with nothing that some readers take for the end of a line, or that steers a terminal.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // JSON itself escapes no more than what is below a space.
        for character in Value::from(self.0).to_string().chars() {
            if steers(character) {
                write!(f, "\\u{:04x}", u32::from(character))?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Whether a character steers a terminal, ends a line, or sets the direction of what is written. All of them have four
/// hexadecimal digits.
fn steers(character: char) -> bool {
    // Marks that set the direction of text, and separators of lines and paragraphs.
    let is_mark = matches!(
        character,
        '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    );
    is_mark || character.is_control()
}

/// A text in which nothing steers a terminal or reorders what stands beside it.
struct Visible<'a>(&'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if steers(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// Now, by the wall clock, in RFC 3339 with microseconds.
fn timestamp() -> String {
    let wall = clock::wall();
    // An instant beyond the year 9999 does not occur; without a place in the calendar it stays a number.
    jiff::Timestamp::from_microsecond(wall.get())
        .map_or_else(|_| wall.to_string(), |instant| format!("{instant:.6}"))
}
