//! [`TerminalSafe`] and [`Escaped`]: texts in which no character can end a line, control a terminal or reorder a line.

use std::fmt::{self, Write};

use serde_json::Value;

/// Displays a text with every character escaped that could control a terminal, end the line or reorder it.
#[derive(Debug, Clone, Copy)]
pub struct TerminalSafe<'a>(pub &'a str);

/// Displays a text as a JSON string with the same characters escaped.
pub(super) struct Escaped<'a>(pub(super) &'a str);

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_line_breaks_and_direction_marks_are_escaped_and_other_text_is_not() {
        let text = "a\"\\\n\r\u{1b}\u{7f}\u{9b}\u{2028}\u{202e}é\t";
        assert_eq!(
            TerminalSafe(text).to_string(),
            r#"a"\\n\r\u{1b}\u{7f}\u{9b}\u{2028}\u{202e}é\t"#
        );
        assert_eq!(
            Escaped(text).to_string(),
            r#""a\"\\\n\r\u001b\u007f\u009b\u2028\u202eé\t""#
        );
    }
}
