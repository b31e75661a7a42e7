//! [`Start`]: when a topic's timeline begins.
//!
//! A fixed instant must be exact: RFC 3339 with an offset, and no finer than the timeline's resolution, a microsecond.

use jiff::Timestamp;

use crate::protocol::Micros;

use super::value_error::ValueError;

/// When a topic's timeline begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// When a hub first serves the topic; the journal keeps this instant across restarts.
    FirstRun,
    /// At this instant, on every hub with the same file.
    At(Micros),
}

/// 2100-01-01T00:00:00Z, in microseconds.
const INSTANT_MAX: i64 = 4_102_444_800_000_000;

/// Parses `first-run` or an RFC 3339 instant between 1970 and 2100.
pub(super) fn parse(text: &str) -> Result<Start, ValueError> {
    if text == "first-run" {
        return Ok(Start::FirstRun);
    }
    let instant = is_rfc3339_shaped(text)
        .then(|| text.parse::<Timestamp>().ok())
        .flatten();
    let Some(instant) = instant else {
        return Err(ValueError::new(
            "not `first-run` or an RFC 3339 instant with its offset",
        ));
    };
    if instant.subsec_nanosecond() % 1_000 != 0 {
        return Err(ValueError::with_remedy(
            "finer than a microsecond",
            "use at most 6 decimal places",
        ));
    }
    match instant.as_microsecond() {
        micros @ 0..=INSTANT_MAX => Ok(Start::At(Micros::new(micros))),
        _ => Err(ValueError::new("outside 1970 to 2100")),
    }
}

/// Checks the shape, because the parser also accepts other ISO 8601 forms (offsets of bare hours, zones in brackets)
/// and turns a leap second into the second before.
fn is_rfc3339_shaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((head, tail)) = bytes.split_at_checked(19) else {
        return false;
    };
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    let is_head = separators.iter().all(|(at, byte)| head[*at] == *byte)
        && matches!(head[10], b'T' | b't' | b' ')
        && &head[17..] != b"60";
    let offset_at = tail
        .iter()
        .position(|byte| !byte.is_ascii_digit() && *byte != b'.');
    let offset = &tail[offset_at.unwrap_or(tail.len())..];
    let is_offset = match offset {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', _, _, colon, _, _] => *colon == b':',
        _ => false,
    };
    is_head && is_offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_parsed_with_their_offset() {
        assert_eq!(parse("first-run"), Ok(Start::FirstRun));
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00.000001+01:00", 1),
            ("1970-01-01 00:00:01.5z", 1_500_000),
            ("2100-01-01T00:00:00Z", INSTANT_MAX),
        ] {
            assert_eq!(parse(text), Ok(Start::At(Micros::new(micros))), "{text}");
        }
    }

    #[test]
    fn an_inexact_or_invalid_instant_is_rejected_with_the_reason() {
        let shape = "not `first-run` or an RFC 3339 instant with its offset";
        for (text, why) in [
            ("", shape),
            ("now", shape),
            ("2026-01-01", shape),
            ("2026-01-01T00:00:00", shape),
            ("2026-01-01T00:00Z", shape),
            ("20260101T000000Z", shape),
            ("2026-01-01T00:00:00+01", shape),
            ("2026-01-01T00:00:00+01:00[Europe/Paris]", shape),
            ("2026-02-30T00:00:00Z", shape),
            ("2016-12-31T23:59:60Z", shape),
            ("2026-01-01T00:00:00µ", shape),
            ("1969-12-31T23:59:59Z", "outside 1970 to 2100"),
            ("2100-01-01T00:00:00.000001Z", "outside 1970 to 2100"),
            ("2026-01-01T00:00:00.0000001Z", "finer than a microsecond"),
        ] {
            assert_eq!(parse(text).unwrap_err().problem, why, "{text}");
        }
    }
}
