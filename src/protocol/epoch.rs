//! [`Epoch`]: identifies one incarnation of a topic's timeline. Twin: `web/src/client/protocol.ts`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use super::{Micros, Rate, Speed};

/// Identifies one incarnation of a timeline: 1 to 32 characters of `[a-z0-9]`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Epoch(Arc<str>);

/// What determines a timeline from its beginning.
#[derive(Debug, Clone, Copy)]
pub struct EpochInputs<'a> {
    /// What identifies the records and their dataset time: the SHA-256 of the dataset's bytes, if nothing else does.
    pub dataset: &'a [u8; 32],
    /// Whether the dataset starts again after its end.
    pub looping: bool,
    /// When the timeline begins.
    pub t0: Micros,
    /// The first rate; `None` if the records have time stamps.
    pub rate: Option<Rate>,
    /// The first speed.
    pub speed: Speed,
}

/// The text is not an [`Epoch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochError;

impl Epoch {
    const LEN_MAX: usize = 32;
    /// The length of a derived epoch. 16 characters of base32 are 80 bits: among 10^6 timelines, a collision has a
    /// probability of 10^-12.
    const LEN: usize = 16;

    /// Derives the epoch of a timeline: a digest of what determines it from the beginning. The topic's name is not
    /// included, so that renaming it keeps viewers' positions valid.
    ///
    /// Integers are hashed as big-endian 64-bit words, `looping` as one byte, 0 or 1. Without a rate its word is 0, and a
    /// speed other than 1 follows in thousandths.
    #[must_use]
    pub fn from_timeline(inputs: &EpochInputs<'_>) -> Self {
        let rate = inputs.rate.map_or(0, Rate::millionths);
        let mut hasher = Sha256::new()
            .chain_update(inputs.dataset)
            .chain_update([u8::from(inputs.looping)])
            .chain_update(inputs.t0.get().to_be_bytes())
            .chain_update(rate.to_be_bytes());
        if inputs.speed != Speed::NORMAL {
            hasher.update(u64::from(inputs.speed.thousandths()).to_be_bytes());
        }
        let text = BASE32_NOPAD.encode(&hasher.finalize()).to_ascii_lowercase();
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

    const INPUTS: EpochInputs<'_> = EpochInputs {
        dataset: &[7; 32],
        looping: true,
        t0: Micros::new(1_767_225_600_000_000),
        rate: None,
        speed: Speed::NORMAL,
    };

    fn with_rate(rate: &str) -> EpochInputs<'static> {
        EpochInputs {
            rate: Some(rate.parse().unwrap()),
            ..INPUTS
        }
    }

    #[test]
    fn the_epoch_of_a_rate_at_speed_1_has_been_the_same_since_the_first_version() {
        let epoch = Epoch::from_timeline(&with_rate("59.94"));
        assert_eq!(epoch.as_str(), "vuioonjeupjniw4w");
    }

    #[test]
    fn the_epoch_is_determined_by_each_of_its_inputs() {
        let inputs = with_rate("100");
        let first = Epoch::from_timeline(&inputs);
        assert_eq!(first, Epoch::from_timeline(&inputs));
        assert_eq!(first.as_str().len(), 16);
        let others = [
            EpochInputs {
                dataset: &[1; 32],
                ..inputs
            },
            EpochInputs {
                looping: false,
                ..inputs
            },
            EpochInputs {
                t0: Micros::new(8),
                ..inputs
            },
            with_rate("99"),
            INPUTS,
            EpochInputs {
                speed: "2".parse().unwrap(),
                ..inputs
            },
        ];
        for other in others {
            assert_ne!(first, Epoch::from_timeline(&other), "{other:?}");
        }
        assert!(first.as_str().parse::<Epoch>().is_ok());
    }
}
