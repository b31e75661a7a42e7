//! Sizes as people write them: a whole number of bytes with its unit, `64KiB` or `16MiB`.
//!
//! Knows no key and no range.

use super::complaint::Complaint;

/// Bytes in each unit, the smallest first.
const UNITS: [(&str, u64); 6] = [
    ("B", 1),
    ("kB", 1_000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Reads a size in bytes; a complaint says what is missing.
pub(super) fn parse(text: &str) -> Result<u64, Complaint> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    if number.is_empty() {
        return Err(Complaint::example("not a size"));
    }
    if unit.is_empty() {
        return Err(no_unit());
    }
    let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(Complaint::plain(
            format!("not a whole number with a known unit: `{unit}`"),
            "use one of `B`, `kB`, `KiB`, `MB`, `MiB`, `GiB`, without a space",
        ));
    };
    let number = number.parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(*bytes))
        .ok_or_else(|| Complaint::example("beyond what a size can hold"))
}

/// A number alone: bytes to one reader, kilobytes to the next.
pub(super) fn no_unit() -> Complaint {
    Complaint::advice("a size without a unit", "add one, for example")
}

/// The size in the largest unit that leaves no fraction.
pub(super) fn spell(size: u64) -> String {
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
    fn a_whole_number_with_its_unit_is_read_exactly() {
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
            assert_eq!(spell(bytes), text);
        }
        assert_eq!(spell(1_025), "1025B");
    }

    #[test]
    fn what_is_not_a_size_is_refused_with_its_reason() {
        for (text, why) in [
            ("16", "a size without a unit"),
            ("", "not a size"),
            ("MiB", "not a size"),
            ("-1MiB", "not a size"),
            ("1.5MiB", "not a whole number with a known unit: `.5MiB`"),
            ("16 MiB", "not a whole number with a known unit: ` MiB`"),
            ("16mb", "not a whole number with a known unit: `mb`"),
            ("99999999999999999999B", "beyond what a size can hold"),
            ("99999999999GiB", "beyond what a size can hold"),
        ] {
            assert_eq!(parse(text).unwrap_err().problem, why, "{text}");
        }
    }
}
