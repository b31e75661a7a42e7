//! [`EntryLines`]: the lines of the file with the entries: `CHECKSUM NUMBER JSON`.
//!
//! The checksum covers the number, the JSON, and the salt of the file, so that a line of another file is never taken
//! for one of this file, even where a power failure has left old data. Numbers are dense. No length is stored: a line
//! ends with a line feed, which JSON contains nowhere else.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::damage::{Damage, VERSION};
use super::entry::Entry;

/// Encodes and checks the lines of one file.
#[derive(Debug)]
pub(super) struct EntryLines {
    /// Different in each file.
    salt: String,
}

/// An intact line.
#[derive(Debug, Clone, Copy)]
pub(super) struct EntryLine<'a> {
    /// 0 for the head, and one more for each entry.
    pub(super) number: u64,
    /// The entry.
    json: &'a [u8],
}

/// The first line of a file.
#[derive(Debug, Serialize, Deserialize)]
struct FileHead {
    version: u32,
    salt: String,
}

/// The bytes of a SHA-256 digest that are kept: a damaged line passes with a probability of 2^-128.
const CHECKSUM_BYTES: usize = 16;

impl EntryLines {
    /// The lines of a new file.
    pub(super) fn new() -> Self {
        Self {
            salt: format!("{:016x}", fastrand::u64(..)),
        }
    }

    /// The lines of the file that begins with `line`.
    pub(super) fn from_head(line: &[u8]) -> Result<Self, Damage> {
        let unsalted = Self {
            salt: String::new(),
        };
        let line = unsalted.check(line).ok_or(Damage::NotAJournal)?;
        let head = serde_json::from_slice::<FileHead>(line.json);
        let head = head.map_err(|error| Damage::Malformed(error.to_string()))?;
        match head.version {
            VERSION => Ok(Self { salt: head.salt }),
            newer if newer > VERSION => Err(Damage::Newer(newer)),
            older => Err(Damage::VersionMismatch(older.to_string())),
        }
    }

    /// The first line of the file.
    pub(super) fn head(&self) -> Vec<u8> {
        let head = FileHead {
            version: VERSION,
            salt: self.salt.clone(),
        };
        let json = serde_json::to_string(&head).expect("plain values");
        encode_line("", 0, &json)
    }

    /// The line of `entry`.
    pub(super) fn encode(&self, number: u64, entry: &Entry) -> Vec<u8> {
        let json = serde_json::to_string(entry).expect("text keys and plain values");
        self.encode_json(number, &json)
    }

    /// The line of the entry `json`.
    pub(super) fn encode_json(&self, number: u64, json: &str) -> Vec<u8> {
        encode_line(&self.salt, number, json)
    }

    /// Returns what `line` contains; `None` if it is damaged or incomplete.
    pub(super) fn check<'a>(&self, line: &'a [u8]) -> Option<EntryLine<'a>> {
        let line = line.strip_suffix(b"\n")?;
        let (sum, rest) = line.split_at_checked(2 * CHECKSUM_BYTES)?;
        let rest = rest.strip_prefix(b" ")?;
        if sum != checksum(&self.salt, rest).as_bytes() {
            return None;
        }
        let space = rest.iter().position(|&byte| byte == b' ')?;
        let number = str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        Some(EntryLine {
            number,
            json: &rest[space + 1..],
        })
    }
}

impl EntryLine<'_> {
    /// Parses the entry.
    pub(super) fn entry(&self) -> Result<Entry, Damage> {
        let number = self.number;
        serde_json::from_slice(self.json)
            .map_err(|error| Damage::Malformed(format!("entry {number}: {error}")))
    }
}

fn encode_line(salt: &str, number: u64, json: &str) -> Vec<u8> {
    let text = format!("{number} {json}");
    format!("{} {text}\n", checksum(salt, text.as_bytes())).into_bytes()
}

fn checksum(salt: &str, text: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(salt)
        .chain_update(text)
        .finalize();
    HEXLOWER.encode(&digest[..CHECKSUM_BYTES])
}
