//! [`Seq`]: the sequence number of a publication within its epoch.
//!
//! Knows nothing about time or datasets; the timeline maps it to both.

use std::fmt;

/// The sequence number of a publication in its epoch: 1, 2, 3, … without holes; 0 is before the first.
///
/// Always less than 2^53, so that a JavaScript number represents it exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Seq(u64);

impl Seq {
    /// Before the first publication.
    pub const ZERO: Self = Self(0);
    /// The largest integer that a JavaScript number represents exactly with all smaller ones, 2^53 − 1.
    pub const MAX: Self = Self((1 << 53) - 1);

    /// The sequence number `value`; `None` if it exceeds [`Seq::MAX`].
    #[must_use]
    pub const fn new(value: u64) -> Option<Self> {
        if value <= Self::MAX.0 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The sequence number `value`, limited to [`Seq::MAX`].
    #[must_use]
    pub const fn saturating(value: u64) -> Self {
        match Self::new(value) {
            Some(seq) => seq,
            None => Self::MAX,
        }
    }

    /// The sequence number as an integer.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next sequence number, at most [`Seq::MAX`].
    #[must_use]
    pub const fn next(self) -> Self {
        Self::saturating(self.0 + 1)
    }

    /// The previous sequence number, at least zero.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
