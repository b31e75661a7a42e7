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
            write!(writer, r#","{name}":{}"#, Json(value))?;
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

/// A value as JSON has it. Numbers are never written with an exponent: regular expressions read them.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_no_exponent_and_text_has_nothing_that_steers() {
        let spell = |value: Value| Json(&value).to_string();
        assert_eq!(spell(json!(0.000_007)), "0.000007");
        assert_eq!(spell(json!(-0.000_001)), "-0.000001");
        assert_eq!(spell(json!(0.0)), "0.0");
        assert_eq!(spell(json!(1e21)), "1000000000000000000000.0");
        assert_eq!(spell(json!(u64::MAX)), u64::MAX.to_string());
        assert_eq!(
            spell(json!("a\"\n\u{2028}\u{7f}\u{202e}é")),
            r#""a\"\n\u2028\u007f\u202eé""#
        );
    }
}
