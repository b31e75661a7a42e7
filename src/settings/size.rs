//! Parsing and formatting of sizes: a whole number with a unit, such as `64KiB` or `16MiB`.
//!
//! Ranges are checked by the caller.

use super::value_error::ValueError;

/// The units and their size in bytes, smallest first.
const UNITS: [(&str, u64); 6] = [
    ("B", 1),
    ("kB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Parses a size; returns bytes.
pub(super) fn parse(text: &str) -> Result<u64, ValueError> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    if number.is_empty() {
        return Err(ValueError::new("not a size"));
    }
    if unit.is_empty() {
        return Err(missing_unit());
    }
    let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(ValueError::with_remedy(
            format!("not a whole number with a known unit: `{unit}`"),
            "use one of `B`, `kB`, `KiB`, `MB`, `MiB`, `GiB`, without a space",
        ));
    };
    let number = number.parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(*bytes))
        .ok_or_else(|| ValueError::new("too large for a size"))
}

/// The error for a number without a unit, which could mean bytes or kilobytes.
pub(super) fn missing_unit() -> ValueError {
    ValueError::with_hint("a size without a unit", "add one, for example")
}

/// Formats a size in the largest unit that needs no fraction.
pub(super) fn format(size: u64) -> String {
    let whole = UNITS
        .iter()
        .rev()
        .find(|(_, bytes)| size >= *bytes && size.is_multiple_of(*bytes));
    whole.map_or_else(
        || format!("{size}B"),
        |(name, bytes)| format!("{}{name}", size / bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_with_a_unit_is_parsed_exactly() {
        for (text, bytes) in [
            ("0B", 0),
            ("100B", 100),
            ("5kB", 5_000),
            ("64KiB", 65_536),
            ("2MB", 2_000_000),
            ("16MiB", 16_777_216),
            ("1GiB", 1_073_741_824),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
            assert_eq!(format(bytes), text);
        }
        assert_eq!(format(1_025), "1025B");
    }

    #[test]
    fn an_invalid_size_is_rejected_with_the_reason() {
        for (text, why) in [
            ("16", "a size without a unit"),
            ("", "not a size"),
            ("MiB", "not a size"),
            ("-1MiB", "not a size"),
            ("1.5MiB", "not a whole number with a known unit: `.5MiB`"),
            ("16 MiB", "not a whole number with a known unit: ` MiB`"),
            ("16mb", "not a whole number with a known unit: `mb`"),
            ("99999999999999999999B", "too large for a size"),
            ("99999999999GiB", "too large for a size"),
        ] {
            assert_eq!(parse(text).unwrap_err().problem, why, "{text}");
        }
    }
}
