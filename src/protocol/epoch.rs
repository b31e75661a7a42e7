//! [`Epoch`]: identifies one incarnation of a topic's timeline. Twin: `web/src/client/protocol.ts`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use super::{Micros, Rate};

/// Identifies one incarnation of a timeline: 1 to 32 characters of `[a-z0-9]`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Epoch(Arc<str>);

/// The text is not an [`Epoch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochError;

impl Epoch {
    const LEN_MAX: usize = 32;
    /// The length of a derived epoch. 16 characters of base32 are 80 bits: among 10^6 timelines, a collision has a
    /// probability of 10^-12.
    const LEN: usize = 16;

    /// Derives the epoch of the timeline that begins at `t0`: a digest of the dataset's digest, `looping`, `t0` and the
    /// first rate. The topic's name is not included, so that renaming it keeps viewers' positions valid.
    ///
    /// Integers are hashed as big-endian 64-bit words, `looping` as one byte, 0 or 1.
    #[must_use]
    pub fn from_timeline(dataset_sha256: &[u8; 32], looping: bool, t0: Micros, rate: Rate) -> Self {
        let digest = Sha256::new()
            .chain_update(dataset_sha256)
            .chain_update([u8::from(looping)])
            .chain_update(t0.get().to_be_bytes())
            .chain_update(rate.millionths().to_be_bytes())
            .finalize();
        let text = BASE32_NOPAD.encode(&digest).to_ascii_lowercase();
        Self(text[..Self::LEN].into())
    }

    /// The epoch as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Epoch {
    type Err = EpochError;

    fn from_str(text: &str) -> Result<Self, EpochError> {
        let is_spelled_well = text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if is_spelled_well && (1..=Self::LEN_MAX).contains(&text.len()) {
            return Ok(Self(text.into()));
        }
        Err(EpochError)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for EpochError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an epoch; it is 1 to 32 of `a-z 0-9`")
    }
}

impl std::error::Error for EpochError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_determined_by_each_of_its_inputs() {
        let rate: Rate = "100".parse().unwrap();
        let of = |digest, looping, t0, rate| {
            Epoch::from_timeline(&[digest; 32], looping, Micros::new(t0), rate).to_string()
        };
        let first = of(0, true, 7, rate);
        assert_eq!(first, of(0, true, 7, rate));
        assert_eq!(first.len(), 16);
        for other in [
            of(1, true, 7, rate),
            of(0, false, 7, rate),
            of(0, true, 8, rate),
            of(0, true, 7, "99".parse().unwrap()),
        ] {
            assert_ne!(first, other);
        }
        assert!(first.parse::<Epoch>().is_ok());
    }
}
