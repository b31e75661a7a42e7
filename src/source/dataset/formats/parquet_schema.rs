//! Checks the tree of columns in the footer of a Parquet file before its decoder builds it.
//!
//! The decoder follows groups inside each other without a limit, and reserves memory for as many columns as a group says
//! that it has. So a damaged byte could overflow the stack or exhaust the memory, of which neither is an error that the
//! program survives.

/// Groups inside each other, the table included. Real tables have a handful.
const DEPTH_MAX: usize = 64;
/// Structures inside each other in the rest of the footer, which has a few levels.
const NESTING_MAX: usize = 32;

/// The fields of the Thrift structures that are looked at.
const SCHEMA_FIELD: i64 = 2;
const ENCRYPTION_FIELD: i64 = 8;
const CHILDREN_FIELD: i64 = 5;

/// Types of the compact protocol of Thrift.
const BOOLEANS: [u8; 2] = [1, 2];
const BYTE: u8 = 3;
const INTEGERS: [u8; 3] = [4, 5, 6];
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LISTS: [u8; 2] = [9, 10];
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// Checks the columns in `footer`, a structure in the compact protocol, and returns whether columns are encrypted. The error
/// says what is wrong.
pub(super) fn check(footer: &[u8]) -> Result<bool, &'static str> {
    let mut rest = Compact(footer);
    let mut has_encryption = false;
    rest.for_each_field(|rest, id, kind| {
        has_encryption |= id == ENCRYPTION_FIELD;
        if id == SCHEMA_FIELD && LISTS.contains(&kind) {
            return rest.check_schema();
        }
        rest.skip(kind, NESTING_MAX).ok_or(DAMAGED)
    })?;
    Ok(has_encryption)
}

const DAMAGED: &str = "the footer is damaged";

/// What has not been read of the footer.
struct Compact<'a>(&'a [u8]);

impl Compact<'_> {
    /// Checks the list of columns, in which each group is followed by its members.
    fn check_schema(&mut self) -> Result<(), &'static str> {
        let (kind, count) = self.list().ok_or(DAMAGED)?;
        if kind != STRUCT {
            return Err(DAMAGED);
        }
        // For each group that has been begun, how many members are missing; first the table itself.
        let mut missing = vec![1];
        for _ in 0..count {
            let mut children = 0;
            self.for_each_field(|rest, id, kind| {
                if id == CHILDREN_FIELD && INTEGERS.contains(&kind) {
                    children = rest.integer().ok_or(DAMAGED)?;
                    return Ok(());
                }
                rest.skip(kind, NESTING_MAX).ok_or(DAMAGED)
            })?;
            let group = missing.last_mut().ok_or(DAMAGED)?;
            *group -= 1;
            if children > 0 {
                missing.push(children);
            }
            if missing.len() > DEPTH_MAX {
                return Err("the columns are nested more than 64 levels deep");
            }
            while missing.last() == Some(&0) {
                missing.pop();
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(DAMAGED)
        }
    }

    /// Calls `visit` with the number and the type of each field of a structure.
    fn for_each_field(
        &mut self,
        mut visit: impl FnMut(&mut Self, i64, u8) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        let mut id = 0_i64;
        loop {
            let header = self.byte().ok_or(DAMAGED)?;
            if header == 0 {
                return Ok(());
            }
            id = match header >> 4 {
                0 => self.integer().ok_or(DAMAGED)?,
                step => id.checked_add(i64::from(step)).ok_or(DAMAGED)?,
            };
            visit(self, id, header & 0xf)?;
        }
    }

    /// Skips a field of type `kind`, with at most `depth` structures inside each other.
    fn skip(&mut self, kind: u8, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match kind {
            kind if BOOLEANS.contains(&kind) => Some(()),
            BYTE => self.bytes(1),
            kind if INTEGERS.contains(&kind) => self.integer().map(|_| ()),
            DOUBLE => self.bytes(8),
            BINARY => {
                let len = self.varint()?;
                self.bytes(len)
            }
            kind if LISTS.contains(&kind) => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_element(kind, depth))
            }
            MAP => {
                let count = self.varint()?;
                if count == 0 {
                    return Some(());
                }
                let kinds = self.byte()?;
                (0..count).try_for_each(|_| {
                    self.skip_element(kinds >> 4, depth)?;
                    self.skip_element(kinds & 0xf, depth)
                })
            }
            STRUCT => {
                let skip =
                    |rest: &mut Self, _: i64, kind: u8| rest.skip(kind, depth).ok_or(DAMAGED);
                self.for_each_field(skip).ok()
            }
            _ => None,
        }
    }

    /// Skips an element of a list, in which a boolean has a byte.
    fn skip_element(&mut self, kind: u8, depth: usize) -> Option<()> {
        if BOOLEANS.contains(&kind) {
            return self.bytes(1);
        }
        self.skip(kind, depth)
    }

    /// The type and the number of the elements of a list.
    fn list(&mut self) -> Option<(u8, u64)> {
        let header = self.byte()?;
        let count = match header >> 4 {
            0xf => self.varint()?,
            count => u64::from(count),
        };
        Some((header & 0xf, count))
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn bytes(&mut self, len: u64) -> Option<()> {
        let len = usize::try_from(len).ok()?;
        self.0 = self.0.get(len..)?;
        Some(())
    }

    /// A number whose sign is in its last bit.
    fn integer(&mut self) -> Option<i64> {
        let value = self.varint()?;
        let magnitude = i64::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 {
            magnitude
        } else {
            !magnitude
        })
    }

    /// A number of seven bits per byte, the lowest first.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A footer whose schema has elements with these numbers of members.
    fn footer(children: &[u8]) -> Vec<u8> {
        let mut footer = b"\x15\x02\x19".to_vec();
        footer.push(u8::try_from(children.len()).unwrap() << 4 | STRUCT);
        for count in children {
            footer.extend_from_slice(&[0x48, 1, b'a', 0x15, count * 2, 0]);
        }
        // Rows, of which there are none, and an unknown structure with a list, a map and a boolean.
        footer.extend_from_slice(b"\x16\x00\x1c\x19\x25\x02\x04\x1b\x01\x58\x02\x01b\x11\x00\x00");
        footer
    }

    #[test]
    fn each_group_has_the_members_that_it_says() {
        assert_eq!(check(&footer(&[2, 1, 0, 0])), Ok(false));
        for wrong in [&[2, 1, 0][..], &[2, 1, 0, 0, 0], &[], &[60, 0]] {
            assert_eq!(check(&footer(wrong)), Err(DAMAGED), "{wrong:?}");
        }
    }

    #[test]
    fn a_footer_that_names_an_encryption_has_encrypted_columns() {
        let mut footer = footer(&[1, 0]);
        let stop = footer.pop();
        footer.extend_from_slice(b"\x4c\x00");
        footer.extend(stop);
        assert_eq!(check(&footer), Ok(true));
    }

    #[test]
    fn a_footer_that_ends_early_is_damaged() {
        let footer = footer(&[1, 0]);
        for len in 0..footer.len() {
            assert_eq!(check(&footer[..len]), Err(DAMAGED), "{len}");
        }
    }
}
