//! [`Position`]: the last publication that a viewer has, used as the resume token. Twin: `web/src/client/protocol.ts`.

use std::fmt;
use std::str::FromStr;

use super::{Epoch, Seq};

/// The last publication that a viewer has, written `<epoch>:<seq>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The epoch that `seq` belongs to.
    pub epoch: Epoch,
    /// The last publication that the viewer has; 0 is before the first.
    pub seq: Seq,
}

/// The text is not a [`Position`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionError;

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (epoch, seq) = text.split_once(':').ok_or(PositionError)?;
        if !seq.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PositionError);
        }
        let seq = seq.parse().ok().and_then(Seq::new).ok_or(PositionError)?;
        Ok(Self {
            epoch: epoch.parse().map_err(|_| PositionError)?,
            seq,
        })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

impl fmt::Display for PositionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a position; it is `<epoch>:<seq>`, such as `k3v7q2m5x4a6b2c7:1234`")
    }
}

impl std::error::Error for PositionError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_round_trip_and_other_text_is_rejected() {
        for good in ["a:0", "k3v7:9007199254740991"] {
            assert_eq!(good.parse::<Position>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            ":",
            "a:",
            ":1",
            "a:-1",
            "a:+1",
            "A:1",
            "a:9007199254740992",
            "a:1:2",
            "a 1",
        ] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
